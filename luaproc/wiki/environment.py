"""Lua in a module's environment, piece by piece: what `eval`, `dump` and the console run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from luaproc.host import LuaError, LuaFunction
from luaproc.host.copying import COPY, with_placeholders
from luaproc.wiki.engine import Engine
from luaproc.wiki.own_lua import OWN_LUA, own_lua


class Environment:
    """A module's environment of one page view: what one piece of Lua assigns, the next ones see.

    on_log: gets what `print` (which is mw.log here, as in MediaWiki's console) and modules log, at once; None leaves it
    in the log. Raises `ModuleError`, as all methods do, for each way in which Lua can fail.
    """

    def __init__(self, engine: Engine, on_log: Callable[[str], None] | None = None) -> None:
        self.engine = engine
        self._adopt, self._show, self._fields = self._guarded(lambda: self._open(on_log))

    def _open(self, on_log: Callable[[str], None] | None) -> list[LuaFunction]:
        lua = self.engine.interpreter
        write = None if on_log is None else lua.wrap_php_function(lambda text: on_log(text), "log")
        opener = lua.load_string("return function() end", f"@{OWN_LUA}")
        return lua.load_string(COPY + own_lua("environment"), f"@{OWN_LUA}")(
            self.engine.mw_function("executeModule"), opener, write
        )

    def run(self, texts: Sequence[str | bytes], chunk_name: str) -> list[Any]:
        """Run the first of the texts that compiles; its results, as `luaproc.host.Interpreter` converts them."""
        return list(self._guarded(lambda: self.engine.interpreter.call(self._compiled(texts, chunk_name))))

    def show(
        self,
        texts: Sequence[str | bytes],
        chunk_name: str,
        *,
        functions: str = "mark",
        metatables: str = "follow",
        tables: int = 500,
    ) -> list[Any]:
        """`run`, but what cannot leave Lua is a `luaproc.host.copying.Placeholder` among the results.

        functions, metatables, tables: see `luaproc.host.copying.COPY`.
        """
        results = self._guarded(
            lambda: self.engine.interpreter.call(
                self._show, self._compiled(texts, chunk_name), functions, metatables, tables
            )
        )
        return [with_placeholders(value) for value in results]

    def fields(self, path: Sequence[str]) -> list[str]:
        """The names in a table that is reached by those of `path`, and in what its metatables name by ``__index``."""
        [found] = self._guarded(lambda: self.engine.interpreter.call(self._fields, dict(enumerate(path, 1))))
        return list(found.values())

    def _compiled(self, texts: Sequence[str | bytes], chunk_name: str) -> LuaFunction:
        lua = self.engine.interpreter
        for text in texts[:-1]:
            try:
                chunk = lua.load_string(text, chunk_name)
                break
            except LuaError:
                pass
        else:
            chunk = lua.load_string(texts[-1], chunk_name)
        self._adopt(chunk)
        return chunk

    def _guarded(self, call: Callable[[], Any]) -> Any:
        def in_frame() -> Any:
            with self.engine.current(None):
                return call()

        return self.engine.guarded(in_frame)
