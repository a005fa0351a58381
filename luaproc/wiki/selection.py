"""Which tests are run: patterns of titles, and expressions over names as pytest's ``-k`` has them."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from luaproc.wiki.errors import WikiError
from luaproc.wiki.titles import MODULE, Title
from luaproc.wiki.wiki import Wiki

_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")

USUAL_NAMES = ("testcases", "tests")
"""Last parts of test modules' titles in wikis of every language."""

_LOCAL_NAMES: dict[str, tuple[str, ...]] = {
    "ar": ("مختبر",),
    "cs": ("testy",),
    "de": ("test",),
    "es": ("casos de prueba", "pruebas"),
    "fi": ("testit",),
    "fr": ("test",),
    "he": ("בדיקות",),
    "it": ("test",),
    "nb": ("tester",),
    "nl": ("test",),
    "no": ("tester",),
    "pl": ("test", "testy"),
    "pt": ("exemplos para testes",),
    "ru": ("тесты",),
    "sv": ("testfall",),
    "uk": ("тести",),
    "vi": ("kiểm thử",),
}
"""Further ones by the content language, as the Wikipedias in it call them; Japanese and Chinese ones have the English
names. Variants, as de-formal, are as their language."""

Chosen = Callable[[str], bool]
"""Whether a test is run, by its module's title and its name with a space between them."""


class BadExpression(WikiError):
    """What was given as ``-k`` is no expression."""

    exit_status = 2


def usual_names(language: str) -> tuple[str, ...]:
    """What a wiki in that language calls its test modules."""
    return *USUAL_NAMES, *_LOCAL_NAMES.get(language.partition("-")[0], ())


def discover(wiki: Wiki, names: Sequence[str] = (), patterns: Iterable[str] = ()) -> list[Title]:
    """The test modules: those whose title's last part is one of `names`, in any case and script.

    names: words, also with ``*`` and ``?``; without any the usual ones of the wiki's language. patterns: with some,
    only titles that one of them matches (``*`` and ``?``), or that it is a part of.
    """
    wanted = [_folded(name) for name in names or usual_names(wiki.site.language)]
    patterns = list(patterns)
    return [
        title
        for title in sorted(wiki.pages.titles(MODULE), key=lambda title: title.prefixed_text)
        if any(fnmatch.fnmatchcase(_folded(title.text.rpartition("/")[2]), name) for name in wanted)
        and (not patterns or any(_matches(title, pattern) for pattern in patterns))
    ]


def expression(text: str) -> Chosen:
    """What ``-k`` says: words that a test's name has in it (in any case), ``and``, ``or``, ``not`` and parentheses.

    A text that is empty chooses every test. Raises `BadExpression`.
    """
    tokens = _TOKEN.findall(text)
    if not tokens:
        return lambda name: True
    chosen, rest = _disjunction(text, tokens)
    if rest:
        raise _bad(text, f"'and' or 'or' before {rest[0]!r}")
    return lambda name: chosen(_folded(name))


def _disjunction(text: str, tokens: list[str]) -> tuple[Chosen, list[str]]:
    return _chain("or", any, _conjunction, text, tokens)


def _conjunction(text: str, tokens: list[str]) -> tuple[Chosen, list[str]]:
    return _chain("and", all, _operand, text, tokens)


def _chain(
    word: str,
    join: Callable[[Iterable[bool]], bool],
    operand: Callable[[str, list[str]], tuple[Chosen, list[str]]],
    text: str,
    tokens: list[str],
) -> tuple[Chosen, list[str]]:
    """Operands with `word` between them, and the tokens behind the last one."""
    left, tokens = operand(text, tokens)
    while tokens[:1] == [word]:
        right, tokens = operand(text, tokens[1:])
        left = _joined(join, left, right)
    return left, tokens


def _operand(text: str, tokens: list[str]) -> tuple[Chosen, list[str]]:
    negated = False
    while tokens[:1] == ["not"]:
        negated, tokens = not negated, tokens[1:]
    if not tokens or tokens[0] in (")", "and", "or"):
        raise _bad(text, f"a word before {tokens[0]!r}" if tokens else "a word at the end")
    if tokens[0] == "(":
        chosen, tokens = _disjunction(text, tokens[1:])
        if tokens[:1] != [")"]:
            raise _bad(text, "a closing parenthesis")
        tokens = tokens[1:]
    else:
        word, tokens = _folded(tokens[0]), tokens[1:]

        def chosen(name: str) -> bool:
            return word in name

    return (lambda name: not chosen(name)) if negated else chosen, tokens


def _joined(join: Callable[[Iterable[bool]], bool], *parts: Chosen) -> Chosen:
    return lambda name: join(part(name) for part in parts)


def _bad(text: str, expected: str) -> BadExpression:
    return BadExpression(f"-k {text!r}: expected {expected}; as in: -k 'greeting and not (slow or data)'")


def _matches(title: Title, pattern: str) -> bool:
    names, pattern = (_folded(title.text), _folded(title.prefixed_text)), _folded(pattern)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names) or pattern in names[1]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
