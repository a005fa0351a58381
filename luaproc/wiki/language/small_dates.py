"""Dates without the package strtotime: ISO, 14 digits, `D Month YYYY`, a time of day, `+N unit`, `@seconds`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

MAX_CHARS = 200

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    "(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)\\.?"
)
_TOKENS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?P<H>\d\d)(?P<i>\d\d)(?P<s>\d\d)(?!\d)",
        r"(?P<Y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:T(?=\d))?",
        r"(?P<Y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
        r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<Y>\d{4})",
        r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<Y>\d{4})",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ -]*{_MONTH}[ ,-]*(?P<Y>\d{{4}})",
        rf"{_MONTH}[ ]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ ,]+(?P<Y>\d{{4}})",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ ]*{_MONTH}",
        rf"{_MONTH}[ ]*(?P<Y>\d{{4}})",
        rf"(?P<Y>\d{{4}})[ -]*{_MONTH}",
        rf"{_MONTH}[ ]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)",
        rf"{_MONTH}",
        r"(?P<Y>\d{4})-(?P<m>\d\d)(?![\d-])",
        r"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?!\d)",
        r"(?P<H>\d{1,2}):(?P<i>\d\d)(?::(?P<s>\d\d)(?:\.\d+)?)?[ ]*(?P<half>[ap]\.?m\.?)?",
        r"(?P<half_hour>\d{1,2})[ ]*(?P<half>[ap]\.?m\.?)",
        r"@(?P<stamp>-?\d+)",
        r"(?P<count>[+-]?[ ]*\d+|next|last|previous|this)[ ]*(?P<unit>sec(?:ond)?|min(?:ute)?|hour|day|week|fortnight"
        r"|month|year)s?(?:[ ]+(?P<ago>ago))?",
        r"(?P<word>now|today|midnight|noon|tomorrow|yesterday)",
        r"(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)",
        r"(?P<Y>\d{4})(?!\d)",
        r"(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?:day)?,?",
    )
]
# Hour, and days to add.
_WORDS = {
    "now": (None, 0), "today": (0, 0), "midnight": (0, 0), "noon": (12, 0), "tomorrow": (0, 1), "yesterday": (0, -1),
}  # fmt: skip
_COUNTS = {"next": 1, "last": -1, "previous": -1, "this": 0}
_UNIT_SECONDS = {"sec": 1, "min": 60, "hou": 3600, "day": 86_400, "wee": 604_800, "for": 1_209_600}
_UNIT_MONTHS = {"mon": 1, "yea": 12}


def seconds(text: str, now: int) -> int:
    """The Unix time that a text means. Raises ValueError for what this grammar does not have."""
    if len(text) > MAX_CHARS:
        raise ValueError(f"expected a date of {MAX_CHARS} characters at most")
    moment = datetime.fromtimestamp(now, timezone.utc)
    date = {"Y": moment.year, "m": moment.month, "d": moment.day}
    clock: tuple[int, int, int] | None = None
    months = delta = offset = 0
    has_date = False
    for parts in _tokens(text.strip()):
        if "stamp" in parts:
            return int(parts["stamp"]) + delta
        if "month" in parts:
            parts = {**parts, "m": str(_MONTHS.index(parts["month"][:3].lower()) + 1)}
        if "Y" in parts and "m" in parts:  # a month alone keeps the day of today
            parts = {"d": "1", **parts}
        given = {key: int(parts[key]) for key in "Ymd" if key in parts}
        date |= given
        has_date = has_date or bool(given)
        if "H" in parts:
            clock = (_hour(int(parts["H"]), parts.get("half")), int(parts["i"]), int(parts.get("s") or 0))
        elif "half_hour" in parts:
            clock = (_hour(int(parts["half_hour"]), parts["half"]), 0, 0)
        elif "zone" in parts:
            offset = _offset(parts["zone"])
        elif "word" in parts:
            hour, days = _WORDS[parts["word"].lower()]
            clock = clock if hour is None else (hour, 0, 0)
            delta += 86_400 * days
        elif "count" in parts:
            more_months, more_seconds = _counted(parts)
            months, delta = months + more_months, delta + more_seconds
    if clock is None:
        clock = (0, 0, 0) if has_date else (moment.hour, moment.minute, moment.second)
    try:
        return _whole(date, clock, months) + delta - offset
    except OverflowError as error:
        raise ValueError(str(error)) from None


def _tokens(text: str) -> Iterator[dict[str, str]]:
    """The named groups of each token that matched. Raises ValueError where none does."""
    at = 0
    while at < len(text):
        if text[at] in " \t,":
            at += 1
            continue
        match = next((found for token in _TOKENS if (found := token.match(text, at))), None)
        if match is None:
            raise ValueError(f"expected a date, got {text[at:]!r:.40}")
        at = match.end()
        yield {key: value for key, value in match.groupdict().items() if value is not None}


def _counted(parts: dict[str, str]) -> tuple[int, int]:
    """The months and the seconds of `+2 weeks`, `last month`, `3 days ago`."""
    word = parts["count"].replace(" ", "").lower()
    count = _COUNTS[word] if word in _COUNTS else int(word)
    count = -count if "ago" in parts else count
    unit = parts["unit"][:3].lower()
    return (count * _UNIT_MONTHS[unit], 0) if unit in _UNIT_MONTHS else (0, count * _UNIT_SECONDS[unit])


def _whole(date: dict[str, int], clock: tuple[int, int, int], months: int) -> int:
    """The Unix time of a date with so many months more, at a time of day. Raises ValueError, OverflowError."""
    if not 1 <= date["m"] <= 12 or not 0 <= date["d"] <= 31:
        raise ValueError(date)
    index = date["Y"] * 12 + date["m"] - 1 + months
    first = datetime(index // 12, index % 12 + 1, 1, tzinfo=timezone.utc)
    if clock[0] > 24 or clock[1] > 59 or clock[2] > 60:
        raise ValueError(clock)
    whole = first + timedelta(days=date["d"] - 1, hours=clock[0], minutes=clock[1], seconds=clock[2])
    return int(whole.timestamp())


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _offset(zone: str) -> int:
    if zone.upper() in ("Z", "UTC", "GMT"):
        return 0
    digits = zone[1:].replace(":", "")
    return (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)
