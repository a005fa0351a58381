"""What an expansion gives: `Expansion`, and the categories in its text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from luaproc.wiki.failures import ModuleError
from luaproc.wiki.site import Site
from luaproc.wiki.titles import CATEGORY


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a page used of what it may use, in the units of `Limits`."""

    used: float
    most: float


@dataclass(frozen=True, slots=True)
class Expansion:
    """A page with everything expanded.

    text: wikitext, as Special:ExpandTemplates gives it. errors: of modules, in the order of the page. warnings:
    wikitext of what stands above a preview. log: what modules wrote with mw.log. categories: sort keys by category.
    limits: what was used of each of `Site.limits`; lua_bytes is address space, as PHP counts it. properties: of the
    page, as defaultsort.
    """

    text: str
    errors: tuple[ModuleError, ...] = ()
    warnings: tuple[str, ...] = ()
    log: str = ""
    categories: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text


def categories(site: Site, text: str) -> dict[str, str]:
    """Sort keys by category of the links in an expanded page."""
    found: dict[str, str] = {}
    for match in _CATEGORY_LINK.finditer(text):
        title = site.title(match[1])
        if title is not None and title.namespace == CATEGORY and not title.interwiki:
            found.setdefault(title.text, match[2] or "")
    return found


# No two of its parts can take the same character: a text of blanks or colons is tried once.
_CATEGORY_LINK = re.compile(r"\[\[ *([^ \[\]|:\n][^\[\]|:\n]*:[^\[\]|\n]+)(?:\|([^\[\]]*))?\]\]")
