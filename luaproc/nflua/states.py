"""Named Lua states: each a Lua of its own, with a limit of instructions and one of memory. No I/O.

What happens inside is in lua/*.lua; bytes and whole numbers only cross. No exception passes through Lua: the one
callable that a state has of Python's (`LuaState._host`) catches all. lupa itself allocates in Lua where no error can be
caught (then the process would abort), so arguments cross while memory has no limit, and a call begins only with
`CROSSING` bytes free.
"""

import os
import sys
import time
from collections.abc import Callable
from errno import EBUSY, EEXIST, EINVAL, EIO, ENOENT, ENOMEM, ENOSPC, EOPNOTSUPP, ETIME
from typing import Any, Protocol

from luaproc.errors import UsageError
from luaproc.lua51 import bytecode
from luaproc.nflua import wire
from luaproc.nflua.errors import Refused
from luaproc.responder.runtime import make_runtime

RUNTIMES = ("lua53", "lua51", "luajit21")
"""The Luas of states: NFLua's own is 5.3."""

MIN_ALLOC = 32768
DEFAULT_INSTRUCTIONS = 10_000_000
MAX_TIMERS = 1024
"""Timers that a state may have pending."""

CROSSING = 2048
"""Bytes that must be free when a call begins: what lupa allocates for it, with room."""

_LUA = os.path.join(os.path.dirname(__file__), "lua")
_PARTS = ("limits", "libraries", "data", "debugging")  # in the order of state.lua's arguments
_DUMP = b"local load, dump = loadstring or load, string.dump return dump(assert(load(..., '=nflua')), true)"

# Numbers that cross; state.lua has the same.
_LOG, _SEND, _SET_TIMER, _CANCEL_TIMER, _TIME = 1, 2, 3, 4, 5
_EXECUTE, _RECEIVE, _TIMER = 1, 2, 3
_DONE, _NO_CALLBACK = 0, 2


class ScriptError(Refused):
    """An error that a script raised. `trace` is Lua's traceback, or empty."""

    def __init__(self, code: int, reason: str, trace: str) -> None:
        super().__init__(code, reason)
        self.trace = trace


class Services(Protocol):
    """What states need of the server that they live in."""

    def print(self, state: "LuaState", text: bytes) -> None:
        """A script has called `print`."""

    def send(self, state: "LuaState", port: int, payload: bytes) -> int:
        """Send data to a port: 0, or a negative errno."""

    def set_timer(self, state: "LuaState", timer: int, milliseconds: int) -> None:
        """Have `LuaState.fire` called once, with that number, unless it is not in `LuaState.timers` any more."""

    def timer_is_cancelled(self) -> None:
        """A timer has left `LuaState.timers`."""


class LuaState:
    """One state. Its calls raise `Refused` for whatever goes wrong in a script; the state is as usable as before."""

    def __init__(self, wanted: wire.State, instructions: int, lua: Any, factory: "Factory") -> None:
        self.name = wanted.name
        self.maxruns = wanted.maxruns
        self.maxalloc = wanted.maxalloc
        self.flags = wanted.flags
        self.timers: set[int] = set()
        """Those that are pending."""
        self._services = factory.services
        self._instructions = instructions
        self._lua = lua
        self._deliver, self._run, self._outcome, self._sethook, collectgarbage = self._booted(factory)
        # By Lua's own settings garbage may take as much as what is alive, and Lua 5.1 and LuaJIT do not collect when
        # memory has run out: loops that only make garbage would fail in 32 KiB. With these they pass, on all three.
        pause, speed = (110, 1000) if wanted.maxalloc < 8 * 1024 * 1024 else (150, 400)
        collectgarbage(b"setpause", pause)
        collectgarbage(b"setstepmul", speed)
        collectgarbage(b"collect")
        collectgarbage(b"collect")
        self._base: int = lua.get_memory_used(total=True)
        self._limit = self._base + wanted.maxalloc

    def _booted(self, factory: "Factory") -> Any:
        """What state.lua returns. The chunks are done with when this returns, and no part of a fresh state: 8 KB."""
        parts = [self._lua.compile(part) for part in factory.parts[: None if b"d" in self.flags else -1]]
        seed = int.from_bytes(os.urandom(4), "little") & 0x7FFFFFFF
        return self._lua.execute(factory.boot, self._host, sys.byteorder.encode(), seed, *parts)

    @property
    def allocated(self) -> int:
        """Bytes that scripts have allocated: above those of a fresh state."""
        used: int = self._lua.get_memory_used(total=True)
        return max(used - self._base, 0)

    def execute(self, code: bytes, name: bytes = b"") -> None:
        """Run a script. name: the chunk's, as Lua has it (``@file``, ``=name``); by default the code itself."""
        self._call(_EXECUTE, code, name or code)

    def receive(self, port: int, payload: bytes) -> None:
        """Hand data to the global function `__receive_callback`."""
        self._call(_RECEIVE, port, payload)

    def fire(self, timer: int) -> None:
        """Call a timer's function, unless the timer was destroyed."""
        self.timers.discard(timer)
        self._call(_TIMER, timer, 0)

    def _call(self, what: int, first: bytes | int, second: bytes | int) -> None:
        lua = self._lua
        self._deliver(self._instructions, what, first, second)
        used = lua.get_memory_used(total=True)
        if used + CROSSING > self._limit - self.maxalloc // 2:
            lua.gccollect()
            if lua.get_memory_used(total=True) + CROSSING > self._limit:
                self._outcome()
                raise Refused(-ENOMEM, "not enough memory")
        lua.set_max_memory(self._limit, total=True)
        try:
            status = self._run()
        except Exception:  # lupa's errors: the limit tripped once more outside of all Lua code, or there is no memory
            status = -1
            # By the C function itself: a Lua function would be stopped at its first instruction.
            self._sethook()
        finally:
            lua.set_max_memory(0)
        if status == _DONE:
            return
        tripped, message, trace = self._outcome()
        if tripped:
            raise Refused(-ETIME, "instruction limit")
        if status == _NO_CALLBACK:
            raise Refused(-EOPNOTSUPP, "couldn't find receive function: __receive_callback")
        lua.gccollect()
        raise ScriptError(-ENOMEM if message == b"not enough memory" else -EINVAL, text(message), text(trace))

    def _host(self, what: int, first: Any = None, second: Any = None) -> Any:
        """What Lua calls. Never raises."""
        try:
            if what == _TIME:
                return divmod(time.time_ns(), 1_000_000_000)
            if what == _SEND:
                return self._services.send(self, first, second)
            if what == _LOG:
                self._services.print(self, first)
                return 0
            if what == _SET_TIMER:
                if len(self.timers) >= MAX_TIMERS:
                    return -1
                self.timers.add(first)
                self._services.set_timer(self, first, second)
            elif what == _CANCEL_TIMER and first in self.timers:
                self.timers.remove(first)
                self._services.timer_is_cancelled()
        except Exception:
            return -EIO
        return 0


