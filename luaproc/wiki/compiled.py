"""Modules that are compiled for many page views: these find the chunks, and send and compile no texts."""

from __future__ import annotations

from contextlib import suppress

from luaproc.host import Interpreter, LuaError, LuaFunction

Chunks = dict[str, tuple[str, LuaFunction]]
"""Texts and their compiled chunks, by the chunks' names."""

_MET = 500
"""How many modules are remembered that page views compiled."""

_SHARE, _UNLIMITED = 100, 50_000_000
"""The part of Lua's memory, bytes, that their texts may be; and what that is a part of where there is no limit."""


class CompiledModules:
    """Of one fork server, or one Lua state in this process. lua: its interpreter. memory_limit: bytes; None for none.
    Each page view has the chunks in its memory, where they take up to three times as much as the texts.

    A module is compiled ahead when two page views have compiled the same text under the same name. No code of it runs.
    """

    def __init__(self, lua: Interpreter, memory_limit: int | None) -> None:
        self._lua = lua
        self._room = (memory_limit or _UNLIMITED) // _SHARE  # characters
        self._met: dict[str, str] = {}
        self._due: dict[str, str] = {}
        self.chunks: Chunks = {}

    def met(self, name: str, text: str) -> None:
        """Note that a page view has compiled a text."""
        if self._met.get(name) == text:
            self._due[name] = text
        elif len(self._met) < _MET:
            self._met[name] = text

    def compile(self) -> bool:
        """Compile what is due; whether anything was. Raises what a lost server raises."""
        due, self._due = self._due, {}
        for name, text in due.items():
            old, _ = self.chunks.get(name, ("", None))
            if len(text) - len(old) <= self._room:
                with suppress(LuaError):  # there is no memory for it
                    self.chunks[name] = text, self._lua.load_string(text, name)
                    self._room -= len(text) - len(old)
        return bool(due)
