"""A wiki's configuration: what LocalSettings.php and the database tell PHP."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any

from luaproc.errors import NotReadError
from luaproc.install import files
from luaproc.wiki import titles
from luaproc.wiki.errors import NoSuchTitle, SiteError
from luaproc.wiki.language import codes
from luaproc.wiki.site_parts import Interwiki, Limits, Namespace, default_namespaces
from luaproc.wiki.site_values import member
from luaproc.wiki.siteinfo import from_api
from luaproc.wiki.special_pages import SHOWN
from luaproc.wiki.titles import Title

TITLE_CASE = 43
"""The release from which on a first letter gets the case of titles: ß becomes Ss, and not SS."""


_Key = tuple[str, int] | tuple[int, str]

MAX_REMEMBERED = 300
"""Characters of a text whose title is remembered: one with more is hardly a title."""


@lru_cache(16)
def _release(version: str) -> int:
    match = re.match(r"1\.(\d+)", version)
    return int(match[1]) if match else 39


@dataclass(eq=False)
class Site:
    """What a wiki is called, speaks and allows. Every member has a default: `Site()` is a wiki in English.

    `Site.load` reads JSON: what ``api.php?action=query&meta=siteinfo`` (or languageinfo) gave, or an object with the
    members of this class by their names.
    """

    name: str = "Wiki"
    server: str = "https://wiki.example"
    canonical_server: str = ""
    """With its protocol, as canonical URLs have it; "" for `server`, with https where that has none."""
    script_path: str = "/w"
    """The path of index.php's directory."""
    script: str = ""
    """The path of index.php; "" for the one in `script_path`."""
    article_path: str = "/wiki/$1"
    style_path: str = ""
    """"" for `skins` in `script_path`."""
    version: str = ""
    """MediaWiki's, as CURRENTVERSION shows it; "" for that of Scribunto's library."""
    wiki_id: str = "wiki"
    language: str = "en"
    """The content language's code."""
    timezone: str = "UTC"
    """An IANA name: what #timel and LOCAL… use."""
    main_page_text: str = "Main Page"
    fragment_mode: str = "html5"
    """Of anchors: html5 or legacy."""
    namespaces: dict[int, Namespace] = field(default_factory=dict)
    """By number; empty for English ones, with `name` as the project's."""
    interwiki: dict[str, Interwiki] = field(default_factory=dict)
    local_interwikis: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    statistics: dict[str, int] = field(default_factory=dict)
    """pages, articles, files, edits, users, activeUsers, admins; missing ones are counted or 0."""
    groups: dict[str, int] = field(default_factory=dict)
    """Users in each group."""
    genders: dict[str, str] = field(default_factory=dict)
    """Users' genders: male or female."""
    protection: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By page: levels by action, as ``{"Main Page": {"edit": ["sysop"]}}``."""
    cascading: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By page: ``{"sources": [pages], "restrictions": {action: [levels]}}``."""
    page_properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By page: contentmodel, language, id, revision, timestamp, user, categories."""
    categories: dict[str, dict[str, int]] = field(default_factory=dict)
    """By category: all, pages, subcats, files."""
    messages: dict[str, str] = field(default_factory=dict)
    """Texts of the interface in the content language, before MediaWiki's own and after pages ``MediaWiki:Key``."""
    magic_words: dict[str, list[str]] = field(default_factory=dict)
    """Local names by MediaWiki's key (``redirect``, ``if``, ``currentday``), as siteinfo's magicwords gives them."""
    extension_tags: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    """URL protocols (``https://``, ``mailto:``); empty for MediaWiki's."""
    language_info: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Languages by code, as languageinfo gives them."""
    language_names: dict[str, str] = field(default_factory=dict)
    """Autonyms by code, as siteinfo's languages gives them."""
    special_pages: tuple[str, ...] = ()
    """Names of special pages with underscores, as specialpagealiases gives them; empty for MediaWiki's."""
    stubs: dict[str, str] = field(default_factory=dict)
    """Pages whose text is replaced: titles and texts."""
    skips: dict[str, str] = field(default_factory=dict)
    """Tests that are not run, and why: ``{"Module:X/tests": "needs Wikibase"}``, or ``Module:X/tests testName``."""

    def __post_init__(self) -> None:
        self._has_own_namespaces = bool(self.namespaces)
        self._language_is_given = self.language != Site.language
        if not self.namespaces:
            self.namespaces = default_namespaces(self.name)
        self._titles: dict[_Key, Title | None] = {}
        self._special: set[str] = set()
        self._zone: tuple[str, tzinfo] | None = None
        self._number_names()

    def _number_names(self) -> None:
        self._numbers: dict[str, int] = {}
        for namespace in sorted(self.namespaces.values(), key=lambda item: item.id):
            for alias in namespace.aliases:
                self._numbers.setdefault(_key(alias), namespace.id)
        for namespace in self.namespaces.values():
            self._numbers[_key(namespace.canonical)] = namespace.id
        for namespace in self.namespaces.values():
            self._numbers[_key(namespace.name)] = namespace.id

    @classmethod
    def from_dict(cls, members: Mapping[str, Any], name: str = "site") -> Site:
        """A site of an object with the members of this class, or of what api.php gave.

        name: what errors call the object, a file's name say. Raises `SiteError` for a wrong member or value.
        """
        if not isinstance(members, Mapping):
            raise SiteError(f"{name}: expected an object with a site's members, got {type(members).__name__}")
        members = _own_members(members, name)
        known = {item.name: item for item in fields(cls)}
        for key in members:
            if key not in known:
                raise SiteError(f"{name}: unknown key {key!r}; known are {', '.join(known)}")
        try:
            site = cls(**{key: member(key, value) for key, value in members.items()})
            site._language_is_given = "language" in members
            site._name_pages()
            titles.required(site, site.main_page_text, "main_page_text: ")
        except (TypeError, ValueError, AttributeError, NoSuchTitle) as error:
            raise SiteError(f"{name}: {error}") from None
        if "timezone" in members:
            try:
                site.zone()
            except SiteError as error:
                raise SiteError(f"{name}: timezone: {error}") from None
        return site

    @classmethod
    def load(cls, *files: str | Path) -> Site:
        """A site of JSON files; a later one's members replace an earlier one's. Raises `SiteError`."""
        members: dict[str, Any] = {}
        for file in files:
            members |= read_members(file)
        return cls.from_dict(members, ", ".join(str(file) for file in files) or "site")

    def _name_pages(self) -> None:
        """Give what is kept by page, user or category the names that its titles have: `template:a_b` is Template:A b.

        Raises `NoSuchTitle`.
        """
        for kept in ("protection", "cascading", "page_properties", "stubs"):
            rows = getattr(self, kept).items()
            named = {titles.required(self, name, f"{kept}: ").prefixed_text: value for name, value in rows}
            setattr(self, kept, named)
        self.genders = {self._in(titles.USER, name): gender for name, gender in self.genders.items()}
        self.categories = {self._in(titles.CATEGORY, name): counts for name, counts in self.categories.items()}
        self.skips = {self._test(name): reason for name, reason in self.skips.items()}

    def _in(self, namespace: int, name: str) -> str:
        """The text of a page of that namespace, named with it or without."""
        title = self.title(name, namespace)
        return title.text if title is not None and title.namespace == namespace else name

    def _test(self, name: str) -> str:
        """A test's name behind its module's, as a title: both are written in many ways."""
        title = self.title(name)
        return name if title is None else title.prefixed_text

    def skip_of(self, title: Title, test: str = "") -> str | None:
        """Why a module's tests, or one of them, are not run; None for those that are."""
        return self.skips.get(self._test(f"{title.prefixed_text} {test}".rstrip()))

    def learn_wiki(self, name: str, tag: str) -> None:
        """Take over what a dump says of its wiki: its name, and the language by a tag of BCP 47. What was configured
        stays, and what the first dump said."""
        if name and self.name == Site.name:
            self.name = name
        code = tag.lower() if codes.is_known(tag.lower()) else codes.from_bcp47(tag)
        if codes.is_known(code) and self.language == Site.language and not self._language_is_given:
            self.language = code
            self._titles.clear()
        self._language_is_given = self._language_is_given or bool(tag)

    def learn_namespaces(self, found: Mapping[int, tuple[str, bool]]) -> None:
        """Take over what a dump says of its namespaces: (name, whether titles are capitalized) by number.

        Where the site's own were configured, only those that it lacks.
        """
        for number, (name, is_capitalized) in found.items():
            known = self.namespaces.get(number)
            if known is None:
                new = Namespace(number, name, name, has_subpages=True, is_capitalized=is_capitalized)
            elif self._has_own_namespaces or (known.name == name and known.is_capitalized == is_capitalized):
                continue
            else:
                new = replace(known, name=name, is_capitalized=is_capitalized)
            self.namespaces[number] = new
        self._titles.clear()
        self._number_names()
        self._name_pages()

    def namespace_number(self, name: str) -> int | None:
        """The number of a namespace by its local, canonical or alias name, in any case."""
        return self._numbers.get(_key(name))

    def is_capitalized(self, namespace: int) -> bool:
        """Whether titles of that namespace begin with a capital letter."""
        found = self.namespaces.get(namespace)
        return found is None or found.is_capitalized

    def first_upper(self, text: str) -> str:
        """The text with its first letter in upper case, by the content language's rules."""
        if not text:
            return text
        first = text[0]
        if first == "i" and self.language in ("tr", "az", "kaa", "kk-latn"):
            return "İ" + text[1:]
        if self.language == "nl" and text[:2].lower() == "ij" and text[0] in "iI":
            return "IJ" + text[2:]
        return (first.title() if self.release >= TITLE_CASE else first.upper()) + text[1:]

    @property
    def release(self) -> int:
        """The 43 of MediaWiki 1.43: what differs between releases is as this one has it; 39 without a version."""
        return _release(self.version)

    def is_interwiki(self, prefix: str) -> bool:
        """Whether a text before a colon leads to another wiki."""
        return prefix.lower() in self.interwiki or prefix.lower() in self.local_interwikis

    def is_special_page(self, text: str) -> bool:
        """Whether there is a special page of that name; what follows a slash is its argument."""
        if not self._special:
            self._special = {name.replace(" ", "_").lower() for name in self.special_pages or SHOWN}
        return text.partition("/")[0].replace(" ", "_").lower() in self._special

    def language_name(self, code: str, inside: str | None = None) -> str:
        """What the wiki says that a language is called, in itself or in the content language; "" if it said nothing."""
        known = self.language_info.get(code, {})
        translated = known.get("name") if inside == self.language else None
        return translated or self.language_names.get(code) or known.get("autonym") or ""

    def zone(self) -> tzinfo:
        """The time zone. Raises `SiteError` if `timezone` is none that this machine knows."""
        if self._zone is None or self._zone[0] != self.timezone:
            self._zone = self.timezone, _zone(self.timezone)
        return self._zone[1]

    @property
    def main_page(self) -> Title:
        """The page that the wiki begins with."""
        return self.title(self.main_page_text) or Title(self, titles.MAIN, "Main Page")

    def title(self, text: str, default_namespace: int = titles.MAIN) -> Title | None:
        """The page that a text names, or None: see `luaproc.wiki.titles.parse`. The last ones are remembered."""
        key = (text, default_namespace)
        if key in self._titles:
            return self._titles[key]
        return self._remember(key, text, titles.title(self, text, default_namespace))

    def make_title(self, namespace: int, text: str, fragment: str = "", interwiki: str = "") -> Title | None:
        """See `luaproc.wiki.titles.make`. The last ones are remembered."""
        if fragment or interwiki:
            return titles.make(self, namespace, text, fragment, interwiki)
        key = (namespace, text)
        if key in self._titles:
            return self._titles[key]
        return self._remember(key, text, titles.make(self, namespace, text))

    def _remember(self, key: _Key, text: str, found: Title | None) -> Title | None:
        if len(text) <= MAX_REMEMBERED:
            if len(self._titles) > 2000:
                self._titles.clear()
            self._titles[key] = found
        return found

    def content_model(self, title: Title) -> str:
        """The model that a page of that name has, as MediaWiki and Scribunto choose it."""
        properties = self.page_properties.get(title.prefixed_text, {})
        if "contentmodel" in properties:
            return str(properties["contentmodel"])
        text = title.text
        if title.namespace == titles.MODULE:
            if text.endswith(".json"):
                return "json"
            return "wikitext" if text.endswith("/doc") else "Scribunto"
        code = title.namespace == titles.MEDIAWIKI or (title.namespace == titles.USER and "/" in text)
        if code:
            for suffix, model in ((".css", "css"), (".js", "javascript"), (".json", "json")):
                if text.endswith(suffix):
                    return model
        namespace = self.namespaces.get(title.namespace)
        return (namespace.content_model if namespace is not None else None) or "wikitext"


