"""Facts about languages, from the tables in `data` and, where there is one, from a MediaWiki's folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

_RIGHT_TO_LEFT = """
aeb aeb-arab ar arc arq ary arz azb bcc bgn bqi ckb dv fa glk he khw kk-arab kk-cn ks ks-arab ku-arab lki lrc luz
ms-arab mzn nqo pnb ps sd sdh skr skr-arab ug ug-arab ur yi
"""
RTL = frozenset(_RIGHT_TO_LEFT.split())

_KEYS = {
    "months": (
        *("january", "february", "march", "april", "may_long", "june", "july"),
        *("august", "september", "october", "november", "december"),
    ),
    "genitives": tuple(
        f"{name}-gen"
        for name in (
            *("january", "february", "march", "april", "may", "june", "july"),
            *("august", "september", "october", "november", "december"),
        )
    ),
    "short_months": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "days": ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
    "short_days": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_INSTEAD = {"genitives": "months", "short_months": "months"}


def rows(name: str) -> Iterator[list[str]]:
    """The rows of a table, as lists of cells."""
    for line in (files(__package__) / "data" / name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


@lru_cache(1)
def autonyms() -> dict[str, tuple[str, bool]]:
    """Autonyms by code, and whether MediaWiki has messages in the language."""
    return {row[0]: (row[1], len(row) < 3) for row in rows("names.tsv")}


@lru_cache(1)
def _fallbacks() -> dict[str, tuple[str, ...]]:
    return {code: tuple(row[0].split()) for row in rows("fallbacks.tsv") for code in row[1].split()}


def fallbacks(code: str) -> tuple[str, ...]:
    """The languages that stand in for one, English last."""
    return () if code == "en" else (*_fallbacks().get(code, ()), "en")


@lru_cache(1)
def _dates() -> dict[tuple[str, str], tuple[str, ...]]:
    return {(row[0], row[1]): tuple(row[2].split(";")) for row in rows("dates.tsv")}


@lru_cache(1)
def _formats() -> dict[str, tuple[str, ...]]:
    return {code: tuple(row[:4]) for row in rows("formats.tsv") for code in row[4].split()}


def date_format(code: str, kind: str) -> str:
    """A language's usual format for `#time`. kind: time, date, both or pretty (a day without its year)."""
    return _formats().get(code, _formats()["en"])[("time", "date", "both", "pretty").index(kind)]


@lru_cache(512)
def date_names(code: str, kind: str, mediawiki: Path | None) -> tuple[str, ...]:
    """Months or days. kind: months, genitives, short_months, days (Sunday first), short_days."""
    chain = (code, *fallbacks(code))
    if mediawiki is not None and (mediawiki / "languages" / "i18n").is_dir():
        return tuple(message(chain, key, mediawiki) or key for key in _KEYS[kind])
    for step in chain:
        found = _dates().get((step, kind)) or _dates().get((step, _INSTEAD.get(kind, "")))
        if found:
            return found
    raise KeyError(kind)


def message(chain: tuple[str, ...], key: str, mediawiki: Path) -> str | None:
    """A text of a MediaWiki's folder in the first of some languages that has it, its spaces decoded."""
    for code in chain:
        text = messages(code, mediawiki).get(key)
        if text is not None:
            return decode_spaces(text)
    return None


def decode_spaces(text: str) -> str:
    """A message with its spaces as characters: where a message begins or ends with one, it is written as an entity."""
    return text.replace("&#32;", " ").replace("&nbsp;", "\xa0").replace("&#160;", "\xa0")


@lru_cache(64)
def messages(code: str, mediawiki: Path) -> dict[str, str]:
    """The texts of a language in a MediaWiki's folder; none if it has no file for it."""
    try:
        found = json.loads((mediawiki / "languages" / "i18n" / f"{code}.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return {key: text for key, text in found.items() if isinstance(text, str)}
