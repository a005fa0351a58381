"""Dates in running text, as `#formatdate` takes them: recognized in four orders, written in the order preferred."""

from __future__ import annotations

import re
from functools import lru_cache

from luaproc.wiki.language.language import Language

_FORMATS = {
    "dmy": "{d} {month} {year}",
    "mdy": "{month} {d}, {year}",
    "ymd": "{year} {month} {d}",
    "ydm": "{year}, {d} {month}",
    "dm": "{d} {month}",
    "md": "{month} {d}",
    "ISO 8601": "{iso}",
}
_PREFERENCES = {"dmy", "mdy", "ymd", "ISO 8601"}
_WITHOUT_YEAR = {"dmy": "dm", "mdy": "md", "ymd": "md", "ISO 8601": "ISO 8601"}


@lru_cache(32)
def _patterns(language: Language) -> tuple[dict[str, int], list[tuple[str, re.Pattern[str]]]]:
    """Numbers of months by name, and what to try in turn."""
    months: dict[str, int] = {}
    for number in range(1, 13):
        for name in (language.month(number), language.month_short(number)):
            months[language.lower(name)] = number
    names = "|".join(sorted(map(re.escape, months), key=len, reverse=True))
    day, month = r"(?P<d>\d{1,2})", f"(?P<month>{names})"
    year = r"(?P<year>\d{1,4}(?: BC|\b))"
    patterns = [
        ("ISO 8601", r"(?P<iso>-?\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"),
        ("dmy", f"{day}[ ]{month},?[ ]*{year}"),
        ("ydm", f"{year},?[ ]*{day}[ ]{month}"),
        ("mdy", f"{month}[ ]{day},?[ ]*{year}"),
        ("ymd", f"{year},?[ ]*{month}[ ]{day}"),
        ("dm", f"{day}[ ]{month}"),
        ("md", f"{month}[ ]{day}"),
    ]
    return months, [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in patterns]


def written_date(language: Language, text: str, preference: str) -> str:
    """The date in the preferred order (dmy, mdy, ymd, ISO 8601; else its own) in a span that has it as ISO.

    A text that is no date stays as it is.
    """
    months, patterns = _patterns(language)
    found = next(((name, match) for name, pattern in patterns if (match := pattern.fullmatch(text))), None)
    if found is None:
        return text
    order, match = found
    parts = {key: value for key, value in match.groupdict().items() if value is not None}
    number = int(parts["m"]) if "m" in parts else months.get(language.lower(parts["month"]), 0)
    if not 1 <= number <= 12:
        return text
    if "iso" in parts:
        count = int(parts["iso"])
        year = f"{1 - count} BC" if count <= 0 else f"{count}"
        iso_year = parts["iso"]
    else:
        year = parts.get("year", "")
        before = re.match(r"(\d+) BC", year, re.IGNORECASE)
        iso_year = f"-{int(before[1]) - 1:04}" if before else f"{int(year):04}" if year else ""
        year = f"{before[1]} BC" if before else year
    iso = f"{iso_year}{'-' if iso_year else ''}{number:02}-{int(parts['d']):02}"
    if preference in _PREFERENCES:
        order = preference if year else _WITHOUT_YEAR[preference]
    shown = _FORMATS[order].format(d=int(parts["d"]), month=language.month_genitive(number), year=year, iso=iso)
    return f'<span class="mw-formatted-date" title="{iso}">{shown}</span>'
