"""Titles of pages: what a text names, by MediaWiki's rules.

The rules are those that MediaWiki documents on its page "Help:Page name" and that its tests measure: entities are
decoded, runs of white space and underscores are one space, a prefix is a namespace or an interwiki, some characters
are illegal, 255 bytes are the most.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from html.entities import html5
from typing import TYPE_CHECKING

from luaproc.errors import visible
from luaproc.wiki.errors import NoSuchTitle

if TYPE_CHECKING:
    from luaproc.wiki.site import Site

MEDIA, SPECIAL, MAIN, TALK, USER, PROJECT, FILE, MEDIAWIKI, TEMPLATE, CATEGORY = -2, -1, 0, 1, 2, 4, 6, 8, 10, 14
MODULE = 828

MAX_BYTES = 255
MAX_SPECIAL_BYTES = 512

_BIDI = re.compile("[\u200e\u200f\u202a-\u202e]+")
_SPACES = re.compile("[ _\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_PREFIX = re.compile(r"(.+?)_*:_*(.*)", re.DOTALL)
_ILLEGAL = re.compile(
    r"[^ %!\"$&'()*,\-./0-9:;=?@A-Z\\^_`a-z~+\x80-\U0010ffff]"
    r"|[\ud800-\udfff]|%[0-9A-Fa-f]{2}|&[A-Za-z0-9\x80-\U0010ffff]+;|&#[0-9]+;|&#x[0-9A-Fa-f]+;"
)
_RELATIVE = re.compile(r"(?:^|/)\.\.?(?:/|$)")
_ENTITY = re.compile(r"&(?:#(\d+)|#[xX]([0-9A-Fa-f]+)|([A-Za-z0-9\x80-\U0010ffff]+));")
_HTML4_EXTRA = {"רלמ": "\u200f", "رلم": "\u200f"}


@dataclass(frozen=True, slots=True)
class Title:
    """A page's name, whether or not there is such a page.

    namespace: its number. text: without namespace and fragment, with spaces. fragment: what follows the ``#``.
    interwiki: the prefix in lower case; a title of another wiki has no namespace here.
    """

    site: Site = field(repr=False, compare=False, hash=False)
    namespace: int
    text: str
    fragment: str = field(default="", compare=False, hash=False)
    interwiki: str = ""

    @property
    def key(self) -> str:
        """The text with underscores: PHP's DB key."""
        return self.text.replace(" ", "_")

    @property
    def page_key(self) -> tuple[int, str]:
        """Namespace and text: what sources of pages keep the page under."""
        return self.namespace, self.text

    @property
    def namespace_text(self) -> str:
        """The namespace's local name with spaces; "" for the main one."""
        namespace = self.site.namespaces.get(self.namespace)
        return namespace.name if namespace is not None else ""

    @property
    def prefixed_text(self) -> str:
        """``Interwiki:Namespace:Text``, without the fragment."""
        prefix = f"{self.interwiki}:" if self.interwiki else ""
        if self.namespace != MAIN and not self.interwiki:
            prefix += f"{self.namespace_text}:"
        return prefix + self.text

    @property
    def prefixed_key(self) -> str:
        """`prefixed_text` with underscores."""
        return self.prefixed_text.replace(" ", "_")

    @property
    def full_text(self) -> str:
        """`prefixed_text` with the fragment."""
        return f"{self.prefixed_text}#{self.fragment}" if self.fragment else self.prefixed_text

    @property
    def is_talk(self) -> bool:
        """Whether the namespace is one of talk pages."""
        return self.namespace > MAIN and self.namespace % 2 == 1

    @property
    def can_have_talk(self) -> bool:
        """Whether this wiki has a place for a talk page of it."""
        return (
            self.namespace >= MAIN and not self.interwiki and self.namespace in self.site.namespaces and self.text != ""
        )

    @property
    def subject(self) -> Title:
        """The page that this talk page is about; a page that is no talk page itself."""
        return self.in_namespace(self.namespace - 1) if self.is_talk else self.in_namespace(self.namespace)

    @property
    def talk(self) -> Title | None:
        """The talk page; None for namespaces without one."""
        if not self.can_have_talk:
            return None
        return self.in_namespace(self.namespace if self.is_talk else self.namespace + 1)

    def in_namespace(self, namespace: int) -> Title:
        """The same text in another namespace, without the fragment."""
        return Title(self.site, namespace, self.text)

    @property
    def has_subpages(self) -> bool:
        """Whether a slash divides titles of this namespace."""
        namespace = self.site.namespaces.get(self.namespace)
        return namespace is not None and namespace.has_subpages

    @property
    def root_text(self) -> str:
        """The text before the first slash that does not stand at its beginning, where there are subpages."""
        if not self.has_subpages:
            return self.text
        leading = len(self.text) - len(self.text.lstrip("/"))
        if leading == len(self.text):
            return self.text[:-1] or self.text
        slash = self.text.find("/", leading)
        return self.text[:slash] if slash > 0 else self.text

    @property
    def base_text(self) -> str:
        """The text before the last slash, where there are subpages."""
        slash = self.text.rfind("/")
        return self.text[:slash] if self.has_subpages and slash > 0 else self.text

    @property
    def subpage_text(self) -> str:
        """The text after the last slash, where there are subpages."""
        slash = self.text.rfind("/")
        return self.text[slash + 1 :] if self.has_subpages and slash > 0 else self.text

    @property
    def content_model(self) -> str:
        """The model that a page of this name has by default: wikitext, Scribunto, json, css or javascript."""
        return self.site.content_model(self)

    def __str__(self) -> str:
        return self.full_text


