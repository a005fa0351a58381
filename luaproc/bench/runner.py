"""Who does what, in turns: every task by every server, round by round, all on one CPU."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from luaproc.bench import client, own_wiki, workloads
from luaproc.bench.growth import Growth
from luaproc.bench.servers import BARE, LUA, PYTHON, BenchError, Server, environment
from luaproc.bench.session import MeteredServer
from luaproc.bench.wiki import SANDBOX, BenchPage, BenchWiki, Rendering, page_of_blocks, page_of_citations
from luaproc.errors import LuaprocError

_TRIAL_SECONDS = 20.0  # a mistyped command has said why on stderr

Unit = Literal["seconds", "bytes"]


class Task(NamedTuple):
    """A row of the table: what is measured, of whom (ours first), in which unit."""

    key: str
    title: str
    unit: Unit
    servers: tuple[Server, ...]
    measure: Callable[[Server], float]


@dataclass
class Row:
    """What came out of a task: a figure per server and round; the same index is the same round."""

    key: str
    title: str
    unit: Unit
    figures: dict[str, list[float]] = field(default_factory=dict)


def _blocks(count: int) -> str:
    return f"{count} block{'s' if count > 1 else ''}"


class PageTask(NamedTuple):
    """A page workload: key, title, page; and what of its rendering counts."""

    key: str
    title: str
    page: BenchPage
    of: Literal["server", "whole"]

    def figure(self, found: Rendering) -> float:
        """Seconds of CPU time."""
        return found.server if self.of == "server" else found.server + found.php


PAGES = (
    PageTask("page-1", "page with 1 block, server, cold start included", page_of_blocks(1), "server"),
    PageTask("page-40", "page with 40 blocks, server, cold start included", page_of_blocks(40), "server"),
    PageTask("page-citations", "page of 40 citations, server, cold start included", page_of_citations(40), "server"),
    *(
        PageTask(f"page-whole-{count}", f"page with {_blocks(count)}, PHP and server", page_of_blocks(count), "whole")
        for count in (1, 10, 40, 200)
    ),
    PageTask("page-whole-citations", "page of 200 citations, PHP and server", page_of_citations(200), "whole"),
)
"""Of whole pages LuaSandbox is measured as well, where PHP has it."""

STARTS: dict[str, str] = {
    "start": "start to first reply, and end",
    "bare": "the same, against `python -IS -c pass`",
    "virtual": "virtual memory after the first reply",
    "resident": "resident memory after the first reply",
}

STANDALONE = ("standalone", "start and end of `luaproc lua -e ''`, against `python -c pass`")

OWN_WIKI = ("page-wiki", "page with 40 blocks, luaproc.wiki with its server, against PHP and server")

CLIENT = ("async", "10,000 calls through AsyncInterpreter, client and server")

KEYS = (
    "start",
    "bare",
    *(w.key for w in workloads.WORKLOADS),
    STANDALONE[0],
    CLIENT[0],
    *(p.key for p in PAGES),
    OWN_WIKI[0],
    "virtual",
    "resident",
)
"""Every task, in the table's order."""


def start(server: Server) -> float:
    """Seconds of CPU time of a server that answers PHP's first message and is ended by SIGTERM; exec included."""
    if server is BARE:
        return alone(server)
    with MeteredServer(server) as session:
        workloads.returns()(session.exchange(workloads.FIRST))
        return session.end()


def alone(server: Server) -> float:
    """Seconds of CPU time of a process that says nothing and ends by itself; exec included."""
    # The only child that ends meanwhile is this one.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(server.command, check=True, stdin=subprocess.DEVNULL, env=environment(server))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def memory(server: Server) -> tuple[int, int]:
    """Virtual and resident memory, in bytes, of a server that has answered PHP's first message."""
    with MeteredServer(server) as session:
        workloads.returns()(session.exchange(workloads.FIRST))
        session.settle()
        return session.memory()


def work(workload: workloads.Workload, server: Server) -> float:
    """Seconds of CPU time for one step of a workload, in a fresh process."""
    with MeteredServer(server) as session:
        return workloads.run(workload, session)


def _whole(wiki: BenchWiki | None, server: Server, page: BenchPage) -> float:
    """Seconds of CPU time for a page: of PHP and the server, or of `luaproc.wiki` and its own."""
    if server is own_wiki.WIKI or wiki is None:
        return own_wiki.expanded(page)
    found = wiki.render(server, page)
    return found.php + found.server


