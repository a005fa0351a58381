"""How much memory Lua may use, and the reserve that pays for an answer when memory has run out.

Two limits can end an allocation: the process's (`ulimit -v`, set by Scribunto; malloc fails, in Lua and in Python) and
Lua's own, which lupa counts. Lua's is set below the process's, so that a module meets `not enough memory` in Lua, where
Lua can say it, while Python can still move the reply. The ballast is a block of memory that nothing uses. Freed, it
leaves room for malloc; raising Lua's limit by the same size gives that room to Lua.

    state   ballast   Lua's limit         leaves by
    HELD    held      L                   `spend` -> SPENT
    SPENT   freed     L + BALLAST; none   `restore` -> HELD, or SHORT where the ballast cannot be had again
                      after `lift`
    SHORT   freed     what Lua uses now,  `spend` -> SPENT; `restore` is tried again at each exchange while memory is
                      at most L           not full

A module's code runs in HELD or SHORT, so that a module cannot use up the reserve. (Python alone may have spent the
reserve for a long frame, while Lua used less than half of its memory; then a module may run in SPENT for one turn.)
Lua's half of the policy (when garbage is collected, and when the dispatcher asks for room) is lua/memory.lua, which
calls the methods of `Reserve` and keeps no state of its own.
"""

from luaproc.responder import limits
from luaproc.responder.bare_os import os

# The block that is freed to answer with, bytes.
BALLAST = 512 * 1024

# What Lua's limit leaves to Python under the process's limit beside the ballast, bytes: frames of up to 64 KB both
# ways, what is read ahead, and malloc's own overhead. With 704 KB a module on LuaJIT whose call came after a lost reply
# found no memory in 2 of 100 runs. With 1,536 KB, 800 were left that nobody took (Python 3.12 needs 1.3 MB more than
# 3.11).
PYTHON_SHARE = 832 * 1024

# Where the process has no limit to read (macOS, Windows), `--max-memory` is taken to include this much for Python and
# lupa: what they take on Linux (docs/lupa.md, "Start-up and memory").
BASE = 14 * 1024 * 1024

# Lua gets no less than this, bytes: enough to say that there is not enough.
LEAST = 256 * 1024

HELD, SPENT, SHORT = "held", "spent", "short"


def lua_limit(max_memory: "int | None") -> int:
    """How many bytes Lua may use: what is left of the process's address space, less PYTHON_SHARE (of a small one, a
    32nd); 0 for no limit.

    Measured now, so call it when all else is loaded. Without a limit of the process, `max_memory` less BASE.
    """
    limit = limits.address_space()
    if limit:
        return max(limit - limits.address_space_used() - min(PYTHON_SHARE, limit // 32), LEAST)
    if max_memory is not None:
        return max(max_memory - BASE, LEAST)
    return 0


def _open_statm() -> int:
    return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)


class Reserve:
    """The one owner of the ballast, of Lua's limit and of the state (the table above), for one runtime of lupa.

    `limit` is L, in bytes; 0 for none, as before `set_limit`. `state` is HELD, SPENT or SHORT.
    """

    def __init__(self, lua) -> None:  # type: ignore[no-untyped-def]
        self.state = HELD
        self.limit = 0
        self._used = lua.get_memory_used
        self._set_max_memory = lua.set_max_memory
        self._ballast: bytes | None = bytes(BALLAST)  # of bytes, zeros need not be written: no page is touched
        self._full_pages = 0  # of the process's virtual memory: nearly its limit; 0 where it has none
        self._statm, self._page = -1, 1

    def set_limit(self, limit: int, address_space: int) -> None:
        """Arm Lua's memory limit, bytes; 0 for none. address_space: the process's limit, bytes; 0 for none."""
        self.limit = limit
        self._set_max_memory(limit, total=True)
        if address_space:
            self._statm = _open_statm()
            self._page = os.sysconf("SC_PAGE_SIZE")
            self._full_pages = (address_space - 2 * BALLAST) // self._page

    def reopen(self) -> None:
        """Look at this process from now on, in a fork of the one that called `set_limit`."""
        if self._statm >= 0:
            os.close(self._statm)
            self._statm = _open_statm()

    def spend(self) -> None:
        """Free the ballast and raise Lua's limit by its size: before an answer for which there may be no memory."""
        self._ballast = None
        self.state = SPENT
        if self.limit:
            self._set_max_memory(self.limit + BALLAST, total=True)

    def lift(self) -> None:
        """`spend`, with no limit of Lua's: for a collection that could not finish. No module's code may run then."""
        self.spend()
        self._set_max_memory(0, total=True)

    def restore(self) -> None:
        """Take the ballast back and lower Lua's limit. Where memory is too full for the ballast, Lua gets nothing more
        until there is room. Nothing to do in HELD."""
        if self.state is HELD:
            return
        limit = self.limit
        try:
            self._ballast = self._ballast or bytes(BALLAST)
            self.state = HELD
        except MemoryError:
            self.state = SHORT
            used = self._used(total=True)
            if used > limit // 2:
                limit = min(limit, used)
        if limit:
            self._set_max_memory(limit, total=True)

    def spend_if_full(self) -> None:
        """`spend`, where `is_full`."""
        if self.is_full():
            self.spend()

    def restore_if_room(self) -> None:
        """`restore`, unless `is_full`."""
        if not self.is_full():
            self.restore()

    def is_full(self) -> bool:
        """Whether there is little room left: for Lua, or for the process, which malloc's overhead may fill before.

        Where Lua gave back half of its memory there is room again, though the process is as large as it was.
        """
        if not self.limit:
            return False
        used = self._used(total=True)
        return used > self.limit - BALLAST or (
            used > self.limit // 2 and self._full_pages > 0 and self._size() > self._full_pages
        )

    def has_room_to_push(self, size: int) -> bool:
        """Whether Lua has room for two copies of `size` bytes, and 64 KB more: what a string takes that crosses to it.

        If that push fails for lack of memory, lupa leaks a reference (docs/lupa.md); so ask before.
        """
        return not self.limit or self._used(total=True) + 2 * size + 65536 <= self.limit

    def has_room_to_compile(self, size: int) -> bool:
        """Whether Lua can compile a message of `size` bytes whole: it has the text, the lexer's buffer (up to twice the
        text) and the string at the same time."""
        return not self.limit or (
            self._used(total=True) + 5 * size < self.limit
            and (not self._full_pages or self._size() + 5 * size // self._page < self._full_pages)
        )

    def _size(self) -> int:
        """The process's virtual memory, in pages."""
        return int(os.pread(self._statm, 32, 0).split(None, 1)[0])
