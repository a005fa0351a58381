"""The wiki that a configuration describes: what commands, pytest's plugin and a plain Lua's `mw` open."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from luaproc.errors import LuaprocError, UsageError
from luaproc.install.lualib import find_lualib
from luaproc.install.mediawiki import find_texts
from luaproc.wiki import folders
from luaproc.wiki.configuration import Configuration
from luaproc.wiki.errors import SiteError
from luaproc.wiki.pages import IndexProgress
from luaproc.wiki.site import Site
from luaproc.wiki.sources import open_source
from luaproc.wiki.wiki import Wiki, moment


def open_wiki(
    found: Configuration,
    directory: str | Path = ".",
    progress_of: Callable[[str], IndexProgress | None] = lambda path: None,
) -> Wiki:
    """The wiki of a configuration; without any pages, those of the directory.

    progress_of: gives what is told how much of a dump is indexed, by the dump's path. Raises `SiteError` for each wrong
    setting, with the file and the key, or the option.
    """
    with _named(found, "site"):
        site = Site.load(*found.site)
    with _named(found, "site" if found.timezone is None else "timezone"):
        if found.timezone is not None:
            site.timezone = found.timezone
        site.zone()
    with _named(found, "title_map"):
        folders.must_be_maps(found.title_map)
    with _named(found, "pages"):
        paths = found.pages or (str(directory),)
        pages = [open_source(site, path, found.title_map, progress_of(path)) for path in paths]
    with _named(found, "lua_path"):
        for path in found.lua_path:
            if not Path(path).is_dir():
                raise UsageError(f"expected a folder of Lua files, got {path}")
    with _named(found, "now"):
        now = moment(found.now)
    with _named(found, "scribunto"):
        scribunto = find_lualib(found.scribunto)
    with _named(found, "mediawiki"):
        mediawiki = find_texts(found.mediawiki)
    with _named(found, "server"):
        server = _command(found.server) if found.server is not None else None
    return Wiki(
        pages,
        scribunto=scribunto,
        mediawiki=mediawiki or False,
        site=site,
        now=now,
        seed=found.seed,
        server=server,
        lua_path=found.lua_path,
        trusted=bool(found.trusted),
    )


@contextmanager
def _named(found: Configuration, key: str) -> Iterator[None]:
    """Errors in here begin with where the setting was made."""
    try:
        yield
    except LuaprocError as error:
        raise SiteError(f"{found.where(key)}: {error}") from None


def _command(text: str) -> list[str]:
    """A server's command line as words. Raises `UsageError`."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"expected a command, got {text!r}: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise UsageError(f"expected a command, got {text!r}: no such program can be run")
    return words
