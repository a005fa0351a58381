"""Texts of the interface by key: pages of the wiki first, then the site's, a MediaWiki's folder, our own few."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from luaproc.wiki.language import language as language_of
from luaproc.wiki.language.tables import decode_spaces, fallbacks
from luaproc.wiki.pages import Pages
from luaproc.wiki.titles import MEDIAWIKI, Title

BUILT_IN: Mapping[str, str] = {
    "scribunto-line": "at line $1",
    "scribunto-module-line": "in $1 at line $2",
    "scribunto-console-current-src": "console input",
    "scribunto-common-error-category": "Pages with script errors",
    "scribunto-common-nosuchmodule": 'Script error: No such module "$2".',
    "scribunto-common-nofunction": "Script error: You must specify a function to call.",
    "scribunto-common-nosuchfunction": 'Script error: The function "$2" does not exist.',
    "scribunto-common-notafunction": 'Script error: "$2" is not a function.',
    "scribunto-common-timeout": "The time allocated for running scripts has expired.",
    "scribunto-lua-error-location": "Lua error $1: $2.",
    "scribunto-lua-error": "Lua error: $2.",
    "scribunto-lua-notarrayreturn": (
        "Script error: The module returned a $2 value. It is supposed to return an export table."
    ),
    "scribunto-lua-warning": "Script warning: $1",
    "scribunto-luastandalone-decode-error": "Lua error: Internal error: Unable to decode message.",
    "scribunto-luastandalone-read-error": "Lua error: Internal error: Error reading from pipe.",
    "scribunto-luastandalone-signal": ('Lua error: Internal error: The interpreter has terminated with signal "$2".'),
    "scribunto-luastandalone-exited": "Lua error: Internal error: The interpreter exited with status $2.",
    "parser-template-loop-warning": "Template loop detected: [[$1]]",
    "parser-template-recursion-depth-warning": "Template recursion depth limit exceeded ($1)",
    "parser-unstrip-loop-warning": "Unstrip loop detected",
    "unstrip-size-category": "Pages where the unstrip size limit is exceeded",
    "unstrip-size-warning": "Unstrip size limit exceeded ($1)",
    "unstrip-depth-category": "Pages where the unstrip depth limit is exceeded",
    "unstrip-depth-warning": "Unstrip depth limit exceeded ($1)",
    "template-loop-category": "Pages with template loops",
    "template-loop-warning": "[[:$1]] includes itself.",
    "duplicate-args-category": "Pages using duplicate arguments in template calls",
    "duplicate-args-warning": '[[:$1]] gives [[:$2]] the argument "$3" more than once; the last one counts.',
    "expensive-parserfunction-category": "Pages with too many expensive parser function calls",
    "expensive-parserfunction-warning": "More than $2 calls of expensive parser functions.",
    "expansion-depth-exceeded-category": "Pages where expansion depth is exceeded",
    "expansion-depth-exceeded-warning": "The page is nested more than $2 levels deep.",
    "node-count-exceeded-category": "Pages where node count is exceeded",
    "node-count-exceeded-warning": "The page has more than $2 nodes.",
    "post-expand-template-inclusion-category": "Pages where template include size is exceeded",
    "post-expand-template-inclusion-warning": "Templates are too large; some were left out.",
    "post-expand-template-argument-category": "Pages containing omitted template arguments",
    "post-expand-template-argument-warning": "Arguments of templates are too large; some were left out.",
    "nonnumeric-formatnum": "Pages with non-numeric formatnum arguments",
    "restricted-displaytitle": 'The title "$1" does not count: it is another than that of the page.',
    "restricted-displaytitle-ignored": "Pages with ignored display titles",
    "duplicate-displaytitle": '<strong>Warning:</strong> Display title "$2" overrides earlier display title "$1".',
    "duplicate-defaultsort": (
        '<strong>Warning:</strong> Default sort key "$2" overrides earlier default sort key "$1".'
    ),
    "pfunc_time_error": "Error: Invalid time.",
    "pfunc_time_too_long": "Error: Too many #time calls.",
    "pfunc_time_too_big": "Error: #time only supports years up to 9999.",
    "pfunc_time_too_small": "Error: #time only supports years from 0.",
    "pfunc_rel2abs_invalid_depth": ('Error: Invalid depth in path: "$1" (tried to access a node above the root node).'),
    "pfunc_expr_stack_exhausted": "Expression error: Stack exhausted.",
    "pfunc_expr_unexpected_number": "Expression error: Unexpected number.",
    "pfunc_expr_unrecognised_word": 'Expression error: Unrecognized word "$1".',
    "pfunc_expr_unexpected_operator": "Expression error: Unexpected $1 operator.",
    "pfunc_expr_missing_operand": "Expression error: Missing operand for $1.",
    "pfunc_expr_unexpected_closing_bracket": "Expression error: Unexpected closing bracket.",
    "pfunc_expr_unrecognised_punctuation": 'Expression error: Unrecognized punctuation character "$1".',
    "pfunc_expr_unclosed_bracket": "Expression error: Unclosed bracket.",
    "pfunc_expr_division_by_zero": "Division by zero.",
    "pfunc_expr_invalid_argument": "Invalid argument for $1: < -1 or > 1.",
    "pfunc_expr_invalid_argument_ln": "Invalid argument for ln: <= 0.",
    "pfunc_expr_not_a_number": "In $1: Result is not a number.",
    "pfunc_string_too_long": "Error: String exceeds $1 character limit.",
    "comma-separator": ",&#32;",
    "word-separator": "&#32;",
    "and": "&#32;and",
    "ellipsis": "…",
    "blanknamespace": "(Main)",
    "mainpage": "Main Page",
}
"""What every page can need, in English, where there is no MediaWiki's folder to ask."""