class Factory:
    """Makes states of one runtime. The Lua files are compiled once; states load the bytecode.

    Raises `UsageError` for a runtime that is not there.
    """

    def __init__(self, runtime: str, services: Services, new: Callable[[str], Any] = make_runtime) -> None:
        if runtime not in RUNTIMES:
            raise UsageError(f"unknown runtime {runtime!r}: expected one of {', '.join(RUNTIMES)}")
        self.runtime = runtime
        self.services = services
        self._new = new
        lua = new(runtime)
        self.boot = _compiled(lua, "state")
        self.parts = [_compiled(lua, part) for part in _PARTS]

    def make(self, wanted: wire.State, instructions: int) -> LuaState:
        """A fresh state."""
        return LuaState(wanted, instructions, self._new(self.runtime), self)


def _compiled(lua: Any, part: str) -> bytes:
    with open(os.path.join(_LUA, part + ".lua"), "rb") as file:
        made: bytes = lua.execute(_DUMP, file.read())
    return bytecode.stripped(made) if made.startswith(bytecode.SIGNATURE) else made


class States:
    """All states of a server, by name. max_instructions: of a call in a state that was created with none of its own."""

    def __init__(self, factory: Factory, max_instructions: int = DEFAULT_INSTRUCTIONS) -> None:
        self._factory = factory
        self._max_instructions = max_instructions
        self._states: dict[bytes, LuaState] = {}

    def __len__(self) -> int:
        return len(self._states)

    def create(self, wanted: wire.State) -> LuaState:
        """Make a state. Raises `Refused`."""
        if wanted.name in self._states:
            raise Refused(-EEXIST, f"state already exists: {text(wanted.name)}")
        if len(self._states) >= wire.STATES_MAX:
            raise Refused(-ENOSPC, "max states limit reached or out of memory")
        if wanted.maxalloc < MIN_ALLOC:
            raise Refused(-EINVAL, f"maxalloc {wanted.maxalloc} should be greater then MIN_ALLOC {MIN_ALLOC}")
        try:
            state = self._factory.make(wanted, wanted.maxruns or self._max_instructions)
        except MemoryError:
            raise Refused(-ENOMEM, "max states limit reached or out of memory") from None
        self._states[wanted.name] = state
        return state

    def destroy(self, name: bytes) -> None:
        """Drop a state. Raises `Refused`: there is none, or a timer of it is pending."""
        if self.find(name).timers:
            raise Refused(-EBUSY, f"a timer is pending in {text(name)}")
        del self._states[name]

    def find(self, name: bytes) -> LuaState:
        """A state by its name. Raises `Refused`."""
        state = self._states.get(name)
        if state is None:
            raise Refused(-ENOENT, "lua state not found")
        return state

    def list(self) -> "list[wire.State]":
        """All states, in the order of their creation."""
        return [
            wire.State(state.name, state.maxruns, state.maxalloc, state.flags, state.allocated)
            for state in self._states.values()
        ]


def text(name: bytes) -> str:
    """A name or a script's text for a person: bytes that are no UTF-8 escaped."""
    return name.decode("utf-8", "backslashreplace")
