"""`luaproc wiki fetch`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from luaproc.errors import visible


@click.command()
@click.argument("branch")
@click.option("--to", "directory", metavar="DIR", help="A new directory. [default: the cache, where it is found]")
@click.option("--from", "source", metavar="URL|FILE", help="A tar or zip of Scribunto, or of a MediaWiki with it.")
def command(branch: str, directory: str | None, source: str | None) -> None:
    """Bring Scribunto's Lua library (GPL, no part of luaproc) of a BRANCH, as REL1_43 or master, into a cache.

    It is found there by --scribunto REL1_43, and without that where no MediaWiki is installed. Nothing else here
    reaches the network.
    """
    from luaproc.wiki.fetching import fetch
    from luaproc.wiki.status_line import StatusLine

    line = StatusLine(sys.stderr)

    def progress(received: int, total: int) -> None:
        of = f" of {total / 1e6:.1f}" if total else ""
        line.show(f"{received / 1e6:.1f}{of} MB")

    try:
        found = fetch(branch, Path(directory) if directory else None, source, progress)
    finally:
        line.hide()
    count = sum(1 for path in found.path.rglob("*") if path.is_file())
    click.echo(f"{branch}: {count} files, read as branch 1.{found.release}, in {visible(str(found.path))}")
