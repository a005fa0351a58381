"""Grammatical cases of languages whose rules a MediaWiki's folder does not have as data: endings and words, in the
order in which they are tried; MediaWiki 1.39 and 1.43 were the judges (`tests/wiki/language/test_inflection.py`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_LATIN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "genitive": (
        ("u[ms]$", "i"), ("ommunia$", "ommunium"), ("a$", "ae"), ("libri$", "librorum"), ("nuntii$", "nuntiorum"),
        ("datae$", "datorum"), ("tio$", "tionis"), ("ns$", "ntis"), ("as$", "atis"), ("es$", "ei"),
    ),
    "accusative": (
        ("u[ms]$", "um"), ("a$", "am"), ("ommuniam$", "ommunia"), ("libri$", "libros"), ("nuntii$", "nuntios"),
        ("datam$", "data"), ("tio$", "tionem"), ("ns$", "ntem"), ("as$", "atem"), ("es$", "em"),
    ),
    "ablative": (
        ("u[ms]$", "o"), ("ommunia$", "ommunibus"), ("a$", "a"), ("libri$", "libris"), ("nuntii$", "nuntiis"),
        ("data$", "datis"), ("tio$", "tione"), ("ns$", "nte"), ("as$", "ate"), ("es$", "e"),
    ),
}  # fmt: skip
"""Of declension by declension, singular first: each ending is looked for in what the ones before it made."""

_BEFORE: Mapping[str, Mapping[str, str]] = {
    "bs": {"instrumental": "s ", "lokativ": "o "},
    "dsb": {"instrumental": "wo z ", "lokatiw": "wo "},
    "hsb": {"instrumental": "z ", "lokatiw": "wo "},
    "sl": {"mestnik": "o ", "orodnik": "z "},
}
"""Prepositions by case."""

_IRISH_DAYS = {
    "an Domhnach": "Dé Domhnaigh", "an Luan": "Dé Luain", "an Mháirt": "Dé Mháirt", "an Chéadaoin": "Dé Chéadaoin",
    "an Déardaoin": "Déardaoin", "an Aoine": "Dé hAoine", "an Satharn": "Dé Sathairn",
}  # fmt: skip
_HUNGARIAN = {"rol": "ról", "ba": "ba", "k": "k"}
_ARMENIAN = (("ա", "այի"), ("ո", "ոյի"), ("գիրք", "գրքի"), ("", "ի"))
_FINNISH = {"elative": "sta stä", "partitive": "a ä", "inessive": "ssa ssä"}


def _latin(case: str, word: str) -> str:
    for pattern, ending in _LATIN.get(case, ()):
        word = re.sub(pattern, ending, word)
    return word


def _hungarian(case: str, word: str) -> str:
    return word + _HUNGARIAN[case] if case in _HUNGARIAN else ""


def _irish(case: str, word: str) -> str:
    return _IRISH_DAYS.get(word, word) if case == "ainmlae" else word


def _armenian(case: str, word: str) -> str:
    if case != "genitive" or re.search("[a-zA-Z_]", word):
        return word
    ending, other = next(pair for pair in _ARMENIAN if word.endswith(pair[0]))
    return word.removesuffix(ending) + other


def _finnish(case: str, word: str) -> str:
    """A vowel in the back of the mouth asks for another one, but in front of one in its front; PHP looks at bytes."""
    data = word.encode("utf-8", "surrogateescape")
    back = re.search(b"[aou][^\xc3\xa4\xb6y]*$", data, re.IGNORECASE) and not re.search(b"wiki$", data, re.IGNORECASE)
    if re.search("[bcdfghjklmnpqrstvwxz]$", word, re.IGNORECASE | re.ASCII):
        word += "i"
    if case == "genitive":
        return word + "n"
    if case == "illative":
        return word + word[-1:] + "n"
    endings = _FINNISH.get(case)
    return word if endings is None else word + endings.split()[0 if back else 1]


_OSSETIC = {
    "genitive": "ы", "dative": "æн", "ablative": "æй", "superessive": "ыл", "equative": "ау", "comitative": "имæ",
}  # fmt: skip


def _ossetic(case: str, word: str) -> str:
    """Between two vowels comes a й; a word that is not written in Ossetic's letters has a hyphen before its ending."""
    between = hyphen = ""
    allative = "мæ"
    if word.endswith("тæ"):  # a plural
        word, allative = word[:-1], "æм"
    elif re.search("[аæеёиоыэюя]$", word):
        between = "й"
    elif word.endswith("у"):  # a vowel, but behind another one
        between = "" if re.search("[аæеёиоыэюя]$", word[-2:-1]) else "й"
    elif not re.search("[бвгджзйклмнопрстфхцчшщьъ]$", word):
        hyphen = "-"
    if case == "allative":
        return word + hyphen + allative
    ending = _OSSETIC.get(case)
    if ending is None:
        return word
    if case == "ablative" and between:
        ending = "æ"
    return word + hyphen + ("" if case == "comitative" else between) + ending


_RULES: Mapping[str, Callable[[str, str], str]] = {
    "fi": _finnish, "ga": _irish, "hu": _hungarian, "hy": _armenian, "la": _latin, "os": _ossetic,
    **{
        code: lambda case, word, before=before: before.get(case, "") + word  # type: ignore[misc]
        for code, before in _BEFORE.items()
    },
}  # fmt: skip


def rule(code: str) -> Callable[[str, str], str] | None:
    """What changes a word of a language, called with case and word; None for a language without such rules."""
    return _RULES.get(code)
