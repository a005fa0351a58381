"""mw.html: nothing is asked of PHP but how a strip marker begins and ends."""

from __future__ import annotations

from typing import Any

from luaproc.wiki.libraries import Library
from luaproc.wiki.preprocessor.strip import PREFIX, SUFFIX


class HtmlLibrary(Library):
    file = "mw.html.lua"

    def options(self) -> dict[str, Any]:
        return {"uniqPrefix": PREFIX, "uniqSuffix": SUFFIX}
