"""What the responder says of itself: lines on stderr, which Scribunto's errorFile keeps, and the file of `--log`."""

from luaproc.errors import readable
from luaproc.responder.bare_os import os

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


def die(reason: "str | bytes") -> "NoReturn":
    """End the process with status 1 and `reason` as one line on stderr."""
    try:
        text = reason if isinstance(reason, bytes) else reason.encode("utf-8", "replace")
        report(b"luaproc: " + text.replace(b"\n", b" ")[:1000])
    finally:  # there may be no memory to say it with
        os._exit(1)


def report(text: bytes) -> None:
    """Write to stderr, if it is open. Control characters are left out: modules choose the names in these lines."""
    try:
        os.write(2, readable(text).encode() + b"\n")
    except OSError:
        pass


def op_of(message: bytes) -> bytes:
    """The op that a message or its beginning names: the first quoted word behind `op`, which PHP and we write first."""
    return next((word for word in message[:64].partition(b"op")[2].split(b'"') if word.isalpha()), b"")


def open_file(path: str) -> int:
    """A descriptor that appends to a regular file, which is made (mode 0600) where it is not there.

    A symbolic link at the end of the path is not followed, a pipe not waited for: whoever can write to the directory
    may have planted one. Raises OSError, also for what is no regular file, ValueError for a name with a zero byte.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"):  # Windows has none of them
        flags |= getattr(os, name, 0)
    file = os.open(path, flags, 0o600)
    if os.fstat(file).st_mode & 0o170000 != 0o100000:  # S_ISREG: `stat` is start-up time
        os.close(file)
        raise OSError(0, "expected a regular file")
    return file


def open_log(path: str, note: str = "") -> "Callable[[bytes, bytes, int], None] | None":
    """A function that appends a line for a message to the file at `path`: of its direction (b"RX <== " or b"TX ==> "),
    the message or its beginning, and its length in bytes. note: a line for its beginning.

    None, after a line on stderr, where `open_file` refuses: a wiki's pages do not depend on the log; and for /dev/null,
    by which the log that a launcher carries is turned off.
    """
    if path == "/dev/null":
        return None
    try:
        file = open_file(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", error)
        report(f"luaproc: no log, {path!r} cannot be opened: {reason}".encode("utf-8", "replace"))
        return None
    writable = True
    if note:
        try:
            os.write(file, f"luaproc: {note}\n".encode("utf-8", "replace"))
        except OSError:
            pass  # the first message follows

    def write(direction: bytes, message: bytes, length: int) -> None:
        nonlocal writable
        if not writable:
            return
        try:
            os.write(file, b"%b%b (%d bytes)\n" % (direction, op_of(message) or b"?", length))
        except OSError as error:  # a full disk is no reason to take the pages down
            writable = False
            report(b"luaproc: the log ends here, cannot write: " + os.strerror(error.errno or 0).encode())

    return write
