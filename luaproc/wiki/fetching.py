"""Scribunto's Lua library, brought from an archive of Scribunto or of a whole MediaWiki into a directory."""

from __future__ import annotations

import bz2
import gzip
import http.client
import lzma
import re
import secrets
import shutil
import stat
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from luaproc.install.lualib import BRANCH, FILES, Lualib, cache_directory, find_lualib
from luaproc.wiki.errors import FetchError

SOURCE = "https://github.com/wikimedia/mediawiki-extensions-Scribunto/archive/refs/heads/{branch}.tar.gz"
"""Where a branch comes from unless `fetch` is told: GitHub's archive of Wikimedia's own copy."""

SILENCE_SECONDS = 30
"""How long a server may say nothing."""

ARCHIVE_BYTES = 256 << 20
"""The most that is downloaded. Scribunto's archive has 3 MB, that of a MediaWiki 60 to 90."""

UNPACKED_BYTES = 2 << 30
"""The most that an archive may unpack to; a MediaWiki 1.43 unpacks to 0.4 GB."""

LIBRARY_BYTES = 16 << 20
"""The most that the library's own files may have together: they have 1 MB."""

MEMBERS = 500_000
"""The most files that an archive may list; a MediaWiki 1.43 has 40,000."""

_PIECE = 1 << 16
_OPENERS: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(ValueError, OverflowError, NotImplementedError, RuntimeError),  # what their readers raise for bad numbers
)
_LUALIB = re.compile(r"(?:^|/)[Ee]ngines/LuaCommon/lualib/(.+)")
_LICENSE = re.compile(r"(?:^|/)[^/]*Scribunto[^/]*/COPYING$")

Progress = Callable[[int, int], None]
Member = tuple[str, str, int, Callable[[], bytes]]
"""Of an archive: name, kind (`file`, `directory`, `link` or `other`), size, and what reads it."""


def fetch(
    branch: str, directory: Path | None = None, source: str | None = None, progress: Progress | None = None
) -> Lualib:
    """Bring the library of a branch into a directory, whole or not at all; what was there is replaced.

    branch: as ``REL1_43``, or ``master``. directory: None is the cache, where `find_lualib` finds it. source: a URL
    (https, http or file) or a file: a tar of any compression, or a zip. progress: called with (bytes that came, bytes
    in all, 0 if the server does not say). Raises `FetchError`.
    """
    if not BRANCH.fullmatch(branch):
        raise FetchError(f"expected a branch of Scribunto, as REL1_43 or master, got {branch!r}")
    target = directory if directory is not None else cache_directory() / branch
    _must_be_ours(target)
    url = _url(source if source is not None else SOURCE.format(branch=branch))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".luaproc-", dir=target.parent) as name:
            archive, unpacked = Path(name) / "archive", Path(name) / "library"
            _download(url, branch, archive, progress)
            _unpack(url, archive, unpacked)
            _put(unpacked, target)
    except OSError as error:
        raise FetchError(f"cannot write {target}: {error.strerror or error}") from None
    found = find_lualib(target)
    assert found is not None
    return found


def _must_be_ours(target: Path) -> None:
    """Raises `FetchError` where something else lies already: what is replaced has to be such a library."""
    try:
        if target.is_dir() and not target.is_symlink():
            if not any(target.iterdir()) or all((target / "lualib" / name).is_file() for name in FILES):
                return
        elif not target.is_symlink() and not target.exists():
            return
    except OSError as error:
        raise FetchError(f"cannot read {target}: {error.strerror}") from None
    raise FetchError(f"expected a new or an empty directory, or a fetched library, got {target}: name another")


def _url(source: str) -> str:
    """A URL as it is, a file's path as one. Raises `FetchError`."""
    scheme, colon, rest = source.partition(":")
    if (colon and rest.startswith("//")) or scheme == "file":
        if scheme in ("https", "http", "file"):
            return source
        raise FetchError(f"expected a URL of https, http or file, or a file, got {source}")
    try:
        path = Path(source).absolute()
        if path.is_file():
            return path.as_uri()
    except (OSError, ValueError):
        pass
    what = "that is a directory, which --scribunto takes as it is" if Path(source).is_dir() else "there is no such file"
    raise FetchError(f"expected a URL or the file of an archive, got {source}: {what}")


