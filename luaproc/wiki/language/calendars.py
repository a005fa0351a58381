"""Other calendars and numerals of `#time`, the letters that begin with x: convertdate knows the calendars."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from typing import Any

from luaproc.wiki.language.dates import Moment, PackageMissing
from luaproc.wiki.language.language import Language

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

# The last day of each era of Japan's, the era's name, the year before its first.
_ERAS = (
    (date(1912, 7, 30), "明治", 1867),
    (date(1926, 12, 25), "大正", 1911),
    (date(1989, 1, 7), "昭和", 1925),
    (date(2019, 4, 30), "平成", 1988),
    (date.max, "令和", 2018),
)
_FIRST_DAYS = frozenset({date(1912, 7, 30), date(1926, 12, 25)})  # of Taishō and Shōwa, and the last of the ones before
_GREGORIAN_SINCE = date(1873, 1, 1)
_MONTHS = {
    "hebrew": ("Tishrei,Cheshvan,Kislev,Tevet,Shevat,Adar,Nisan,Iyar,Sivan,Tamuz,Av,Elul,Adar I,Adar II"),
    "iranian": "Farvardin,Ordibehesht,Khordad,Tir,Mordad,Shahrivar,Mehr,Aban,Azar,Dey,Bahman,Esfand",
    "hijri": (
        "Muharram,Safar,Rabi' al-awwal,Rabi' al-thani,Jumada al-awwal,Jumada al-thani,Rajab,Sha'aban,Ramadan,Shawwal,"
        "Dhu al-Qi'dah,Dhu al-Hijjah"
    ),
}


def month_days(year: int, month: int) -> int:
    """How many days a month has, for any year."""
    return 29 if month == 2 and isleap(year) else _DAYS[month - 1]


_ROMAN = (
    ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"),
    ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"),
    ("", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"),
)


def roman(text: str) -> str:
    """A number up to 10,000 in Roman numerals; others as they are."""
    number = int(text) if text.isdecimal() else 0
    if not 0 < number <= 10_000:
        return text
    return "M" * (number // 1000) + "".join(_ROMAN[power][number // 10**power % 10] for power in (2, 1, 0))


_HEBREW = (
    ("", "א", "ב", "ג", "ד", "ה", "ו", "ז", "ח", "ט"),
    ("", "י", "כ", "ל", "מ", "נ", "ס", "ע", "פ", "צ"),
    ("", "ק", "ר", "ש", "ת", "תק", "תר", "תש", "תת", "תתק"),
)
_FINAL = {"כ": "ך", "מ": "ם", "נ": "ן", "פ": "ף", "צ": "ץ"}


def hebrew_number(text: str) -> str:
    """A number up to 9,999 in Hebrew numerals; others as they are."""
    number = int(text) if text.isdecimal() else 0
    if not 0 < number <= 9999:
        return text
    thousands, rest = divmod(number, 1000)
    if not rest:
        return f"{_HEBREW[0][thousands]}' {'אלף' if thousands == 1 else 'אלפים'}"
    letters = _HEBREW[2][rest // 100]
    if rest % 100 in (15, 16):  # ten and five would spell a name of God
        letters += "ט" + _HEBREW[0][rest % 100 - 9]
    else:
        letters += _HEBREW[1][rest // 10 % 10] + _HEBREW[0][rest % 10]
    if len(letters) == 1:
        letters += "'"
    else:
        letters = f'{letters[:-1]}"{_FINAL.get(letters[-1], letters[-1])}'
    return f"{_HEBREW[0][thousands]}'{letters}" if thousands else letters


def _convert(calendar: str, at: Moment) -> tuple[int, int, int]:
    """(year, month, day) in a calendar of convertdate's."""
    return tuple(_module(calendar).from_gregorian(at.year, at.when.month, at.when.day))


def _module(calendar: str) -> Any:
    try:
        return import_module(f"convertdate.{calendar}")
    except ImportError:
        raise PackageMissing("calendars need convertdate: pip install 'luaproc[dates]'") from None


