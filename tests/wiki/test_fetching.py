"""`luaproc wiki fetch`: a library comes whole or not at all, from a server, a file, an archive of any kind."""

import contextlib
import http.server
import io
import os
import pty
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from luaproc.commands.wiki import doctor
from luaproc.errors import UsageError
from luaproc.install.lualib import cache_directory, fetched, find_lualib
from luaproc.wiki import configuration, fetching
from luaproc.wiki.errors import FetchError, ScribuntoMissing
from luaproc.wiki.fetching import fetch

ROOT = "mediawiki-extensions-Scribunto-REL1_43/"
BELOW = f"{ROOT}includes/Engines/LuaCommon/lualib/"
LIBRARY = {
    f"{BELOW}mw.lua": b"-- mw",
    f"{BELOW}mwInit.lua": b"-- init",
    f"{BELOW}mw.title.lua": b"function title:getPageLangCode() end",
    f"{BELOW}ustring/ustring.lua": b"-- ustring",
    f"{ROOT}COPYING": b"GPL",
    f"{ROOT}includes/Hooks.php": b"<?php",
    "vendor/other/COPYING": b"another licence",
}


def tar(members: Mapping[str, bytes | tarfile.TarInfo], kind: str = "gz") -> bytes:
    """An archive; a member may be given whole."""
    stream = io.BytesIO()
    mode: Any = f"w:{kind}"
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def zipped(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"{BELOW}bit.lua")
    info.type, info.linkname = kind, target
    return info


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and no MediaWiki."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr("luaproc.install.lualib.PLACES", ())
    return tmp_path / "cache" / "luaproc" / "scribunto"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the library's archive."""
    path = tmp_path / "an archive.tar.gz"
    path.write_bytes(tar(LIBRARY))
    return path


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


FETCHED = {
    "lualib/mw.lua": b"-- mw",
    "lualib/mwInit.lua": b"-- init",
    "lualib/mw.title.lua": b"function title:getPageLangCode() end",
    "lualib/ustring/ustring.lua": b"-- ustring",
    "COPYING": b"GPL",
}


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "", "zip"])
def test_every_kind_of_archive(kind: str, tmp_path: Path, cache: Path) -> None:
    """The library and its licence arrive, nothing else; it is found by the branch's name, and alone."""
    path = tmp_path / "archive"
    path.write_bytes(zipped(LIBRARY) if kind == "zip" else tar(LIBRARY, kind))
    found = fetch("REL1_43", source=str(path))
    assert (found.path, found.release) == (cache / "REL1_43" / "lualib", 43)
    assert files(cache) == {f"REL1_43/{name}": content for name, content in FETCHED.items()}
    assert find_lualib("REL1_43") == find_lualib() == found
    assert [place.name for place in fetched()] == ["REL1_43"]


def test_a_directory_of_ones_own(file: Path, tmp_path: Path) -> None:
    found = fetch("master", tmp_path / "new" / "place", file.as_uri())
    assert files(tmp_path / "new") == {f"place/{name}": content for name, content in FETCHED.items()}
    assert find_lualib(tmp_path / "new" / "place") == found
    assert not cache_directory().exists()


def test_again_replaces_what_was_fetched_and_nothing_else(file: Path, tmp_path: Path, cache: Path) -> None:
    """A directory with other files stays as it is; so does the old library where the new one cannot be had."""
    fetch("REL1_43", source=str(file))
    (cache / "REL1_43" / "lualib" / "stale.lua").write_text("")
    fetch("REL1_43", source=str(file))
    file.write_bytes(b"nonsense")
    with pytest.raises(FetchError):
        fetch("REL1_43", source=str(file))
    assert files(cache) == {f"REL1_43/{name}": content for name, content in FETCHED.items()}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").write_text("dear")
    file.write_bytes(tar(LIBRARY))
    with pytest.raises(FetchError, match="name another"):
        fetch("REL1_43", tmp_path / "mine", str(file))
    assert files(tmp_path / "mine") == {"work.txt": b"dear"}


BAD_ARCHIVES = {
    "not an archive": (b"<html>Sign in</html>" * 99, "is no archive that can be read"),
    "empty": (b"", "is empty"),
    "cut off": (tar(LIBRARY)[:-60], "is no archive that can be read"),
    "a broken zip": (b"PK\x03\x04" + b"x" * 99, "is no archive that can be read"),
    "a zip with a wrong sum": (
        zipped(LIBRARY, zipfile.ZIP_STORED).replace(b"-- init", b"-- xnit"),
        "is no archive that can be read",
    ),
    "another archive": (tar({"x/README": b"hello"}), "without Scribunto's Lua library"),
    "without mwInit": (tar({f"{BELOW}mw.lua": b""}), "without Scribunto's Lua library"),
    "twice": (tar({**LIBRARY, f"other/{BELOW}mw.lua": b""}), "several of Scribunto's libraries"),
    "a symbolic link": (tar({**LIBRARY, "l": link(tarfile.SYMTYPE, "/etc/passwd")}), "a link or leads out"),
    "a hard link": (tar({**LIBRARY, "l": link(tarfile.LNKTYPE, "mw.lua")}), "a link or leads out"),
    "a device": (tar({**LIBRARY, "l": link(tarfile.CHRTYPE, "")}), "a link or leads out"),
    "a way out": (tar({**LIBRARY, f"{BELOW}../../../../../x.lua": b"out"}), "a link or leads out"),
    "a way out in a zip": (zipped({**LIBRARY, f"{BELOW}../../x.lua": b"out"}), "a link or leads out"),
    "another system's way out": (zipped({**LIBRARY, f"{BELOW}C:\\x.lua": b"out"}), "a link or leads out"),
    "far too large": (tar({**LIBRARY, f"{BELOW}big.lua": bytes(fetching.LIBRARY_BYTES)}), "more than 16 MiB"),
}


