"""One language: `Language`."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from luaproc.wiki.language import numbers, tables
from luaproc.wiki.language.grammar import inflect
from luaproc.wiki.language.inflection import rule
from luaproc.wiki.language.plurals import choose

_EMBED = {False: "\u202a", True: "\u202b"}


class Language:
    """A language by MediaWiki's code. mediawiki: the directory of a MediaWiki, for names of months and the like.
    release: the 43 of MediaWiki 1.43.
    """

    def __init__(self, code: str, mediawiki: Path | None = None, release: int = 39) -> None:
        self.code = code
        self.release = release
        self.mediawiki = mediawiki
        self.fallbacks = tables.fallbacks(code)
        self.style = numbers.style(code)

    @property
    def is_rtl(self) -> bool:
        """Whether it is written from right to left."""
        return self.code in tables.RTL

    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return "rtl" if self.is_rtl else "ltr"

    def formality(self) -> int:
        """Which of the forms of address `#formal` takes, from 0: the second for a language that is formal."""
        return int(self.code in _FORMAL)

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
        """The text in lower case."""
        return text.replace("Σ", "σ").lower()  # PHP 8.2 knows no final sigma

    def upper(self, text: str) -> str:
        """The text in upper case."""
        return text.upper()

    def lower_first(self, text: str) -> str:
        """The text with its first letter in lower case; Turkic languages have an i without a dot."""
        if text[:1] == "I" and self.code in _DOTLESS:
            return "ı" + text[1:]
        return text[:1].lower() + text[1:]

    def upper_first(self, text: str) -> str:
        """The text with its first letter in upper case; in Turkic languages i keeps its dot."""
        if text[:1] == "i" and self.code in _DOTTED:
            return "İ" + text[1:]
        first = text[:1]
        return (first.title() if self.release >= 43 else first.upper()) + text[1:]

    def format_number(self, text: str, separators: bool = True) -> str:
        """A number with the language's digits and separators; see `luaproc.wiki.language.numbers`."""
        nan = "Not a Number" if text != "NAN" else self.message("formatnum-nan") or "Not a Number"
        return numbers.format_number(self.style, text, separators, nan)

    def digits(self, text: str) -> str:
        """A text with the language's own digits."""
        return text.translate(numbers.own_digits(self.style.digits))

    def parse_number(self, text: str) -> str:
        """The inverse of `format_number`."""
        return numbers.parse_number(self.style, text)

    def plural(self, number: str, forms: list[str]) -> str:
        """The form that goes with a number."""
        return choose(self.code, number, forms)

    def grammar(self, case: str, word: str) -> str:
        """The word in a grammatical case."""
        for code in (self.code, *self.fallbacks):
            change = rule(code)
            if change is not None:
                return change(case, word)
        return inflect(self.code, case, word, self.mediawiki)

    def gender(self, gender: str, forms: list[str]) -> str:
        """The form for `male`, `female` or anything else."""
        if not forms:
            return ""
        if gender == "male":
            return forms[0]
        if gender == "female":
            return forms[1] if len(forms) > 1 else forms[0]
        return forms[2] if len(forms) > 2 else forms[0]

    def fold(self, text: str) -> str:
        """The text for comparing without case."""
        return self.upper(text)

    def name_of(self, code: str) -> str:
        """The autonym of a language, "" if it has none."""
        return tables.autonyms().get(code, ("", False))[0]

    def month(self, number: int) -> str:
        """number: from 1."""
        return self._names("months")[number - 1]

    def month_genitive(self, number: int) -> str:
        """As it stands behind a day's number. number: from 1."""
        return self._names("genitives")[number - 1]

    def month_short(self, number: int) -> str:
        """number: from 1."""
        return self._names("short_months")[number - 1]

    def day(self, number: int) -> str:
        """number: 0 is Sunday."""
        return self._names("days")[number]

    def day_short(self, number: int) -> str:
        """number: 0 is Sunday."""
        return self._names("short_days")[number]

    def _names(self, kind: str) -> tuple[str, ...]:
        return tables.date_names(self.code, kind, self.mediawiki)

    def message(self, key: str) -> str | None:
        """A text of the MediaWiki's folder, in this language or one that stands in for it."""
        if self.mediawiki is None:
            return None
        return tables.message((self.code, *self.fallbacks), key, self.mediawiki)

    def time_of_day(self, when: datetime) -> str:
        """The time as CURRENTTIME shows it."""
        hour, minute = (self.format_number(f"{part:02}", separators=False) for part in (when.hour, when.minute))
        if self.code in _ONE_DIGIT:
            hour = self.format_number(f"{when.hour}", separators=False)
        return _TIMES.get(self.code, "{}:{}").format(hour, minute)


_DOTTED = frozenset({"az", "gag", "kaa", "kiu", "kk-latn", "kk-tr", "lez", "lzz", "tr"})
_DOTLESS = frozenset({"gag", "kaa", "kiu", "kk-latn", "kk-tr", "lzz", "tr"})
_FORMAL = frozenset({"de-formal", "es-formal", "hu-formal", "li", "nds-nl", "nl", "srn", "vls", "zea"})
_ONE_DIGIT = frozenset({"se", "se-fi", "se-no", "se-se"})
_TIMES = {
    code: form
    for form, codes in {
        "{}.{}": (
            "abs ace ban bbc-latn bjn btm bug fi fit fy gag gor id jv kiu krl ltg lv lzz mad map-bms min nia oc olo su "
            "sv tr vot se se-fi se-no se-se"
        ),
        "\u200f{}:{}": "azb bcc bgn bqi fa glk kk-arab kk-cn lki lrc luz mzn sdh ckb ku-arab",
        "{}h{}min": "mwl pt pt-br tet vmw",
        "ម៉ោង{}:{}": "km",
        "{}時{}分": "lzh",
    }.items()
    for code in codes.split()
}


@lru_cache(64)
def language(code: str, mediawiki: Path | None = None, release: int = 39) -> Language:
    """The language of that code, kept."""
    return Language(code, mediawiki, release)
