"""Values and bytes for a person's eyes, or for jq. No control byte leaves this module.

Text is shown as Lua writes it, so that what was printed can be typed again; everything that is not printable,
and every byte that is not UTF-8, is an escape.
"""

from __future__ import annotations

import base64
import json
import math
import os
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from luaproc.errors import bytewise
from luaproc.host.copying import Placeholder
from luaproc.host.functions import LuaFunction
from luaproc.wire.lua_words import WORDS
from luaproc.wire.values import FunctionRef

_NAME = re.compile(b"(?!(?:%b)$)[A-Za-z_][A-Za-z0-9_]*" % "|".join(sorted(WORDS)).encode())
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_COLUMNS = re.compile(r"(\s*)(?:(\S.*?\S {2,})(?=\S))?(.*)", re.DOTALL)  # margin, first column, the rest
_INDENT = "    "
_NARROW = 20  # characters: where fewer are left, lines and indentation help no reader
_JSON_DEPTH = 100  # levels; Python's json, and others' too, give up at some hundreds


def wants_colour(stream: IO[str]) -> bool:
    """Whether colours are welcome on a stream: a terminal's that understands them, unless NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and not is_dumb()


def is_dumb() -> bool:
    """Whether TERM names a terminal that understands no escape sequences; a screen reader's user asks for one so."""
    return os.environ.get("TERM") in ("dumb", "unknown")


def wrapped(text: str, columns: int) -> str:
    """Text whose lines break between words, not where the terminal ends; lines that fit stay as they are.

    What goes on stands below the beginning of its line, or of its line's second column (two blanks or more lie
    between columns) where half of the terminal is left for that one.
    """
    return "\n".join(broken for line in text.split("\n") for broken in _broken(line, columns))


def _broken(line: str, columns: int) -> Iterator[str]:
    line = line.expandtabs()
    if len(line) <= columns or columns < _NARROW:
        yield line
        return
    match = _COLUMNS.match(line)
    assert match is not None
    head, rest = match[1] + (match[2] or ""), match[3]
    margin = " " * len(head)
    if len(head) > columns // 2:
        yield head.rstrip()
        margin = head = match[1] + _INDENT
    yield from textwrap.wrap(
        rest, columns, initial_indent=head, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )


def coloured(text: str, style: str) -> str:
    """A text in a terminal's colours. style: the parameters of an SGR escape sequence (``31;1``), or none."""
    return f"\x1b[{style}m{text}\x1b[0m" if style else text


def quote(data: bytes) -> str:
    """A Lua string literal on one line."""
    text = data.decode("utf-8", "surrogateescape")
    # \ddd always has three digits: a digit may follow.
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else bytewise(c, "\\{:03d}")) for c in text) + '"'


def values(items: Sequence[Any], width: int = 100) -> str:
    """Several values: on one line if they fit its width, otherwise each from a line of its own."""
    short = "".join(pieces(items))
    if len(short) <= width:
        return short
    return ",\n".join("\n".join(_lines(item, width)) for item in items)


def pieces(items: Iterable[Any], longest: int | None = None) -> Iterator[str]:
    """Several values on one line, piece by piece, for one who wants the beginning only; tables as deep as they are.

    longest: bytes of a string that are wanted.
    """
    outer: list[Iterator[tuple[str, Any]]] = []
    fields: Iterator[tuple[str, Any]] = (("", item) for item in items)
    separator = ""
    while True:
        for before, value in fields:
            yield separator + before
            separator = ", "
            if isinstance(value, dict):
                yield "{"
                outer.append(fields)
                fields, separator = _fields(value), ""
                break
            yield _scalar(value if longest is None or not isinstance(value, bytes) else value[:longest])
        else:
            if not outer:
                return
            yield "}"
            fields, separator = outer.pop(), ", "


def _lines(value: Any, width: int) -> Iterator[str]:
    short = "".join(pieces((value,)))
    if len(short) <= width or not isinstance(value, dict) or width < _NARROW:
        yield short
        return
    yield "{"
    for before, item in _fields(value):
        first, *rest = _lines(item, width - len(_INDENT) - len(before) - 1)
        inner = [before + first, *rest]
        inner[-1] += ","
        for line in inner:
            yield _INDENT + line
    yield "}"


def _fields(table: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """What stands before each value, and the value: a list's in their order, before which nothing stands; then numbers,
    then text, sorted. Lua's own order differs from process to process."""
    following = 1
    while following in table:
        yield "", table[following]
        following += 1
    rest = (key for key in table if not (type(key) is int and 1 <= key < following))
    for key in sorted(rest, key=order):
        yield f"{name(key)} = ", table[key]


def order(key: Any) -> tuple[bool, float, bytes]:
    """By what a table's keys are sorted: numbers come first, then text by its bytes."""
    if isinstance(key, (int, float)):
        return False, key, b""
    return True, 0, key if isinstance(key, bytes) else str(key).encode("utf-8", "surrogateescape")


def field(table: str, key: Any) -> str:
    """A field of a table as Lua code has it: ``table.name``, or ``table["any other"]``."""
    return f"{table}.{key.decode()}" if isinstance(key, bytes) and _NAME.fullmatch(key) else f"{table}{name(key)}"


def name(key: Any) -> str:
    """A key as it stands before its value: ``name``, or ``["any other"]``."""
    if isinstance(key, bytes) and _NAME.fullmatch(key):
        return key.decode()
    return f"[{_scalar(key)}]"


def _scalar(value: Any) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "(0/0)" if value != value else "(1/0)" if value > 0 else "(-1/0)"
        # The shorter of Lua's own way and the exact one, if the shorter loses nothing.
        return f"{value:.14g}" if float(f"{value:.14g}") == value else f"{value:.17g}"
    if isinstance(value, bytes):
        return quote(value)
    if isinstance(value, (LuaFunction, FunctionRef)):
        return f"chunks[{value.id}]"
    return str(value)


def for_json(value: Any, level: int = 0) -> Any:
    """A value as JSON has it.

    Tables with the keys 1 to n (and empty ones) are arrays, others objects whose keys are text. What JSON does
    not have is an object with one member: ``{"function": id}``, ``{"number": "inf"}`` (``-inf``, ``nan``),
    ``{"base64": …}`` for bytes that are not UTF-8, ``{"lua": "a thread"}`` for what could not be passed, and below 100
    levels of tables ``{"table": …}``, as Lua writes it.
    """
    if isinstance(value, bytes):
        return text_for_json(value)
    if isinstance(value, Placeholder):
        return {"lua": value[1:-1]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    if isinstance(value, (LuaFunction, FunctionRef)):
        return {"function": value.id}
    if isinstance(value, dict):
        if level >= _JSON_DEPTH:
            return {"table": "".join(pieces((value,)))}
        if all(index in value for index in range(1, len(value) + 1)):
            return [for_json(value[index], level + 1) for index in range(1, len(value) + 1)]
        return {_key(key): for_json(item, level + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(item, level) for item in value]
    return value


def json_text(document: Any, indent: int | None = None) -> str:
    """JSON for a machine that a terminal may show, too: what is not printable is an escape, also above ASCII.

    What JSON does not know is written as `str()` has it.
    """
    text = json.dumps(document, indent=indent, ensure_ascii=False, default=str)
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def text_for_json(data: bytes) -> Any:
    """Bytes as a string of JSON, or as ``{"base64": …}``."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _key(key: Any) -> str:
    return key.decode("utf-8", "backslashreplace") if isinstance(key, bytes) else str(key)
