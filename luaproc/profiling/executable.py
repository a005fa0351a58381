"""Which lines of a Lua text can run, and in which function: read off the bytecode that Lua 5.1 makes of the text.

A line counts if an instruction that can be reached has it. Lua ends each function with a `return`, which has the line
of its `end` and which nothing reaches behind a `return` of the text's own; what stands behind a `while true` without
`break` is as dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from luaproc.lua51.bytecode import Function, read
from luaproc.responder.runtime import make_runtime

_BINARY = (b"\033Lua", b"\033LJ")
_MEMORY = 256 * 1024 * 1024  # bytes that Lua may use to compile a text

_LOADBOOL, _JMP, _EQ, _TESTSET, _TAILCALL, _RETURN, _FORLOOP, _FORPREP, _TFORLOOP, _SETLIST, _CLOSURE = (
    2, 22, 23, 27, 29, 30, 31, 32, 33, 34, 36,
)  # fmt: skip
_JUMP_BIAS = 131071

Place = tuple[int, int]
"""A function: its first and last line; (0, 0) is the text itself."""


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
    for function in _all(read(dump)):
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


def _all(function: Function) -> Iterator[Function]:
    yield function
    for inner in function.inner:
        yield from _all(inner)


def _reached(function: Function) -> set[int]:
    found: set[int] = set()
    left = [0]
    while left:
        at = left.pop()
        if at not in found and at < len(function.code):
            found.add(at)
            left += _next(function, at)
    return found


def _next(function: Function, at: int) -> tuple[int, ...]:
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


def _target(function: Function, at: int) -> int:
    return at + 1 + (function.code[at] >> 14) - _JUMP_BIAS
