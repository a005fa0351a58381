"""Lua 5.1's bytecode taken apart: what `string.dump` gives on this machine.

`read` gives its functions with their instructions and lines, for coverage. `stripped` takes the debug information out:
Lua 5.1's `string.dump` keeps line numbers and the names of locals; later Luas, and LuaJIT, leave them out themselves
when `string.dump` is told to. 904 states of NFLua hold our Lua files 904 times: without that information a state takes
30 KB of memory less (113 before).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

SIGNATURE = b"\033LuaQ"
"""What bytecode of Lua 5.1 begins with."""

_HEADER = struct.Struct("5s7B")
"""Signature, format, is little-endian, sizes of int, size_t, an instruction and a number, is integral."""

_NIL, _BOOLEAN, _NUMBER, _STRING = 0, 1, 3, 4  # kinds of constants


@dataclass(frozen=True)
class Function:
    """A function of a chunk. first, last: its lines; 0 for the chunk itself.

    code: its instructions, as numbers. lines: of each instruction; empty in a stripped chunk. upvalues: how many it
    has. inner: the functions that it makes, by their numbers in the code. head: its bytes from `first` to the
    constants.
    """

    first: int
    last: int
    code: list[int]
    lines: list[int]
    upvalues: int
    inner: list[Function]
    head: bytes


def read(dump: bytes) -> Function:
    """The chunk's own function, with all others in it.

    Raises `ValueError` for another version's bytecode, and for what is none.
    """
    return _Reader(dump).function()


def stripped(dump: bytes) -> bytes:
    """A chunk's bytecode without source names, line numbers, and names of locals and upvalues.

    Raises `ValueError` for another version's bytecode, and for what is none.
    """
    reader = _Reader(dump)
    out = [dump[: _HEADER.size]]

    def put(function: Function) -> None:
        out.append(bytes(reader.size_t))  # no source: Lua shows "?"
        out.append(function.head)
        out.append(len(function.inner).to_bytes(reader.int, reader.order))
        for inner in function.inner:
            put(inner)
        out.append(bytes(3 * reader.int))  # no lines, no locals, no upvalues' names

    put(reader.function())
    return b"".join(out)


class _Reader:
    """A position in bytecode, which goes on function by function."""

    def __init__(self, dump: bytes) -> None:
        if not dump.startswith(SIGNATURE):
            raise ValueError(f"expected bytecode of Lua 5.1, got {dump[:5]!r}")
        _, _, is_little, self.int, self.size_t, self._instruction, number, _ = _HEADER.unpack_from(dump)
        self.order: Literal["little", "big"] = "little" if is_little else "big"
        self._constants = {_NIL: 0, _BOOLEAN: 1, _NUMBER: number}
        self._dump, self._at = dump, _HEADER.size

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._dump[self._at - size : self._at]

    def _count(self, size: int = 0) -> int:
        return int.from_bytes(self._take(size or self.int), self.order)

    def _string(self) -> None:
        self._take(self._count(self.size_t))

    def function(self) -> Function:
        """The function that begins here."""
        self._string()  # the source's name
        begin = self._at
        first, last = self._count(), self._count()
        upvalues = self._take(4)[0]  # and the numbers of parameters and registers
        code = [self._count(self._instruction) for _ in range(self._count())]
        for _ in range(self._count()):
            kind = self._take(1)[0]
            if kind == _STRING:
                self._string()
            else:
                self._take(self._constants[kind])
        head = self._dump[begin : self._at]
        inner = [self.function() for _ in range(self._count())]
        lines = [self._count() for _ in range(self._count())]
        for _ in range(self._count()):  # locals: a name, and where in the code it begins and ends
            self._string()
            self._take(2 * self.int)
        for _ in range(self._count()):  # upvalues' names
            self._string()
        return Function(first, last, code, lines, upvalues, inner, head)
