"""`luaproc bench`: what this Lua side costs, beside the one it would replace."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from luaproc.bench import runner, servers, tables, wiki
from luaproc.bench.growth import GROWTH, steps_of_start
from luaproc.commands.signals import servers_end_first
from luaproc.errors import UsageError, readable, visible
from luaproc.install import files
from luaproc.install.mediawiki import find_mediawiki

ROUNDS = 15
QUICK_ROUNDS = 3


@click.command()
@click.option(
    "--against",
    "commands",
    metavar="CMD",
    multiple=True,
    help=(
        "A server to compare with: a luaPath (one word: /usr/bin/lua5.1), or the complete command of anything that "
        "speaks the protocol. Can be repeated. Default: lua5.1, or luajit with --runtime luajit21."
    ),
)
@click.option(
    "--runtime", type=click.Choice(list(servers.OPPONENTS)), default="lua51", show_default=True, help="Our runtime."
)
@click.option("--mediawiki", metavar="DIR", help="A MediaWiki with Scribunto; by default it is looked for.")
@click.option(
    "--only",
    "only",
    metavar="WORKLOAD",
    multiple=True,
    help=f"Measure this alone. Can be repeated. One of: {', '.join(runner.KEYS)}.",
)
@click.option("--growth", is_flag=True, help="Instead: growing lists of chunks, replies, numbers of servers.")
@click.option("--steps", is_flag=True, help="Instead: what a start of ours is made of.")
@click.option("--rounds", type=click.IntRange(1), help=f"Rounds to measure.  [default: {ROUNDS}]")
@click.option("--quick", is_flag=True, help=f"Only {QUICK_ROUNDS} rounds: to see that it works.")
@click.option("--cpu", type=click.IntRange(0), help="The CPU to keep everything on; by default the last one.")
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    help="Write every figure of every round there; - is standard output, instead of the table.",
)
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@servers_end_first()
def command(
    commands: tuple[str, ...], runtime: str, mediawiki: str | None, only: tuple[str, ...], growth: bool,
    steps: bool, rounds: int | None, quick: bool, cpu: int | None, json_file: str | None, markdown: bool,
) -> None:  # fmt: skip
    """Measure the CPU time of Lua-side servers, ours and others, doing what MediaWiki asks of them.

    The servers take turns on one CPU. Every reply is checked. The figures are those of the server process alone; those
    of a page are of a real MediaWiki, which is installed for it in a temporary directory (needs php with SQLite).
    """
    runner.check_platform()
    if growth + steps + bool(only) > 1:
        raise UsageError("bench takes one of --growth, --steps and --only")
    unknown = [key for key in only if key not in runner.KEYS]
    if unknown:
        raise UsageError(f"--only expects one of {', '.join(runner.KEYS)}; got {unknown[0]!r}")
    keys = () if growth or steps else only or runner.KEYS
    rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
    place = find_mediawiki(mediawiki)
    if json_file and not os.path.isdir(directory := os.path.dirname(json_file) or "."):
        raise UsageError(f"--json expects a file in a directory that is there, and {directory} is not")
    others = [] if steps else servers.opponents(commands, runtime, place)
    with ExitStack() as stack:
        everyone = [stack.enter_context(servers.ours(runtime, place)), *others]
        notes = [stack.enter_context(runner.pinned(cpu))]
        for server in everyone:
            say(f"Trying {server.name} ...")
            runner.try_out(server)
        site = None
        if runner.OWN_WIKI[0] in keys or any(page.key in keys for page in runner.PAGES):
            lack = wiki.missing() if place else "no MediaWiki with Scribunto was found (--mediawiki DIR)"
            if place and not lack:
                say("Installing a wiki ...")
                site = stack.enter_context(wiki.BenchWiki(place))
            else:
                notes.append(f"no pages: {lack}")
        sandbox = (
            site is not None and wiki.has_sandbox() and any(p.key in keys for p in runner.PAGES if p.of == "whole")
        )
        tasks = runner.tasks(everyone, keys, site, sandbox)
        if growth:
            tasks = runner.growth(everyone, GROWTH)
        elif steps:
            directory = stack.enter_context(TemporaryDirectory(prefix="luaproc-bench-"))
            tasks = runner.growth(everyone, steps_of_start(runtime, directory))
        rows = measure(tasks, rounds)
        if sandbox:
            everyone.append(wiki.SANDBOX)
        if not rows:
            raise servers.BenchError(f"nothing to measure: {notes[-1]}")
        found = tables.document(rows, everyone, rounds, notes)  # asks the servers for their versions
    document = json.dumps(found, indent=1)
    if json_file == "-":
        click.echo(document)
        return
    table = tables.markdown if markdown else tables.text
    click.echo(readable(f"{tables.introduction(found)}\n\n{table(rows, everyone)}"))
    if json_file:
        files.write(Path(json_file), document.encode() + b"\n")


def measure(tasks: list[runner.Task], rounds: int) -> list[runner.Row]:
    """Run them, with a progress bar where somebody watches."""
    if not sys.stderr.isatty():
        return runner.run(tasks, rounds, lambda what: None)
    length = runner.steps(tasks, rounds)
    with click.progressbar(length=length, file=sys.stderr, show_pos=True, item_show_func=_progress) as bar:
        started = False

        def progress(what: str) -> None:
            nonlocal started
            bar.update(1 if started else 0, what)
            started = True

        rows = runner.run(tasks, rounds, progress)
        bar.update(1, "done")
    return rows


def _progress(what: str | None) -> str:
    return visible(what or "")


def say(text: str) -> None:
    """A line for whoever waits."""
    if sys.stderr.isatty():
        click.echo(visible(text), err=True)
