"""Seconds as years, days, hours and so on, and as text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from luaproc.wiki.language.language import Language
from luaproc.wiki.values import escape_html

YEAR = 31_556_952  # of the Gregorian calendar: 365.2425 days
LENGTHS = {
    "millennia": 1000 * YEAR,
    "centuries": 100 * YEAR,
    "decades": 10 * YEAR,
    "years": YEAR,
    "weeks": 604_800,
    "days": 86_400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
}
DEFAULT = ("millennia", "centuries", "decades", "years", "days", "hours", "minutes", "seconds")

_PLURAL = re.compile(r"\{\{PLURAL:\$1\|([^{}]*)\}\}", re.IGNORECASE)
_ONE = {"millennia": "millennium", "centuries": "century"}


def intervals(seconds: float, chosen: Iterable[str] = ()) -> dict[str, float]:
    """How many of each interval, longest first; those that are 0 are left out, the shortest one if it is alone."""
    names = set(chosen) or set(DEFAULT)
    known = {name: length for name, length in LENGTHS.items() if name in names}
    found: dict[str, float] = {}
    for position, (name, length) in enumerate(known.items(), 1):
        value = seconds / length
        if abs(value) < _WHOLE:
            value = math.floor(value)
        if value > 0 or (position == len(known) and not found):
            seconds -= value * length
            found[name] = value
    return found


def text(language: Language, seconds: float, chosen: Iterable[str] = ()) -> str:
    """A duration in a language's words; English ones where the language's are not known."""
    segments = [_segment(language, name, value) for name, value in intervals(seconds, chosen).items()]
    if len(segments) < 2:
        return "".join(segments)
    last = (language.message("and") or " and") + (language.message("word-separator") or " ")
    return (language.message("comma-separator") or ", ").join(segments[:-1]) + last + segments[-1]


def _segment(language: Language, name: str, value: float) -> str:
    one = _ONE.get(name, name.removesuffix("s"))
    message = language.message(f"duration-{name}") or f"$1 {{{{PLURAL:$1|{one}|{name}}}}}"
    number = str(int(value)) if math.isfinite(value) else _NO_NUMBERS[str(value)]
    message = _PLURAL.sub(lambda match: language.plural(number, match[1].split("|")), message)
    return escape_html(message.replace("$1", language.format_number(number)))


_NO_NUMBERS = {"inf": "INF", "-inf": "-INF", "nan": "NAN"}
_WHOLE = 2.0**53
"""From here on a float has no fraction; PHP's floor() gives floats."""
