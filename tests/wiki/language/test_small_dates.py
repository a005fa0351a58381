"""Dates where the package strtotime is not installed."""

from datetime import datetime, timezone

import pytest

from luaproc.wiki.language.small_dates import seconds

NOW = datetime(2024, 3, 31, 22, 13, 20, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-02-29", "2024-02-29T00:00:00"),
        ("20240229123456", "2024-02-29T12:34:56"),
        ("2024-02-29T12:30Z", "2024-02-29T12:30:00"),
        ("12:30 +05:30", "2024-03-31T07:00:00"),
        ("29 Feb. 2024 5 pm", "2024-02-29T17:00:00"),
        ("March 1st, 2020", "2020-03-01T00:00:00"),
        ("Feb 2023", "2023-02-01T00:00:00"),
        ("June", "2024-07-01T00:00:00"),
        ("2021", "2021-03-31T00:00:00"),
        ("tomorrow noon", "2024-04-01T12:00:00"),
        ("2 days ago", "2024-03-29T22:13:20"),
        ("2020-01-31 +1 month", "2020-03-02T00:00:00"),
        ("last year", "2023-03-31T22:13:20"),
        ("@86400", "1970-01-02T00:00:00"),
    ],
)
def test_a_date(text: str, moment: str) -> None:
    """The ways to write one that templates use most, as PHP 8.2 reads them; what is not said is of the present."""
    found = datetime.fromtimestamp(seconds(text, int(NOW.timestamp())), timezone.utc)
    assert found.replace(tzinfo=None).isoformat() == moment


@pytest.mark.parametrize("text", ["someday", "2024-13-01", "25:00", "+99999999 years", "first monday of", "1" * 300])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - a page shows words of its own
        seconds(text, int(NOW.timestamp()))
