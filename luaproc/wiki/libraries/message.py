"""mw.message: texts of the interface as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from luaproc.host import LuaError
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki.language import language
from luaproc.wiki.libraries import Library
from luaproc.wiki.messages import substitute
from luaproc.wiki.values import text_of

_CODE = re.compile(r"[^:/\\\0&<>'\"%{}]+")


class MessageLibrary(Library):
    file = "mw.message.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        return {"plain": self.plain, "check": self.check}

    def options(self) -> dict[str, Any]:
        return {"lang": self.site.language}

    def plain(self, data: Any = None, *_: Any) -> str:
        self._language(data, "plain")
        return self._plain(data)

    def _plain(self, data: Mapping[str, Any]) -> str:
        text = self._text(data)
        if text is None:
            return f"⧼{self._keys(data)[-1]}⧽"
        given = data.get("params") or {}
        before, after = [], []
        for position, name in enumerate(given, 1):
            shown, raw = self._parameter(given[name], data)
            # Raw ones go in last, so that what they contain is not taken for a parameter.
            before.append(f"$'\"{position}" if raw else shown)
            after.append((f"$'\"{position}", shown, raw))
        text = substitute(text, before)
        for mark, shown, raw in after:
            if raw:
                text = text.replace(mark, shown)
        return text

    def _parameter(self, value: Any, data: Mapping[str, Any]) -> tuple[str, bool]:
        """A parameter as text, and whether it is raw."""
        if not isinstance(value, Mapping):
            return text_of(value), False
        if "raw" in value:
            return text_of(value["raw"]), True
        if "num" in value:
            return language(text_of(data["lang"])).format_number(text_of(value["num"])), False
        return text_of(value), False

    def check(self, what: Any = None, data: Any = None, *_: Any) -> bool:
        if what not in ("exists", "isBlank", "isDisabled"):
            raise LuaError("invalid what for 'messageCheck'")
        self._language(data, what)
        text = self._text(data)
        if what == "exists":
            return text is not None
        return text is None or text == "" or (what == "isDisabled" and text == "-")

    def _language(self, data: Any, method: str) -> None:
        code = text_of(data["lang"])
        if not _CODE.fullmatch(code):
            if self.view.release >= 43:
                raise LuaError(f"language code '{code}' is invalid")
            raise LuaError(f'msg:{method}() failed (Invalid language code "{code}")')

    def _keys(self, data: Mapping[str, Any]) -> list[str]:
        return [text_of(name) for name in (data.get("keys") or {}).values()]

    def _text(self, data: Mapping[str, Any]) -> str | None:
        if "rawMessage" in data:
            return text_of(data["rawMessage"])
        code, use_pages = text_of(data["lang"]), bool(data.get("useDB"))
        for name in self._keys(data):
            text = self.engine.messages.find(name, code, use_pages)
            if text is not None:
                return text
        return None
