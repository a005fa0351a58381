"""mw.ext.ParserFunctions: the library of the extension that nearly every wiki has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luaproc.host import LuaError
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki.libraries import Library
from luaproc.wiki.own_lua import own_lua
from luaproc.wiki.parser_functions.expr import ExpressionError, evaluate, shown
from luaproc.wiki.values import check


class ParserFunctionsLibrary(Library):
    file = "mw.ext.ParserFunctions.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        return {"expr": self.expr}

    def code(self) -> bytes:
        """The extension's file, or our own."""
        folder = self.view.mediawiki
        if folder is not None:
            try:
                return (folder / "extensions" / "ParserFunctions" / "includes" / self.file).read_bytes()
            except OSError:
                pass
        return own_lua("parser_functions").encode()

    def expr(self, text: Any = None, *_: Any) -> str:
        check("mw.ext.ParserFunctions.expr", 1, text, "string")
        try:
            return evaluate(text)
        except ExpressionError as error:
            raise LuaError(shown(error, self.view)) from None