def tasks(servers: Sequence[Server], keys: Sequence[str], wiki: BenchWiki | None, sandbox: bool = False) -> list[Task]:
    """The tasks of these keys for these servers, ours first; those of pages only with a wiki.

    sandbox: whether to measure LuaSandbox beside them.
    """
    all_servers = tuple(servers)
    found = [
        Task("start", STARTS["start"], "seconds", all_servers, start),
        Task("bare", STARTS["bare"], "seconds", (servers[0], BARE), start),
        *(
            Task(w.key, w.title, "seconds", all_servers, lambda server, w=w: work(w, server))  # type: ignore[misc]
            for w in workloads.WORKLOADS
        ),
        Task(
            *STANDALONE,
            "seconds",
            (servers[0], PYTHON),
            lambda server: alone(PYTHON if server is PYTHON else LUA),
        ),
        Task(
            *CLIENT,
            "seconds",
            (servers[0], client.SYNC),
            lambda server: client.sync_calls(servers[0]) if server is client.SYNC else client.async_calls(server),
        ),
        *(
            Task(
                p.key,
                p.title,
                "seconds",
                (*all_servers, SANDBOX) if sandbox and p.of == "whole" else all_servers,
                lambda server, p=p: p.figure(wiki.render(server, p.page)),  # type: ignore[misc]
            )
            for p in PAGES
            if wiki
        ),
        *(
            Task(
                *OWN_WIKI,
                "seconds",
                (own_wiki.WIKI, *all_servers[1:]),
                lambda server: _whole(wiki, server, page_of_blocks(40)),
            )
            for _ in all_servers[1:2]
            if wiki
        ),
        Task("virtual", STARTS["virtual"], "bytes", all_servers, lambda server: memory(server)[0]),
        Task("resident", STARTS["resident"], "bytes", all_servers, lambda server: memory(server)[1]),
    ]
    return [task for task in found if task.key in keys]


def growth(servers: Sequence[Server], rows: Sequence[Growth]) -> list[Task]:
    """The tasks of these rows for these servers."""
    return [Task(row.key, row.title, row.unit, tuple(servers), row.measure) for row in rows]


def try_out(server: Server) -> None:
    """See that a server works at all, and say why it does not: its stderr is kept here, and nowhere else.

    Raises BenchError.
    """
    try:
        with MeteredServer(server, keep_stderr=True, timeout=_TRIAL_SECONDS) as session:
            workloads.try_out(session)
    except LuaprocError as error:
        raise BenchError(f"{server.name} cannot be measured: {error}") from None


def run(tasks: Sequence[Task], rounds: int, progress: Callable[[str], None]) -> list[Row]:
    """Measure: one figure per task, server and round. Servers take turns, and turns are changed every round.

    progress: called before every figure with what is measured.
    Raises BenchError, naming server and task, when a server dies or answers wrongly.
    """
    rows = {task.key: Row(task.key, task.title, task.unit, {s.name: [] for s in task.servers}) for task in tasks}
    for turn in range(rounds):
        for task in tasks:
            first = turn % len(task.servers)
            for server in task.servers[first:] + task.servers[:first]:
                progress(f"{task.key}, {server.name}")
                try:
                    figure = task.measure(server)
                except LuaprocError as error:
                    raise BenchError(f"{server.name}, workload {task.key}: {error}") from None
                rows[task.key].figures[server.name].append(figure)
    return list(rows.values())


def steps(tasks: Sequence[Task], rounds: int) -> int:
    """How often `run` will call progress."""
    return rounds * sum(len(task.servers) for task in tasks)


@contextmanager
def pinned(cpu: int | None) -> Iterator[str]:
    """Keep this process, and so every process it starts, on one CPU; gives a sentence about it for the report.

    cpu: its number; None takes the last one that is allowed. Raises BenchError for a number that is not.
    """
    try:
        allowed = os.sched_getaffinity(0)
    except (AttributeError, OSError) as error:
        yield f"not pinned to one CPU: {error}"
        return
    if cpu is not None and cpu not in allowed:
        raise BenchError(f"expected a CPU out of {', '.join(map(str, sorted(allowed)))}, got {cpu}")
    chosen = max(allowed) if cpu is None else cpu
    try:
        os.sched_setaffinity(0, {chosen})
    except OSError as error:
        yield f"not pinned to one CPU: {error.strerror}"
        return
    try:
        yield f"all processes on CPU {chosen}"
    finally:
        os.sched_setaffinity(0, allowed)


def check_platform() -> None:
    """Raises BenchError where another process's CPU clock cannot be read."""
    if not Path("/proc/self/statm").exists():
        raise BenchError("luaproc bench needs Linux, whose kernel tells the CPU time of another process precisely")
