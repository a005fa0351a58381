"""Values as PHP has them: keys of arrays, numbers as text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from luaproc.host import LuaError, LuaFunction, printing
from luaproc.host.copying import Placeholder
from luaproc.wiki.interfaces import ArgumentName
from luaproc.wire.values import MAX_INT, MIN_INT

PHP_SPACE = " \t\n\r\0\x0b"
"""What PHP's trim() takes off."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")


def escape_html(text: str) -> str:
    """PHP's htmlspecialchars(): the five characters, the apostrophe as `&#039;`."""
    return html.escape(text, quote=True).replace("&#x27;", "&#039;")


def escape_html_text(text: str) -> str:
    """PHP's htmlspecialchars() with ENT_COMPAT: the apostrophe stays."""
    return html.escape(text, quote=False).replace('"', "&quot;")


def ascii_lower(text: str) -> str:
    """PHP's strtolower(): only the letters of ASCII."""
    return text.encode("utf-8", "surrogateescape").lower().decode("utf-8", "surrogateescape")


def array_key(name: str) -> ArgumentName:
    """A text as a key of PHP's arrays: a canonical integer is one."""
    if _INTEGER.fullmatch(name):
        number = int(name)
        if MIN_INT <= number <= MAX_INT:
            return number
    return name


def lua_string(text: str) -> str:
    """A text as a string literal of Lua's, on one line."""
    return printing.quote(text.encode("utf-8", "surrogateescape"))


def lua_type(value: Any) -> str:
    """What Lua's type() said of a value that came from Lua."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, (str, bytes)):
        return "string"
    return "function" if isinstance(value, LuaFunction) else "table"


def check(name: str, position: int, value: Any, expected: str) -> None:
    """Raise Lua's error for an argument of another type than `expected`, in Scribunto's words."""
    got = lua_type(value)
    if got != expected:
        raise LuaError(f"bad argument #{position} to '{name}' ({expected} expected, got {got})")


def check_optional(name: str, position: int, value: Any, expected: str, default: Any) -> Any:
    """`check`, but nil is the default."""
    if value is None:
        return default
    check(name, position, value, expected)
    return value


def number_text(value: int | float, digits: int | None = 14, mark: str = "E") -> str:
    """A number as PHP writes it.

    digits: significant ones (PHP's `precision`, 14); None is as many as read back the same, as JSON has them. mark: of
    the exponent, which stands for numbers below 0.0001 and above 10 to the power of the digits (17 in JSON).
    """
    if isinstance(value, int):
        return str(value)
    if value != value:
        return "NAN"
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    scientific = f"{value:.{digits - 1}e}" if digits is not None else _shortest(value)
    mantissa, _, exponent = scientific.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    figures = mantissa.lstrip("-").replace(".", "").rstrip("0")
    if not figures:
        return sign + "0"
    point = int(exponent) + 1
    if point > (digits or 17) or point < -3:
        power = point - 1
        return f"{sign}{figures[0]}.{figures[1:] or '0'}{mark}{'+' if power > 0 else '-'}{abs(power)}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{figures}"
    if len(figures) <= point:
        return sign + figures.ljust(point, "0")
    return f"{sign}{figures[:point]}.{figures[point:]}"


def _shortest(value: float) -> str:
    """The shortest text that reads back the same, in scientific notation."""
    return next(text for text in (f"{value:.{count}e}" for count in range(17)) if float(text) == value)


def is_sendable(text: str) -> bool:
    """Whether a text has bytes in Lua: one with half a surrogate pair has none."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def text_of(value: Any) -> str:
    """A value as PHP's strval() gives it."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, (int, float)):
        return number_text(value)
    return value if isinstance(value, str) else "Array"


def frame_arguments(given: Any) -> dict[ArgumentName, str]:
    """Arguments that Lua gives to a frame or a template: named ones are trimmed, as those of wikitext are."""
    return {
        name: value if isinstance(name, int) else value.strip(PHP_SPACE) for name, value in dict(given or {}).items()
    }


def one_based(values: list[Any]) -> dict[int, Any]:
    """A list as the table that Lua gets; an empty one is an empty table."""
    return dict(enumerate(values, 1))


def arguments_of_words(words: Sequence[str]) -> dict[str, str]:
    """Words of a command line as the arguments of a template call: ``K=V`` is named, others are numbered from 1."""
    found: dict[str, str] = {}
    number = 0
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            found[name.strip()] = value
        else:
            number += 1
            found[str(number)] = word
    return found


def as_wire(value: Any) -> Any:
    """A value as the wire has it, which `luaproc.host.printing` shows: texts are bytes, lists are tables."""
    if isinstance(value, Placeholder):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return {index: as_wire(item) for index, item in enumerate(value, 1)}
    if isinstance(value, dict):
        return {as_wire(key): as_wire(item) for key, item in value.items()}
    return value
