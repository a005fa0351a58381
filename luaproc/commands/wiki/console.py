"""`luaproc wiki console`."""

from __future__ import annotations

from typing import Any

import click

from luaproc.commands import steps
from luaproc.commands.signals import servers_end_first
from luaproc.commands.wiki.common import configuration, open_wiki, options
from luaproc.session.console import Console
from luaproc.session.console_ops import TABLE, complete
from luaproc.session.run import PromptLoop
from luaproc.session.views import JsonView, TextView


@click.command()
@options
@click.option("--title", metavar="T", help="The current page. [default: the main page]")
@steps.options
@click.argument("script", required=False)
@click.pass_context
@servers_end_first()
def command(
    ctx: click.Context,
    /,
    script: str | None,
    title: str | None,
    code: tuple[str, ...],
    interactive: bool,
    echo: bool,
    as_json: bool,
    keep_going: bool,
    **given: Any,
) -> None:
    """Run Lua and expand wikitext as it is typed, or the steps in SCRIPT (- for stdin).

    Lua runs as in a module: mw and require('Module:X') are there, what one step defines the next ones see, print is
    mw.log. Lines that start with a colon are ops, which :help lists. Without SCRIPT and -e, on a terminal, there is a
    prompt; otherwise steps are read from stdin.

    \b
    Exit status: 0; 1 where a step failed (its line is on stderr); 2 for a usage error; 130 after Ctrl-C in a script.
    """

    def opened(view: JsonView | TextView, _: PromptLoop[Console] | None) -> Console:
        return Console(lambda: open_wiki(configuration(given)), view, title)

    told = steps.Steps(script, code, interactive, echo, as_json, keep_going)
    told.drive(ctx, TABLE, opened, complete, "console", Console.banner)
