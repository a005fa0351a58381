"""What the commands of `luaproc wiki` share: their options, the wiki that these open, and how values are printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from luaproc.errors import readable, visible
from luaproc.host import printing
from luaproc.wiki import Wiki, opening
from luaproc.wiki.configuration import Configuration, find
from luaproc.wiki.failures import ModuleError
from luaproc.wiki.pages import IndexProgress
from luaproc.wiki.status_line import StatusLine
from luaproc.wiki.values import as_wire
from luaproc.wire.values import MAX_INT, MIN_INT

FC = TypeVar("FC", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--pages", multiple=True, metavar="DIR|DUMP", help="Pages; repeatable, the first one wins."),
    click.option(
        "--scribunto",
        metavar="DIR|BRANCH",
        help="Scribunto's Lua library; a branch, as REL1_43, is one that was fetched. [default: looked for]",
    ),
    click.option("--mediawiki", metavar="DIR", help="For messages and languages. [default: looked for]"),
    click.option("--site", multiple=True, metavar="FILE", help="The wiki's settings, as JSON; repeatable."),
    click.option("--now", metavar="ISO", help="The moment that pages see."),
    click.option("--timezone", metavar="NAME", help="An IANA time zone."),
    click.option("--seed", type=click.IntRange(MIN_INT, MAX_INT), help="Of math.random: two runs give the same."),
    click.option("--server", metavar="CMD", help="The command of another Lua side."),
    click.option("--trusted/--no-trusted", default=None, help="Modules may run in this process, which is faster."),
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
    """See `luaproc.wiki.opening.open_wiki`; a terminal shows how much of a dump is indexed."""
    return opening.open_wiki(found, progress_of=_progress)


def _progress(path: str) -> IndexProgress | None:
    """What shows on a terminal how much of a dump is indexed; None where stderr is none."""
    line = StatusLine(sys.stderr)
    if not line:
        return None
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if percent != shown:
            shown = percent
            line.show(f"{percent} % indexed of {visible(path)}")
        if done == total:
            line.keep()

    return show


def files_of(wiki: Wiki) -> dict[str, str]:
    """Pages -> the files in which they lie, from the current directory; pages without one are left out."""
    places = ((title.prefixed_text, wiki.pages.where(title)) for title in wiki.pages.titles())
    return {name: os.path.relpath(file) for name, file in places if file}


def guarded(call: Callable[[], Any]) -> Any:
    """What a call gives; a module's error with its trace ends the command, status 1."""
    try:
        return call()
    except ModuleError as error:
        click.echo(readable(error.explained), err=True)
        sys.exit(1)


def print_values(values: Sequence[Any], as_json: bool) -> None:
    """Values that came from Lua: a line of Lua literals, nothing for none; or an array of JSON."""
    wire = [as_wire(value) for value in values]
    if as_json:
        click.echo(json_text([printing.for_json(value) for value in wire]))
    elif wire:
        click.echo(printing.values(wire))


def print_text(text: str) -> None:
    """Wikitext or HTML, as it is into a file or a pipe; on a terminal without what a terminal would obey."""
    click.echo(readable(text) if sys.stdout.isatty() else text.encode("utf-8", "surrogateescape"))


def json_text(document: Any) -> str:
    """A document as indented JSON."""
    return printing.json_text(document, indent=1)
