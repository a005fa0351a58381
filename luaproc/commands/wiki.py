"""`luaproc wiki`: modules and templates without a wiki."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from luaproc.errors import NotReadError, UsageError, readable, visible
from luaproc.host import printing
from luaproc.install import files
from luaproc.wiki import Site, Wiki
from luaproc.wiki.configuration import Configuration, find
from luaproc.wiki.failures import ModuleError
from luaproc.wiki.titles import MODULE

FC = TypeVar("FC", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--pages", multiple=True, metavar="DIR|DUMP", help="Pages; repeatable, the first one wins."),
    click.option("--scribunto", metavar="DIR", help="Scribunto's Lua library. [default: is looked for]"),
    click.option("--mediawiki", metavar="DIR", help="For messages and languages. [default: is looked for]"),
    click.option("--site", metavar="FILE", help="The wiki's settings, as JSON."),
    click.option("--now", metavar="ISO", help="The moment that pages see."),
    click.option("--timezone", metavar="NAME", help="An IANA time zone."),
    click.option("--seed", type=int, help="Of math.random: two runs give the same."),
    click.option("--server", metavar="CMD", help="The command of another Lua side."),
)


def options(command: FC) -> FC:
    """The options of all subcommands."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def configuration(given: dict[str, Any]) -> Configuration:
    """The nearest configuration file's settings, and over them what the command line says."""
    found = find(Path.cwd())
    return replace(found, **{key: value for key, value in given.items() if value not in (None, ())})


