"""mw.language: provisional until luaproc.wiki.language is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luaproc.host.interpreter import PhpFunction
from luaproc.wiki.libraries import Library


class LanguageLibrary(Library):
    file = "mw.language.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        return {"getContLangCode": self.content_language}

    def content_language(self, *_: Any) -> str:
        return self.site.language
