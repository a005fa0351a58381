"""One language: `Language`."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from luaproc.wiki.language import numbers, tables

_EMBED = {False: "\u202a", True: "\u202b"}


class Language:
    """A language by MediaWiki's code. mediawiki: the directory of a MediaWiki, for names of months and the like."""

    def __init__(self, code: str, mediawiki: Path | None = None) -> None:
        self.code = code
        self.mediawiki = mediawiki
        self.fallbacks = tables.fallbacks(code)
        self.style = numbers.style(code)

    @property
    def is_rtl(self) -> bool:
        """Whether it is written from right to left."""
        return self.code in tables.RTL

    def direction_mark(self) -> str:
        """The invisible character of its direction."""
        return "\u200f" if self.is_rtl else "\u200e"

    def embed(self, text: str) -> str:
        """The text with marks of the direction that its first strong letter has."""
        from unicodedata import bidirectional

        for char in text:
            kind = bidirectional(char)
            if kind in ("L", "R", "AL"):
                return f"{_EMBED[kind != 'L']}{text}\u202c"
        return text

    def lower(self, text: str) -> str:
        return text.lower()

    def upper(self, text: str) -> str:
        return text.upper()

    def lower_first(self, text: str) -> str:
        return text[:1].lower() + text[1:]

    def upper_first(self, text: str) -> str:
        return text[:1].upper() + text[1:]

    def format_number(self, text: str, separators: bool = True, legacy: bool = False) -> str:
        """A number with the language's digits and separators; see `luaproc.wiki.language.numbers`."""
        return numbers.format_number(self.style, text, separators)

    def parse_number(self, text: str) -> str:
        """The inverse of `format_number`."""
        return numbers.parse_number(self.style, text)

    def plural(self, number: str, forms: list[str]) -> str:
        """The form that goes with a number."""
        from luaproc.wiki.language.plurals import choose

        return choose(self.code, number, forms)

    def grammar(self, case: str, word: str) -> str:
        """The word in a grammatical case."""
        return word

    def gender(self, gender: str, forms: list[str]) -> str:
        """The form for `male`, `female` or anything else."""
        if not forms:
            return ""
        if gender == "male":
            return forms[0]
        if gender == "female":
            return forms[1] if len(forms) > 1 else forms[0]
        return forms[2] if len(forms) > 2 else forms[0]

    def name_of(self, code: str, inside: str = "") -> str:
        """The autonym of a language, "" if it has none."""
        return tables.NAMES.get(code, "")

    def month(self, number: int) -> str:
        return self._names("months")[number - 1]

    def month_genitive(self, number: int) -> str:
        return self._names("genitives")[number - 1]

    def month_short(self, number: int) -> str:
        return self._names("short_months")[number - 1]

    def day(self, number: int) -> str:
        """number: 0 is Sunday."""
        return self._names("days")[number]

    def day_short(self, number: int) -> str:
        return self._names("short_days")[number]

    def _names(self, kind: str) -> tuple[str, ...]:
        return tables.date_names(self.code, kind, self.mediawiki)

    def time_of_day(self, when: datetime) -> str:
        """The time as CURRENTTIME shows it."""
        return self.format_number(f"{when:%H:%M}", separators=False)


@lru_cache(64)
def language(code: str, mediawiki: Path | None = None) -> Language:
    """The language of that code, kept."""
    return Language(code, mediawiki)


VALID_CODE = re.compile(r"[^:/\\.&<>'\"\x00-\x1f]+")
