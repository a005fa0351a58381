"""A wiki's configuration: what LocalSettings.php and the database tell PHP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any

from luaproc.errors import NotReadError
from luaproc.install import files
from luaproc.wiki import titles
from luaproc.wiki.errors import NoSuchTitle, SiteError
from luaproc.wiki.siteinfo import from_api
from luaproc.wiki.special_pages import SHOWN
from luaproc.wiki.titles import Title


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace. name, canonical: with spaces, "" for the main one."""

    id: int
    name: str
    canonical: str
    aliases: tuple[str, ...] = ()
    has_subpages: bool = False
    is_capitalized: bool = True
    is_content: bool = False
    is_includable: bool = True
    is_movable: bool = True
    content_model: str | None = None
    """What its pages have unless their names say otherwise; None is wikitext."""

    @property
    def has_gender(self) -> bool:
        """Whether its name depends on a user's gender in some language."""
        return self.id in (titles.USER, titles.USER + 1)


@dataclass(frozen=True, slots=True)
class Interwiki:
    """A prefix that leads to another wiki. url: with ``$1`` where the page's name goes."""

    prefix: str
    url: str
    is_local: bool = False
    is_transcludable: bool = False
    is_extra_language_link: bool = False
    display_text: str | None = None
    tooltip: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a page may use: the defaults of MediaWiki 1.39 and of Scribunto's LuaStandalone."""

    expensive: int = 100
    """Calls of expensive functions a page."""
    depth: int = 100
    """Templates inside templates, and nodes inside nodes."""
    nodes: int = 1_000_000
    """Nodes that the preprocessor may visit."""
    bytes: int = 2_097_152
    """Bytes of a page, of included text and of arguments."""
    lua_seconds: int = 7
    """Seconds of CPU time that Lua has for a page."""
    lua_bytes: int = 52_428_800
    """Bytes of virtual memory of Lua's process."""
    string_bytes: int = 2_097_152
    """Bytes of mw.ustring's longest string."""
    pattern_bytes: int = 10_000
    """Bytes of mw.ustring's longest pattern."""


def _namespace(number: int, name: str, canonical: str = "", **settings: Any) -> Namespace:
    return Namespace(number, name, canonical or name, **settings)


def default_namespaces(project: str) -> dict[int, Namespace]:
    """Those of an English MediaWiki with Scribunto. project: the name of namespace 4."""
    found = [
        _namespace(-2, "Media", is_movable=False),
        _namespace(-1, "Special", is_movable=False),
        _namespace(0, "", is_content=True, has_subpages=False),
        _namespace(1, "Talk", has_subpages=True),
        _namespace(2, "User", has_subpages=True),
        _namespace(3, "User talk", has_subpages=True),
        _namespace(4, project, "Project", has_subpages=True),
        _namespace(5, f"{project} talk", "Project talk", has_subpages=True),
        _namespace(6, "File", aliases=("Image",)),
        _namespace(7, "File talk", aliases=("Image talk",), has_subpages=True),
        _namespace(8, "MediaWiki", has_subpages=True),
        _namespace(9, "MediaWiki talk", has_subpages=True),
        _namespace(10, "Template", has_subpages=True),
        _namespace(11, "Template talk", has_subpages=True),
        _namespace(12, "Help", has_subpages=True),
        _namespace(13, "Help talk", has_subpages=True),
        _namespace(14, "Category", is_movable=True),
        _namespace(15, "Category talk", has_subpages=True),
        _namespace(828, "Module", has_subpages=True),
        _namespace(829, "Module talk", has_subpages=True),
    ]
    return {namespace.id: namespace for namespace in found}


TITLE_CASE = 43
"""The release from which on a first letter gets the case of titles: ß becomes Ss, and not SS."""


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
    fallback8bit: str = "windows-1252"
    namespaces: dict[int, Namespace] = field(default_factory=dict)
    """By number; empty for English ones, with `name` as the project's."""
    interwiki: dict[str, Interwiki] = field(default_factory=dict)
    local_interwikis: tuple[str, ...] = ()
    limits: Limits = Limits()
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
    case_sensitive_words: set[str] = field(default_factory=set)
    """Keys of `magic_words` that are case-sensitive."""
    variables: tuple[str, ...] = ()
    function_hooks: tuple[str, ...] = ()
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
        if not self.namespaces:
            self.namespaces = default_namespaces(self.name)
        self._titles: dict[tuple[str, int], Title | None] = {}
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
        members = dict(members)
        if "query" in members or "batchcomplete" in members:
            members = from_api(members.get("query", {}), name)
        known = {item.name: item for item in fields(cls)}
        for key in members:
            if key not in known:
                raise SiteError(f"{name}: unknown key {key!r}; known are {', '.join(known)}")
        try:
            site = cls(**{key: _member(key, value) for key, value in members.items()})
            for title in site.stubs:
                titles.required(site, title, "stubs: ")
            return site
        except (TypeError, ValueError, AttributeError, NoSuchTitle) as error:
            raise SiteError(f"{name}: {error}") from None

    @classmethod
    def load(cls, *files: str | Path) -> Site:
        """A site of JSON files; a later one's members replace an earlier one's. Raises `SiteError`."""
        members: dict[str, Any] = {}
        for file in files:
            members |= read_members(file)
        return cls.from_dict(members, ", ".join(str(file) for file in files) or "site")

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
        if len(text) > MAX_REMEMBERED:
            return titles.title(self, text, default_namespace)
        key = (text, default_namespace)
        if key in self._titles:
            return self._titles[key]
        found = titles.title(self, text, default_namespace)
        if len(self._titles) > 2000:
            self._titles.clear()
        self._titles[key] = found
        return found

    def make_title(self, namespace: int, text: str, fragment: str = "", interwiki: str = "") -> Title | None:
        """See `luaproc.wiki.titles.make`."""
        return titles.make(self, namespace, text, fragment, interwiki)

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
    if "query" in members or "batchcomplete" in members:
        return from_api(members.get("query", {}), str(file))
    return members


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


