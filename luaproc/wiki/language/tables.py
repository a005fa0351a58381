"""Facts about languages: fallbacks, directions, names of languages, months and days."""

from __future__ import annotations

from pathlib import Path

RTL = frozenset({"ar", "he", "fa", "ur"})
NAMES = {"en": "English", "de": "Deutsch", "fr": "français"}

_ENGLISH = {
    "months": "January February March April May June July August September October November December",
    "genitives": "January February March April May June July August September October November December",
    "short_months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "days": "Sunday Monday Tuesday Wednesday Thursday Friday Saturday",
    "short_days": "Sun Mon Tue Wed Thu Fri Sat",
}


def fallbacks(code: str) -> tuple[str, ...]:
    """The languages that stand in for one, English last."""
    return () if code == "en" else ("en",)


def date_names(code: str, kind: str, mediawiki: Path | None) -> tuple[str, ...]:
    """Months or days. kind: months, genitives, short_months, days (Sunday first), short_days."""
    return tuple(_ENGLISH[kind].split())
