"""`luaproc wiki dump`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import click

from luaproc.commands.wiki.common import FC, configuration, guarded, json_text, open_wiki, options
from luaproc.wiki import dumping


def _choice(option: str, kinds: Any, help: str) -> Callable[[FC], FC]:
    return click.option(option, type=click.Choice(get_args(kinds)), default="fail", show_default=True, help=help)


@click.command()
@options
@_choice("--functions", dumping.Functions, 'What becomes of functions: an error, no field, or {"lua": "function"}.')
@_choice(
    "--metatables", dumping.Metatables, "Of tables that have one: an error, their own fields, or what pairs() gives."
)
@_choice("--infinities", dumping.Infinities, 'Of infinities and NaN: an error, null, or {"number": "inf"}.')
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
