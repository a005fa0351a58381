"""How costs grow: live chunks, the size of a reply, the number of servers. And what a start is made of.

These are asked for by `--growth` and `--steps`; the table of every run leaves them out.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from luaproc.bench import workloads
from luaproc.bench.servers import Server, environment
from luaproc.bench.session import MeteredServer
from luaproc.install import launchers, starting
from luaproc.wire.messages import Call, decode_from_responder, encode_for_responder

CHUNKS = (10, 100, 1000, 10_000)
REPLIES = (1_000, 100_000, 1_000_000, 10_000_000, 50_000_000)
SERVERS = (1, 4, 16, 64)

_MAKER = (
    b"return function(n) local made = {} for i = 1, n do made[i] = function() return i end end return unpack(made) end"
)
_AT_ONCE = 1000  # functions in one reply: a call has 8,000 results at most


class Growth(NamedTuple):
    """A row: key, title, unit, and the figure of a server, seconds of CPU time or bytes."""

    key: str
    title: str
    unit: Literal["seconds", "bytes"]
    measure: Callable[[Server], float]


def chunks(count: int, server: Server) -> float:
    """Seconds for cleanupChunks of a list that grows by 3 ids each time, with `count` chunks alive."""
    with MeteredServer(server, memory_limit=0) as session:
        workloads.returns()(session.exchange(workloads.FIRST))
        maker = workloads.define(session, _MAKER)
        alive = [maker]

        def make(more: int) -> list[int]:
            body = session.exchange(encode_for_responder(Call(maker, (more,))))
            return workloads.functions(decode_from_responder(body), more)

        while len(alive) < count:
            alive += make(min(_AT_ONCE, count - len(alive)))
        session.exchange(workloads.cleanup(alive))
        rounds = 10
        for _ in range(rounds):
            alive += make(6)[:3]
            body = workloads.cleanup(alive)
            with session.metered():
                reply = session.exchange(body)
            workloads.returns()(reply)
        return session.spent / rounds / 1e9


def reply(size: int, server: Server) -> float:
    """Seconds for a call that gives one string of `size` bytes, which is there already."""
    code = b"local text = ('x'):rep(%d) return function() return text end" % size
    with MeteredServer(server, memory_limit=0) as session:
        workloads.returns()(session.exchange(workloads.FIRST))
        body = encode_for_responder(Call(workloads.define(session, code)))
        steps = workloads.repeat(session, body, workloads.returns(b"x" * size))
        steps(1)
        session.spent = 0
        rounds = max(2, min(40, 2_000_000 // size))
        steps(rounds)
        return session.spent / rounds / 1e9


def memory_of_each(count: int, server: Server) -> float:
    """Bytes: what each of `count` servers has for itself, and its part of what they share (Pss)."""
    with ExitStack() as stack:
        sessions = [stack.enter_context(MeteredServer(server)) for _ in range(count)]
        for session in sessions:
            workloads.returns()(session.exchange(workloads.FIRST))
            session.settle()
        return sum(_proportional(session.pid) for session in sessions) / count


def _proportional(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"the kernel tells no Pss of process {pid}")


GROWTH = (
    *(Growth(f"chunks-{n}", f"cleanupChunks, {n:,} chunks and 3 more", "seconds", partial(chunks, n)) for n in CHUNKS),
    *(Growth(f"reply-{n}", f"reply of {n:,} bytes", "seconds", partial(reply, n)) for n in REPLIES),
    *(
        Growth(f"servers-{n}", f"memory of each of {n} servers (Pss)", "bytes", partial(memory_of_each, n))
        for n in SERVERS
    ),
)


def _cpu(command: list[str], stdin: bytes = b"") -> float:
    """Seconds of CPU time of a command, from exec to its end. The only child that ends meanwhile is this one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, input=stdin, stdout=subprocess.DEVNULL, env=environment(Server("", ())))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def steps_of_start(runtime: str, directory: str) -> tuple[Growth, ...]:
    """What a start is made of, each row with all that is in the rows before it but the last, which goes the short way.

    directory: for two launchers. Measured of ours alone: the server that is given does not matter.
    """
    from luaproc.wire.framing import encode_frame

    python = [starting.base_interpreter(), starting.FLAGS, "-c"]
    lupa = (
        f"import sys; sys.path += {starting.directories()!r}; from luaproc.responder import runtime; "
        f"runtime.new_runtime({runtime!r}); import posix; posix._exit(0)"
    )
    plain, bundled = os.path.join(directory, "plain"), os.path.join(directory, "bundled")
    options = [f"--runtime={runtime}"]
    launchers.write(Path(plain), launchers.text(options))
    launchers.install(Path(bundled), options)
    first = encode_frame(workloads.FIRST) + encode_frame(b'{["op"]="quit"}')
    rows: tuple[tuple[str, str, list[str], bytes], ...] = (
        ("step-shell", "a shell that starts nothing", ["/bin/sh", "-c", ":"], b""),
        ("step-python", "Python, isolated, that does nothing", [*python, "pass"], b""),
        ("step-lupa", "Python that imports lupa, and makes a Lua", [*python, lupa], b""),
        ("step-plain", "launcher without its bundle, to the first reply", [plain, "serve"], first),
        ("step-bundle", "launcher with its bundle, to the first reply", [bundled, "serve"], first),
    )

    def measure(command: list[str], stdin: bytes, _server: Server) -> float:
        return _cpu(command, stdin)

    return tuple(Growth(key, title, "seconds", partial(measure, command, stdin)) for key, title, command, stdin in rows)
