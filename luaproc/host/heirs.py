"""Interpreters of servers that have what another one's server has loaded: forks of it, or the next page view in it."""

from __future__ import annotations

from collections.abc import Iterable

from luaproc.host.core import PhpFunction, Status
from luaproc.host.functions import LuaFunction
from luaproc.host.interpreter import Interpreter


class HeirInterpreter(Interpreter):
    """`Interpreter` of such a server. It holds no functions but those that are adopted."""

    def _inherit(self, lua: Interpreter, functions: Iterable[PhpFunction]) -> None:
        """What there is beside the connection. functions: what answers here in place of the callables that were
        registered with `lua`, in their order."""
        convert = lua._convert
        self._begin(convert._encoding, convert._errors, convert._lists, lua.fallback, lua.on_interrupt)
        self.cleans_ahead = lua.cleans_ahead
        self._convert.reader.remember(convert.reader)
        self._registrations = lua._registrations
        self._callbacks = {
            number: (name, function)
            for (number, (name, _)), function in zip(lua._callbacks.items(), functions, strict=True)
        }
        self._sources = lua._sources.copy()

    def adopt(self, function: LuaFunction) -> LuaFunction:
        """The same function as one that the interpreter holds which loaded it."""
        return self._chunks.get(function.id, function.name)

    def status_unasked(self) -> Status | None:
        """What `get_status` gives, without a message to Lua; None where nobody else knows it."""
        return None
