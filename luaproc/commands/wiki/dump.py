"""`luaproc wiki dump`."""

from __future__ import annotations

import json
from typing import Any

import click

from luaproc.commands.wiki.common import configuration, guarded, open_wiki, options, print_values


@click.command()
@options
@click.argument("module")
def command(module: str, **given: Any) -> None:
    """Print what a data module returns, as JSON."""
    with open_wiki(configuration(given)) as wiki:
        name = wiki.module(module).title.prefixed_text
        values = guarded(lambda: wiki.eval(f"=require( {json.dumps(name)} )"))
    print_values(values, True)