def read_members(file: str | Path) -> dict[str, Any]:
    """The members of a JSON file; api.php's answers are read as `Site`'s members. Raises `SiteError`."""
    try:
        members = json.loads(files.read(file, files.TEXT))
    except NotReadError as error:
        raise SiteError(f"{file}: {error.reason}") from None
    except ValueError as error:
        raise SiteError(f"{file}: expected JSON: {error}") from None
    except RecursionError:
        raise SiteError(f"{file}: expected JSON of fewer levels") from None
    if not isinstance(members, dict):
        raise SiteError(f"{file}: expected an object, got {type(members).__name__}")
    return _own_members(members, str(file))


def _own_members(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The members of an object, which may be an answer of api.php's. Raises `SiteError`."""
    if "error" in members:
        info = members["error"]
        said = info.get("info") if isinstance(info, Mapping) else info
        raise SiteError(f"{name}: expected an answer of api.php, got its error: {said}")
    if "query" in members or "batchcomplete" in members:
        return from_api(members.get("query", {}), name)
    return dict(members)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        raise SiteError(
            f"expected a time zone's IANA name as Europe/Berlin, got {name!r}; where the machine has no time zones at "
            "all: pip install tzdata"
        ) from None


def _key(name: str) -> str:
    return name.replace(" ", "_").lower()


__all__ = ["TITLE_CASE", "Interwiki", "Limits", "Namespace", "Site", "default_namespaces", "read_members"]
