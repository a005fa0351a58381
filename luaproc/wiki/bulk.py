"""Every page of a source expanded in processes: one line of JSON a page, as each comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from luaproc.wiki.documents import failed_line, page_line
from luaproc.wiki.pages import PageKey
from luaproc.wiki.site import Site
from luaproc.wiki.titles import Title
from luaproc.wiki.wiki import Wiki
from luaproc.wiki.workers import WorkerEnded, perform_all

AHEAD = 2
"""Pages that a worker is given before it has answered for the first: it never waits for the next one."""


@dataclass
class Tally:
    """How far it is: pages that were expanded, and those of them with an error."""

    done: int = 0
    failed: int = 0


def expand_all(
    open_wiki: Callable[[], Wiki],
    site: Site,
    pages: Iterable[PageKey],
    jobs: int,
    write: Callable[[bytes], None],
    tell: Callable[[Tally], None] | None = None,
) -> Tally:
    """Expand pages in `jobs` processes; `write` gets each page's line as soon as it is there, in no order.

    open_wiki: called in each worker. tell: called after each page. A worker that dies is replaced, and the line of its
    page says so. However this ends, no process is left. Raises `WikiError` where a worker cannot begin.
    """
    progress = Tally()
    for page, result in perform_all(open_wiki, _expand, pages, jobs, AHEAD):
        if isinstance(result, WorkerEnded):
            name = Title(site, *page).prefixed_text
            line, failed = failed_line(name, f"the process that expands the page {result}"), True
        else:
            line, failed = result
        write(line.encode())
        progress.done += 1
        progress.failed += failed
        if tell is not None:
            tell(progress)
    return progress


def _expand(wiki: Wiki, page: PageKey) -> tuple[str, bool]:
    return page_line(wiki, Title(wiki.site, *page))
