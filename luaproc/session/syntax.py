"""What stands after an op: values as Lua writes them, and the answers that PHP functions give.

Values are those of `luaproc.wire.expressions` (``nil``, ``true``, ``12``, ``"text"``, ``{a=1, 2}``,
``chunks[3]``), separated by commas or spaces. An answer is

- values, none or several in parentheses: ``true``, ``("a", 2)``, ``()``
- ``...``: what the function was given
- ``error("text")``: an error with that value
- ``call(ID)``: what the Lua function returns for the same arguments
- ``?``: what the session's user, or the next ``:answer`` line, says
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from luaproc.session.errors import SessionError
from luaproc.wire import expressions
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.values import Value

_CALL = re.compile(rb"call\s*\(\s*([^()]*?)\s*\)")
_ERROR = re.compile(rb"error\b\s*(\(?)\s*")
_FUNCTION = re.compile(rb"[ \t\n,]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*(=?)[ \t]*")
_SEPARATOR = re.compile(rb"[ \t\n]*,?[ \t\n]*")
_SPACE = re.compile(rb"[ \t\n]*")


class Answer(NamedTuple):
    """How a PHP function answers. `values`: what it returns, or the one value of its error; `callee`: for ``call``."""

    kind: Literal["values", "arguments", "error", "call", "ask"]
    values: tuple[Value, ...] = ()
    callee: str = ""


ASK = Answer("ask")


def encode(text: str) -> bytes:
    """A line as bytes; what was not UTF-8 in it stays as it was."""
    return text.encode("utf-8", "surrogateescape")


def parse_values(text: str) -> tuple[Value, ...]:
    """Values separated by commas or spaces. Raises SessionError."""
    values, end = _values(encode(text), 0)
    _expect_end(text, end)
    return values


def parse_answer(text: str) -> Answer:
    """An answer; here several values need no parentheses. Raises SessionError."""
    data = encode(text)
    at = _skip(data, 0)
    if at == len(data):
        raise SessionError('expected values, error("…"), or () for nothing; :help answer tells more')
    answer, end = _answer(data, at)
    end = _skip(data, end)
    if end < len(data) and answer.kind == "values" and data[at : at + 1] != b"(":
        values, end = _values(data, at)
        answer = Answer("values", values)
    _expect_end(text, end)
    return answer


def parse_functions(text: str) -> dict[str, Answer]:
    """``name=answer name=answer …``; a name alone asks each time. Raises SessionError."""
    data, at = encode(text), 0
    functions: dict[str, Answer] = {}
    while _SPACE.fullmatch(data, at) is None:
        match = _FUNCTION.match(data, at)
        if match is None:
            raise _wrong(data, at, "NAME=ANSWER")
        at = match.end()
        name = match[1].decode()
        if match[2]:
            functions[name], at = _answer(data, at)
        else:
            functions[name] = ASK
    return functions


def _answer(data: bytes, at: int) -> tuple[Answer, int]:
    if data.startswith(b"...", at):
        return Answer("arguments"), at + 3
    if data.startswith(b"?", at):
        return ASK, at + 1
    match = _CALL.match(data, at)
    if match:
        return Answer("call", callee=match[1].decode("utf-8", "replace")), match.end()
    match = _ERROR.match(data, at)
    if match:
        value, at = _value(data, match.end())
        if match[1]:
            at = _close(data, at)
        return Answer("error", (value,)), at
    try:
        value, at = expressions.read(data, at)
    except RemoteProtocolError:
        if data[at : at + 1] != b"(":
            raise _wrong(data, at, 'an answer: a value, (values), ..., error("text"), call(ID) or ?') from None
        values, at = _values(data, at + 1)
        return Answer("values", values), _close(data, at)
    return Answer("values", (value,)), at


def _values(data: bytes, at: int) -> tuple[tuple[Value, ...], int]:
    """Values up to the end or a closing parenthesis."""
    values: list[Value] = []
    at = _skip(data, at)
    while at < len(data) and data[at : at + 1] != b")":
        value, at = _value(data, at)
        values.append(value)
        separator = _SEPARATOR.match(data, at)
        after = separator.end() if separator else at
        if after == at < len(data) and data[at : at + 1] != b")":
            raise _wrong(data, at, "a comma or a space before the next value")
        at = after
    return tuple(values), at


def _value(data: bytes, at: int) -> tuple[Value, int]:
    try:
        return expressions.read(data, at)
    except RemoteProtocolError as error:
        # The reader's own sentence tells of the wire's bytes; a person counts columns.
        column = len(data[: error.offset].decode("utf-8", "replace")) + 1
        hint = "; text is written in quotes" if data[at : at + 1].isalpha() else ""
        raise SessionError(f"{error.text} (column {column} of the values){hint}") from None


def _close(data: bytes, at: int) -> int:
    at = _skip(data, at)
    if data[at : at + 1] != b")":
        raise _wrong(data, at, "')'")
    return at + 1


def _skip(data: bytes, at: int) -> int:
    match = _SPACE.match(data, at)
    return match.end() if match else at


def _expect_end(text: str, end: int) -> None:
    data = encode(text)
    if _skip(data, end) != len(data):
        raise _wrong(data, end, "the end of the line")


def _wrong(data: bytes, at: int, expected: str) -> SessionError:
    at = _skip(data, at)
    came = data[at : at + 20].decode("utf-8", "replace")
    return SessionError(
        f"expected {expected}, got {came!r}" if came else f"expected {expected}, got the end of the line"
    )
