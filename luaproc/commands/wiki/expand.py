"""`luaproc wiki expand`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from luaproc.commands.wiki.common import configuration, json_text, open_wiki, options, print_text
from luaproc.errors import NotReadError, UsageError, readable
from luaproc.install import files
from luaproc.wiki.failures import ModuleError


@click.command()
@options
@click.option("--title", metavar="T", help="The page that the text is of. [default: the main page]")
@click.option("--json", "as_json", is_flag=True, help="Text, errors, warnings, log, categories and limits as JSON.")
@click.argument("text", required=False)
@click.pass_context
def command(ctx: click.Context, /, text: str | None, title: str | None, as_json: bool, **given: Any) -> None:
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
        click.echo(json_text(document))
    else:
        print_text(expansion.text)
    ctx.exit(1 if expansion.errors else 0)


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


def _error(error: ModuleError) -> dict[str, Any]:
    return {
        "text": str(error), "message": error.message, "module": error.module, "line": error.line,
        "trace": [str(entry) for entry in error.trace],
    }  # fmt: skip
