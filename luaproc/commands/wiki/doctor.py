"""`luaproc wiki doctor`."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from luaproc.commands.wiki.common import configuration, open_wiki, options
from luaproc.errors import visible
from luaproc.install.lualib import fetched
from luaproc.wiki import Wiki
from luaproc.wiki.folders import Folder
from luaproc.wiki.titles import MODULE

_MOST_NAMED = 10  # files
_PACKAGES = {
    "strtotime": "strtotime, without which few ways to write a date are read: pip install 'luaproc[dates]'",
    "convertdate": "convertdate, without which #time knows no other calendars: pip install 'luaproc[dates]'",
    "imagesize": "imagesize, without which images in File/ have no width and height: pip install 'luaproc[images]'",
}
"""What is used where it is installed, and what is missed without it."""


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
            *(("left out", f"{path}: {reason}") for path, reason in _left_out(wiki)),
            (
                "messages",
                f"of {wiki.mediawiki}" if wiki.mediawiki else "few: --mediawiki DIR names a MediaWiki that has all",
            ),
            ("site", f"{', '.join(found.site) or 'default'}: {wiki.site.name}, language {wiki.site.language}"),
            ("modules run", "in this process, where they can" if wiki.trusted else "in processes of their own"),
            *(("missing", text) for package, text in _PACKAGES.items() if find_spec(package) is None),
            (
                "fetched",
                ", ".join(path.name for path in fetched()) or "none: luaproc wiki fetch REL1_43 brings one",
            ),
        ]
        for name, text in rows:
            click.echo(f"{name:<14}{visible(text)}")
        lualib = wiki.lualib  # raises where there is none, and the rest is known
        click.echo(f"{'library':<14}{visible(str(lualib.path))}, branch 1.{lualib.release}")


def _left_out(wiki: Wiki) -> list[tuple[Path, str]]:
    """Files that are no pages, the first ones of many."""
    found = [row for source in wiki.pages.sources if isinstance(source, Folder) for row in source.left_out]
    more = len(found) - _MOST_NAMED
    return [*found[:_MOST_NAMED], *([(Path("…"), f"{more} more")] if more > 0 else [])]
