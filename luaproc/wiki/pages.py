"""The pages of a wiki: folders, dumps and texts given in Python, as one mapping of titles to texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Protocol, runtime_checkable
from urllib.parse import unquote

from luaproc.host.core import must_be
from luaproc.wiki import titles
from luaproc.wiki.errors import NoSuchTitle
from luaproc.wiki.site import Site
from luaproc.wiki.titles import Title
from luaproc.wiki.values import PHP_SPACE

PageKey = tuple[int, str]
"""`Title.page_key`: (namespace, text with spaces)."""

IndexProgress = Callable[[int, int], None]
"""Is told how much of a dump is indexed: bytes done, bytes in all."""

MAX_REDIRECTS = 2

_LINK = re.compile(r"\s*:?\s*\[\[(.*?)(?:\|.*?)?\]\]", re.DOTALL)
_NO_TARGETS = ("Mytalk", "Mypage", "Userlogout")


@runtime_checkable
class Source(Protocol):
    """Where pages are kept; it is read, never written."""

    def get(self, key: PageKey) -> str | None:
        """The text of a page, None if it has none."""

    def has(self, key: PageKey) -> bool:
        """Whether there is such a page."""

    def page_keys(self) -> Iterable[PageKey]:
        """All pages."""

    def where(self, key: PageKey) -> str:
        """Where the page lies, for a person: a file's name."""


class Pages(MutableMapping["str | Title", str]):
    """Texts by title: ``pages["Module:Foo"]``. What is written or deleted stays in memory; sources are never changed.

    The first source that has a title wins. Raises `NoSuchTitle` for a text that names no page of this wiki.
    """

    def __init__(self, site: Site, sources: Iterable[Source] = (), texts: Mapping[str, str] | None = None) -> None:
        self.site = site
        self.sources = list(sources)
        self._written: dict[PageKey, str | None] = {}
        self._ids: dict[PageKey, int] | None = None
        self._by_id: dict[int, PageKey] = {}
        self._length: tuple[int, int] | None = None  # of how many sources
        self._touched: set[PageKey] | None = None
        for name, text in {**site.stubs, **(texts or {})}.items():
            self[name] = text

    def text(self, title: Title) -> str | None:
        """The text of a page; None if there is no such page."""
        if title.interwiki:
            return None
        key = self._asked(title)
        if key in self._written:
            return self._written[key]
        for source in self.sources:
            text = source.get(key)
            if text is not None:
                return text
        return None

    def exists(self, title: Title) -> bool:
        """Whether there is such a page."""
        if title.interwiki:
            return False
        key = self._asked(title)
        if key in self._written:
            return self._written[key] is not None
        return any(source.has(key) for source in self.sources)

    def _asked(self, title: Title) -> PageKey:
        """The key of a page; whoever watches is told that the page was asked for."""
        if self._touched is not None:
            self._touched.add(title.page_key)
        return title.page_key

    @contextmanager
    def watched(self) -> Iterator[set[PageKey]]:
        """The pages that are asked for inside of the with statement, be they there or not; the set grows meanwhile."""
        before, self._touched = self._touched, set()
        try:
            yield self._touched
        finally:
            self._touched = before

    def where(self, title: Title) -> str | None:
        """Where a page lies, for a person: a file's name; None for one that is not there or was written in Python."""
        key = title.page_key
        if key in self._written:
            return None
        return next((source.where(key) for source in self.sources if source.has(key)), None)

    def redirect_target(self, title: Title) -> Title | None:
        """The page that this one redirects to."""
        text = self.text(title)
        return None if text is None else redirect_target(self.site, text)

    def follow(self, title: Title) -> tuple[str | None, Title]:
        """The text to include for a title, after up to two redirects, and the title where it was found.

        A module and other code is no redirect. (None, title) if a page is missing.
        """
        for _ in range(MAX_REDIRECTS + 1):
            text = self.text(title)
            if text is None:
                return None, title
            target = redirect_target(self.site, text) if title.content_model == "wikitext" else None
            if target is None:
                return text, title
            title = target
        return text, title

    def page_id(self, title: Title) -> int:
        """A number of the page that stays while its pages do; 0 if there is none."""
        if not self.exists(title):
            return 0
        return self._numbers().get(title.page_key, 0)

    def by_id(self, number: int) -> Title | None:
        """The page with that number."""
        self._numbers()
        key = self._by_id.get(number)
        return None if key is None else Title(self.site, *key)

    def count(self, namespace: int) -> int:
        """How many pages a namespace has."""
        return sum(key[0] == namespace for key in self._keys())

    def titles(self, namespace: int | None = None) -> list[Title]:
        """All pages, of one namespace or of all, sorted."""
        found = sorted(key for key in self._keys() if namespace is None or key[0] == namespace)
        return [Title(self.site, *key) for key in found]

    def _numbers(self) -> dict[PageKey, int]:
        if self._ids is None:
            self._ids = {key: number for number, key in enumerate(sorted(self._keys()), 1)}
            self._by_id = {number: key for key, number in self._ids.items()}
        return self._ids

    def _keys(self) -> set[PageKey]:
        found = {key for source in self.sources for key in source.page_keys()}
        found |= {key for key, text in self._written.items() if text is not None}
        return found - {key for key, text in self._written.items() if text is None}

    def _title(self, name: str | Title) -> Title:
        if isinstance(name, Title):
            if name.interwiki:
                raise NoSuchTitle(f"expected a page's title, got {str(name)!r}: it is another wiki's")
            return name
        return titles.required(self.site, name)

    def __getitem__(self, name: str | Title) -> str:
        text = self.text(self._title(name))
        if text is None:
            raise KeyError(str(name))
        return text

    def __setitem__(self, name: str | Title, text: str) -> None:
        must_be(text, str, "text", "a page's text as str")
        title = self._title(name)
        self._written[title.page_key] = text
        self._ids = self._length = None

    def __delitem__(self, name: str | Title) -> None:
        title = self._title(name)
        if not self.exists(title):
            raise KeyError(str(name))
        self._written[title.page_key] = None
        self._ids = self._length = None

    def __contains__(self, name: object) -> bool:
        title = name if isinstance(name, Title) else self.site.title(str(name))
        return title is not None and self.exists(title)

    def __iter__(self) -> Iterator[str]:
        return (title.prefixed_text for title in self.titles())

    def __len__(self) -> int:
        # Each page view with modules asks for it, and a dump may have millions.
        if self._length is None or self._length[0] != len(self.sources):
            self._length = len(self.sources), len(self._keys())
        return self._length[1]


def redirect_target(site: Site, text: str) -> Title | None:
    """The page that a text redirects to: ``#REDIRECT [[Title]]`` in the content language's words."""
    text = text.lstrip(PHP_SPACE)
    words = site.magic_words.get("redirect", ["#REDIRECT"])
    for word in words:
        if text[: len(word)].lower() != word.lower():
            continue
        match = _LINK.match(text, len(word))
        if match is None:
            continue
        name = match[1].strip() if "%" not in match[1] else unquote(match[1].lstrip(":"))
        target = site.title(name)
        if target is None or (target.namespace == titles.SPECIAL and target.text in _NO_TARGETS):
            return None
        return target
    return None
