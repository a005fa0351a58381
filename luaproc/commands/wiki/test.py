"""`luaproc wiki test`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from luaproc.commands.wiki.common import configuration, files_of, open_wiki, options
from luaproc.errors import LuaprocError, UsageError, visible
from luaproc.install import files
from luaproc.wiki import observing, reports, running, selection, watching
from luaproc.wiki.configuration import Configuration
from luaproc.wiki.pages import PageKey
from luaproc.wiki.status_line import StatusLine
from luaproc.wiki.testing import CaseResult
from luaproc.wiki.titles import Title
from luaproc.wiki.workers import processors

INTERRUPTED, NO_TESTS = 2, 5
"""Exit statuses, as pytest's."""


@dataclass
class TestRun:
    """What the command line asks for, and what came of it."""

    given: Mapping[str, Any]
    patterns: Sequence[str]
    chosen: selection.Chosen
    jobs: int
    stop: bool
    junit: str | None
    as_tap: bool
    for_github: bool
    coverage: str | None = None
    profile: str | None = None
    touched: dict[PageKey, frozenset[PageKey]] = field(default_factory=dict)
    """Pages that each test module asked for when it last ran."""

    def run(self, changed: set[PageKey] | None = None) -> int:
        """Run the tests, or those alone that asked for one of the changed pages; the exit status."""
        began = time.monotonic()
        results: list[CaseResult] = []
        interrupted = False
        settings = self.settings()
        with observing.observing(self.coverage, self.profile) as observed, open_wiki(settings) as wiki:
            places = files_of(wiki)
            titles = self._concerned(selection.discover(wiki, settings.tests, self.patterns), changed)
            progress = StatusLine(sys.stderr)

            def begun(done: int, title: Title) -> None:
                if not self.as_tap:
                    progress.show(f"[{done}/{len(titles)}] {visible(title.prefixed_text)}")

            opened = (lambda: wiki) if self.jobs == 1 else (lambda: open_wiki(settings))
            runs = running.run(opened, titles, self.chosen, self.jobs, self.stop, begun)
            try:
                with closing(runs):
                    for module in runs:
                        self.touched[module.title.page_key] = module.touched
                        results += module.results
                        progress.hide()
                        for result in module.results if not self.as_tap else ():
                            if not result.passed:
                                click.echo(reports.failure_line(result))
            except KeyboardInterrupt:
                interrupted = True
            finally:
                progress.hide()
            self._report(results, places, time.monotonic() - began)
            if observed is not None:
                tests = selection.discover(wiki, settings.tests)
                for line in observed.write(wiki, places, tests, ran=bool(results)):
                    click.echo(visible(line), err=self.as_tap)
        if interrupted:
            click.echo("interrupted", err=True)
            return INTERRUPTED
        return NO_TESTS if not results else 0 if all(result.passed for result in results) else 1

    def _concerned(self, titles: list[Title], changed: set[PageKey] | None) -> list[Title]:
        if changed is None:
            return titles
        keys = [(title, title.page_key) for title in titles]
        return [title for title, key in keys if key not in self.touched or changed & {key, *self.touched[key]}]

    def _report(self, results: list[CaseResult], places: dict[str, str], seconds: float) -> None:
        click.echo("\n".join(reports.tap(results)) if self.as_tap else reports.summary(results, seconds))
        if self.for_github or os.environ.get("GITHUB_ACTIONS") == "true":
            for line in reports.github(results, places):
                click.echo(line)
        if self.junit is not None:
            files.write(Path(self.junit), reports.junit(results, seconds).encode())

    def settings(self) -> Configuration:
        """The settings, read anew."""
        return configuration(dict(self.given))

    def watch(self) -> int:
        """Run the tests, and again what a change of a page touches, until Ctrl-C; the last exit status."""
        settings = self.settings()
        settings_files = {Path(each).resolve() for each in (*settings.site, settings.path) if each}
        places = {*map(Path, settings.pages or (os.curdir,)), *(path.parent for path in settings_files)}
        status, last_error = 0, ""
        with suppress(KeyboardInterrupt):
            self._pages()  # says what is wrong with the settings before anybody watches a place that is none
            changes = watching.changes(places)
            next(changes)
            pages = self._pages()
            status = self.run()
            interrupted = status == INTERRUPTED  # an error of the settings has the same status, and is no end
            while not interrupted:
                changed = next(changes)
                try:
                    before, pages = pages, self._pages()
                    last_error = ""
                    concerned = watching.concerning(changed, {**before, **pages}, settings_files)
                    if concerned:
                        click.echo(f"\n{visible(', '.join(path.name for path in concerned))} changed")
                        status = self.run(_keys_of(concerned, before, pages))
                        interrupted = status == INTERRUPTED
                except LuaprocError as error:  # of the change: the next one may mend it
                    if str(error) != last_error:
                        click.echo(f"luaproc: {visible(str(error))}", err=True)
                    status, last_error = error.exit_status, str(error)
        return status

    def _pages(self) -> dict[Path, Title]:
        with open_wiki(self.settings()) as wiki:
            return watching.pages_of(wiki)


def _keys_of(files: Iterable[Path], before: Mapping[Path, Title], now: Mapping[Path, Title]) -> set[PageKey] | None:
    """The pages that files were or are; None where one of them is a file of settings, which concerns all pages."""
    titles = [(before.get(path), now.get(path)) for path in files]
    if any(old is None and new is None for old, new in titles):
        return None
    return {title.page_key for pair in titles for title in pair if title is not None}


@click.command()
@options
@click.option("-k", "only", default="", metavar="EXPR", help="Only tests of such names: 'greet and not (a or b)'.")
@click.option("-x", "stop", is_flag=True, help="Stop at the first failure.")
@click.option("-j", "jobs", default=1, type=click.IntRange(0), metavar="N", help="Processes; 0 is one a processor.")
@click.option("--watch", is_flag=True, help="Run again what a change of a page touches, until Ctrl-C.")
@click.option(
    "--tests",
    multiple=True,
    metavar="NAME",
    help="Last part of test modules' titles; repeatable. [default: testcases, tests, and the site's language's]",
)
@click.option("--junit", metavar="FILE", help="Write JUnit's XML there.")
@click.option("--coverage", metavar="FILE", help="Write which lines ran: an HTML page (.html), else LCOV.")
@click.option("--profile", metavar="FILE", help="Write where the time went: a flame graph (.html), else folded stacks.")
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
    jobs: int,
    watch: bool,
    junit: str | None,
    as_tap: bool,
    for_github: bool,
    coverage: str | None,
    profile: str | None,
    **given: Any,
) -> None:
    """Run the tests in modules called */testcases, */tests and as wikis in the site's language call them.

    ScribuntoUnit's suites, the UnitTests family, and plain modules whose functions test... raise an error to fail.
    """
    if watch and (coverage or profile):
        raise UsageError("--coverage and --profile are of all tests, and --watch runs some: leave out one of them")
    jobs = jobs or processors()
    chosen = selection.expression(only)
    run = TestRun(given, patterns, chosen, jobs, stop, junit, as_tap, for_github, coverage, profile)
    ctx.exit(run.watch() if watch else run.run())
