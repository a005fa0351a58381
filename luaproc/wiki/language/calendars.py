"""Other calendars and numerals of `#time`: the letters that begin with x."""

from __future__ import annotations

from calendar import isleap

from luaproc.wiki.language.dates import Moment
from luaproc.wiki.language.language import Language

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def month_days(year: int, month: int) -> int:
    """How many days a month has, for any year."""
    return 29 if month == 2 and isleap(year) else _DAYS[month - 1]


_ROMAN = (
    ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"),
    ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC", "C"),
    ("", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM", "M"),
)


def roman(number: int) -> str:
    """A number up to 10,000 in Roman numerals; others as they are."""
    if not 0 < number <= 10_000:
        return str(number)
    text = "M" * (number // 1000)
    for power in (2, 1, 0):
        text += _ROMAN[power][number // 10**power % 10]
    return text


def hebrew_number(number: int) -> str:
    """A number up to 9,999 in Hebrew numerals; others as they are."""
    return str(number)


def letter(language: Language, code: str, at: Moment) -> tuple[str, str]:
    """(`number` or `text`, what a letter beginning with x gives)."""
    return "text", code
