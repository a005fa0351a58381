"""`luaproc wiki doctor`."""

from __future__ import annotations

import os
from typing import Any

import click

from luaproc.commands.wiki.common import configuration, open_wiki, options
from luaproc.errors import visible
from luaproc.install.lualib import fetched
from luaproc.wiki.titles import MODULE


@click.command()
@options
def command(**given: Any) -> None:
    """Say what was found: library, branch, messages, site and pages; and what to type where something is missing."""
    found = configuration(given)
    with open_wiki(found) as wiki:
        rows = [
            ("configuration", str(found.path) if found.path else "none: luaproc.toml is looked for here and above"),
            ("pages", f"{len(wiki.pages)} in {', '.join(found.pages or (os.curdir,))}"),
            ("modules", str(len(wiki.pages.titles(MODULE)))),
            (
                "messages",
                f"of {wiki.mediawiki}" if wiki.mediawiki else "few: --mediawiki DIR names a MediaWiki that has all",
            ),
            ("site", f"{', '.join(found.site) or 'default'}: {wiki.site.name}, language {wiki.site.language}"),
            (
                "fetched",
                ", ".join(path.name for path in fetched()) or "none: luaproc wiki fetch REL1_43 brings one",
            ),
            ("library", f"{wiki.lualib.path}, branch 1.{wiki.lualib.release}"),
        ]  # the library last: where there is none, the rest is known
        for name, text in rows:
            click.echo(f"{name:<14}{visible(text)}")
