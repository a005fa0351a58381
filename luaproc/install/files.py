"""Files that others run or read, and files of others.

A file is written under a name that cannot be guessed, and put in its place whole. Reading has a bound, and never waits.
"""

import errno
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from luaproc.errors import NotReadError, NotWrittenError, UsageError

TEXT = 64 * 1024 * 1024
"""Bytes: the most that is read of a script, a module or a page. MediaWiki's own limit of a page is 2 MiB."""

_READS = os.O_RDONLY
for _name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
    _READS |= getattr(os, _name, 0)


def write(path: Path, content: bytes, mode: int | None = None, check: Callable[[Path], object] | None = None) -> None:
    """Write a file, whole or not at all; what is at `path`, a symbolic link too, is replaced in one step.

    mode: by default what the umask leaves of 0666; it is set before there is content. check: is given the finished file
    before it goes to its place; what it raises leaves `path` as it was. A device or pipe that is already there is
    written to, if somebody reads it. Raises `NotWrittenError` if the directory cannot be written, or the disk is full.
    """

    def make(file: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        with open(os.open(file, flags, 0o666 if mode is None else 0o600), "wb") as stream:
            if mode is not None:
                os.chmod(stream.fileno() if os.chmod in os.supports_fd else file, mode)
            stream.write(content)
        if check:
            check(file)

    if _is_stream(path):
        try:
            # The path may be a pipe without a reader, planted by another user.
            with open(os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0)), "wb") as stream:
                os.set_blocking(stream.fileno(), True)
                stream.write(content)
        except OSError as error:
            reason = "nobody reads this pipe" if error.errno == errno.ENXIO else error.strerror
            raise NotWrittenError(f"cannot write {path}: {reason}") from error
        return
    put(path, make)


def put(path: Path, make: Callable[[Path], object]) -> None:
    """Have `make` make a file, or a link, beside `path`, and put it there when it is whole.

    Raises `NotWrittenError` if the directory cannot be written.
    """
    # Whoever may write to the directory could plant a link under a name that can be guessed.
    unfinished = path.with_name(f".luaproc-{secrets.token_hex(8)}")
    try:
        make(unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise NotWrittenError(f"cannot write {path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _is_stream(path: Path) -> bool:
    """Whether there is a device or a pipe, by no link but the system's own (/dev/stdout) and the user's."""
    try:
        owner, mode = path.lstat().st_uid, path.stat().st_mode
    except OSError:
        return False
    return owner in (0, getattr(os, "geteuid", int)()) and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def read(path: str | os.PathLike[str], most: int) -> bytes:
    """The content of a file, or of a pipe of this process's own (a shell's ``<(command)``).

    most: bytes. Raises `NotReadError` for what is larger, for named pipes and devices (one would wait for ever, the
    other never end; /dev/null is empty), and for what cannot be read.
    """
    try:
        file = os.open(path, _READS)
    except OSError as error:
        raise NotReadError(path, error.strerror or str(error)) from None
    except ValueError as error:  # a zero byte in the name
        raise NotReadError(path, str(error)) from None
    try:
        found = os.fstat(file)
        kind = found.st_mode
        is_empty = stat.S_ISCHR(kind) and os.path.samestat(found, os.stat(os.devnull))
        if not (stat.S_ISREG(kind) or is_empty or (stat.S_ISFIFO(kind) and _is_inherited(path))):
            what = "a directory" if stat.S_ISDIR(kind) else "a pipe" if stat.S_ISFIFO(kind) else "a device"
            raise NotReadError(path, f"expected a file, and this is {what}")
        os.set_blocking(file, True)
        with open(file, "rb", closefd=False) as stream:
            return read_stream(stream, most, path)
    except OSError as error:
        raise NotReadError(path, error.strerror or str(error)) from None
    finally:
        os.close(file)


def read_stream(stream: IO[bytes], most: int, name: object = "standard input") -> bytes:
    """All that comes from a stream, up to its end. Raises `NotReadError` where that is more than `most` bytes."""
    parts: list[bytes] = []
    left = most
    while part := stream.read(min(left + 1, 1 << 20)):
        left -= len(part)
        if left < 0:
            raise NotReadError(name, f"expected at most {most:,} bytes, and there are more")
        parts.append(part)
    return b"".join(parts)


def _is_inherited(path: str | os.PathLike[str]) -> bool:
    """Whether a name means a descriptor that is open already: no other user can have planted it."""
    return os.path.realpath(path).startswith(("/proc/", "/dev/fd/"))


def must_be_replaceable(path: Path) -> None:
    """Raises `UsageError` if something is there that is neither a file nor a link: a directory, a device."""
    if os.path.lexists(path) and not (path.is_symlink() or path.is_file()):
        raise UsageError(f"{path} is neither a file nor a link, and is not replaced: name another path")
