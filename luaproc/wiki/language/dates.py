"""Dates as PHP's strtotime reads them: with the package strtotime if it is there, else a small grammar of our own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

try:
    from strtotime import strtotime as _strtotime
except ImportError:
    _strtotime = None

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FOUR_DIGITS = re.compile("[0-9]{4}")
_YEAR = re.compile(r"([+-]?)([0-9]{4})(-.*)", re.DOTALL)
_DAY_OF_YEAR = re.compile("([0-9]{4})-?([0-9]{3})")
_FIRST, _LAST = -62_135_596_800, 253_402_300_800  # what Python's datetime has: the years 1 to 9999


class DateError(ValueError):
    """A text that is no date."""


class PackageMissing(DateError):
    """A text or a format that a package is needed for. `str()` says which one."""


@dataclass(frozen=True)
class Moment:
    """A moment: `when` has a time zone; `year` is not `when`'s where that is out of Python's range."""

    when: datetime
    year: int


def read_date(text: str, now: datetime, zone: tzinfo) -> Moment:
    """The moment that a text means, shown in `zone`; texts without a zone are in UTC.

    Raises `DateError`, `PackageMissing`.
    """
    if not text:
        when = now.astimezone(zone)
        return Moment(when, when.year)
    if _FOUR_DIGITS.fullmatch(text):
        text = f"00:00 {text}"
    shift = 0
    year = _YEAR.fullmatch(text)
    if year and (year[1] == "-" or year[2] == "0000"):
        # Python's years begin at 1: the same day of another era stands in.
        number = int(year[1] + year[2])
        shift = -((number - 400) // 400) * 400 if number < 1 else 0
        text = f"{number + shift:04}{year[3]}"
    ordinal = _DAY_OF_YEAR.fullmatch(text)
    if ordinal:
        text = f"{ordinal[1]}-01-01 +{int(ordinal[2]) - 1} days"
    seconds = _seconds(text, now)
    if not _FIRST <= seconds < _LAST:
        return Moment(now, 10_000 if seconds > 0 else -1)
    try:
        when = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    except OverflowError:
        return Moment(now, 10_000 if seconds > 0 else -1)
    return Moment(when, when.year - shift)


def _seconds(text: str, now: datetime) -> int:
    stamp = int(now.timestamp())
    if _strtotime is None:
        from luaproc.wiki.language.small_dates import seconds

        try:
            return seconds(text, stamp)
        except ValueError:
            raise PackageMissing("this date needs strtotime, if it is one: pip install 'luaproc[dates]'") from None
    try:
        return int(_strtotime(text, stamp))
    except (ValueError, OverflowError):
        raise DateError(text) from None