class InvalidTitle(ValueError):
    """A text that names no page. `args[0]` is MediaWiki's key for the reason, such as title-invalid-characters."""


def parse(site: Site, text: str, default_namespace: int = MAIN) -> Title:
    """The title that wikitext names. Raises `InvalidTitle`.

    default_namespace: of a text without a prefix; a colon in front means the main namespace.
    """
    return _split(site, decode_entities(text), default_namespace)


def title(site: Site, text: str, default_namespace: int = MAIN) -> Title | None:
    """`parse`, or None for a text that names no page."""
    try:
        return parse(site, text, default_namespace)
    except InvalidTitle:
        return None


def required(site: Site, text: str, before: str = "") -> Title:
    """The page of this wiki that a person or a program names. before: what errors begin with.

    Raises `NoSuchTitle`, which says what is wrong with the text.
    """
    try:
        found = parse(site, text)
    except InvalidTitle as error:
        illegal = _ILLEGAL.search(_SPACES.sub("_", decode_entities(text)).partition("#")[0])
        if illegal and error.args[0] == "title-invalid-characters":
            reason = f"'{visible(illegal[0])}' stands in none"
        else:
            reason = _REASONS[error.args[0]]
    else:
        if not found.interwiki:
            return found
        reason = "it is another wiki's"
    shown = visible(text)
    raise NoSuchTitle(f"{before}expected a page's title, got '{shown[:60]}{'…' * (len(shown) > 60)}': {reason}")


_REASONS = {
    "title-invalid-utf8": "it is not UTF-8",
    "title-invalid-empty": "there is no name in it",
    "title-invalid-characters": "there are characters in it that stand in none",
    "title-invalid-relative": "'.' and '..' are no parts of one",
    "title-invalid-magic-tilde": "'~~~' stands in none",
    "title-invalid-too-long": f"it has more than {MAX_BYTES} bytes",
    "title-invalid-leading-colon": "it begins with a colon",
    "title-invalid-talk-namespace": "it is in a talk namespace, and names another namespace",
}


def of_url(site: Site, text: str) -> Title | None:
    """The page that a URL's decoded path names, or None; entities stay as they are, and are illegal."""
    try:
        return _split(site, text, MAIN)
    except InvalidTitle:
        return None


