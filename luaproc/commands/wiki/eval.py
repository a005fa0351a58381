"""`luaproc wiki eval`."""

from __future__ import annotations

from typing import Any

import click

from luaproc.commands.wiki.common import configuration, guarded, open_wiki, options, print_values
from luaproc.errors import readable


@click.command(name="eval")
@options
@click.option("--json", "as_json", is_flag=True, help="The values as a JSON array.")
@click.option("--title", metavar="T", help="The current page. [default: the main page]")
@click.argument("lua")
def command(lua: str, title: str | None, as_json: bool, **given: Any) -> None:
    """Run Lua in a module's environment and print what it returns; =EXPR is `return EXPR`.

    What print and mw.log write is on stderr.
    """

    def log(text: str) -> None:
        click.echo(readable(text), err=True, nl=False)

    with open_wiki(configuration(given)) as wiki, wiki.page(title) as page:
        values = guarded(lambda: page.show(lua, log))
    print_values(values, as_json)