def _member(key: str, value: Any) -> Any:
    """A member as JSON has it, as the class has it."""
    if key == "namespaces" and isinstance(value, Mapping):
        return {int(number): _record(Namespace, item, f"namespaces.{number}") for number, item in value.items()}
    if key == "interwiki" and isinstance(value, Mapping):
        return {
            prefix.lower(): _record(
                Interwiki, {"url": item} if isinstance(item, str) else item, f"interwiki.{prefix}", prefix=prefix
            )
            for prefix, item in value.items()
        }
    if key == "limits" and isinstance(value, Mapping):
        for name, most in value.items():
            if isinstance(most, bool) or not isinstance(most, int) or not 0 < most < 2**63:
                raise ValueError(f"limits.{name}: expected a whole number above 0, got {most!r:.40}")
        return _record(Limits, value, "limits")
    if key in _TUPLES:
        return tuple(_strings(key, value))
    if key == "case_sensitive_words":
        return set(_strings(key, value))
    expected = _EXPECTED.get(key, dict)
    if not isinstance(value, expected):
        raise ValueError(f"{key}: expected {_WORDS[expected]}, got {value!r:.40}")
    if key in _SHAPES:
        _must_have_shape(key, value, _SHAPES[key])
    return value


_ANY = {"*": object}
_SHAPES: dict[str, Any] = {
    **{key: {"*": str} for key in ("genders", "messages", "language_names", "stubs", "skips")},
    **{key: {"*": int} for key in ("statistics", "groups")},
    **{key: {"*": _ANY} for key in ("page_properties", "language_info")},
    "protection": {"*": {"*": [str]}},
    "cascading": {"*": {"sources": [str], "restrictions": {"*": [str]}}},
    "categories": {"*": {"*": int}},
    "magic_words": {"*": [str]},
}
"""What members hold: a type, a list of it, or an object by keys, where `*` is any."""


def _must_have_shape(where: str, value: Any, shape: Any) -> None:
    """Raises ValueError, with the place, for a value that is not so."""
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            raise ValueError(f"{where}: expected an object, got {value!r:.40}")
        for key, item in value.items():
            if key not in shape and "*" not in shape:
                raise ValueError(f"{where}: unknown key {key!r}; known are {', '.join(shape)}")
            _must_have_shape(f"{where}.{key}", item, shape.get(key, shape.get("*")))
    elif isinstance(shape, list):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, shape[0]) for item in value):
            raise ValueError(f"{where}: expected a list of texts, got {value!r:.40}")
    elif not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
        raise ValueError(f"{where}: expected {_WORDS[shape]}, got {value!r:.40}")


_FIELDS: dict[Any, tuple[Any, str]] = {
    "str": (str, "a text"),
    "bool": (bool, "true or false"),
    "int": (int, "a whole number"),
    "str | None": ((str, type(None)), "a text"),
    "tuple[str, ...]": ([str], "a list of texts"),
}
"""Types of the members of Namespace, Interwiki and Limits, as they are annotated."""


_TUPLES = {"local_interwikis", "variables", "function_hooks", "extension_tags", "protocols", "special_pages"}
_EXPECTED: dict[str, type] = dict.fromkeys(
    (
        *("name", "server", "canonical_server", "script_path", "script", "article_path", "style_path", "version"),
        *("wiki_id", "language"),
        *("timezone", "main_page_text", "fragment_mode", "fallback8bit"),
    ),
    str,
) | {"limits": Limits}
_WORDS: dict[type, str] = {str: "a text", dict: "an object", Limits: "an object", int: "a whole number"}


def _strings(key: str, value: Any) -> Iterable[str]:
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{key}: expected a list of texts, got {value!r:.40}")
    return list(value)


def _record(kind: type, value: Any, where: str, **more: Any) -> Any:
    if isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: expected an object, got {value!r:.40}")
    members = dict(value)
    if kind is Namespace:
        more["id"] = int(where.rpartition(".")[2])
        members.setdefault("name", "")
        members.setdefault("canonical", members["name"])
    known = {item.name: item.type for item in fields(kind)}
    for key, item in members.items():
        if key not in known:
            raise ValueError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(known))}")
        expected, words = _FIELDS[known[key]]
        if isinstance(expected, list):
            _must_have_shape(f"{where}.{key}", item, expected)
            members[key] = tuple(item)
        elif not isinstance(item, expected):
            raise ValueError(f"{where}.{key}: expected {words}, got {item!r:.40}")
    return kind(**(members | more))
