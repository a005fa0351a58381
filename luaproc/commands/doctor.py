"""`luaproc doctor`: would a wiki work with this luaPath, and if not, why not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

from luaproc.commands.signals import servers_end_first
from luaproc.errors import UsageError

T = TypeVar("T")

# Wider than this, sentences are hard to follow.
WIDEST = 110
UNBROKEN = 1 << 20


@click.command()
@click.option("--mediawiki", metavar="DIR", help="The wiki's directory; by default it is looked for.")
@click.option(
    "--lua", metavar="PATH", help="The luaPath to check. Default: what LocalSettings.php names, or this luaproc."
)
@click.option("--user", metavar="NAME", help="Whom PHP runs as. Default: www-data, apache, ...: the first there is.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead, for machines.")
@click.pass_context
@servers_end_first()
def command(ctx: click.Context, mediawiki: str | None, lua: str | None, user: str | None, as_json: bool) -> None:
    """Check whether a wiki would work with luaproc, and say what to do if not.

    For the admin whose wiki shows "The interpreter exited with status 126". Run it as root on the wiki's machine: then
    everything is tried as the web server's user would. Nothing is changed.

    \b
    Exit status: 0 a wiki would work (there may be warnings), 1 it would not.
    """
    if os.name != "posix":
        raise UsageError(f"doctor knows Linux and its relatives, and this is {sys.platform}")
    from luaproc.doctor import case, checks, verdict
    from luaproc.host.printing import json_text, wants_colour

    examined = case.make_case(lua, mediawiki, user)
    results: list[checks.CheckResult] = []
    if as_json:
        results = list(checks.examine(examined))
        click.echo(json_text(verdict.document(examined, results), indent=1))
    else:
        # In a pipe each finding is one line, for grep; nothing is cut anywhere.
        width = min(shutil.get_terminal_size((100, 24)).columns, WIDEST) if sys.stdout.isatty() else UNBROKEN
        style = click.style if wants_colour(sys.stdout) else _plain
        click.echo(verdict.heading(examined, width, style))
        for line in verdict.body(keep(checks.examine(examined), results), width, style):
            click.echo(line)
        click.echo(verdict.verdict(examined, results, width, style))
    ctx.exit(0 if checks.works(results) else 1)


def _plain(text: str, **_style: object) -> str:
    return text


def keep(items: Iterable[T], kept: list[T]) -> Iterator[T]:
    """Hand items on as they come, and keep them as well."""
    for item in items:
        kept.append(item)
        yield item
