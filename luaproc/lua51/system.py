"""`require 'system'` in `luaproc lua`: Python's half of lua/system.lua. `luaproc.lua51.modules` says what crosses."""

import os
import time

from luaproc.lua51.modules import Native, Value

SOURCE = os.path.join(os.path.dirname(__file__), "lua", "system.lua")

# Seconds, as many as LuaSystem waits at most: INT_MAX.
LONGEST = 2**31 - 1


def functions() -> list[Native]:
    """In the order of the Lua file's arguments."""
    return [lambda: (time.time(),), lambda: (time.monotonic(),), _sleep]


def _sleep(seconds: float) -> tuple[Value, ...]:
    if seconds > 0:
        time.sleep(min(seconds, LONGEST))
    return ()
