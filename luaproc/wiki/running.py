"""Test modules run one after the other or in several processes; results come in the order of the modules either way."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import NamedTuple

from luaproc.wiki.pages import PageKey
from luaproc.wiki.selection import Chosen
from luaproc.wiki.testing import CaseResult, run_module
from luaproc.wiki.titles import Title
from luaproc.wiki.wiki import Wiki

_FORK = multiprocessing.get_context("fork")


class ModuleResults(NamedTuple):
    """What became of the tests of a module, and the pages that they asked for, be they there or not."""

    title: Title
    results: list[CaseResult]
    touched: frozenset[PageKey]


def run(
    opened: Callable[[], Wiki],
    titles: Sequence[Title],
    chosen: Chosen,
    jobs: int = 1,
    stop: bool = False,
    begun: Callable[[int, Title], None] = lambda done, title: None,
) -> Generator[ModuleResults, None, None]:
    """The results of each module, as soon as those of all modules before it are there.

    opened: gives a wiki; called once in each process, this one for one job. jobs: processes. stop: nothing comes after
    the first test that failed. begun: told how many modules are through, and the one that is next. Close the generator
    to end the processes.
    """
    if jobs <= 1 or len(titles) <= 1:
        runs = _here(opened, titles, chosen, stop, begun)
    else:
        runs = _in_processes(opened, titles, chosen, min(jobs, len(titles)), stop, begun)
    with closing(runs):
        for each in runs:
            failed = next((at for at, result in enumerate(each.results) if not result.passed), None)
            if stop and failed is not None:
                yield each._replace(results=each.results[: failed + 1])
                return
            yield each


def _one(wiki: Wiki, title: Title, chosen: Chosen, stop: bool) -> ModuleResults:
    results = []
    with wiki.pages.watched() as touched, closing(run_module(wiki, title, chosen)) as found:
        for result in found:
            results.append(result)
            if stop and not result.passed:
                break
    return ModuleResults(title, results, frozenset(touched))


def _here(
    opened: Callable[[], Wiki],
    titles: Sequence[Title],
    chosen: Chosen,
    stop: bool,
    begun: Callable[[int, Title], None],
) -> Generator[ModuleResults, None, None]:
    with opened() as wiki:
        for done, title in enumerate(titles):
            begun(done, title)
            yield _one(wiki, title, chosen, stop)


def _in_processes(
    opened: Callable[[], Wiki],
    titles: Sequence[Title],
    chosen: Chosen,
    jobs: int,
    stop: bool,
    begun: Callable[[int, Title], None],
) -> Generator[ModuleResults, None, None]:
    """Each process gets the next module when it is through with one. One that dies fails its module alone."""
    waiting = list(range(len(titles)))[::-1]
    ready: dict[int, ModuleResults] = {}
    running: dict[multiprocessing.connection.Connection, int] = {}
    processes = []

    def start() -> None:
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=_work, args=(ours, theirs, opened, titles, chosen, stop), daemon=True)
        process.start()
        theirs.close()
        processes.append(process)
        give(ours)

    def give(worker: multiprocessing.connection.Connection) -> None:
        if waiting:
            running[worker] = at = waiting.pop()
            worker.send(at)
        else:
            worker.close()

    try:
        for _ in range(jobs):
            start()
        for at, title in enumerate(titles):
            begun(len(titles) - len(waiting) - len(running), title)
            while at not in ready:
                for worker in multiprocessing.connection.wait(list(running)):
                    assert isinstance(worker, multiprocessing.connection.Connection)
                    number = running.pop(worker)
                    try:
                        results, touched = worker.recv()
                    except (EOFError, OSError):
                        text = "the process that ran this module has ended"
                        name = titles[number].prefixed_text
                        results, touched = [CaseResult(name, "", False, message=text)], frozenset()
                        worker.close()
                        if waiting:
                            start()
                    else:
                        if isinstance(results, Exception):
                            raise results
                        give(worker)
                    ready[number] = ModuleResults(titles[number], results, touched)
            yield ready.pop(at)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _work(
    ours: multiprocessing.connection.Connection,
    pipe: multiprocessing.connection.Connection,
    opened: Callable[[], Wiki],
    titles: Sequence[Title],
    chosen: Chosen,
    stop: bool,
) -> None:
    """A process's life: the numbers of modules come in, their results go out. Its parent alone handles Ctrl-C."""
    ours.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with opened() as wiki:
            while True:
                number = pipe.recv()
                title = wiki.site.make_title(titles[number].namespace, titles[number].text)
                assert title is not None
                _, results, touched = _one(wiki, title, chosen, stop)
                pipe.send((results, touched))
    except EOFError:
        pass  # there is no further module
    except Exception as error:
        pipe.send((error, frozenset()))
