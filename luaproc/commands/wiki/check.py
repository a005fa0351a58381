"""`luaproc wiki check`."""

from __future__ import annotations

from typing import Any

import click

from luaproc.commands.wiki.common import configuration, files_of, open_wiki, options
from luaproc.errors import visible
from luaproc.wiki import checking


@click.command()
@options
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Look through all pages without running them: modules that do not compile, and names that lead nowhere.

    One line a finding: FILE:LINE: what is wrong. Status 1 where there is any.
    """
    with open_wiki(configuration(given)) as wiki:
        findings = list(checking.check(wiki))
        places, pages = files_of(wiki), len(wiki.pages)
    for line in checking.report(findings, places):
        click.echo(visible(line))
    click.echo(f"pages: {pages}, findings: {len(findings)}")
    ctx.exit(1 if findings else 0)
