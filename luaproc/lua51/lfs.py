"""`require 'lfs'` in `luaproc lua`: Python's half of lua/lfs.lua. `luaproc.lua51.modules` says what crosses.

LuaFileSystem 1.8.0 (https://lunarmodules.github.io/luafilesystem/) is the measure; tests/lua51/test_lfs.py runs both.
"""

import fcntl
import os
import stat
from itertools import count

from luaproc.lua51.modules import Native, Value
from luaproc.lua51.stdio import strerror

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = os.path.join(os.path.dirname(__file__), "lua", "lfs.lua")

Results = tuple[Value, ...]

# Every other kind of file is "other".
KINDS = {
    stat.S_IFREG: b"file",
    stat.S_IFDIR: b"directory",
    stat.S_IFLNK: b"link",
    stat.S_IFSOCK: b"socket",
    stat.S_IFIFO: b"named pipe",
    stat.S_IFCHR: b"char device",
    stat.S_IFBLK: b"block device",
}

LOCKS = {b"r": fcntl.LOCK_SH | fcntl.LOCK_NB, b"w": fcntl.LOCK_EX | fcntl.LOCK_NB, b"u": fcntl.LOCK_UN}

_INT64 = 2**63

_entries: "dict[int, Iterator[bytes]]" = {}  # of directories that Lua reads
_numbers = count(1)


def functions() -> list[Native]:
    """In the order of the Lua file's arguments. Each returns true and results, or false, C's text and the errno."""
    return [
        _safely(_information), _safely(os.readlink), _safely(os.chdir), _safely(os.getcwdb), _safely(_link),
        _safely(os.mkdir), _safely(os.rmdir), _safely(_touch), _safely(_lock), _safely(_open), _next, _close,
        _safely(os.unlink),
    ]  # fmt: skip


def _safely(call: "Callable[..., object]") -> Native:
    """`call` as a function for Lua; an OSError becomes false, text, errno."""

    def answer(*arguments: Value) -> Results:
        try:
            found = call(*arguments)
        except OSError as error:
            number = error.errno or 0
            return False, strerror(number), number
        if found is None:
            return (True,)
        return (True, *found) if isinstance(found, tuple) else (True, found)  # type: ignore[return-value]

    return answer


def _whole(number: float) -> int:
    """The number as C makes a 64-bit integer of it, on the machines that wheels of lupa are for."""
    return int(number) if -_INT64 <= number < _INT64 else -_INT64


def _permissions(mode: int) -> bytes:
    return "".join(letter if mode & 0o400 >> at else "-" for at, letter in enumerate("rwxrwxrwx")).encode()


# In the order of MEMBERS in lfs.lua.
MEMBERS: "tuple[Callable[[os.stat_result], Value], ...]" = (
    lambda found: KINDS.get(stat.S_IFMT(found.st_mode), b"other"),
    lambda found: found.st_dev,
    lambda found: found.st_ino,
    lambda found: found.st_nlink,
    lambda found: found.st_uid,
    lambda found: found.st_gid,
    lambda found: found.st_rdev,
    lambda found: found.st_atime_ns // 10**9,
    lambda found: found.st_mtime_ns // 10**9,
    lambda found: found.st_ctime_ns // 10**9,
    lambda found: found.st_size,
    lambda found: _permissions(found.st_mode),
    lambda found: found.st_blocks,
    lambda found: found.st_blksize,
)


def _information(path: bytes, follow: bool, member: float | None) -> Results:
    """One member by its number from 1, none for 0, or all."""
    found = os.stat(path, follow_symlinks=follow)
    if member is None:
        return tuple(value(found) for value in MEMBERS)
    return (MEMBERS[int(member) - 1](found),) if member else ()


def _link(old: bytes, new: bytes, symbolic: bool) -> None:
    (os.symlink if symbolic else os.link)(old, new)


def _touch(path: bytes, access: float | None = None, modification: float | None = None) -> None:
    """Seconds; None means now."""
    if access is None or modification is None:
        os.utime(path)
    else:
        os.utime(path, (_whole(access), _whole(modification)))


def _lock(descriptor: int, mode: bytes, start: float, length: float) -> None:
    """mode: r, w, or u for no lock any more; at once or not at all."""
    fcntl.lockf(descriptor, LOCKS[mode], _whole(length), _whole(start))


def _open(path: bytes) -> int:
    """A number for `_next` and `_close`."""
    scan = os.scandir(path)
    number = next(_numbers)

    def names() -> "Iterator[bytes]":
        with scan:
            yield from (b".", b"..")  # which Python leaves out
            for entry in scan:
                yield entry.name

    _entries[number] = names()
    return number


def _next(number: float) -> tuple[bytes | None]:
    """The next name; None, and the directory is closed, after the last, or when it cannot be read any more."""
    try:
        return (next(_entries[int(number)], None),)
    except OSError:
        return (None,)


def _close(number: float) -> Results:
    entries = _entries.pop(int(number), None)
    if entries is not None:
        entries.close()  # type: ignore[attr-defined]
    return ()
