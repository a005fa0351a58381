"""Language codes: which are valid, which MediaWiki knows, what languages are called."""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase

from luaproc.wiki.language.tables import autonyms

_BUILT_IN = re.compile("[a-z0-9-]{2,}")
_ALSO_VALID = re.compile("[^:/\\\\\0&<>'\"#\\[\\]{|}%\x01-\x1f\x7f]*")
MAX_LENGTH = 128


def is_built_in(code: str) -> bool:
    """Whether MediaWiki could have messages in a language of that code: small letters, digits, hyphens."""
    return _BUILT_IN.fullmatch(code) is not None


def is_valid(code: str) -> bool:
    """Whether a code may name a language at all: what could be a page's name and is safe in HTML."""
    return len(code) <= MAX_LENGTH and _ALSO_VALID.fullmatch(code) is not None


def is_known(code: str) -> bool:
    """Whether MediaWiki has a name for the language."""
    return is_built_in(code) and code in autonyms()


def is_supported(code: str) -> bool:
    """Whether MediaWiki has messages in the language."""
    return is_built_in(code) and autonyms().get(code, ("", False))[1]


def all_names(include: str) -> dict[str, str]:
    """Autonyms by code. include: `all`, `mwfile` for those with messages, `mw` for those that MediaWiki names."""
    return {code: name for code, (name, supported) in sorted(autonyms().items()) if include != "mwfile" or supported}


_OTHER_TAGS = {
    "als": "gsw", "bat-smg": "sgs", "be-x-old": "be-tarask", "fiu-vro": "vro", "roa-rup": "rup", "simple": "en-simple",
    "zh-classical": "lzh", "zh-min-nan": "nan", "zh-yue": "yue", "cbk-zam": "cbk", "crh-ro": "crh-Latn-RO",
    "de-formal": "de-x-formal", "eml": "egl", "en-rtl": "en-x-rtl", "es-formal": "es-x-formal",
    "hu-formal": "hu-x-formal",
    "map-bms": "jv-x-bms", "mo": "ro-Cyrl-MD", "nrm": "nrf", "nl-informal": "nl-x-informal",
    "roa-tara": "nap-x-tara", "sr-ec": "sr-Cyrl", "sr-el": "sr-Latn", "zh-cn": "zh-Hans-CN", "zh-sg": "zh-Hans-SG",
    "zh-my": "zh-Hans-MY", "zh-tw": "zh-Hant-TW", "zh-hk": "zh-Hant-HK", "zh-mo": "zh-Hant-MO",
}  # fmt: skip


_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)  # PHP knows no other letters here
_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
_FROM_TAGS = {tag.lower(): code for code, tag in _OTHER_TAGS.items()}


def from_bcp47(tag: str) -> str:
    """A code of MediaWiki's for a standard's tag."""
    return _FROM_TAGS.get(tag.lower(), tag.lower())


def bcp47(code: str) -> str:
    """The standard's tag for a code of MediaWiki's: `sr-ec` is sr-Cyrl; regions and scripts in their usual case."""
    if code.lower() in _OTHER_TAGS:
        return _OTHER_TAGS[code.lower()]
    parts = code.split("-")
    shown = []
    private = False
    for number, part in enumerate(parts):
        if private or (number > 0 and parts[number - 1].lower() == "x"):
            private = True
            shown.append(part.translate(_LOWER))
        elif number and len(part) == 2:
            shown.append(part.translate(_UPPER))
        elif number and len(part) == 4:
            shown.append(part[:1].translate(_UPPER) + part[1:].translate(_LOWER))
        else:
            shown.append(part.translate(_LOWER))
    return "-".join(shown)
