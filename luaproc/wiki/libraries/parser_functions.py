"""mw.ext.ParserFunctions: the library of the extension that nearly every wiki has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luaproc.host import LuaError
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki.libraries import Library
from luaproc.wiki.parser_functions.expr import ExpressionError, evaluate, shown
from luaproc.wiki.values import check

_OWN = b"""\
local php = mw_interface
mw_interface = nil
local library = {}
function library.expr( text )
    return php.expr( text )
end
mw.ext = mw.ext or {}
mw.ext.ParserFunctions = library
package.loaded['mw.ext.ParserFunctions'] = library
return library
"""
"""Where there is no MediaWiki's folder with the extension's own file."""


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
        return _OWN

    def expr(self, text: Any = None, *_: Any) -> str:
        check("mw.ext.ParserFunctions.expr", 1, text, "string")
        try:
            return evaluate(text)
        except ExpressionError as error:
            raise LuaError(shown(error, self.view)) from None
