"""Every page of a source expanded in processes: one line of JSON a page, as each comes.

A process of ours (a worker) has a wiki of its own and expands one page after the other. Workers are process groups of
their own, as Lua servers are, so that a terminal's Ctrl-C reaches this process alone: it ends the workers, which end
their servers first.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from luaproc.errors import LuaprocError
from luaproc.wiki.documents import failed_line, page_line
from luaproc.wiki.errors import WikiError
from luaproc.wiki.pages import PageKey
from luaproc.wiki.site import Site
from luaproc.wiki.titles import Title
from luaproc.wiki.wiki import Wiki

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
    if "fork" not in multiprocessing.get_all_start_methods():
        raise WikiError("expected a system with fork: pages are expanded in processes")
    progress = Tally()
    source = iter(pages)
    again: deque[PageKey] = deque()  # given to a worker that died before it came to them
    workers: list[_Worker] = []

    def give(worker: _Worker) -> None:
        while len(worker.pages) < AHEAD:
            page = again.popleft() if again else next(source, None)
            if page is None:
                return
            worker.give(page)

    def take(worker: _Worker) -> None:
        answer = worker.answer()
        if answer == _READY:
            return
        if answer is None or answer[:1] == _REFUSED:
            why = worker.end()
            if not worker.ready:
                raise WikiError(answer[1:].decode() if answer else f"a process that expands pages {why} at its start")
            title = Title(site, *worker.pages.popleft())
            answer = _FAILED + failed_line(title.prefixed_text, f"the process that expands the page {why}").encode()
            again.extend(worker.pages)
            workers.remove(worker)
            worker = _Worker(open_wiki, workers)
            workers.append(worker)
        else:
            worker.pages.popleft()
        give(worker)
        write(answer[1:])
        progress.done += 1
        progress.failed += answer[:1] == _FAILED
        if tell is not None:
            tell(progress)

    try:
        for _ in range(jobs):
            workers.append(_Worker(open_wiki, workers))
            give(workers[-1])
        while busy := {worker.channel: worker for worker in workers if worker.pages}:
            for channel in wait(list(busy)):
                take(busy[channel])  # type: ignore[index]
        return progress
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.end()


# The first byte of an answer.
_READY, _DONE, _FAILED, _REFUSED = b"+", b".", b"!", b"?"

_GRACE = 10.0  # seconds that a worker has to end its Lua server and itself, before it is killed

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Worker:
    """A process that expands pages, and what it has still to answer for."""

    def __init__(self, open_wiki: Callable[[], Wiki], others: Iterable[_Worker]) -> None:
        self.pages: deque[PageKey] = deque()
        self.ready = False
        self.channel, theirs = multiprocessing.Pipe()
        inherited = [self.channel, *(other.channel for other in others)]
        self._process = multiprocessing.get_context("fork").Process(
            target=_work, args=(open_wiki, theirs, inherited), daemon=True
        )
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # Ctrl-C is not for the worker
        try:
            self._process.start()
            assert self._process.pid is not None
            self.pid = self._process.pid
            with suppress(OSError):  # whoever of both is first
                os.setpgid(self.pid, self.pid)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()

    def give(self, page: PageKey) -> None:
        self.pages.append(page)
        with suppress(OSError):  # it died: `answer` is told so
            self.channel.send(page)

    def answer(self) -> bytes | None:
        """What came; None if the process has ended."""
        try:
            answer = self.channel.recv_bytes()
        except (EOFError, OSError):
            return None
        self.ready = self.ready or answer == _READY
        return answer

    def terminate(self) -> None:
        """Have the process end its Lua server, and itself."""
        with suppress(OSError):  # a process that has ended keeps its status
            os.kill(self.pid, signal.SIGTERM)

    def end(self) -> str:
        """End the process; how it had ended."""
        self.terminate()
        self._process.join(_GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.channel.close()
        status = self._process.exitcode or 0
        return f"ended by signal {-status}" if status < 0 else f"ended with status {status}"


def _work(open_wiki: Callable[[], Wiki], channel: Connection, inherited: Iterable[Connection]) -> None:
    """What a worker does until its channel closes."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _unwind)  # the Lua server, which has a session of its own, ends first
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    for other in inherited:
        other.close()  # each channel ends when the first process does
    try:
        try:
            wiki = open_wiki()
        except LuaprocError as error:
            channel.send_bytes(_REFUSED + str(error).encode("utf-8", "backslashreplace"))
            return
        channel.send_bytes(_READY)
        while True:
            line, failed = page_line(wiki, Title(wiki.site, *channel.recv()))
            channel.send_bytes((_FAILED if failed else _DONE) + line.encode())
    except (EOFError, OSError):
        return  # nobody asks any more


def _unwind(number: int, _: object) -> None:
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)
