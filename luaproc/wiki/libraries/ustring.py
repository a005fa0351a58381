"""mw.ustring: the Lua implementation answers for itself; PHP gives the limits."""

from __future__ import annotations

from typing import Any

from luaproc.wiki.libraries import Library


class UstringLibrary(Library):
    file = "mw.ustring.lua"

    def options(self) -> dict[str, Any]:
        limits = self.site.limits
        return {"stringLengthLimit": limits.string_bytes, "patternLengthLimit": limits.pattern_bytes}
