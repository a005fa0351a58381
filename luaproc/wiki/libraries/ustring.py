"""mw.ustring: the Lua implementation answers for itself, with PHP's words for bad patterns; PHP gives the limits."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

from luaproc.wiki.libraries import Library

_ASKS = b"gmatch_init( s, pattern )"


@lru_cache(1)
def _patterns() -> str:
    return (files(__package__) / "patterns.lua").read_text("utf-8")


class UstringLibrary(Library):
    file = "mw.ustring.lua"

    def options(self) -> dict[str, Any]:
        limits = self.site.limits
        return {"stringLengthLimit": limits.string_bytes, "patternLengthLimit": limits.pattern_bytes}

    def afterwards(self) -> tuple[str, tuple[Any, ...]]:
        """`patterns.lua`, and the line from which gmatch asks PHP: errors name it."""
        code = self.engine.options.lualib.read(self.file) or b""
        return _patterns(), (code.partition(_ASKS)[0].count(b"\n") + 1,)