_FOLDERS = ("languages/i18n", "extensions/Scribunto/i18n", "extensions/ParserFunctions/i18n", "extensions/Cite/i18n")
_PLURAL = re.compile(r"\{\{PLURAL:([0-9]+)\|([^{}]*)\}\}")
_PARAMETER = re.compile(r"\$(\d+)")


class Messages:
    """mediawiki: the directory of a MediaWiki, whose i18n files are read when they are asked for."""

    def __init__(self, pages: Pages, mediawiki: Path | None = None) -> None:
        self._pages = pages
        self._site = pages.site
        self._mediawiki = mediawiki
        self._files: dict[str, dict[str, str]] = {}

    def find(self, key: str, language: str | None = None, use_pages: bool = True) -> str | None:
        """The text of a message as it is written; None if there is none in the language or its fallbacks.

        Spaces that are written as entities are spaces. language: a code, the content language's by default; `qqx`
        shows the key.
        """
        code = language or self._site.language
        name = key[:1].lower() + key[1:]
        if code == "qqx":
            return f"({name}$*)"
        for step in (code, *self._fallbacks(code)):
            text = self._one(name, step, use_pages)
            if text is not None:
                return decode_spaces(text)
        return None

    def _one(self, key: str, code: str, use_pages: bool) -> str | None:
        content = code == self._site.language
        if use_pages:
            name = key[:1].upper() + key[1:]
            text = self._pages.text(Title(self._site, MEDIAWIKI, name if content else f"{name}/{code}"))
            if text is not None:
                return text
            if content and key in self._site.messages:
                return self._site.messages[key]
        return self._file(code).get(key) if self._mediawiki is not None else self._own(code, key)

    def _own(self, code: str, key: str) -> str | None:
        return BUILT_IN.get(key) if code == "en" else None

    def _file(self, code: str) -> dict[str, str]:
        if code not in self._files:
            found: dict[str, str] = dict(BUILT_IN) if code == "en" else {}
            assert self._mediawiki is not None
            if re.fullmatch("[a-z0-9-]+", code):
                for folder in _FOLDERS:
                    found |= _read(self._mediawiki / folder / f"{code}.json")
            self._files[code] = found
        return self._files[code]

    def _fallbacks(self, code: str) -> Sequence[str]:
        known = self._site.language_info.get(code, {}).get("fallbacks")
        if known is not None:
            return [*known, *([] if "en" in known or code == "en" else ["en"])]
        return fallbacks(code)

    def text(self, key: str, *parameters: str, language: str | None = None) -> str:
        """A message with its parameters, entities decoded and plural forms chosen; ⧼key⧽ for an unknown one."""
        found = self.find(key, language)
        if found is None:
            return f"⧼{key}⧽"
        found = substitute(found, parameters)
        if "{{PLURAL:" in found:
            words = language_of(language or self._site.language, self._mediawiki)
            found = _PLURAL.sub(lambda match: words.plural(match[1], match[2].split("|")), found)
        return found

    def failure(self, key: str, where: str, *parameters: str) -> str:
        """A message of Scribunto's: its first parameter is always the place."""
        return self.text(key, where, *parameters)


def substitute(text: str, parameters: Sequence[str]) -> str:
    """$1, $2 … replaced; those without a parameter stay. $10 is the tenth, or the first one and a zero."""

    def value(match: re.Match[str]) -> str:
        digits = match[1]
        for length in range(len(digits), 0, -1):
            number = digits[:length]
            if number[0] != "0" and int(number) <= len(parameters):
                return parameters[int(number) - 1] + digits[length:]
        return match[0]

    shown = _PARAMETER.sub(value, text)
    return shown.replace("$*", f": {', '.join(parameters)}" if parameters else "") if "$*" in text else shown


def _read(path: Path) -> dict[str, str]:
    try:
        members: Any = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: text for name, text in members.items() if isinstance(text, str) and not name.startswith("@")}
