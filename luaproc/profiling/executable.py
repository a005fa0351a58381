"""Which lines of a Lua text can run, and in which function: read off the bytecode that Lua 5.1 makes of the text.

A line counts if an instruction that can be reached has it. Lua ends each function with a `return`, which has the line
of its `end` and which nothing reaches behind a `return` of the text's own; what stands behind a `while true` without
`break` is as dead.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from luaproc.responder.runtime import make_runtime

_HEADER = struct.Struct("5s7B")
"""Signature, format, is little-endian, sizes of int, size_t, an instruction and a number, is integral."""

_SIGNATURE = b"\033LuaQ"
_BINARY = (b"\033Lua", b"\033LJ")
_MEMORY = 256 * 1024 * 1024  # bytes that Lua may use to compile a text

_LOADBOOL, _JMP, _EQ, _TESTSET, _TAILCALL, _RETURN, _FORLOOP, _FORPREP, _TFORLOOP, _SETLIST, _CLOSURE = (
    2, 22, 23, 27, 29, 30, 31, 32, 33, 34, 36,
)  # fmt: skip
_JUMP_BIAS = 131071

Place = tuple[int, int]
"""A function: its first and last line; (0, 0) is the text itself."""


@dataclass
class _Function:
    first: int
    last: int
    code: list[int]
    lines: list[int]
    upvalues: int = 0
    inner: list[_Function] = field(default_factory=list)


def compiler() -> Callable[[bytes], bytes | None]:
    """A function that gives a text's bytecode; None for a text that does not compile, or that brings bytecode.

    Nothing is run.
    """
    lua = make_runtime("lua51")
    lua.set_max_memory(_MEMORY, total=True)
    dump = lua.execute(
        b"local dump, load, pcall = string.dump, loadstring, pcall\n"
        b"return function( text )\n"
        b"  local chunk = load( text, '=chunk' )\n"
        b"  local ok, made = pcall( dump, chunk )\n"
        b"  return ok and made or nil\n"
        b"end"
    )

    def compiled(text: bytes) -> bytes | None:
        if any(mark in text for mark in _BINARY):
            return None
        made: bytes | None = dump(text)
        return made

    return compiled


def lines(dump: bytes) -> dict[Place, dict[int, int]]:
    """The functions of a chunk's bytecode -> the lines of each that can run -> the line that Lua's hook tells for it.

    The two differ where a function is made: Lua does so at its `end`, a reader looks at its first line. Raises
    `ValueError` for what is no bytecode of this machine's Lua 5.1.
    """
    found: dict[Place, dict[int, int]] = {}
    for function in _all(_Reader(dump).function()):
        shown = found.setdefault((function.first, function.last), {})
        made = 0  # the function whose making is under way, by its last line
        first = 0
        reached = _reached(function)
        for at, line in enumerate(function.lines):
            code = function.code[at]
            if code & 63 == _CLOSURE and at in reached:
                inner = function.inner[code >> 14]
                made, first = (inner.last, inner.first) if inner.first < inner.last else (0, 0)
            elif line != made:
                made = 0
            if at in reached:
                shown.setdefault(first if made else line, line)
    return found


def _all(function: _Function) -> Iterator[_Function]:
    yield function
    for inner in function.inner:
        yield from _all(inner)


def _reached(function: _Function) -> set[int]:
    found: set[int] = set()
    left = [0]
    while left:
        at = left.pop()
        if at not in found and at < len(function.code):
            found.add(at)
            left += _next(function, at)
    return found


def _next(function: _Function, at: int) -> tuple[int, ...]:
    """Where Lua may go from an instruction."""
    code = function.code[at]
    op, c = code & 63, code >> 14 & 511
    if op in (_JMP, _FORPREP):
        return (_target(function, at),)
    if op == _FORLOOP:
        return at + 1, _target(function, at)
    if _EQ <= op <= _TESTSET or op == _TFORLOOP:  # the jump behind it is done by the test itself, and tells no line
        return at + 2, _target(function, at + 1)
    if op in (_RETURN, _TAILCALL):  # behind a tail call is a return for C functions alone
        return ()
    if c > 0 if op == _LOADBOOL else op == _SETLIST and c == 0:  # the next instruction is skipped; or is a number
        return (at + 2,)
    if op == _CLOSURE:  # one instruction an upvalue follows, which is none of its own
        return (at + 1 + function.inner[code >> 14].upvalues,)
    return (at + 1,)


def _target(function: _Function, at: int) -> int:
    return at + 1 + (function.code[at] >> 14) - _JUMP_BIAS


class _Reader:
    """Takes bytecode apart."""

    def __init__(self, dump: bytes) -> None:
        if not dump.startswith(_SIGNATURE):
            raise ValueError(f"expected bytecode of Lua 5.1, got {dump[:5]!r}")
        _, _, is_little, self._int, self._size, self._instruction, number, _ = _HEADER.unpack_from(dump)
        self._order: Literal["little", "big"] = "little" if is_little else "big"
        self._constants = {0: 0, 1: 1, 3: number}  # nil, boolean, number
        self._dump, self._at = dump, _HEADER.size

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._dump[self._at - size : self._at]

    def _count(self, size: int = 0) -> int:
        return int.from_bytes(self._take(size or self._int), self._order)

    def _string(self) -> None:
        self._take(self._count(self._size))

    def function(self) -> _Function:
        self._string()
        first, last = self._count(), self._count()
        upvalues = self._take(4)[0]
        function = _Function(first, last, [self._count(self._instruction) for _ in range(self._count())], [], upvalues)
        for _ in range(self._count()):
            kind = self._take(1)[0]
            if kind == 4:
                self._string()
            else:
                self._take(self._constants[kind])
        function.inner = [self.function() for _ in range(self._count())]
        function.lines = [self._count() for _ in range(self._count())]
        for _ in range(self._count()):  # locals: a name, and where in the code it begins and ends
            self._string()
            self._take(2 * self._int)
        for _ in range(self._count()):  # upvalues' names
            self._string()
        return function
