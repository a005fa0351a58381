"""`luaproc wiki dump`."""

from __future__ import annotations

from typing import Any, get_args

import click

from luaproc.commands.wiki.common import configuration, guarded, json_text, open_wiki, options
from luaproc.wiki import dumping


@click.command()
@options
@click.option(
    "--functions",
    type=click.Choice(get_args(dumping.Functions)),
    default="fail",
    show_default=True,
    help='What becomes of functions: an error, no field, or {"lua": "function"}.',
)
@click.option(
    "--metatables",
    type=click.Choice(get_args(dumping.Metatables)),
    default="fail",
    show_default=True,
    help="Of tables that have one: an error, their own fields, or what pairs() gives.",
)
@click.option(
    "--infinities",
    type=click.Choice(get_args(dumping.Infinities)),
    default="fail",
    show_default=True,
    help='Of infinities and NaN: an error, null, or {"number": "inf"}.',
)
@click.argument("module")
def command(module: str, functions: Any, metatables: Any, infinities: Any, **given: Any) -> None:
    """Print the table that a data module returns, as JSON.

    Tables with the keys 1 to n, and empty ones, are arrays. What mw.loadData refuses is an error that names the place,
    unless an option says what becomes of it; nothing is printed then.
    """
    with open_wiki(configuration(given)) as wiki:
        title = wiki.module(module).title
        with wiki.page() as page:
            document = guarded(
                lambda: dumping.dump(
                    page.environment(), title, functions=functions, metatables=metatables, infinities=infinities
                )
            )
    click.echo(json_text(document))
