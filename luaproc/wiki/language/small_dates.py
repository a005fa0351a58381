"""Dates without the package strtotime: ISO, 14 digits, `D Month YYYY`, a time of day, `+N unit`, `@seconds`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

MAX_CHARS = 200

_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = _NAMES.split()
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
_WORDS = {"now": None, "today": 0, "midnight": 0, "noon": 12, "tomorrow": 0, "yesterday": 0}
_SECONDS = {"sec": 1, "min": 60, "hou": 3600, "day": 86400, "wee": 604800, "for": 1209600}


def seconds(text: str, now: int) -> int:
    """The Unix time that a text means. Raises `DateError` for what this grammar does not have."""
    from luaproc.wiki.language.dates import DateError

    if len(text) > MAX_CHARS:
        raise DateError(text)
    moment = datetime.fromtimestamp(now, timezone.utc)
    date = {"Y": moment.year, "m": moment.month, "d": moment.day}
    clock: tuple[int, int, int] | None = None
    months = delta = offset = 0
    at = 0
    rest = text.strip()
    midnight = False
    while at < len(rest):
        if rest[at] in " \t,":
            at += 1
            continue
        match = next((found for token in _TOKENS if (found := token.match(rest, at))), None)
        if match is None:
            raise DateError(text)
        at = match.end()
        parts = {key: value for key, value in match.groupdict().items() if value is not None}
        if "month" in parts:
            date["m"] = _MONTHS.index(parts["month"][:3].lower()) + 1
            date["d"] = 1 if "d" not in parts else date["d"]
            midnight = True
        for key in "Ymd":
            if key in parts:
                date[key] = int(parts[key])
                midnight = True
        if "Y" in parts and "m" in parts and "d" not in parts:
            date["d"] = 1
        if "H" in parts:
            clock = (_hour(int(parts["H"]), parts.get("half")), int(parts["i"]), int(parts.get("s") or 0))
        elif "half_hour" in parts:
            clock = (_hour(int(parts["half_hour"]), parts["half"]), 0, 0)
        elif "stamp" in parts:
            return int(parts["stamp"]) + delta
        elif "zone" in parts:
            offset = _offset(parts["zone"])
        elif "word" in parts:
            word = parts["word"].lower()
            hour = _WORDS[word]
            clock = clock if hour is None else (hour, 0, 0)
            delta += {"tomorrow": 86400, "yesterday": -86400}.get(word, 0)
        elif "count" in parts:
            counted = parts["count"].replace(" ", "").lower()
            count = {"next": 1, "last": -1, "previous": -1, "this": 0}.get(counted)
            count = int(counted) if count is None else count
            count = -count if "ago" in parts else count
            unit = parts["unit"][:3].lower()
            if unit in ("mon", "yea"):
                months += count * (12 if unit == "yea" else 1)
            else:
                delta += count * _SECONDS[unit]
    try:
        return _whole(date, clock, midnight, moment, months) + delta - offset
    except (ValueError, OverflowError):
        raise DateError(text) from None


def _whole(date: dict[str, int], clock: tuple[int, int, int] | None, midnight: bool, now: datetime, months: int) -> int:
    if not 1 <= date["m"] <= 12 or not 0 <= date["d"] <= 31:
        raise ValueError(date)
    index = date["Y"] * 12 + date["m"] - 1 + months
    first = datetime(index // 12, index % 12 + 1, 1, tzinfo=timezone.utc)
    if clock is None:
        clock = (0, 0, 0) if midnight else (now.hour, now.minute, now.second)
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
