"""`require 'data'` in `luaproc lua`: LuaData. See `luaproc.lua51.modules` for what such a module has."""

import os
import sys
from collections.abc import Callable

SOURCE = os.path.join(os.path.dirname(__file__), "lua", "data.lua")


def functions() -> "list[Callable[..., tuple[bytes]]]":
    """The one that tells the machine's byte order."""
    return [lambda: (sys.byteorder.encode(),)]
