"""`luaproc wiki mw`: what `luaproc lua --mw` starts to have its `mw` answered. People do not call it."""

from __future__ import annotations

import click

from luaproc.commands.wiki.common import configuration, open_wiki


@click.command(hidden=True)
def command() -> None:
    """Answer a plain Lua's calls of mw on stdin and stdout."""
    from luaproc.wiki import standin

    with open_wiki(configuration({})) as wiki:
        standin.serve(wiki)
