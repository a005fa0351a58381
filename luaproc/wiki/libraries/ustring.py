"""mw.ustring: the Lua implementation answers for itself, with PHP's words for bad patterns; PHP gives the limits."""

from __future__ import annotations

from typing import Any

from luaproc.wiki.libraries import Library
from luaproc.wiki.own_lua import own_lua

_ASKS = b"gmatch_init( s, pattern )"


class UstringLibrary(Library):
    file = "mw.ustring.lua"

    def options(self) -> dict[str, Any]:
        limits = self.site.limits
        return {"stringLengthLimit": limits.string_bytes, "patternLengthLimit": limits.pattern_bytes}

    def afterwards(self) -> tuple[str, tuple[Any, ...]]:
        """`patterns.lua`, and the line from which gmatch asks PHP: errors name it."""
        code = self.engine.lua_file(self.file) or b""
        return own_lua("patterns"), (code.partition(_ASKS)[0].count(b"\n") + 1,)
