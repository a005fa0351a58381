"""`luaproc wiki invoke`."""

from __future__ import annotations

from typing import Any

import click

from luaproc.commands.wiki.common import configuration, guarded, open_wiki, options, print_text
from luaproc.wiki.values import arguments_of_words


@click.command()
@options
@click.option("--parent", multiple=True, metavar="K=V", help="An argument of the template that invokes; repeatable.")
@click.option("--title", metavar="T", help="The page that invokes. [default: the main page]")
@click.argument("module")
@click.argument("function")
@click.argument("arguments", nargs=-1, metavar="[ARG|K=V]...")
def command(
    module: str, function: str, arguments: tuple[str, ...], parent: tuple[str, ...], title: str | None, **given: Any
) -> None:
    """Call a module's function as {{#invoke:}} does, and print its text."""
    with open_wiki(configuration(given)) as wiki:
        args, above = arguments_of_words(arguments), arguments_of_words(parent) if parent else None
        text = guarded(lambda: wiki.invoke(module, function, args, parent=above, title=title))
    print_text(text)
