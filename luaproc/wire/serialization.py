"""PHP's serialize(), in which Lua answers.

Reading is `phpserialize`'s, with stricter checks: phpserialize takes texts that PHP's unserialize()
refuses, and raises errors of many types. Writing is ours, since phpserialize writes ``d:inf;`` and
``d:nan;``, which PHP refuses.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from typing import Any

import phpserialize

from luaproc.wire import fast_path
from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError, excerpt
from luaproc.wire.expressions import encode
from luaproc.wire.stack import Room
from luaproc.wire.values import CLASS_NAMES, MAX_INT, MAX_LEVELS, MIN_INT, FunctionRef, Key, Table, Value, items_of

WRITE_DEPTH = 200

_NONFINITE = {"inf": b"d:INF;", "-inf": b"d:-INF;", "nan": b"d:NAN;"}


class _Reader(io.BytesIO):
    """phpserialize passes lengths to read() unchecked, and read(-1) would return all that is left."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            raise ValueError("a negative length")
        return super().read(size)


def loads(data: bytes) -> Value:
    """The value of one serialized (and unescaped) text: None, bool, int, float, bytes, dict or `FunctionRef`.

    Arrays are dicts in their order; string keys that PHP would turn into integers are turned. An object of
    any class is a `FunctionRef` when it has exactly the members ``interpreterId`` and ``id``.

    Raises RemoteProtocolError, with the byte offset, for everything else: truncated, trailing bytes,
    references, other objects, keys that are no keys, the same key twice, many more than `MAX_LEVELS` levels of arrays.
    """
    if data[:2] == b"a:":
        value = _fast.value(data)
        if value is not None:
            return value
    reader = _Reader(data)

    def array(pairs: list[tuple[Any, Any]]) -> Table:
        end = reader.tell()
        if not pairs and data[end - 6 : end] != b"a:0:{}":
            raise ValueError("a negative length")
        return _array(pairs)

    try:
        # phpserialize recurses: two frames a level.
        with Room(2 * min(data.count(b"{"), MAX_LEVELS)):
            value = phpserialize.load(reader, object_hook=_function, array_hook=array)
    except RecursionError:
        if data.count(b"{") <= MAX_LEVELS:
            raise  # the caller's own stack was nearly full: no fault of the message
        raise RemoteProtocolError(f"serialized data of more than {MAX_LEVELS} levels", reader.tell()) from None
    except (ValueError, TypeError, OverflowError, MemoryError) as error:
        text = re.sub(r"\bb(?=['\"])", "", str(error))  # phpserialize shows bytes as Python writes them
        raise RemoteProtocolError(f"malformed serialized data: {text}", reader.tell()) from None
    if reader.tell() != len(data):
        rest = data[reader.tell() : reader.tell() + 20]
        raise RemoteProtocolError(f"{excerpt(rest)} after the end of the serialized value", reader.tell())
    return value


def _array(pairs: list[tuple[Any, Any]]) -> Table:
    table: Table = {}
    for key, value in pairs:
        if type(key) is not int and type(key) is not bytes:
            raise ValueError(f"a {type(key).__name__} as an array key")
        table[array_key(key)] = value
    if len(table) != len(pairs):
        raise ValueError("the same array key twice")
    return table


def array_key(key: Key) -> Key:
    """A key as PHP keeps it: canonical integer strings of 64 bits (``b"-10"``, not ``b"010"``) are int."""
    if isinstance(key, bytes) and 0 < len(key) <= 20 and (key.isdigit() or (key[:1] == b"-" and key[1:].isdigit())):
        number = int(key)
        if b"%d" % number == key and MIN_INT <= number <= MAX_INT:
            return number
    return key


def _function(name: bytes, members: dict[Any, Any]) -> FunctionRef:
    interpreter, number = members.get(b"interpreterId"), members.get(b"id")
    if len(members) != 2 or type(interpreter) is not int or type(number) is not int:
        raise ValueError(f"an object of class {excerpt(name)} that is no function: expected interpreterId and id")
    return FunctionRef(number, interpreter, name)


_fast = fast_path.FastReader(bytes, False, lambda number, interpreter, name: FunctionRef(number, interpreter, name))


def dumps(value: Value) -> bytes:
    """The serialization (not yet escaped) of a value, as PHP's unserialize() takes it.

    str is written as UTF-8; lists and tuples are numbered from 1. A `FunctionRef` without interpreter or
    class is written as interpreter 0 and the class of Scribunto up to REL1_45.

    Raises LocalProtocolError for any other type or key, integers of more than 64 bits, and more than
    `WRITE_DEPTH` levels.
    """
    out: list[bytes] = []
    _write(value, 0, out)
    return b"".join(out)


def _write(value: Value, level: int, out: list[bytes]) -> None:
    if value is None:
        out.append(b"N;")
    elif isinstance(value, bool):
        out.append(b"b:%d;" % value)
    elif isinstance(value, int):
        if not MIN_INT <= value <= MAX_INT:
            raise LocalProtocolError(f"an integer of {value.bit_length()} bits does not fit PHP's 64 bits")
        out.append(b"i:%d;" % value)
    elif isinstance(value, float):
        out.append(b"d:%.17g;" % value if math.isfinite(value) else _NONFINITE[str(value)])
    elif isinstance(value, (bytes, bytearray, str)):
        text = encode(value)
        out.append(b's:%d:"%s";' % (len(text), text))
    elif isinstance(value, FunctionRef):
        name = value.class_name or CLASS_NAMES[0]
        out.append(b'O:%d:"%s":2:{s:13:"interpreterId";' % (len(name), name))
        out.append(b'i:%d;s:2:"id";i:%d;}' % (value.interpreter_id or 0, value.id))
    elif isinstance(value, (Mapping, list, tuple)):
        if level >= WRITE_DEPTH:
            raise LocalProtocolError(f"a value of more than {WRITE_DEPTH} levels of arrays, or inside itself")
        out.append(b"a:%d:{" % len(value))
        for key, element in items_of(value):
            if isinstance(key, bool) or not isinstance(key, (int, bytes, str)):
                raise LocalProtocolError(
                    f"{excerpt(key)} cannot be the key of a PHP array: expected a string or an integer"
                )
            _write(array_key(key if isinstance(key, int) else encode(key)), level + 1, out)
            _write(element, level + 1, out)
        out.append(b"}")
    else:
        raise LocalProtocolError(f"a Python {type(value).__name__} cannot be serialized for PHP")
