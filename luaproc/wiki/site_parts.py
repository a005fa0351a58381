"""What a site's settings are made of: namespaces, prefixes of other wikis, limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from luaproc.wiki import titles


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
