"""`luaproc wiki test`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import click

from luaproc.commands.wiki.common import configuration, files_of, open_wiki, options
from luaproc.install import files
from luaproc.wiki import reports, testing


@click.command()
@options
@click.option("-k", "only", default="", metavar="TEXT", help="Only tests with this in their names.")
@click.option("-x", "stop", is_flag=True, help="Stop at the first failure.")
@click.option("--junit", metavar="FILE", help="Write JUnit's XML there.")
@click.option("--tap", "as_tap", is_flag=True, help="Print TAP instead.")
@click.option("--github", "for_github", is_flag=True, help="Add annotations for GitHub. [default: where it runs this]")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    patterns: tuple[str, ...],
    only: str,
    stop: bool,
    junit: str | None,
    as_tap: bool,
    for_github: bool,
    **given: Any,
) -> None:
    """Run the tests in modules called */testcases and */tests (names configurable).

    ScribuntoUnit's suites, the UnitTests family, and plain modules whose functions test... raise an error to fail.
    """
    found = configuration(given)
    results: list[testing.CaseResult] = []
    began = time.monotonic()
    with open_wiki(found) as wiki:
        titles = testing.discover(wiki, found.tests, patterns)
        for title in titles:
            for result in testing.run_module(wiki, title, only):
                results.append(result)
                if not as_tap:
                    for line in reports.failure(result) if not result.passed else ():
                        click.echo(line)
                if stop and not result.passed:
                    break
            if stop and results and not results[-1].passed:
                break
        places = files_of(wiki)
    seconds = time.monotonic() - began
    if as_tap:
        click.echo("\n".join(reports.tap(results)))
    else:
        click.echo(reports.summary(results, seconds))
    if for_github or os.environ.get("GITHUB_ACTIONS") == "true":
        for line in reports.github(results, places):
            click.echo(line)
    if junit is not None:
        files.write(Path(junit), reports.junit(results, seconds).encode())
    ctx.exit(5 if not results else 0 if all(result.passed for result in results) else 1)
