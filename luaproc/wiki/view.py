"""One page view: what one expansion of a page has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from luaproc.wiki.interfaces import ExtensionTag, ParserFunction
from luaproc.wiki.messages import Messages
from luaproc.wiki.titles import Title
from luaproc.wiki.values import escape_html

if TYPE_CHECKING:
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
    messages: Messages = field(init=False)
    """Texts of the interface: `int`, errors, warnings; English ones until others are set."""
    mediawiki: Path | None = None
    """The directory of a MediaWiki: names of months and languages."""

    @property
    def release(self) -> int:
        """See `Site.release`."""
        return self.site.release

    def __post_init__(self) -> None:
        self.messages = Messages(self.pages)

    def track(self, key: str) -> None:
        """Put the page into a tracking category. key: of the message with the category's name."""
        title = self.site.title(f"Category:{self.messages.text(key)}")
        if title is not None and title.text != "-":
            self.categories.setdefault(title.text, "")

    def warn(self, key: str, *parameters: str) -> None:
        """Add a warning to those above a preview, once. key: of the message."""
        text = self.messages.text(key, *parameters)
        if text not in self.warnings:
            self.warnings.append(text)

    def limit_exceeded(self, key: str, *parameters: str) -> None:
        """Note that a limit was exceeded. key: what the keys of its warning and its category begin with."""
        self.warn(f"{key}-warning", *parameters)
        self.track(f"{key}-category")

    def error(self, key: str, *parameters: str) -> str:
        """What stands on the page for an error of the extension ParserFunctions. key: of the message."""
        return f'<strong class="error">{escape_html(self.messages.text(key, *parameters))}</strong>'

    def count_expensive(self) -> bool:
        """Count one expensive call (#ifexist, mw.title's exists …); False if there were too many."""
        self.counters.expensive += 1
        most = self.site.limits.expensive
        if self.counters.expensive == most + 1:
            self.limit_exceeded("expensive-parserfunction", str(self.counters.expensive), str(most))
        return self.counters.expensive <= most