@pytest.mark.slow  # packs archives
@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_a_bad_archive_leaves_nothing(name: str, file: Path, tmp_path: Path, cache: Path) -> None:
    content, said = BAD_ARCHIVES[name]
    file.write_bytes(content)
    with pytest.raises(FetchError, match=said) as caught:
        fetch("REL1_43", source=str(file))
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([file.name, "cache"])


def test_headers_promise_in_vain(file: Path, cache: Path) -> None:
    """An archive of some hundred bytes may say that it unpacks to terabytes, or has a name of gigabytes."""
    large, long = tarfile.TarInfo("x"), tarfile.TarInfo("y")
    large.size, long.size, long.type = 1 << 40, 3 << 30, tarfile.GNUTYPE_LONGNAME
    for info in (large, long):
        file.write_bytes(info.tobuf() + bytes(1024))
        with pytest.raises(FetchError, match=r"unpacks to more than|is no archive that can be read"):
            fetch("REL1_43", source=str(file))
    assert list(cache.iterdir()) == []


def test_what_is_asked_wrongly(tmp_path: Path) -> None:
    for branch in ("REL1_4", "rel1_43", "../x", "REL1_43/..", ""):
        with pytest.raises(FetchError, match="expected a branch of Scribunto"):
            fetch(branch)
    for source, said in (
        ("ftp://h.example/x", "expected a URL of https, http or file"),
        (str(tmp_path), "which --scribunto takes as it is"),
        (str(tmp_path / "none"), "there is no such file"),
        ((tmp_path / "none").as_uri(), "cannot be reached: No such file"),
        ("http://", "no host"),
        ("http://127.0.0.1:1/x", "cannot be reached: Connection refused"),
    ):
        with pytest.raises(FetchError, match=said):
            fetch("REL1_43", source=source)
    with pytest.raises(UsageError, match="luaproc wiki fetch REL1_42 brings it there"):
        find_lualib("REL1_42")


class Answers(http.server.BaseHTTPRequestHandler):
    """The archive, and what servers say instead of it."""

    def do_GET(self) -> None:
        body = tar(LIBRARY)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/archive")
            self.end_headers()
            return
        if self.path not in ("/archive", "/cut", "/long"):
            self.send_error(404)
            return
        self.send_response(200)
        length = len(body) + (9 if self.path == "/cut" else 0)
        if self.path != "/long":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(bytes(300_000) if self.path == "/long" else body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def serving() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_from_a_server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redirects are followed; each refusal is a line of its own, and leaves nothing."""
    monkeypatch.setattr(fetching, "ARCHIVE_BYTES", 200_000)
    came: list[tuple[int, int]] = []
    with serving() as url:
        for path, said in (
            ("/none", "answered 404 Not Found: there is no branch REL1_43 there"),
            ("/cut", "was not read to its end: "),
            ("/long", "has more than 0 MiB"),
        ):
            with pytest.raises(FetchError, match=said):
                fetch("REL1_43", source=url + path)
            assert list(cache.iterdir()) == []
        fetch("REL1_43", source=f"{url}/moved", progress=lambda come, total: came.append((come, total)))
    assert came[-1] == (len(tar(LIBRARY)),) * 2
    assert files(cache / "REL1_43") == FETCHED


def test_a_configuration_may_name_a_branch(file: Path, tmp_path: Path) -> None:
    """The branch, and not a file beside the configuration; a directory of that name comes first."""
    place = tmp_path / "collection"
    place.mkdir()
    (place / "luaproc.toml").write_text('scribunto = "REL1_43"')
    assert configuration.find(place).scribunto == "REL1_43"
    (place / "REL1_43").mkdir()
    assert configuration.find(place).scribunto == str(place / "REL1_43")


@pytest.mark.slow  # starts commands
def test_the_command(file: Path, tmp_path: Path) -> None:
    """One line on stdout, on a terminal a line of progress that goes away, one line for a failure, no traceback."""
    command = [sys.executable, "-m", "luaproc", "wiki", "fetch", "REL1_43", "--from"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    place = cache_directory() / "REL1_43" / "lualib"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"REL1_43: 4 files, read as branch 1.43, in {place}\n"
    done = subprocess.run([*command, "/nowhere"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "luaproc: expected a URL or the file of an archive, got /nowhere: there is no such file\n"
    ours, theirs = pty.openpty()
    try:
        words = [*command, str(file)]
        assert subprocess.run(words, stdout=subprocess.PIPE, stderr=theirs, timeout=60, cwd=tmp_path).returncode == 0
        assert os.read(ours, 4096).decode().endswith(" MB\r\x1b[K")
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_doctor_without_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is said, and what to type, where there is no library: that is what a doctor is for."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(doctor.command)
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        *("configuration", "pages", "modules", "messages", "site", "modules", "fetched"),
    ]
    assert isinstance(done.exception, ScribuntoMissing)
    assert "luaproc wiki fetch" in str(done.exception)
