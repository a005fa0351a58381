"""Lua expressions as PHP's client writes its messages, and a reader of exactly that language.

What is written (`LuaStandaloneInterpreter::encodeLuaVar`, read off REL1_39 and REL1_46): ``nil true false``,
numbers by ``%d`` or ``%.17g``, ``(0/0) (1/0) (-1/0)``, strings in double quotes with only ``" \\ \\n \\r
\\0`` escaped and every other byte raw, tables as ``{[key]=value,...}``, functions as ``chunks[N]``.

The reader also takes what a person or another client would write for the same values: white space, single
quotes, every escape of Lua 5.1, ``k=v`` and positional fields, ``;`` between fields, a last separator. It
never runs anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError, excerpt
from luaproc.wire.lua_words import WORDS
from luaproc.wire.values import EXACT_INT, MAX_DEPTH, MAX_INT, MIN_INT, FunctionRef, Table, Value, items_of

READ_DEPTH = 190
"""Levels of tables that the reader takes; Lua 5.1's own parser gives up at 200."""

_NONFINITE = {"inf": b"(1/0)", "-inf": b"(-1/0)", "nan": b"(0/0)"}


def dumps(value: Value) -> bytes:
    """The expression of a value, as PHP would write it.

    str is sent as UTF-8; lists and tuples become tables from 1. Integers have 64 bits, as PHP's do (Lua
    rounds those beyond 2^53); as keys, those beyond 2^53 become strings.

    Raises LocalProtocolError for any other type, for an integer of more than 64 bits, for nil or nan as a
    key, for more than `MAX_DEPTH` levels (a table inside itself, most likely) and for a str with a lone
    surrogate.
    """
    out: list[bytes] = []
    _write(value, 0, out)
    return b"".join(out)


def _write(value: Value, level: int, out: list[bytes]) -> None:
    if value is None:
        out.append(b"nil")
    elif isinstance(value, bool):
        out.append(b"true" if value else b"false")
    elif isinstance(value, int):
        if not MIN_INT <= value <= MAX_INT:
            raise LocalProtocolError(f"an integer of {value.bit_length()} bits does not fit PHP's 64 bits")
        out.append(b"%d" % value)
    elif isinstance(value, float):
        out.append(b"%.17g" % value if math.isfinite(value) else _NONFINITE[str(value)])
    elif isinstance(value, (bytes, bytearray, str)):
        out.append(_quote(encode(value)))
    elif isinstance(value, FunctionRef):
        out.append(b"chunks[%d]" % value.id)
    elif isinstance(value, (Mapping, list, tuple)):
        if level >= MAX_DEPTH:
            raise LocalProtocolError(f"a value of more than {MAX_DEPTH} levels of tables, or inside itself")
        separator = b"{["
        for key, element in items_of(value):
            out.append(separator)
            _write(_key(key), level + 1, out)
            out.append(b"]=")
            _write(element, level + 1, out)
            separator = b",["
        out.append(b"}" if separator == b",[" else b"{}")
    else:
        raise LocalProtocolError(f"a Python {type(value).__name__} cannot be sent to Lua")


def _key(key: object) -> object:
    if isinstance(key, bool) or not isinstance(key, (int, float, bytes, str)) or key != key:
        raise LocalProtocolError(f"{excerpt(key)} cannot be the key of a Lua table: expected a string or a number")
    if isinstance(key, int) and abs(key) > EXACT_INT:
        return b"%d" % key
    return key


def encode(text: bytes | bytearray | str) -> bytes:
    """Bytes as they are, str as UTF-8. Raises LocalProtocolError for a lone surrogate."""
    if not isinstance(text, str):
        return bytes(text)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"a str that cannot be UTF-8: {error.reason}: {text!r:.60}") from None


def _quote(text: bytes) -> bytes:
    text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return b'"' + text.replace(b"\0", b"\\000") + b'"'


_SPACE = re.compile(rb"[ \t\n\v\f\r]*")
_NUMBER = re.compile(rb"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(rb"-?[0-9]+")
_CHUNK = re.compile(rb"chunks[ \t\n\r]*\[[ \t\n\r]*([0-9]{1,15})[ \t\n\r]*\]")
_DIVISION = re.compile(rb"\([ \t]*(-?[01])[ \t]*/[ \t]*0[ \t]*\)")
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_FIELD = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*)[ \t\n\v\f\r]*=(?!=)")
_STRING = {
    b'"': re.compile(rb'"([^"\\\r\n]*(?:\\(?:\r\n|\n\r|[\x00-\xff])[^"\\\r\n]*)*)"'),
    b"'": re.compile(rb"'([^'\\\r\n]*(?:\\(?:\r\n|\n\r|[\x00-\xff])[^'\\\r\n]*)*)'"),
}
_ESCAPE = re.compile(rb"\\(\r\n|\n\r|[0-9]{1,3}|[\x00-\xff])")
_CONSTANTS = {b"nil": None, b"true": True, b"false": False}
_DIVISIONS = {b"1": math.inf, b"-1": -math.inf, b"0": math.nan, b"-0": math.nan}
_RESERVED = frozenset(word.encode() for word in WORDS)
_ESCAPES = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


