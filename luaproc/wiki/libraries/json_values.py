"""JSON as PHP reads and writes it, and the two ways in which Scribunto numbers its lists."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from luaproc.host import LuaFunction
from luaproc.wiki.php import from_text
from luaproc.wiki.values import array_key, number_text

MAX_DEPTH = 512

_TRAILING_COMMA = re.compile("," r"([ \t]*[}\]][^\"\r\n]*(?:[\r\n]|$)|[ \t]*[\r\n][ \t\r\n]*[}\]])")
_ESCAPES = {
    **{chr(code): f"\\u{code:04x}" for code in range(32)},
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_ESCAPED = re.compile('[\x00-\x1f"\\\\\u2028\u2029]')
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonError(ValueError):
    """What PHP's parser says of a text: `str()` is MediaWiki's English message."""


def from_json(text: str) -> Any:
    """A text's value; objects and lists are both dicts, as PHP's arrays are, lists numbered from 0.

    Raises `JsonError`.
    """
    if _SURROGATE.search(text):
        raise JsonError("Malformed UTF-8 characters, possibly incorrectly encoded")
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_int=_integer)
    except RecursionError:
        raise JsonError("The maximum stack depth has been exceeded") from None
    except json.JSONDecodeError as error:
        if error.msg.startswith("Invalid control character"):
            raise JsonError("Control character error, possibly incorrectly encoded") from None
        raise JsonError("Syntax error") from None
    return _array(value, 0)


def repaired(text: str) -> str:
    """A text without the trailing commas at ends of lines that MediaWiki forgives."""
    return _TRAILING_COMMA.sub(r"\1", text)


def _no_constant(_: str) -> Any:
    raise json.JSONDecodeError("", "", 0)


def _integer(text: str) -> int | float:
    number = int(text)
    return number if -(2**63) <= number < 2**63 else float(text)


def _array(value: Any, level: int) -> Any:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise JsonError("Malformed UTF-16 characters, possibly incorrectly encoded")
        return value
    if not isinstance(value, (dict, list)):
        return value
    if level >= MAX_DEPTH:
        raise JsonError("The maximum stack depth has been exceeded")
    if isinstance(value, list):
        return {index: _array(item, level + 1) for index, item in enumerate(value)}
    return {array_key(_array(name, level + 1)): _array(item, level + 1) for name, item in value.items()}


def reindex(value: Any) -> Any:
    """Decoded arrays whose keys are 0, 1, 2 … numbered from 1."""
    if not isinstance(value, dict):
        return value
    items = {name: reindex(item) for name, item in value.items()}
    if all(name == index and isinstance(name, int) for index, name in enumerate(items)):
        return dict(enumerate(items.values(), 1))
    return items


def sequences(value: Any) -> Any:
    """Tables for encoding: sorted by key as numbers; those with the keys 1, 2, 3 … are lists."""
    if not isinstance(value, Mapping):
        return value
    items = [(name, sequences(item)) for name, item in sorted(value.items(), key=lambda item: _number(item[0]))]
    if all(name == index and isinstance(name, int) for index, (name, _) in enumerate(items, 1)):
        return [item for _, item in items]
    return dict(items)


def _number(name: Any) -> float:
    """A key as ksort(SORT_NUMERIC) sees it: the number that a text begins with, or 0."""
    return from_text(name) if isinstance(name, str) else float(name)


def to_json(value: Any, pretty: bool = False, level: int = 0) -> str:
    """A value as PHP's json_encode() writes it, slashes and letters unescaped.

    Raises ValueError for what JSON does not have: bytes that are no UTF-8, infinities, functions, too many levels.
    """
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, (int, float)):
        if value in (float("inf"), float("-inf")) or value != value:
            raise ValueError("no number of JSON")
        return number_text(value, None, "e")
    if isinstance(value, str):
        return _quoted(value)
    if level >= MAX_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, LuaFunction):
        raise ValueError("a function")
    if isinstance(value, Mapping) and all(name == index and isinstance(name, int) for index, name in enumerate(value)):
        value = list(value.values())
    if isinstance(value, Mapping):
        colon = ": " if pretty else ":"
        items = [f"{_quoted(str(name))}{colon}{to_json(item, pretty, level + 1)}" for name, item in value.items()]
        return _enclosed("{", items, "}", pretty, level)
    return _enclosed("[", [to_json(item, pretty, level + 1) for item in value], "]", pretty, level)


def _enclosed(start: str, items: list[str], end: str, pretty: bool, level: int) -> str:
    if not items or not pretty:
        return start + ",".join(items) + end
    indent = "\n" + "    " * (level + 1)
    return start + indent + ("," + indent).join(items) + "\n" + "    " * level + end


def _quoted(text: str) -> str:
    if _SURROGATE.search(text):
        raise ValueError("no UTF-8")
    return '"' + _ESCAPED.sub(lambda match: _ESCAPES[match[0]], text) + '"'