def hebrew(at: Moment) -> tuple[int, int, int, int]:
    """(year, month from Tishrei with 13 and 14 for Adar I and II, day, days of the month)."""
    module = _module("hebrew")
    today = _module("gregorian").to_jd(at.year, at.when.month, at.when.day)
    # convertdate's own from_gregorian() warns of itself from 2.5 on: it calls a function that is deprecated.
    year = at.year + 3761
    if today < module.to_jd(year, module.TISHRI, 1):
        year -= 1
    day = int(today - module.to_jd(year, module.TISHRI, 1))
    for month in (*range(module.TISHRI, module.year_months(year) + 1), *range(module.NISAN, module.TISHRI)):
        days = int(module.month_length(year, month))
        if day < days:
            break
        day -= days
    if month >= module.ADAR and module.leap(year):
        return year, month + 1, day + 1, days
    return year, month - 6 if month > 6 else month + 6, day + 1, days


def _month(language: Language, calendar: str, month: int, suffix: str = "") -> str:
    key = {13: "6a", 14: "6b"}.get(month, f"{month}")
    text = language.message(f"{calendar}-calendar-m{key}{suffix}")
    return text or _MONTHS[calendar].split(",")[month - 1]


def _day_of_year(at: Moment) -> int:
    _, month, day = _convert("persian", at)
    return min(month - 1, 6) * 31 + max(month - 7, 0) * 30 + day - 1


def nengo(at: Moment) -> str:
    """The year as Japan counts it, up to 1.42: a day on which an era changes is of the old one."""
    day = at.when.date()
    name, before = next((name, before) for last, name, before in _ERAS if day <= last)
    year = at.year - before
    return f"{name}{'元' if year == 1 else year}"


def nengo_from_43(at: Moment) -> str:
    """The year as Japan counts it, from 1.43 on: an era's first day is of it; before 1873, the year of Christ."""
    day = at.when.date()
    if day < _GREGORIAN_SINCE or at.year < 1:
        return f"西暦{at.year}"
    if day in _FIRST_DAYS:
        day += timedelta(1)
    name, before = next((name, before) for last, name, before in _ERAS if day <= last)
    year = at.year - before
    return f"{name}{'元' if year == 1 else year}"


_NUMBERS: dict[str, Callable[[Moment], int | str]] = {
    "xjj": lambda at: hebrew(at)[2],
    "xjn": lambda at: hebrew(at)[1],
    "xjY": lambda at: hebrew(at)[0],
    "xjt": lambda at: hebrew(at)[3],
    "xij": lambda at: _convert("persian", at)[2],
    "xin": lambda at: _convert("persian", at)[1],
    "xiY": lambda at: _convert("persian", at)[0],
    "xiy": lambda at: f"{_convert('persian', at)[0] % 100:02}",
    "xit": lambda at: _module("persian").month_length(*_convert("persian", at)[:2]),
    "xiz": _day_of_year,
    "xmj": lambda at: _convert("islamic", at)[2],
    "xmn": lambda at: _convert("islamic", at)[1],
    "xmY": lambda at: _convert("islamic", at)[0],
    "xkY": lambda at: at.year + 543,
    "xoY": lambda at: at.year - 1911,
    "xtY": nengo,
}
_TEXTS: dict[str, Callable[[Language, Moment], str]] = {
    "xjF": lambda language, at: _month(language, "hebrew", hebrew(at)[1]),
    "xjx": lambda language, at: _month(language, "hebrew", hebrew(at)[1], "-gen"),
    "xiF": lambda language, at: _month(language, "iranian", _convert("persian", at)[1]),
    "xmF": lambda language, at: _month(language, "hijri", _convert("islamic", at)[1]),
}


def letter(language: Language, code: str, at: Moment) -> tuple[str, str]:
    """(`number` or `text`, what a letter beginning with x gives); an unknown one gives its last character.

    Raises `PackageMissing`.
    """
    if code == "xtY" and language.release >= 43:
        return "number", nengo_from_43(at)
    if code in _NUMBERS:
        return "number", str(_NUMBERS[code](at))
    return "text", _TEXTS[code](language, at) if code in _TEXTS else code[-1]
