"""`luaproc wiki expand`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from luaproc.commands.signals import servers_end_first
from luaproc.commands.wiki.common import configuration, json_text, open_wiki, options, print_text
from luaproc.errors import NotReadError, UsageError, readable
from luaproc.install import files
from luaproc.wiki import Wiki
from luaproc.wiki.configuration import Configuration
from luaproc.wiki.documents import document
from luaproc.wiki.folders import DROPPED_SUFFIXES
from luaproc.wiki.status_line import StatusLine
from luaproc.wiki.titles import Title

if TYPE_CHECKING:
    from luaproc.wiki.bulk import Tally
    from luaproc.wiki.pages import PageKey

_UPDATE_SECONDS = 0.1  # between two updates of the progress


@click.command()
@options
@click.option("--title", metavar="T", help="The page that the text is of. [default: the main page]")
@click.option("--json", "as_json", is_flag=True, help="Text, errors, warnings, log, categories and limits as JSON.")
@click.option("--dump", metavar="DIR|DUMP", help="Expand each page of it instead: one line of JSON a page.")
@click.option(
    "-j", "--jobs", type=click.IntRange(0, 1000), metavar="N", help="Processes. [default: 0, one a processor]"
)
@click.option("--namespace", "namespaces", multiple=True, metavar="NAME|N", help="Only its pages; repeatable.")
@click.option("--output", metavar="FILE", help="Where the lines go. [default: standard output]")
@click.option("--resume", is_flag=True, help="Go on with FILE: pages that it has are not expanded again.")
@click.argument("text", required=False)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    text: str | None,
    title: str | None,
    as_json: bool,
    dump: str | None,
    jobs: int | None,
    namespaces: tuple[str, ...],
    output: str | None,
    resume: bool,
    **given: Any,
) -> None:
    """Expand wikitext as Special:ExpandTemplates does.

    TEXT is wikitext, the name of a file, or - for standard input. A module's error is shown as MediaWiki shows it; its
    trace is on stderr.

    With --dump, every page of a dump or folder whose text is wikitext is expanded, each as soon as a process is free
    for it, so that lines come in no order; their title says which page they are.
    """
    found = configuration(given)
    if dump is not None:
        if text is not None or title is not None:
            raise UsageError("expected --dump, or a text with --title: not both")
        if resume and output is None:
            raise UsageError("expected --output FILE with --resume: the file to go on with")
        failed = _expand_dump(found, dump, jobs, namespaces, None if output is None else Path(output), resume)
        ctx.exit(1 if failed else 0)
    for name, value in (("-j", jobs), ("--namespace", namespaces), ("--output", output), ("--resume", resume)):
        if value:
            raise UsageError(f"expected --dump with {name}: the pages to expand")
    with open_wiki(found) as wiki:
        expansion = wiki.expand(_input(text), title)
    for error in expansion.errors:
        click.echo(readable(error.explained), err=True)
    if as_json:
        click.echo(json_text(document(expansion)))
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
        if text.endswith(DROPPED_SUFFIXES) and not any(char in text for char in "\n{["):
            raise UsageError(f"{text}: expected wikitext or the name of a file, and there is no such file")
        return text
    try:
        return files.read(text, files.TEXT).decode("utf-8", "surrogateescape")
    except NotReadError as error:
        raise UsageError(str(error)) from None


def _expand_dump(
    found: Configuration,
    dump: str,
    jobs: int | None,
    namespaces: Sequence[str],
    output: Path | None,
    resume: bool,
) -> int:
    """How many pages had an error. Raises as `Wiki`, `bulk.expand_all` and `LineFile` do."""
    from luaproc.wiki.bulk import expand_all
    from luaproc.wiki.line_files import LineFile
    from luaproc.wiki.workers import processors

    if not Path(dump).exists():
        raise UsageError(f"--dump: expected a folder or a dump with pages, got {dump}: there is no such file")
    with_dump = found.overridden({"pages": (dump, *(path for path in found.pages if path != dump))})
    with open_wiki(with_dump) as wiki:
        _ = wiki.lualib  # raises where there is none, before a file is begun
        wanted = _namespaces(wiki, namespaces)
        lines = LineFile(output, resume)
        line = StatusLine(sys.stderr)
        try:
            pages = partial(_pages, wiki, wanted, lines.titles)
            with servers_end_first():
                progress = expand_all(
                    lambda: open_wiki(with_dump),
                    wiki.site,
                    pages(),
                    jobs or processors(),
                    lines.write,
                    _teller(pages, line),
                )
        except KeyboardInterrupt:
            sys.stdout.flush()
            sys.exit(130)
        finally:
            line.keep()
            lines.close()
    return progress.failed


def _pages(wiki: Wiki, namespaces: frozenset[int] | None, without: set[str]) -> Iterator[PageKey]:
    """The dump's pages of wikitext, in its order."""
    for key in wiki.pages.sources[0].page_keys():
        title = Title(wiki.site, *key)
        if (
            title.content_model == "wikitext"
            and (namespaces is None or key[0] in namespaces)
            and (not without or title.prefixed_text not in without)
        ):
            yield key


def _namespaces(wiki: Wiki, names: Sequence[str]) -> frozenset[int] | None:
    found = set()
    for name in names:
        is_number = name.removeprefix("-").isdecimal()
        number = int(name) if is_number else 0 if name.lower() == "main" else wiki.site.namespace_number(name)
        if number is None:
            raise UsageError(f"expected a namespace's name or number after --namespace, got {name!r}")
        found.add(number)
    return frozenset(found) or None


def _teller(pages: Callable[[], Iterator[PageKey]], line: StatusLine) -> Callable[[Tally], None] | None:
    """What shows the progress on a terminal; None where stderr is none."""
    if not line:
        return None
    total = sum(1 for _ in pages())
    began = last = time.monotonic()

    def tell(progress: Tally) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _UPDATE_SECONDS and progress.done < total:
            return
        last = now
        rate = progress.done / max(now - began, 0.001)
        line.show(f"{progress.done} of {total} pages, {progress.failed} with errors, {rate:.1f} a second")

    return tell
