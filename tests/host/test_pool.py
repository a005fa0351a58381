"""Pools of interpreters, for threads and for tasks: no more servers than asked, and each that died is replaced."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from luaproc.host import (
    AsyncInterpreter,
    AsyncInterpreterPool,
    AsyncLuaFunction,
    Interpreter,
    InterpreterPool,
    LuaError,
    LuaFunction,
    PoolClosed,
    PoolTimeout,
    ServerCancelled,
    ServerDied,
    ServerNotStarted,
)
from tests.host.test_async import run


def test_threads_share_as_many_servers_as_asked() -> None:
    """Each call has one alone, and they work at the same time."""
    together = threading.Barrier(3)
    pids: set[int] = set()

    def use(number: int) -> list[Any]:
        with pool.acquire() as lua:
            pids.add(lua.connection.pid)
            if number < 3:
                together.wait(300)  # three are here at one time
            return lua.load_string("x = (x or 0) + 1 return ...")(number)

    with InterpreterPool(3, timeout=300) as pool, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(use, range(40))) == [[n] for n in range(40)]
        assert len(pids) == 3
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_setup_prepares_each_and_says_what_is_handed_out() -> None:
    def setup(lua: Interpreter) -> LuaFunction:
        lua.register_library("php", {"twice": lambda n: 2 * n})
        function: LuaFunction = lua.load_string("return function(n) return php.twice(n) end")()[0]
        return function

    with InterpreterPool(2, setup=setup) as pool, ThreadPoolExecutor(4) as threads:

        def use(number: int) -> Any:
            with pool.acquire() as twice:
                return twice(number)[0]

        assert list(threads.map(use, range(20))) == [2 * n for n in range(20)]


def test_each_that_died_is_replaced() -> None:
    """In the hands of a caller, or while it was idle; an error of Lua costs no server."""
    with InterpreterPool(1) as pool:
        with pool.acquire() as lua:
            first = lua.connection.pid
        with pytest.raises(LuaError), pool.acquire() as lua:
            lua.load_string("error('x')")()
        with pool.acquire() as lua:
            assert lua.connection.pid == first
            os.kill(first, signal.SIGKILL)
            with pytest.raises(ServerDied):
                lua.load_string("return 1")
        with pool.acquire() as lua:
            second = lua.connection.pid
            assert lua.load_string("return 1")() == [1]
        os.kill(second, signal.SIGKILL)
        os.waitid(os.P_PID, second, os.WEXITED | os.WNOWAIT)
        with pool.acquire() as lua:
            assert lua.connection.pid not in (first, second)
            assert lua.load_string("return 2")() == [2]


def test_one_that_died_unseen_is_let_go_of_when_it_comes_back() -> None:
    """Whoever keeps it keeps no pipes of it."""
    with InterpreterPool(1) as pool:
        with pool.acquire() as lua:
            os.kill(lua.connection.pid, signal.SIGKILL)
            os.waitid(os.P_PID, lua.connection.pid, os.WEXITED | os.WNOWAIT)
            assert lua.connection.alive
        assert not lua.connection.alive


@pytest.mark.slow  # starts many processes
def test_servers_that_die_under_many_callers() -> None:
    """Nobody waits for ever, and nobody gets a server that was seen to be dead."""
    dead = 0

    def use(number: int) -> int:
        nonlocal dead
        with pool.acquire() as lua:
            if number % 3 == 0:
                os.kill(lua.connection.pid, signal.SIGKILL)
            try:
                return int(lua.load_string("return ...")(number)[0])
            except ServerDied:
                dead += 1
                return number

    with InterpreterPool(2) as pool, ThreadPoolExecutor(6) as threads:
        assert list(threads.map(use, range(24))) == list(range(24))
    assert dead == 8


def test_a_server_that_cannot_be_made_takes_no_place() -> None:
    """Neither one that cannot be started nor one whose setup fails, which is ended."""
    made: list[Interpreter] = []

    def setup(lua: Interpreter) -> None:
        made.append(lua)
        if len(made) < 3:
            raise KeyError("setup")

    with InterpreterPool(1, setup=setup) as pool:
        for _ in range(2):
            with pytest.raises(KeyError, match="setup"), pool.acquire():
                pass
        with pool.acquire(timeout=300) as lua:
            assert lua is made[2]
        assert [lua.connection.running for lua in made] == [False, False, True]
    with InterpreterPool(1, server=["/no/such/server"]) as pool:
        for _ in range(2):
            with pytest.raises(ServerNotStarted), pool.acquire(timeout=300):
                pass


def test_waiting_has_an_end_and_so_has_the_pool() -> None:
    """Closing ends the calls that are on the way; who waits is told."""
    pool = InterpreterPool(1)
    entered = threading.Event()

    def call() -> None:
        with pool.acquire() as lua:
            lua.register_library("php", {"entered": entered.set})
            lua.load_string("php.entered() while true do end")()

    with ThreadPoolExecutor(2) as threads:
        calling = threads.submit(call)
        assert entered.wait(300)
        with pytest.raises(PoolTimeout, match=r"within 0\.05 seconds"), pool.acquire(timeout=0.05):
            pass
        waiting = threads.submit(call)
        pool.close()
        with pytest.raises(ServerDied):
            calling.result(30)
        with pytest.raises(PoolClosed):
            waiting.result(30)
    with pytest.raises(PoolClosed, match="was closed"), pool.acquire():
        pass
    pool.close()


@pytest.mark.parametrize("kind", [InterpreterPool, AsyncInterpreterPool])
def test_wrong_arguments_are_named(kind: Any) -> None:
    with pytest.raises(TypeError, match="size: expected a number of servers, got str"):
        kind("4")
    with pytest.raises(ValueError, match="size: expected 1 server or more, got 0"):
        kind(0)
    with pytest.raises(TypeError, match="setup: expected a callable or None, got str"):
        kind(1, setup="prepare")


@pytest.mark.slow  # starts many processes
def test_tasks_share_as_many_servers_as_asked() -> None:
    """The same for tasks: setup once for each server, at the same time, the dead replaced, the waiting told."""

    async def main() -> None:
        made: list[AsyncInterpreter] = []

        async def setup(lua: AsyncInterpreter) -> AsyncLuaFunction:
            made.append(lua)
            await lua.register_library("php", {"sleep": asyncio.sleep})
            return await lua.load_string("local n = ... php.sleep(0.001) return n")

        async with AsyncInterpreterPool(3, setup=setup) as pool:

            async def use(number: int) -> Any:
                async with pool.acquire() as function:
                    return (await function(number))[0]

            assert await asyncio.gather(*map(use, range(50))) == list(range(50))
            assert len(made) == 3
            for lua in made[:2]:
                os.kill(lua.connection.pid, signal.SIGKILL)
                os.waitid(os.P_PID, lua.connection.pid, os.WEXITED | os.WNOWAIT)
            assert await asyncio.gather(*map(use, range(10))) == list(range(10))
            assert len(made) == 5
        assert not any(lua.connection.running for lua in made)
        with pytest.raises(PoolClosed):
            await use(1)

    run(main())


def test_a_cancelled_task_gives_its_place_back() -> None:
    """While it waits, in a call (whose server is replaced), and in setup."""

    async def main() -> None:
        slow = False

        async def setup(lua: AsyncInterpreter) -> None:
            if slow:
                await asyncio.sleep(60)

        async with AsyncInterpreterPool(1, setup=setup) as pool:
            seen: list[AsyncInterpreter] = []

            async def loop() -> None:
                async with pool.acquire() as lua:
                    seen.append(lua)
                    await (await lua.load_string("while true do end"))()

            for _ in range(2):
                running = asyncio.create_task(loop())
                waiting = asyncio.create_task(loop())
                await asyncio.sleep(0.1)
                for task in (waiting, running):
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
            assert len(seen) == 2
            with pytest.raises(ServerCancelled):
                await seen[0].get_status()
            slow = True
            starting = asyncio.create_task(loop())
            await asyncio.sleep(0.05)
            starting.cancel()
            await asyncio.wait([starting])
            slow = False
            async with pool.acquire() as lua:
                assert await (await lua.load_string("return 1"))() == [1]

    run(main())


@pytest.mark.slow  # a hundred calls of which many are cancelled, and servers killed
def test_anything_at_any_time() -> None:
    """Calls, callbacks, nested calls, cancelling and killing in any order: every answer is the right one or an error in
    words, nobody waits for ever, and nothing is left."""
    chance = random.Random(7)

    async def work(number: int) -> int:
        await asyncio.sleep(chance.random() * 0.003)
        if chance.random() < 0.05:
            raise KeyError("a bug")
        return number

    async def setup(lua: AsyncInterpreter) -> AsyncLuaFunction:
        echo = await lua.load_string("return ...")

        async def nested(number: int) -> int:
            answers = await asyncio.gather(*(echo(number) for _ in range(3)))
            return int(answers[-1][0])

        async def leave(number: int) -> int:
            asyncio.create_task(echo(number)).add_done_callback(lambda task: task.cancelled() or task.exception())
            return number

        await lua.register_library("php", {"work": work, "nested": nested, "leave": leave, "plain": lambda n: n})
        code = "local n, m = ... for i = 1, m do n = php.nested(php.work(n)) n = php.leave(php.plain(n)) end return n"
        return await lua.load_string(code)

    async def main() -> list[str]:
        async with AsyncInterpreterPool(3, setup=setup, timeout=300) as pool:

            async def call(number: int) -> None:
                async with pool.acquire() as function:
                    if chance.random() < 0.1:
                        os.kill(function.owner.connection.pid, signal.SIGKILL)  # type: ignore[attr-defined]
                    assert await function(number, chance.randrange(4)) == [number]

            async def outcome(number: int) -> str:
                try:
                    await asyncio.wait_for(call(number), 0.01 if chance.random() < 0.2 else 60)
                except (asyncio.TimeoutError, ServerDied, KeyError) as error:
                    return type(error).__name__
                return "right"

            return await asyncio.gather(*map(outcome, range(100)))

    before = len(os.listdir("/proc/self/fd"))
    outcomes = run(main())
    assert set(outcomes) <= {"right", "TimeoutError", "ServerDied", "KeyError"}
    assert outcomes.count("right") > 20
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
