"""Processes with a wiki of their own that do one task after the other: the pages of a dump, the modules of tests.

Each worker is a process group of its own, so that a terminal's Ctrl-C reaches the first process alone: that ends the
workers, which end their Lua servers first. The servers are in their worker's group: where a worker is killed, the first
process kills what is left of the group.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any

from luaproc.errors import LuaprocError
from luaproc.wiki.errors import WikiError
from luaproc.wiki.wiki import Wiki

_GRACE_SECONDS = 10.0  # that a worker has to end its Lua server and itself, before it is killed

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# What an answer begins with.
_READY, _DONE, _REFUSED = "ready", "done", "refused"


class WorkerEnded(Exception):
    """A worker has ended; how is the text: `ended by signal 9`. What it was given is still in its `tasks`."""


class Worker:
    """A process that does tasks, and those that it has still to answer for.

    open_wiki: gives its wiki; called in the process. perform: called there with the wiki and each task; task and result
    are pickled. others: the workers that are there already: each channel ends when the first process does. Raises
    `WikiError` where the system has no fork.
    """

    def __init__(
        self, open_wiki: Callable[[], Wiki], perform: Callable[[Wiki, Any], Any], others: Iterable[Worker]
    ) -> None:
        if "fork" not in multiprocessing.get_all_start_methods():
            raise WikiError("expected a system with fork: the work is done in processes")
        self.tasks: deque[Any] = deque()
        self._ready = False
        self._ended: str | None = None
        self._channel, theirs = multiprocessing.Pipe()
        inherited = [self._channel, *(other._channel for other in others)]
        self._process = multiprocessing.get_context("fork").Process(
            target=_work, args=(open_wiki, perform, theirs, inherited), daemon=True
        )
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # Ctrl-C is not for the worker
        try:
            self._process.start()
            assert self._process.pid is not None
            self._pid = self._process.pid
            with suppress(OSError):  # whoever of both is first
                os.setpgid(self._pid, self._pid)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()

    def give(self, task: Any) -> None:
        """Put a task behind those that it has."""
        self.tasks.append(task)
        with suppress(OSError):  # it died: `answer` is told so
            self._channel.send(task)

    def answer(self) -> tuple[Any, Any] | None:
        """A task and its result, waited for; None where it only says that its wiki is open.

        Raises `WorkerEnded`, and `WikiError` where its wiki cannot be opened.
        """
        try:
            kind, result = self._channel.recv()
        except (EOFError, OSError):
            why = self.end()
            if not self._ready:
                raise WikiError(f"a process that was to open the wiki {why}") from None
            raise WorkerEnded(why) from None
        if kind == _REFUSED:
            raise WikiError(result)
        self._ready = True
        return (self.tasks.popleft(), result) if kind == _DONE else None

    def terminate(self) -> None:
        """Have the process end its Lua server, and itself."""
        if self._ended is None:
            with suppress(OSError):  # a process that has ended keeps its status
                os.kill(self._pid, signal.SIGTERM)

    def end(self) -> str:
        """End the process and its Lua server; how the process had ended."""
        if self._ended is None:
            self.terminate()
            wait([self._process.sentinel], _GRACE_SECONDS)
            with suppress(OSError):  # nothing is left of the group
                os.killpg(self._pid, signal.SIGKILL)
            self._process.join()
            self._channel.close()
            status = self._process.exitcode or 0
            self._ended = f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
        return self._ended


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def perform_all(
    open_wiki: Callable[[], Wiki],
    perform: Callable[[Wiki, Any], Any],
    tasks: Iterable[Any],
    jobs: int,
    ahead: int = 1,
) -> Generator[tuple[Any, Any], None, None]:
    """Have tasks done by `jobs` workers; each task with its result, as soon as it is done, or with the `WorkerEnded`.

    open_wiki, perform: see `Worker`. ahead: tasks that a worker is given at once; one of 2 never waits for the next.
    A worker that ends is replaced, and its other tasks go to others. Close the generator to end the processes; however
    it ends, none is left. Raises `WikiError` where a worker cannot begin.
    """
    source, again = iter(tasks), deque[Any]()
    workers: list[Worker] = []

    def start() -> None:
        for task in _first(again, source):
            worker = Worker(open_wiki, perform, workers)
            workers.append(worker)
            worker.give(task)
            fill(worker)

    def fill(worker: Worker) -> None:
        while len(worker.tasks) < ahead:
            found = _first(again, source)
            if not found:
                return
            worker.give(found[0])

    try:
        for _ in range(jobs):
            start()
        while ready := _answering(workers):
            for worker in ready:
                try:
                    answer = worker.answer()
                except WorkerEnded as error:
                    answer = worker.tasks.popleft(), error
                    again.extend(worker.tasks)
                    workers.remove(worker)
                    start()
                else:
                    fill(worker)
                if answer is not None:
                    yield answer
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.end()


def _first(again: deque[Any], source: Iterator[Any]) -> list[Any]:
    """The next task, in a list; an empty one at the end."""
    return [again.popleft()] if again else list(islice(source, 1))


def _answering(workers: Iterable[Worker]) -> list[Worker]:
    """The workers that have an answer, waited for; none where no worker has a task."""
    busy = {worker._channel: worker for worker in workers if worker.tasks}
    return [busy[channel] for channel in wait(list(busy))] if busy else []  # type: ignore[index]


def _work(
    open_wiki: Callable[[], Wiki],
    perform: Callable[[Wiki, Any], Any],
    channel: Connection,
    inherited: Iterable[Connection],
) -> None:
    """What a worker does until its channel closes."""
    with suppress(OSError):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _unwind)  # the Lua server ends first
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    for other in inherited:
        other.close()
    try:
        with open_wiki() as wiki:
            wiki._own_sessions = False
            channel.send((_READY, None))
            while True:
                channel.send((_DONE, perform(wiki, channel.recv())))
    except LuaprocError as error:
        channel.send((_REFUSED, str(error)))
    except (EOFError, OSError):
        return  # nobody asks any more


def _unwind(number: int, _: object) -> None:
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)