def _download(url: str, branch: str, file: Path, progress: Progress | None) -> None:
    """The archive into a file. Raises `FetchError`."""
    received = 0
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "luaproc"})
        with urllib.request.urlopen(request, timeout=SILENCE_SECONDS) as answer, file.open("wb") as stream:
            total = _length(answer)
            while piece := answer.read(_PIECE):
                received += len(piece)
                if received > ARCHIVE_BYTES:
                    raise FetchError(f"{url} has more than {ARCHIVE_BYTES >> 20} MiB: expected an archive of Scribunto")
                stream.write(piece)
                if progress is not None:
                    progress(received, total)
    except urllib.error.HTTPError as error:
        there = f": there is no branch {branch} there" if error.code in (404, 410) else ""
        raise FetchError(f"{url} answered {error.code} {error.reason}{there}") from None
    except urllib.error.URLError as error:
        raise FetchError(f"{url} cannot be reached: {_reason(error.reason)}") from None
    except (http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        raise FetchError(f"{url} was not read to its end: {_reason(error)}") from None
    if received < total:
        raise FetchError(f"{url} was not read to its end: {received:,} of {total:,} bytes came")


def _length(answer: Any) -> int:
    text = answer.headers.get("Content-Length") or ""
    return int(text) if text.isdecimal() else 0


def _reason(error: object) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__


def _unpack(url: str, archive: Path, directory: Path) -> None:
    """The library's files of an archive, and Scribunto's licence, below a new directory. Raises `FetchError`."""
    left = LIBRARY_BYTES
    try:
        for name, kind, size, read in _members(url, archive):
            found = _LUALIB.search(name)
            place = f"lualib/{found[1]}" if found else "COPYING" if _LICENSE.search(name) else None
            if place is None or kind == "directory":
                continue
            if kind != "file" or not _is_plain(place):
                raise FetchError(
                    f"{url} has {name!r}, which is a link or leads out of the library: nothing was written"
                )
            left -= size
            if left < 0:
                raise FetchError(f"{url} has more than {LIBRARY_BYTES >> 20} MiB of library: nothing was written")
            file = directory / place
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as stream:
                stream.write(read())
    except FileExistsError:
        raise FetchError(f"{url} has several of Scribunto's libraries: expected an archive with one") from None
    except _BROKEN as error:
        raise FetchError(f"{url} is no archive that can be read: {_reason(error)}") from None
    if not all((directory / "lualib" / name).is_file() for name in FILES):
        raise FetchError(f"{url} is an archive without Scribunto's Lua library: expected one of Scribunto")


def _is_plain(place: str) -> bool:
    """Whether a name stays below where it is put: no `..`, nothing absolute, no name of a device or drive."""
    parts = PurePosixPath(place).parts
    return ".." not in parts and all(part.isprintable() and not set(part) & set('\\:*?"<>|') for part in parts)


def _members(url: str, archive: Path) -> Iterator[Member]:
    """What an archive lists, in its order. Raises `FetchError` for more than an archive of MediaWiki has."""
    if archive.stat().st_size == 0:
        raise FetchError(f"{url} is empty: expected an archive of Scribunto")
    unpacked = 0
    source = _of_zip(archive) if zipfile.is_zipfile(archive) else _of_tar(archive)
    for count, member in enumerate(source):
        unpacked += member[2]
        if count >= MEMBERS or unpacked > UNPACKED_BYTES:
            raise FetchError(f"{url} unpacks to more than {MEMBERS:,} files or {UNPACKED_BYTES >> 30} GiB")
        yield member


def _of_zip(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            mode = info.external_attr >> 16
            kind = "link" if stat.S_ISLNK(mode) else "directory" if info.is_dir() else "file"

            def read(info: zipfile.ZipInfo = info) -> bytes:
                with opened.open(info) as stream:
                    return _exactly(stream, info.file_size)

            yield info.filename, kind, info.file_size, read


def _of_tar(archive: Path) -> Iterator[Member]:
    with archive.open("rb") as stream:
        head = stream.read(8)
    unpack = next((way for mark, way in _OPENERS if head.startswith(mark)), _plain)
    unpacked: IO[bytes]
    with unpack(archive) as unpacked:
        bounded: Any = _Bounded(unpacked)
        opened: Any = tarfile.open(fileobj=bounded, mode="r:")
        while (info := opened.next()) is not None:
            kind = "file" if info.isreg() else "directory" if info.isdir() else "link" if info.issym() else "other"

            def read(info: tarfile.TarInfo = info) -> bytes:
                with opened.extractfile(info) as inside:
                    return _exactly(inside, info.size)

            yield info.name, kind, info.size, read
            opened.members = []  # tarfile keeps all that it met


def _plain(archive: Path) -> IO[bytes]:
    return archive.open("rb")


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size + 1)
    if len(content) != size:
        raise EOFError("a file of it is cut off")
    return content


class _Bounded:
    """A stream for `tarfile`, which reads a name of any length that a header promises: here, a few MiB at most."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LIBRARY_BYTES:
            raise ValueError(f"a header of it promises {size:,} bytes")
        return self._stream.read(size)


def _put(unpacked: Path, target: Path) -> None:
    """A finished directory into its place; what was there goes away when the new one is there."""
    old = target.with_name(f".luaproc-{secrets.token_hex(8)}")
    if target.exists():
        target.rename(old)
    try:
        unpacked.rename(target)
    except OSError:
        with suppress(OSError):
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
