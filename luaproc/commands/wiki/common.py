"""What the commands of `luaproc wiki` share: their options, the wiki that these open, and how values are printed."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from luaproc.errors import readable
from luaproc.host import printing
from luaproc.wiki import Site, Wiki
from luaproc.wiki.configuration import Configuration, find
from luaproc.wiki.failures import ModuleError

FC = TypeVar("FC", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--pages", multiple=True, metavar="DIR|DUMP", help="Pages; repeatable, the first one wins."),
    click.option("--scribunto", metavar="DIR", help="Scribunto's Lua library. [default: is looked for]"),
    click.option("--mediawiki", metavar="DIR", help="For messages and languages. [default: is looked for]"),
    click.option("--site", metavar="FILE", help="The wiki's settings, as JSON."),
    click.option("--now", metavar="ISO", help="The moment that pages see."),
    click.option("--timezone", metavar="NAME", help="An IANA time zone."),
    click.option("--seed", type=int, help="Of math.random: two runs give the same."),
    click.option("--server", metavar="CMD", help="The command of another Lua side."),
)


def options(command: FC) -> FC:
    """The options of all subcommands."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def configuration(given: dict[str, Any]) -> Configuration:
    """The nearest configuration file's settings, and over them what the command line says."""
    found = find(Path.cwd())
    return replace(found, **{key: value for key, value in given.items() if value not in (None, ())})


def open_wiki(found: Configuration) -> Wiki:
    """The wiki of a configuration; without any pages, those of the current directory. Raises as `Wiki`."""
    site = Site.load(found.site) if found.site else None
    return Wiki(
        list(found.pages or (os.curdir,)),
        scribunto=found.scribunto,
        mediawiki=found.mediawiki,
        site=site,
        now=found.now,
        timezone=found.timezone,
        seed=found.seed,
        server=shlex.split(found.server) if found.server else None,
        title_map=found.title_map,
        lua_path=found.lua_path,
    )


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
    wire = [_wire(value) for value in values]
    if as_json:
        shown = [printing.for_json(value) for value in wire]
        click.echo(json_text(shown[0] if len(shown) == 1 else shown))
    elif wire:
        click.echo(printing.values(wire))


def print_text(text: str) -> None:
    """Wikitext or HTML, as it is into a file or a pipe; on a terminal without what a terminal would obey."""
    click.echo(readable(text) if sys.stdout.isatty() else text.encode("utf-8", "surrogateescape"))


def _wire(value: Any) -> Any:
    """A value as the wire has it: texts are bytes, lists are tables."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return {index: _wire(item) for index, item in enumerate(value, 1)}
    if isinstance(value, dict):
        return {_wire(key): _wire(item) for key, item in value.items()}
    return value


def json_text(document: Any) -> str:
    return printing.json_text(document, indent=1)
