"""Files that others run or read: made under a name that nobody can guess, and put in their places whole."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from luaproc.errors import NotWrittenError, UsageError


def write(path: Path, content: bytes, mode: int | None = None, check: Callable[[Path], object] | None = None) -> None:
    """Write a file, whole or not at all; what is at `path`, a symbolic link too, is replaced in one step.

    mode: by default what the umask leaves of 0666; it is set before there is content. check: is given the finished file
    before it goes to its place; what it raises leaves `path` as it was. A device or pipe that is already there is
    written to. Raises `NotWrittenError` if the directory cannot be written, or the disk is full.
    """

    def make(file: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        with open(os.open(file, flags, 0o666 if mode is None else 0o600), "wb") as stream:
            if mode is not None:
                file.chmod(mode)
            stream.write(content)
        if check:
            check(file)

    if path.exists() and not path.is_file() and not path.is_dir():
        try:
            path.write_bytes(content)
        except OSError as error:
            raise NotWrittenError(f"cannot write {path}: {error.strerror}") from error
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


def must_be_replaceable(path: Path) -> None:
    """Raises `UsageError` if something is there that is neither a file nor a link: a directory, a device."""
    if os.path.lexists(path) and not (path.is_symlink() or path.is_file()):
        raise UsageError(f"{path} is neither a file nor a link, and is not replaced: name another path")
