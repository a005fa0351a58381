"""The letters of `#time` and formatDate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from luaproc.wiki.language import calendars
from luaproc.wiki.language.dates import Moment
from luaproc.wiki.language.language import Language

# Letters that give digits, and how.
_NUMBERS: dict[str, Callable[[Moment], str]] = {
    "d": lambda at: f"{at.when.day:02}",
    "j": lambda at: f"{at.when.day}",
    "N": lambda at: f"{at.when.isoweekday()}",
    "w": lambda at: f"{at.when.isoweekday() % 7}",
    "z": lambda at: f"{at.when.timetuple().tm_yday - 1}",
    "W": lambda at: f"{at.when.isocalendar()[1]:02}",
    "m": lambda at: f"{at.when.month:02}",
    "n": lambda at: f"{at.when.month}",
    "t": lambda at: f"{calendars.month_days(at.year, at.when.month)}",
    "L": lambda at: f"{int(calendars.month_days(at.year, 2) == 29)}",
    "o": lambda at: f"{at.when.isocalendar()[0] + at.year - at.when.year}",
    "Y": lambda at: f"{at.year:04}",
    "y": lambda at: f"{at.year % 100:02}",
    "g": lambda at: f"{at.when.hour % 12 or 12}",
    "G": lambda at: f"{at.when.hour}",
    "h": lambda at: f"{at.when.hour % 12 or 12:02}",
    "H": lambda at: f"{at.when.hour:02}",
    "i": lambda at: f"{at.when.minute:02}",
    "s": lambda at: f"{at.when.second:02}",
    "U": lambda at: f"{int(at.when.timestamp())}",
    "Z": lambda at: f"{_offset(at.when)}",
    "I": lambda at: f"{int(bool(at.when.dst()))}",
}
_ENGLISH_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _offset(when: datetime) -> int:
    offset = when.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _hours(when: datetime, colon: str) -> str:
    minutes = _offset(when) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}{colon}{abs(minutes) % 60:02}"


def _zone_name(when: datetime) -> str:
    return getattr(when.tzinfo, "key", None) or when.tzname() or "UTC"


_TEXTS: dict[str, Callable[[Language, Moment], str]] = {
    "D": lambda language, at: language.day_short(at.when.isoweekday() % 7),
    "l": lambda language, at: language.day(at.when.isoweekday() % 7),
    "F": lambda language, at: language.month(at.when.month),
    "M": lambda language, at: language.month_short(at.when.month),
    "xg": lambda language, at: language.month_genitive(at.when.month),
    "a": lambda language, at: "am" if at.when.hour < 12 else "pm",
    "A": lambda language, at: "AM" if at.when.hour < 12 else "PM",
    "e": lambda language, at: _zone_name(at.when),
    "T": lambda language, at: at.when.tzname() or "UTC",
    "O": lambda language, at: _hours(at.when, ""),
    "P": lambda language, at: _hours(at.when, ":"),
    "c": lambda language, at: f"{at.year:04}-{at.when:%m-%dT%H:%M:%S}{_hours(at.when, ':')}",
    "r": lambda language, at: (
        f"{_ENGLISH_DAYS[at.when.weekday()]}, {at.when.day:02} {_ENGLISH_MONTHS[at.when.month - 1]} {at.year:04} "
        f"{at.when:%H:%M:%S} {_hours(at.when, '')}"
    ),
}


def format_date(language: Language, form: str, at: Moment) -> str:
    """A moment by a format; numbers in the language's digits unless `xn`, `xN`, `xr` or `xh` says otherwise."""
    out: list[str] = []
    raw = raw_toggle = roman = hebrew = False
    index = 0
    while index < len(form):
        code = form[index]
        if code == "x" and index + 1 < len(form):
            index += 1
            code += form[index]
            if code in ("xi", "xj", "xk", "xm", "xo", "xt") and index + 1 < len(form):
                index += 1
                code += form[index]
        index += 1
        number: str | None = None
        if code in _NUMBERS:
            number = _NUMBERS[code](at)
        elif code in _TEXTS:
            out.append(_TEXTS[code](language, at))
        elif code == "xx":
            out.append("x")
        elif code == "xn":
            raw = True
        elif code == "xN":
            raw_toggle = not raw_toggle
        elif code == "xr":
            roman = True
        elif code == "xh":
            hebrew = True
        elif code == "\\":
            out.append(form[index : index + 1] or "\\")
            index += 1
        elif code == '"':
            end = form.find('"', index)
            if end < 0:
                out.append('"')
            else:
                out.append(form[index:end])
                index = end + 1
        elif code[0] == "x" and len(code) > 1:
            kind, text = calendars.letter(language, code, at)
            if kind == "number":
                number = text
            else:
                out.append(text)
        else:
            out.append(code)
        if number is not None:
            if raw or raw_toggle:
                out.append(number)
                raw = False
            elif roman:
                out.append(calendars.roman(number))
                roman = False
            elif hebrew:
                out.append(calendars.hebrew_number(number))
                hebrew = False
            else:
                out.append(language.digits(number))
    return "".join(out)
