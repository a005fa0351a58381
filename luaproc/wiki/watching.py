"""Changes of pages while tests are watched, with the package `watchfiles` (``pip install 'luaproc[watch]'``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from luaproc.wiki.configuration import FILES
from luaproc.wiki.errors import WikiError
from luaproc.wiki.titles import Title
from luaproc.wiki.wiki import Wiki

_TURN_MS = 200
"""Between two looks for Ctrl-C."""


class NoWatching(WikiError):
    """The package that watches files is not installed."""

    exit_status = 2


def changes(places: Iterable[str | Path]) -> Iterator[set[Path]]:
    """Files below these places that were changed, made or deleted, as often as something happens.

    The first set is empty, and comes as soon as nothing is missed any more. Raises `NoWatching`, and KeyboardInterrupt
    at Ctrl-C.
    """
    try:
        from watchfiles import watch
    except ImportError:
        raise NoWatching(
            "--watch needs the package watchfiles, which is not installed: pip install 'luaproc[watch]'"
        ) from None
    listens = False
    for found in watch(*places, raise_interrupt=True, yield_on_timeout=True, rust_timeout=_TURN_MS):
        if found or not listens:
            yield {Path(name).resolve() for _, name in found}
        listens = True


def concerning(changed: Iterable[Path], pages: Mapping[Path, Title], settings: Iterable[Path]) -> list[Path]:
    """Of changed files those that are pages or settings, sorted."""
    return sorted(path for path in changed if path in pages or path.name in FILES or path in settings)


def pages_of(wiki: Wiki) -> dict[Path, Title]:
    """The pages of a wiki that have a file of their own, by it."""
    places = ((title, wiki.pages.where(title)) for title in wiki.pages.titles())
    return {Path(place).resolve(): title for title, place in places if place}
