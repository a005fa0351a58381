"""The text of what was loaded, so that an error can show its line of Lua code."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from luaproc.host.errors import TraceEntry

_KEPT = 4_000_000
"""Bytes of text that are kept of one interpreter; the oldest goes first. A page of a wiki loads 1 to 2 MB."""

# Lua shortens names to 60 bytes in messages, and LuaJIT a few bytes later than Lua 5.1 does: names are told apart by
# what both leave.
_HEAD = 30
_TAIL = 40
_OPENING = '[string "'


class Sources:
    """Chunks by the names that messages and traces give them."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._size = 0

    def copy(self) -> Sources:
        """One that has the same chunks now."""
        found = Sources()
        found._texts, found._size = self._texts.copy(), self._size
        return found

    def add(self, chunk_name: bytes, text: bytes) -> None:
        """Keep the text of a chunk, instead of an earlier one of that name."""
        for key in _keys(chunk_name.decode("utf-8", "replace")):
            self._size += len(text) - len(self._texts.pop(key, b""))
            self._texts[key] = text
        while self._size > _KEPT:
            self._size -= len(self._texts.popitem(last=False)[1])

    def line(self, name: str | None, number: int | None) -> str | None:
        """The line of that number, from 1, without the spaces around it; None where it is not known.

        name: as a message has it: ``Module:Page``, ``...long/path/of/a/file.lua``, ``[string "return 1"]``.
        """
        text = None if name is None else self._texts.get(_key(name))
        if text is None or number is None or number < 1:
            return None
        start = 0
        for _ in range(number - 1):
            start = text.find(b"\n", start) + 1
            if not start:
                return None
        return text[start:].partition(b"\n")[0].decode("utf-8", "replace").strip()

    def with_line(self, entry: TraceEntry) -> TraceEntry:
        """A level of a trace with its line of code."""
        line = self.line(entry.short_src, entry.current_line)
        return entry if line is None else replace(entry, source_line=line)


def _keys(chunk_name: str) -> list[tuple[str, str]]:
    """What a chunk is found by. Only a file's name can be shortened at its beginning."""
    kind, name = chunk_name[:1], chunk_name[1:]
    if kind == "=":
        return [_key(name[:59])]
    if kind == "@":
        return [("name", name)] + [("tail", name[-_TAIL:])] * (len(name) > _TAIL)
    return [("string", chunk_name.partition("\n")[0].partition("\r")[0][:_HEAD])]


def _key(short: str) -> tuple[str, str]:
    if short.startswith(_OPENING):
        return "string", short[len(_OPENING) :].removesuffix('"]').removesuffix("...")[:_HEAD]
    if short.startswith("..."):
        return "tail", short[-_TAIL:]
    return "name", short