def loads(text: bytes) -> Value:
    """The value of an expression: None, bool, int, float, bytes, dict (every table) or `FunctionRef`.

    A number of digits alone is an int if it has no more than 64 bits, any other a float. A field whose value
    is nil stays in its dict, as None: PHP sends such fields, and a transcript has to show them. Of two equal
    keys the last one counts, as in Lua.

    Raises RemoteProtocolError, with the byte offset, for anything else than one expression.
    """
    value, end = _read(text, _skip(text, 0), 0)
    end = _skip(text, end)
    if end != len(text):
        raise _unexpected(text, end, "the end of the expression")
    return value


def read(text: bytes, at: int = 0) -> tuple[Value, int]:
    """The expression that starts at byte `at` of a longer text, as `loads` reads it, and the byte after it.

    White space before it is skipped. Raises RemoteProtocolError, with the byte offset in `text`.
    """
    return _read(text, _skip(text, at), 0)


def _read(text: bytes, at: int, level: int) -> tuple[Value, int]:
    first = text[at : at + 1]
    if first in _STRING:
        return _read_string(text, at, first)
    if first == b"{":
        return _read_table(text, at, level)
    match = _NUMBER.match(text, at)
    if match:
        return _read_number(text, match)
    match = _CHUNK.match(text, at)
    if match:
        return FunctionRef(int(match[1])), match.end()
    match = _DIVISION.match(text, at)
    if match:
        return _DIVISIONS[match[1]], match.end()
    match = _NAME.match(text, at)
    if match and match[0] in _CONSTANTS:
        return _CONSTANTS[match[0]], match.end()
    raise _unexpected(text, at, "a value: nil, true, false, a number, a string, {...} or chunks[N]")


def _read_number(text: bytes, match: re.Match[bytes]) -> tuple[int | float, int]:
    digits, end = match[0], match.end()
    if text[end : end + 1].isalnum() or text[end : end + 1] in (b"_", b"."):
        raise RemoteProtocolError(f"malformed number near {excerpt(text[match.start() : end + 1])}", match.start())
    # -0 is a float: that is what PHP's %.17g means by it, and no integer is written so.
    if len(digits) <= 20 and digits != b"-0" and _INTEGER.fullmatch(digits):
        number = int(digits)
        if MIN_INT <= number <= MAX_INT:
            return number, end
    return float(digits), end


def _read_string(text: bytes, at: int, quote: bytes) -> tuple[bytes, int]:
    match = _STRING[quote].match(text, at)
    if not match:
        raise RemoteProtocolError("unfinished string", at)
    content = match[1]
    if b"\\" in content:
        start = match.start(1)

        def replace(escape: re.Match[bytes]) -> bytes:
            name = escape[1]
            if name[:1] in b"\r\n":
                return b"\n"
            if not name.isdigit():
                return bytes((_ESCAPES.get(name[0], name[0]),))
            if int(name) > 255:
                raise RemoteProtocolError(f"escape sequence too large: {excerpt(escape[0])}", start + escape.start())
            return bytes((int(name),))

        content = _ESCAPE.sub(replace, content)
    return content, match.end()


def _read_table(text: bytes, at: int, level: int) -> tuple[Table, int]:
    if level >= READ_DEPTH:
        raise RemoteProtocolError(f"more than {READ_DEPTH} levels of tables", at)
    table: Table = {}
    position = 1
    at = _skip(text, at + 1)
    while text[at : at + 1] != b"}":
        field = _FIELD.match(text, at)
        if text[at : at + 1] == b"[":
            key, after = _read(text, _skip(text, at + 1), level + 1)
            # A boolean could be a key in Lua; in a dict True and 1 are the same one, and PHP writes none.
            if isinstance(key, bool) or not isinstance(key, (int, float, bytes)) or key != key:
                raise _unexpected(text, at + 1, "a string or a number as the key")
            after = _expect(text, _expect(text, after, b"]"), b"=")
        elif field and field[1] not in _RESERVED:
            key, after = field[1], field.end()
        else:
            key, after, position = position, at, position + 1
        value, after = _read(text, _skip(text, after), level + 1)
        table[key] = value
        at = _skip(text, after)
        if text[at : at + 1] in (b",", b";"):
            at = _skip(text, at + 1)
        elif text[at : at + 1] != b"}":
            raise _unexpected(text, at, "',' or '}' after the field")
    return table, at + 1


def _skip(text: bytes, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _expect(text: bytes, at: int, token: bytes) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != token:
        raise _unexpected(text, at, f"'{token.decode()}'")
    return at + 1


def _unexpected(text: bytes, at: int, expected: str) -> RemoteProtocolError:
    came = excerpt(text[at : at + 20]) if at < len(text) else "the end"
    return RemoteProtocolError(f"expected {expected}, got {came}", at)
