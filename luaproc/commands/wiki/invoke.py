"""`luaproc wiki invoke`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from luaproc.commands.wiki.common import configuration, guarded, open_wiki, options, print_text


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
        text = guarded(
            lambda: wiki.invoke(
                module, function, _arguments(arguments), parent=_arguments(parent) if parent else None, title=title
            )
        )
    print_text(text)


def _arguments(words: Sequence[str]) -> dict[str, str]:
    """Arguments as in a template call: K=V is named, others are numbered."""
    found: dict[str, str] = {}
    number = 0
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            found[name.strip()] = value
        else:
            number += 1
            found[str(number)] = word
    return found