def make(site: Site, namespace: int, text: str, fragment: str = "", interwiki: str = "") -> Title | None:
    """The page of that text in that namespace (a number that the site has), or None; entities stay as they are.

    A text that begins with a namespace's name keeps it, unless the namespace is the main one.
    """
    known = site.namespaces.get(namespace)
    if known is None:
        return None
    name = f"{known.name}:{text}" if known.name else text
    if interwiki:
        name = f"{interwiki}:{name}"
    if fragment:
        name += f"#{fragment}"
    try:
        return _split(site, name, MAIN)
    except InvalidTitle:
        return None


def _split(site: Site, text: str, namespace: int) -> Title:
    key = _SPACES.sub("_", _BIDI.sub("", text)).strip("_")
    if "\ufffd" in key or any("\ud800" <= char <= "\udfff" for char in key):
        raise InvalidTitle("title-invalid-utf8")
    if key.startswith(":"):
        namespace = MAIN
        key = key[1:].strip("_")
    if not key:
        raise InvalidTitle("title-invalid-empty")
    namespace, interwiki, key = _prefixes(site, namespace, key)
    key, hash_mark, fragment = key.partition("#")
    if hash_mark:
        key = key.rstrip("_")
    _check(key, MAX_SPECIAL_BYTES if namespace == SPECIAL else MAX_BYTES)
    if not interwiki:
        if site.is_capitalized(namespace):
            key = site.first_upper(key)
        if not key and namespace != MAIN:
            raise InvalidTitle("title-invalid-empty")
    if key.startswith(":"):
        raise InvalidTitle("title-invalid-leading-colon")
    return Title(site, namespace, key.replace("_", " "), fragment.replace("_", " "), interwiki)


def _prefixes(site: Site, namespace: int, key: str) -> tuple[int, str, str]:
    """(namespace, interwiki, what is left) of a key that may begin with prefixes."""
    while match := _PREFIX.fullmatch(key):
        prefix, rest = match.groups()
        number = site.namespace_number(prefix)
        if number is not None:
            if number == TALK and (inner := _PREFIX.fullmatch(rest)):
                found = site.namespace_number(inner[1])
                if found or (found is None and site.is_interwiki(inner[1])):
                    raise InvalidTitle("title-invalid-talk-namespace")
            return number, "", rest
        if not site.is_interwiki(prefix):
            break
        interwiki = prefix.lower()
        if interwiki in site.local_interwikis:
            if not rest:
                main = site.main_page
                return main.namespace, main.interwiki, main.key
            key = rest
            continue
        if rest.startswith(":"):
            namespace, rest = MAIN, rest[1:].strip("_")
        return namespace, interwiki, rest
    return namespace, "", key


def _check(key: str, most: int) -> None:
    if _ILLEGAL.search(key):
        raise InvalidTitle("title-invalid-characters")
    if "." in key and _RELATIVE.search(key):
        raise InvalidTitle("title-invalid-relative")
    if "~~~" in key:
        raise InvalidTitle("title-invalid-magic-tilde")
    if len(key.encode("utf-8", "surrogateescape")) > most:
        raise InvalidTitle("title-invalid-too-long")


def decode_entities(text: str) -> str:
    """Character references as characters, in NFC if there were any: what MediaWiki does to a title's text."""
    if "&" not in text:
        return text
    decoded = _ENTITY.sub(_character, text)
    return unicodedata.normalize("NFC", decoded) if decoded != text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name is not None:
        return _HTML4_EXTRA.get(name) or html5.get(f"{name};", match[0])
    point = int(decimal) if decimal else int(hexadecimal, 16)
    valid = (
        point in (0x09, 0x0A, 0x0D)
        or 0x20 <= point <= 0xD7FF
        or 0xE000 <= point <= 0xFFFD
        or 0x10000 <= point <= 0x10FFFF
    )
    return chr(point) if valid else "\ufffd"
