"""What the commands of `luaproc wiki` share: their options, the wiki that these open, and how values are printed."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from luaproc.errors import LuaprocError, UsageError, readable, visible
from luaproc.host import printing
from luaproc.install.lualib import find_lualib
from luaproc.install.mediawiki import find_mediawiki
from luaproc.wiki import Site, Wiki, folders
from luaproc.wiki.configuration import Configuration, find
from luaproc.wiki.errors import SiteError
from luaproc.wiki.failures import ModuleError
from luaproc.wiki.sources import open_source
from luaproc.wiki.values import as_wire
from luaproc.wiki.wiki import moment
from luaproc.wire.values import MAX_INT, MIN_INT

FC = TypeVar("FC", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--pages", multiple=True, metavar="DIR|DUMP", help="Pages; repeatable, the first one wins."),
    click.option(
        "--scribunto",
        metavar="DIR|BRANCH",
        help="Scribunto's Lua library; a branch, as REL1_43, is one that was fetched. [default: is looked for]",
    ),
    click.option("--mediawiki", metavar="DIR", help="For messages and languages. [default: is looked for]"),
    click.option("--site", multiple=True, metavar="FILE", help="The wiki's settings, as JSON; repeatable."),
    click.option("--now", metavar="ISO", help="The moment that pages see."),
    click.option("--timezone", metavar="NAME", help="An IANA time zone."),
    click.option("--seed", type=click.IntRange(MIN_INT, MAX_INT), help="Of math.random: two runs give the same."),
    click.option("--server", metavar="CMD", help="The command of another Lua side."),
)


def options(command: FC) -> FC:
    """The options of all subcommands."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def configuration(given: dict[str, Any]) -> Configuration:
    """The nearest configuration file's settings, and over them what the command line says. Raises `SiteError`."""
    return find(Path.cwd()).overridden(given)


def open_wiki(found: Configuration) -> Wiki:
    """The wiki of a configuration; without any pages, those of the current directory.

    Raises `SiteError` for each wrong setting, with the file and the key, or the option.
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
        pages = [open_source(site, path, found.title_map, _progress(path)) for path in found.pages or (os.curdir,)]
    with _named(found, "now"):
        now = moment(found.now)
    with _named(found, "scribunto"):
        scribunto = find_lualib(found.scribunto)
    with _named(found, "mediawiki"):
        mediawiki = find_mediawiki(found.mediawiki)
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
    )


@contextmanager
def _named(found: Configuration, key: str) -> Iterator[None]:
    """Errors in here begin with where the setting was made."""
    try:
        yield
    except LuaprocError as error:
        raise SiteError(f"{found.where(key)}: {error}") from None


def _progress(path: str) -> Callable[[int, int], None] | None:
    """What shows on a terminal how much of a dump is indexed; None where stderr is none."""
    if not sys.stderr.isatty():
        return None
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if percent != shown:
            shown = percent
            click.echo(f"\r{visible(path)}: {percent} % indexed", nl=done == total, err=True)

    return show


def _command(text: str) -> list[str]:
    """A server's command line as words. Raises `UsageError`."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"expected a command, got {text!r}: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise UsageError(f"expected a command, got {text!r}: no such program can be run")
    return words


def files_of(wiki: Wiki) -> dict[str, str]:
    """Pages -> the files in which they lie, from the current directory; pages without one are left out."""
    places = ((title.prefixed_text, wiki.pages.where(title)) for title in wiki.pages.titles())
    return {name: os.path.relpath(file) for name, file in places if file}


def guarded(call: Callable[[], Any]) -> Any:
    """What a call gives; a module's error with its trace ends the command, status 1."""
    try:
        return call()
    except ModuleError as error:
        click.echo(readable(error.traceback), err=True)
        sys.exit(1)


def print_values(values: Sequence[Any], as_json: bool) -> None:
    wire = [as_wire(value) for value in values]
    if as_json:
        click.echo(json_text([printing.for_json(value) for value in wire]))
    elif wire:
        click.echo(printing.values(wire))


def print_text(text: str) -> None:
    """Wikitext or HTML, as it is into a file or a pipe; on a terminal without what a terminal would obey."""
    click.echo(readable(text) if sys.stdout.isatty() else text.encode("utf-8", "surrogateescape"))


def json_text(document: Any) -> str:
    return printing.json_text(document, indent=1)
