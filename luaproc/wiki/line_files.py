"""A file of JSON lines that is written line by line, and gone on with after it was interrupted."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import stat
from pathlib import Path

from luaproc.errors import NotWrittenError, UsageError

_OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LineFile:
    """Where lines go: a file, or standard output for None.

    resume: go on with what the file has. A last line that is cut is taken off; `titles` are those of the whole ones.
    A symbolic link at the end of the path is not followed: whoever can write to the directory may have planted one.
    Raises `UsageError` for a file that is there without `resume`, that is no regular one, that another process writes,
    or whose lines are no documents with a title, and `NotWrittenError`.
    """

    def __init__(self, path: Path | None, resume: bool = False) -> None:
        self.path = path
        self.titles: set[str] = set()
        self._file = 1
        if path is None:
            return
        try:
            self._file = os.open(path, _OPEN, 0o666)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise UsageError(f"expected a regular file, and {path} is a symbolic link") from None
            raise NotWrittenError(f"cannot write {path}: {error.strerror}") from None
        try:
            self._begin(path, resume)
        except BaseException:
            os.close(self._file)
            raise

    def _begin(self, path: Path, resume: bool) -> None:
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise UsageError(f"expected a regular file, and {path} is none")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise UsageError(f"expected a file of our own, and another process writes {path}") from None
        if not resume:
            if os.fstat(self._file).st_size:
                raise UsageError(f"expected no file {path}, and there is one: go on with it by --resume, or remove it")
            return
        whole = 0
        with open(self._file, "rb", closefd=False) as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    break
                self.titles.add(_title(path, number, line))
                whole += len(line)
        if os.fstat(self._file).st_size > whole:
            os.ftruncate(self._file, whole)

    def write(self, line: bytes) -> None:
        """Write a line whole: a signal that comes meanwhile is received after it. Raises OSError."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._file, left) :]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def close(self) -> None:
        """Close the file."""
        if self.path is not None:
            os.close(self._file)


def _title(path: Path, number: int, line: bytes) -> str:
    try:
        document = json.loads(line)
    except ValueError:
        document = None
    title = document.get("title") if isinstance(document, dict) else None
    if not isinstance(title, str):
        raise UsageError(f"{path}:{number}: expected a line of JSON with a title, as expand --dump writes it")
    return title
