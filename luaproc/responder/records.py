"""The files of `--profile` and `--coverage`, which every server process of a wiki appends to. Imported by no start that
was not asked for one.

Whole lines are appended in one write each, so that processes lose nothing of each other's, and one that is killed
leaves all that it wrote.
"""

from time import thread_time_ns

from luaproc.errors import UsageError
from luaproc.responder import log
from luaproc.responder.bare_os import os

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Bytes of a file from which on nothing more is appended: a profile that somebody forgot ends by itself. A page of 0.1 s
# of Lua leaves 20 KB of a profile.
MOST = 64 * 1024 * 1024

# Option -> the file in lua/observers that it turns on.
OBSERVERS = {"profile": "samples", "coverage": "lines"}


def open_records(found: "Mapping[str, str | int]", runtime: str) -> "dict[str, Callable[..., int]]":
    """What boot.lua is given for the options that were found, under its names for it; nothing for a file that is full.

    Raises `UsageError` for coverage on LuaJIT.
    """
    if "coverage" in found and runtime != "lua51":
        raise UsageError(f"--coverage counts lines as lua51 runs them, and this is {runtime}: leave out one of the two")
    records: dict[str, Callable[..., int]] = {}
    for option, observer in OBSERVERS.items():
        record = open_record(str(found[option]), option) if option in found else None
        if record is not None:
            records[f"records.{observer}"] = record
            records["pipes.cpu_microseconds"] = _microseconds
    return records


def _microseconds() -> int:
    return thread_time_ns() // 1000


def open_record(path: str, what: str) -> "Callable[[bytes], bool] | None":
    """A function that appends whole lines to the file at `path`, and tells whether there may be more.

    what: the option, for messages. None for a file that has MOST bytes, for /dev/null, by which what a launcher carries
    is turned off, and, after a line on stderr, where `log.open_file` refuses: a wiki's pages do not depend on it.
    """
    if path == "/dev/null":
        return None
    try:
        file = log.open_file(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", error)
        log.report(f"luaproc: no {what}, {path!r} cannot be opened: {reason}".encode("utf-8", "replace"))
        return None
    if os.fstat(file).st_size >= MOST:
        os.close(file)
        return None

    def record(lines: bytes) -> bool:
        try:
            if os.fstat(file).st_size + len(lines) > MOST:
                log.report(b"luaproc: the %b ends here, its file has %d MB" % (what.encode(), MOST >> 20))
                return False
            os.write(file, lines)
        except OSError as error:  # a full disk is no reason to take the pages down
            reason = os.strerror(error.errno or 0)
            log.report(f"luaproc: the {what} ends here, cannot write: {reason}".encode())
            return False
        return True

    return record
