"""What our own client costs: calls through `AsyncInterpreter`, against the same through `Interpreter`."""

from __future__ import annotations

import asyncio
import time

from luaproc.bench.servers import BenchError, Server, environment
from luaproc.bench.session import cpu_clock
from luaproc.host.async_interpreter import AsyncInterpreter
from luaproc.host.interpreter import Interpreter

CALLS = 10_000
"""Of one figure."""

SYNC = Server("Interpreter", ())
"""No server: the client that AsyncInterpreter is compared with, in front of the same one."""

_ECHO = "return function(...) return ... end"


def sync_calls(server: Server, calls: int = CALLS) -> float:
    """Seconds of CPU time, of this process and of the server, for calls of a Lua function through `Interpreter`.

    Raises BenchError for a wrong answer, and as `Interpreter` when the server is lost.
    """
    with Interpreter(server.command, env=environment(server)) as lua:
        [echo] = lua.load_string(_ECHO, "=bench")()
        _check(echo(0), 0)
        before = _clocks(lua.connection.pid)
        for number in range(calls):
            _check(echo(number), number)
        return _clocks(lua.connection.pid) - before


def async_calls(server: Server, calls: int = CALLS) -> float:
    """The same through `AsyncInterpreter`, one after the other in one task."""

    async def measured() -> float:
        async with AsyncInterpreter(server.command, env=environment(server)) as lua:
            [echo] = await (await lua.load_string(_ECHO, "=bench"))()
            _check(await echo(0), 0)
            before = _clocks(lua.connection.pid)
            for number in range(calls):
                _check(await echo(number), number)
            return _clocks(lua.connection.pid) - before

    return asyncio.run(measured())


def _clocks(pid: int) -> float:
    return (time.process_time_ns() + cpu_clock(pid)) / 1e9


def _check(came: list[int], expected: int) -> None:
    if came != [expected]:
        raise BenchError(f"wrong answer: expected {expected}, got {came}")
