"""Every page of a source expanded in processes: one line of JSON a page, as each comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from luaproc.wiki.documents import failed_line, page_line
from luaproc.wiki.pages import PageKey
from luaproc.wiki.site import Site
from luaproc.wiki.titles import Title
from luaproc.wiki.wiki import Wiki
from luaproc.wiki.workers import Worker, WorkerEnded, answering, end_all

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
    source = iter(pages)
    again: deque[PageKey] = deque()  # given to a worker that died before it came to them
    workers: list[Worker] = []

    def start() -> None:
        worker = Worker(open_wiki, _expand, workers)
        workers.append(worker)
        give(worker)

    def give(worker: Worker) -> None:
        while len(worker.tasks) < AHEAD:
            page = again.popleft() if again else next(source, None)
            if page is None:
                return
            worker.give(page)

    def take(worker: Worker) -> None:
        try:
            answer = worker.answer()
        except WorkerEnded as error:
            name = Title(site, *worker.tasks.popleft()).prefixed_text
            line, failed = failed_line(name, f"the process that expands the page {error}"), True
            again.extend(worker.tasks)
            workers.remove(worker)
            start()
        else:
            if answer is None:
                return
            line, failed = answer[1]
            give(worker)
        write(line.encode())
        progress.done += 1
        progress.failed += failed
        if tell is not None:
            tell(progress)

    try:
        for _ in range(jobs):
            start()
        while ready := answering(workers):
            for worker in ready:
                take(worker)
        return progress
    finally:
        end_all(workers)


def _expand(wiki: Wiki, page: PageKey) -> tuple[str, bool]:
    return page_line(wiki, Title(wiki.site, *page))
