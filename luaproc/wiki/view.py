"""One page view: what one expansion of a page has of its own."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from luaproc.wiki.interfaces import ExtensionTag, ParserFunction
from luaproc.wiki.titles import Title

if TYPE_CHECKING:
    from luaproc.wiki.messages import Messages
    from luaproc.wiki.pages import Pages
    from luaproc.wiki.site import Site


@dataclass
class Counters:
    """What is counted against `Site.limits`, and reported with the page."""

    expensive: int = 0
    nodes: int = 0
    include_bytes: int = 0
    argument_bytes: int = 0
    depth: int = 0
    """The deepest that frames were nested."""


@dataclass
class PageView:
    """What `Preprocessor` and the libraries are given: the same object for both."""

    site: Site
    pages: Pages
    title: Title
    """The page that is shown."""
    now: datetime
    """With a time zone. Everything that asks for the time gets this moment."""
    random: random.Random = field(default_factory=random.Random)
    functions: Mapping[str, ParserFunction] = field(default_factory=dict)
    """Functions besides the preprocessor's own, or instead of them: ``#invoke`` and those of `Wiki.parser_function`."""
    tags: Mapping[str, ExtensionTag] = field(default_factory=dict)
    """Extension tags besides the preprocessor's own, by their names in lower case."""
    counters: Counters = field(default_factory=Counters)
    warnings: list[str] = field(default_factory=list)
    """Wikitext of what MediaWiki shows above a preview."""
    categories: dict[str, str] = field(default_factory=dict)
    """Sort keys by category, without the namespace: tracking categories and those of links in the page."""
    properties: dict[str, str] = field(default_factory=dict)
    """Page properties that the text sets: defaultsort, displaytitle, noindex …"""
    messages: Messages | None = None
    """Texts of the interface: `int`."""
    mediawiki: Path | None = None
    """The directory of a MediaWiki: names of months and languages."""

    @property
    def release(self) -> int:
        """See `Site.release`."""
        return self.site.release

    def expensive(self) -> bool:
        """Count one expensive call (#ifexist, mw.title's exists …); False if there were too many."""
        self.counters.expensive += 1
        return self.counters.expensive <= self.site.limits.expensive
