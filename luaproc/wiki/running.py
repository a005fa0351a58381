"""Test modules run one after the other or in several processes; results come in the order of the modules either way."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import NamedTuple

from luaproc.wiki.pages import PageKey
from luaproc.wiki.selection import Chosen
from luaproc.wiki.testing import CaseResult, run_module
from luaproc.wiki.titles import Title
from luaproc.wiki.wiki import Wiki
from luaproc.wiki.workers import WorkerEnded, perform_all


class ModuleResults(NamedTuple):
    """What became of the tests of a module, and the pages that they asked for, be they there or not."""

    title: Title
    results: list[CaseResult]
    touched: frozenset[PageKey]


def run(
    open_wiki: Callable[[], Wiki],
    titles: Sequence[Title],
    chosen: Chosen,
    jobs: int = 1,
    stop: bool = False,
    begun: Callable[[int, Title], None] = lambda done, title: None,
) -> Generator[ModuleResults, None, None]:
    """The results of each module, as soon as those of all modules before it are there.

    open_wiki: gives a wiki, once in each process, this one for one job. jobs: processes. stop: nothing comes after
    the first test that failed. begun: told how many modules are through, and the one that is next. Close the
    generator to end the processes.
    """
    if jobs <= 1 or len(titles) <= 1:
        runs = _in_this_process(open_wiki, titles, chosen, stop, begun)
    else:
        runs = _in_processes(open_wiki, titles, chosen, min(jobs, len(titles)), stop, begun)
    with closing(runs):
        for each in runs:
            failed = next((at for at, result in enumerate(each.results) if not result.passed), None)
            if stop and failed is not None:
                yield each._replace(results=each.results[: failed + 1])
                return
            yield each


def _run_module(wiki: Wiki, title: Title, chosen: Chosen, stop: bool) -> ModuleResults:
    results = []
    with wiki.pages.watched() as touched, closing(run_module(wiki, title, chosen)) as found:
        for result in found:
            results.append(result)
            if stop and not result.passed:
                break
    return ModuleResults(title, results, frozenset(touched))


def _in_this_process(
    open_wiki: Callable[[], Wiki],
    titles: Sequence[Title],
    chosen: Chosen,
    stop: bool,
    begun: Callable[[int, Title], None],
) -> Generator[ModuleResults, None, None]:
    with open_wiki() as wiki:
        for done, title in enumerate(titles):
            begun(done, title)
            yield _run_module(wiki, title, chosen, stop)


def _in_processes(
    open_wiki: Callable[[], Wiki],
    titles: Sequence[Title],
    chosen: Chosen,
    jobs: int,
    stop: bool,
    begun: Callable[[int, Title], None],
) -> Generator[ModuleResults, None, None]:
    """Each process gets the next module when it is through with one. One that dies fails its module alone."""

    def perform(wiki: Wiki, number: int) -> tuple[list[CaseResult], frozenset[PageKey]]:
        title = wiki.site.make_title(*titles[number].page_key)
        assert title is not None
        module = _run_module(wiki, title, chosen, stop)
        return module.results, module.touched

    done = 0
    ready: dict[int, ModuleResults] = {}
    with closing(perform_all(open_wiki, perform, range(len(titles)), jobs)) as answers:
        for at, title in enumerate(titles):
            begun(done, title)
            while at not in ready:
                number, result = next(answers)
                done += 1
                if isinstance(result, WorkerEnded):
                    text = f"the process that ran this module {result}"
                    failed = CaseResult(titles[number].prefixed_text, "", False, message=text)
                    result = [failed], frozenset()
                ready[number] = ModuleResults(titles[number], *result)
            yield ready.pop(at)