def open_wiki(found: Configuration) -> Wiki:
    """The wiki of a configuration; without any pages, those of the current directory. Raises as `Wiki`."""
    site = Site.load(found.site) if found.site else None
    return Wiki(
        list(found.pages or (os.curdir,)),
        scribunto=found.scribunto,
        mediawiki=found.mediawiki,
        site=site,
        now=found.now,
        timezone=found.timezone,
        seed=found.seed,
        server=shlex.split(found.server) if found.server else None,
        title_map=found.title_map,
        lua_path=found.lua_path,
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Expand pages and run modules without a wiki: Scribunto's own Lua library, and PHP's half of it in Python.

    Settings of all subcommands also stand in luaproc.toml, or in [tool.luaproc.wiki] of pyproject.toml.

    \b
    Exit status: 0; 1 where a module failed or a test did; 2 for a usage error; 5 where there was no test.
    """


@command.command()
@options
@click.option("--title", metavar="T", help="The page that the text is of. [default: the main page]")
@click.option("--json", "as_json", is_flag=True, help="Text, errors, warnings, log, categories and limits as JSON.")
@click.argument("text", required=False)
@click.pass_context
def expand(ctx: click.Context, /, text: str | None, title: str | None, as_json: bool, **given: Any) -> None:
    """Expand wikitext as Special:ExpandTemplates does.

    TEXT is wikitext, the name of a file, or - for standard input. A module's error is shown as MediaWiki shows it; its
    trace is on stderr.
    """
    with open_wiki(configuration(given)) as wiki:
        expansion = wiki.expand(_input(text), title)
    for error in expansion.errors:
        click.echo(readable(error.traceback), err=True)
    if as_json:
        document = {
            "text": expansion.text,
            "errors": [_error(error) for error in expansion.errors],
            "warnings": list(expansion.warnings),
            "log": expansion.log,
            "categories": dict(expansion.categories),
            "properties": dict(expansion.properties),
            "limits": {name: {"used": limit.used, "most": limit.most} for name, limit in expansion.limits.items()},
        }
        click.echo(_json(document))
    else:
        _print_text(expansion.text)
    ctx.exit(1 if expansion.errors else 0)


@command.command()
@options
@click.option("--parent", multiple=True, metavar="K=V", help="An argument of the template that invokes; repeatable.")
@click.option("--title", metavar="T", help="The page that invokes. [default: the main page]")
@click.argument("module")
@click.argument("function")
@click.argument("arguments", nargs=-1, metavar="[ARG|K=V]...")
def invoke(
    module: str, function: str, arguments: tuple[str, ...], parent: tuple[str, ...], title: str | None, **given: Any
) -> None:
    """Call a module's function as {{#invoke:}} does, and print its text."""
    with open_wiki(configuration(given)) as wiki:
        text = _guarded(
            lambda: wiki.invoke(
                module, function, _arguments(arguments), parent=_arguments(parent) if parent else None, title=title
            )
        )
    _print_text(text)


@command.command(name="eval")
@options
@click.option("--json", "as_json", is_flag=True, help="The values as JSON.")
@click.option("--title", metavar="T", help="The current page. [default: the main page]")
@click.argument("lua")
def evaluate(lua: str, title: str | None, as_json: bool, **given: Any) -> None:
    """Run Lua in a module's environment and print what it returns; =EXPR is `return EXPR`."""
    with open_wiki(configuration(given)) as wiki:
        values = _guarded(lambda: wiki.eval(lua, title))
    _print_values(values, as_json)


@command.command()
@options
@click.argument("module")
def dump(module: str, **given: Any) -> None:
    """Print what a data module returns, as JSON."""
    with open_wiki(configuration(given)) as wiki:
        name = wiki.module(module).title.prefixed_text
        values = _guarded(lambda: wiki.eval(f"=require( {json.dumps(name)} )"))
    _print_values(values, True)


@command.command()
@options
@click.option("-k", "only", default="", metavar="TEXT", help="Only tests with this in their names.")
@click.option("-x", "stop", is_flag=True, help="Stop at the first failure.")
@click.option("--junit", metavar="FILE", help="Write JUnit's XML there.")
@click.option("--tap", "as_tap", is_flag=True, help="Print TAP instead.")
@click.option("--github", "for_github", is_flag=True, help="Add annotations for GitHub. [default: where it runs this]")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@click.pass_context
def test(
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
    from luaproc.wiki import reports, testing

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
        places = _files(wiki)
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


@command.command()
@options
@click.pass_context
def check(ctx: click.Context, /, **given: Any) -> None:
    """Look through all pages without running them: modules that do not compile, and names that lead nowhere.

    One line a finding: FILE:LINE: what is wrong. Status 1 where there is any.
    """
    from luaproc.wiki import checking

    with open_wiki(configuration(given)) as wiki:
        findings = list(checking.check(wiki))
        places, pages = _files(wiki), len(wiki.pages)
    for line in checking.report(findings, places):
        click.echo(visible(line))
    click.echo(f"pages: {pages}, findings: {len(findings)}")
    ctx.exit(1 if findings else 0)


@command.command()
@options
def doctor(**given: Any) -> None:
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
            ("site", f"{found.site or 'default'}: {wiki.site.name}, language {wiki.site.language}"),
            ("library", f"{wiki.lualib.path}, branch 1.{wiki.lualib.release}"),
        ]  # the library last: where there is none, the rest is known
        for name, text in rows:
            click.echo(f"{name:<14}{visible(text)}")


def _files(wiki: Wiki) -> dict[str, str]:
    """Pages -> the files in which they lie, from the current directory; pages without one are left out."""
    places = ((title.prefixed_text, wiki.pages.where(title)) for title in wiki.pages.titles())
    return {name: os.path.relpath(file) for name, file in places if file}


def _input(text: str | None) -> str:
    if text is None or text == "-":
        if text is None and sys.stdin.isatty():
            raise UsageError("expected wikitext, the name of a file, or - for standard input")
        return files.read_stream(sys.stdin.buffer, files.TEXT).decode("utf-8", "surrogateescape")
    try:
        is_file = Path(text).is_file()
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        return text
    try:
        return files.read(text, files.TEXT).decode("utf-8", "surrogateescape")
    except NotReadError as error:
        raise UsageError(str(error)) from None


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


def _guarded(call: Callable[[], Any]) -> Any:
    """What a call gives; a module's error with its trace ends the command, status 1."""
    try:
        return call()
    except ModuleError as error:
        click.echo(readable(error.traceback), err=True)
        sys.exit(1)


def _error(error: ModuleError) -> dict[str, Any]:
    return {
        "text": str(error), "message": error.message, "module": error.module, "line": error.line,
        "trace": [str(entry) for entry in error.trace],
    }  # fmt: skip


def _print_values(values: Sequence[Any], as_json: bool) -> None:
    wire = [_wire(value) for value in values]
    if as_json:
        shown = [printing.for_json(value) for value in wire]
        click.echo(_json(shown[0] if len(shown) == 1 else shown))
    elif wire:
        click.echo(printing.values(wire))


def _print_text(text: str) -> None:
    """Wikitext or HTML, as it is into a file or a pipe; on a terminal without what a terminal would obey."""
    click.echo(readable(text) if sys.stdout.isatty() else text.encode("utf-8", "surrogateescape"))


def _wire(value: Any) -> Any:
    """A value as the wire has it: texts are bytes, lists are tables."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return {index: _wire(item) for index, item in enumerate(value, 1)}
    if isinstance(value, dict):
        return {_wire(key): _wire(item) for key, item in value.items()}
    return value


def _json(document: Any) -> str:
    return printing.json_text(document, indent=1)
