"""Calendars of `#time` beside the package that knows them."""

import warnings
from datetime import datetime, timedelta, timezone

import pytest

from luaproc.wiki.language import calendars, language
from luaproc.wiki.language.dates import Moment

convertdate = pytest.importorskip("convertdate.hebrew", reason="needs convertdate")

FIRST = datetime(1, 1, 1, tzinfo=timezone.utc)
DAYS = [*range(0, 3_652_059, 9973), *range(738_000, 738_800)]  # the latter: two years, one of 13 months


def test_hebrew_dates_are_those_of_convertdate() -> None:
    """Months are counted from Tishrei; a leap year's Adars are 13 and 14."""
    for days in DAYS:
        when = FIRST + timedelta(days)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convertdate's, of itself
            year, month, day = convertdate.from_gregorian(when.year, when.month, when.day)
        expected = month + 1 if month >= 12 and convertdate.leap(year) else (month + 5) % 12 + 1
        assert calendars.hebrew(Moment(when, when.year))[:3] == (year, expected, day), when


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("code", sorted({*calendars._NUMBERS, *calendars._TEXTS}))
def test_no_letter_warns(code: str) -> None:
    """What a package calls deprecated would be shown in the tests of everybody who uses the letter."""
    kind, text = calendars.letter(language("en", None), code, Moment(datetime(2024, 3, 1, tzinfo=timezone.utc), 2024))
    assert (kind in ("number", "text"), bool(text)) == (True, True)
