"""mw.language: what languages are called, and how they write numbers, dates and words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timezone
from typing import Any

from luaproc.host import LuaError
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki.language import Language, codes, durations, language
from luaproc.wiki.language.dates import DateError, PackageMissing, read_date
from luaproc.wiki.language.formats import format_date
from luaproc.wiki.libraries import Library
from luaproc.wiki.own_lua import own_lua
from luaproc.wiki.titles import USER
from luaproc.wiki.values import PHP_SPACE, check, check_optional, number_text, one_based, text_of

MAX_LANGUAGES = 30
_TEXT_FUNCTIONS: dict[str, Callable[[Language, str], str]] = {
    "lcfirst": Language.lower_first,
    "ucfirst": Language.upper_first,
    "lc": Language.lower,
    "uc": Language.upper,
    "caseFold": Language.fold,
}


class LanguageLibrary(Library):
    file = "mw.language.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        self._languages: dict[str, Language] = {}
        return {
            "getContLangCode": lambda *_: self.site.language,
            "isSupportedLanguage": self._about("isSupportedLanguage", codes.is_supported),
            "isKnownLanguageTag": self._about("isKnownLanguageTag", codes.is_known),
            "isValidCode": self._about("isValidCode", codes.is_valid),
            "isValidBuiltInCode": self._about("isValidBuiltInCode", codes.is_built_in),
            "fetchLanguageName": self.name,
            "fetchLanguageNames": self.names,
            "getFallbacksFor": self.fallbacks,
            "toBcp47Code": self._about("toBcp47Code", codes.bcp47),
            "isRTL": self.is_rtl,
            "formatNum": self.format_number,
            "parseFormattedNumber": self.parse_number,
            "formatDate": self.format_date,
            "formatDuration": self.format_duration,
            "getDurationIntervals": self.duration_intervals,
            "convertPlural": self.plural,
            "convertGrammar": self.grammar,
            "gender": self.gender,
            **{name: self._text_function(name, function) for name, function in _TEXT_FUNCTIONS.items()},
        }

    def options(self) -> dict[str, Any]:
        return {"FALLBACK_MESSAGES": 0, "FALLBACK_STRICT": 1}

    def beforehand(self) -> tuple[str, tuple[Any, ...]]:
        return own_lua("cases"), (self.site.language,)

    def _language(self, code: Any) -> Language:
        code = text_of(code)
        found = self._languages.get(code)
        if found is None:
            if len(self._languages.keys() | {self.site.language}) > MAX_LANGUAGES:
                raise LuaError("too many language codes requested")
            if not codes.is_valid(code):
                raise LuaError(f"language code '{code}' is invalid")
            found = self._languages[code] = language(code, self.view.mediawiki, self.view.release)
        return found

    @staticmethod
    def _about(name: str, function: Callable[[str], Any]) -> PhpFunction:
        """A function of a code."""

        def call(code: Any = None, *_: Any) -> Any:
            check(name, 1, code, "string")
            return function(code)

        return call

    def _text_function(self, name: str, function: Callable[[Language, str], str]) -> PhpFunction:
        """A function of a language and a text."""

        def call(code: Any = None, text: Any = None, *_: Any) -> str:
            known = self._language(code)
            check(name, 1, text, "string")
            return function(known, text)

        return call

    def name(self, code: Any = None, inside: Any = None, *_: Any) -> str:
        check("fetchLanguageName", 1, code, "string")
        check_optional("fetchLanguageName", 2, inside, "string", None)
        if not isinstance(code, str):
            return ""
        code = code.lower()
        return self.site.language_name(code, inside) or codes.all_names("all").get(code, "")

    def _info(self, code: str, key: str) -> Any:
        """What the wiki said of a language; None if it said nothing."""
        return self.site.language_info.get(code.lower(), {}).get(key)

    def names(self, inside: Any = None, include: Any = None, *_: Any) -> dict[str, str]:
        check_optional("fetchLanguageNames", 1, inside, "string", None)
        include = check_optional("fetchLanguageNames", 2, include, "string", "mw")
        found = codes.all_names(include if include is not None else "mw")
        given = dict(self.site.language_names)
        for key in ("autonym", "name") if inside == self.site.language else ("autonym",):
            given |= {code: row[key] for code, row in self.site.language_info.items() if row.get(key)}
        return found | {code: name for code, name in given.items() if code in found}

    def is_rtl(self, code: Any = None, *_: Any) -> bool:
        direction = self._info(text_of(code), "dir")
        return self._language(code).is_rtl if direction is None else direction == "rtl"

    def fallbacks(self, code: Any = None, mode: Any = None, *_: Any) -> dict[int, str]:
        check("getFallbacksFor", 1, code, "string")
        found = list(language(code).fallbacks) if codes.is_built_in(code) else []
        known = self._info(text_of(code), "fallbacks")
        if known is not None:  # which the API gives without the English that is behind all
            found = [*known, *([] if code == "en" or "en" in known else ["en"])]
        if mode == 1 and found[-1:] == ["en"]:
            found.pop()
        return one_based(found)

    def format_number(self, code: Any = None, number: Any = None, options: Any = None, *_: Any) -> str:
        known = self._language(code)
        check("formatNum", 1, number, "number")
        if math.isinf(number):
            raise LuaError("bad argument #1 to 'formatNum' (infinite)")
        if math.isnan(number):
            raise LuaError("bad argument #1 to 'formatNum' (NaN)")
        options = check_optional("formatNum", 2, options, "table", {})
        plain = isinstance(options, Mapping) and text_of(options.get("noCommafy")) not in ("", "0")
        return known.format_number(number_text(number), separators=not plain)

    def parse_number(self, code: Any = None, text: Any = None, *_: Any) -> str | None:
        known = self._language(code)
        if isinstance(text, (int, float)) and not isinstance(text, bool):
            text = number_text(text)
        return known.parse_number(text) if isinstance(text, str) else None

    def format_date(self, code: Any = None, form: Any = None, date: Any = None, local: Any = None, *_: Any) -> str:
        known = self._language(code)
        check("formatDate", 1, form, "string")
        date = check_optional("formatDate", 2, date, "string", "")
        local = check_optional("formatDate", 3, local, "boolean", False)
        zone = self.site.zone() if local else timezone.utc
        try:
            at = read_date(date, self.view.now, zone)
        except PackageMissing as missing:
            raise LuaError(str(missing)) from None
        except DateError:
            if self.view.release >= 43:
                raise LuaError(f"bad argument #2 to 'formatDate': invalid timestamp '{date}'") from None
            raise LuaError("bad argument #2 to 'formatDate' (not a valid timestamp)") from None
        if at.year < 0:
            raise LuaError("mw.language:formatDate() only supports years from 0")
        if at.year > 9999:
            raise LuaError("mw.language:formatDate() only supports years up to 9999")
        try:
            return format_date(known, form, at)
        except DateError as error:
            raise LuaError(str(error)) from None

    def format_duration(self, code: Any = None, seconds: Any = None, chosen: Any = None, *_: Any) -> str:
        known = self._language(code)
        check("formatDuration", 1, seconds, "number")
        chosen = check_optional("formatDuration", 2, chosen, "table", {})
        return durations.text(known, seconds, _texts(chosen))

    def duration_intervals(
        self, code: Any = None, seconds: Any = None, chosen: Any = None, *_: Any
    ) -> dict[str, float]:
        self._language(code)
        check("getDurationIntervals", 1, seconds, "number")
        chosen = check_optional("getDurationIntervals", 2, chosen, "table", {})
        return durations.intervals(seconds, _texts(chosen))

    def plural(self, code: Any = None, number: Any = None, *forms: Any) -> str:
        known = self._language(code)
        check("convertPlural", 1, number, "number")
        return known.plural(number_text(number), _texts(forms))

    def grammar(self, code: Any = None, word: Any = None, case: Any = None, *_: Any) -> str:
        known = self._language(code)
        check("convertGrammar", 1, word, "string")
        check("convertGrammar", 2, case, "string")
        return known.grammar(case, word)

    def gender(self, code: Any = None, name: Any = None, *forms: Any) -> str:
        known = self._language(code)
        check("gender", 1, name, "string")
        name = name.strip(PHP_SPACE)
        texts = _texts(forms)
        if len(texts) < 2:
            return "".join(texts)
        if name in ("male", "female"):
            return known.gender(name, texts)
        title = self.site.title(name)
        user = title.text if title is not None and title.namespace == USER else name
        return known.gender(self.site.genders.get(user, ""), texts)


def _texts(forms: Any) -> list[str]:
    """Texts that came one by one or in a table."""
    if isinstance(forms, tuple) and forms and isinstance(forms[0], (Mapping, list)):
        forms = forms[0]
    values = forms.values() if isinstance(forms, Mapping) else forms
    return [text_of(value) for value in values]
