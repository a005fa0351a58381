"""Debug information taken out of Lua 5.1's bytecode: its `string.dump` keeps line numbers and the names of locals.

904 states hold our Lua files 904 times: without that information a state takes 30 KB of memory less (113 before). Later
Luas, and LuaJIT, leave it out themselves when `string.dump` is told to.
"""

from __future__ import annotations

import struct
from typing import Literal

SIGNATURE = b"\033LuaQ"
"""What bytecode of Lua 5.1 begins with."""

_HEADER = struct.Struct("5s7B")
"""Signature, format, is little-endian, sizes of int, size_t, an instruction and a number, is integral."""

_CONSTANT_SIZES = {0: 0, 1: 1}  # nil, boolean; numbers have the header's size, strings their own
_NUMBER, _STRING = 3, 4


def stripped(dump: bytes) -> bytes:
    """A chunk's bytecode without source names, line numbers, and names of locals and upvalues.

    dump: what Lua 5.1's `string.dump` returned on this machine. Raises `ValueError` for another version's bytecode.
    """
    if not dump.startswith(SIGNATURE):
        raise ValueError(f"expected bytecode of Lua 5.1, got {dump[:5]!r}")
    _, _, is_little, int_size, size_size, instruction, number, _ = _HEADER.unpack_from(dump)
    order: Literal["little", "big"] = "little" if is_little else "big"
    sizes = {**_CONSTANT_SIZES, _NUMBER: number}
    out = [dump[: _HEADER.size]]
    at = _HEADER.size

    def take(size: int) -> bytes:
        nonlocal at
        at += size
        return dump[at - size : at]

    def count(size: int = int_size) -> int:
        return int.from_bytes(take(size), order)

    def keep(begin: int) -> None:
        out.append(dump[begin:at])

    def function() -> None:
        take(count(size_size))
        out.append(bytes(size_size))  # no source: Lua shows "?"
        begin = at
        take(2 * int_size + 4)
        take(count() * instruction)
        for _ in range(count()):
            kind = take(1)[0]
            take(count(size_size) if kind == _STRING else sizes[kind])
        functions = count()
        keep(begin)
        for _ in range(functions):
            function()
        take(count() * int_size)  # line numbers
        for _ in range(count()):  # locals: a name, and where in the code it begins and ends
            take(count(size_size) + 2 * int_size)
        for _ in range(count()):  # upvalues' names
            take(count(size_size))
        out.append(bytes(3 * int_size))

    function()
    return b"".join(out)
