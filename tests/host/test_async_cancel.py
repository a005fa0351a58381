"""Cancelling a call of `AsyncInterpreter`, at each moment of it: what is on the wire costs the server, and is told."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from luaproc.host import AsyncInterpreter, RemoteProtocolError, ServerCancelled
from tests.host.conftest import script
from tests.host.test_async import run

_TOLD = "a call was cancelled while the interpreter worked, and the interpreter was ended"


@asynccontextmanager
async def busy() -> AsyncIterator[tuple[AsyncInterpreter, asyncio.Event, asyncio.Event, asyncio.Task[Any]]]:
    """An interpreter in the middle of a call, whose callback set the first event and waits for the second."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def wait() -> str:
        entered.set()
        await leave.wait()
        return "done"

    async with AsyncInterpreter() as lua:
        await lua.register_library("php", {"wait": wait})
        task = asyncio.create_task((await lua.load_string("return php.wait()"))())
        await entered.wait()
        yield lua, entered, leave, task


async def told(lua: AsyncInterpreter) -> None:
    """The server has ended, and whoever comes is told why."""
    with pytest.raises(ProcessLookupError):
        os.kill(lua.connection.pid, 0)
    for _ in range(2):
        with pytest.raises(ServerCancelled, match=_TOLD):
            await lua.load_string("return 1")


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_before_it_is_sent_costs_nothing(turns: int) -> None:
    """Neither before it began nor while it waits for its turn; who waits behind it has it next."""

    async def main() -> None:
        async with busy() as (lua, _, leave, task):
            waiting = asyncio.create_task(lua.load_string("return 'never'"))
            behind = asyncio.create_task(lua.load_string("return 'behind'"))
            for _ in range(turns):
                await asyncio.sleep(0)
            await cancelled(waiting)
            leave.set()
            assert await task == ["done"]
            assert await (await behind)() == ["behind"]

    run(main())


def test_in_the_moment_its_turn_comes() -> None:
    """The turn is handed on, and not lost."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            assert await lua.get_status()
            turns = lua._turns
            await turns.acquire()
            first = asyncio.create_task(lua.load_string("return 1"))
            second = asyncio.create_task(lua.load_string("return 2"))
            await asyncio.sleep(0)
            turns.release()
            await cancelled(first)
            assert await (await second)() == [2]

    run(main())


def _sending(lua: AsyncInterpreter) -> Any:
    return lua.load_string("x" * 10_000_000)


def _working(lua: AsyncInterpreter) -> Any:
    async def work() -> None:
        await (await lua.load_string("while true do end"))()

    return work()


@pytest.mark.parametrize(
    ("server", "call"), [(script("time.sleep(60)"), _sending), (None, _working)], ids=["sending", "working"]
)
def test_on_the_wire_ends_the_server(server: list[str] | None, call: Callable[[AsyncInterpreter], Any]) -> None:
    """Those who wait for their turn are told, too."""

    async def main() -> None:
        async with AsyncInterpreter(server) as lua:
            task = asyncio.create_task(call(lua))
            await asyncio.sleep(0.05)
            waiting = asyncio.create_task(lua.load_string("return 1"))
            await asyncio.sleep(0)
            await cancelled(task)
            with pytest.raises(ServerCancelled, match=_TOLD):
                await waiting
            await told(lua)

    run(main())


def test_in_the_moment_the_answer_comes() -> None:
    """It was not given to anybody."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            one = await lua.load_string("return 1")
            lua.connection._at_once = 1000  # the answer will have to be waited for
            task = asyncio.create_task(one())
            while (arrival := lua.connection._arrival) is None:
                await asyncio.sleep(0)
            while not arrival.done():
                await asyncio.sleep(0)
            assert not task.done()
            await cancelled(task)
            await told(lua)

    run(main())


def test_in_a_callback() -> None:
    async def main() -> None:
        async with busy() as (lua, _, _, task):
            await cancelled(task)
            await told(lua)

    run(main())


def test_of_a_call_within_a_callback_ends_both() -> None:
    """As wait_for does it; the outer call says what happened as long as its callback lets it."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            endless = await lua.load_string("while true do end")

            async def limited() -> None:
                try:
                    await asyncio.wait_for(endless(), 0.05)
                except asyncio.TimeoutError:
                    return

            await lua.register_library("php", {"limited": limited})
            with pytest.raises(ServerCancelled, match=_TOLD):
                await (await lua.load_string("php.limited()"))()
            await told(lua)

    run(main())


def test_a_callback_may_refuse_it() -> None:
    """As any coroutine may; then nothing was cancelled."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            entered = asyncio.Event()

            async def stubborn() -> str:
                entered.set()
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    return "stayed"
                return "slept"

            await lua.register_library("php", {"stubborn": stubborn})
            task = asyncio.create_task((await lua.load_string("return php.stubborn()"))())
            await entered.wait()
            task.cancel()
            assert await task == ["stayed"]
            assert await (await lua.load_string("return 1"))() == [1]

    run(main())


def test_deep_in_callbacks() -> None:
    """Where each level has a task of its own."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            entered = asyncio.Event()
            held: list[Any] = []

            async def down(number: int) -> Any:
                if number == 0:
                    entered.set()
                    await asyncio.sleep(60)
                return await held[0](number - 1)

            await lua.register_library("php", {"down": down})
            held.append(await lua.load_string("return php.down(...)"))
            task = asyncio.create_task(held[0](20))
            await entered.wait()
            await cancelled(task)
            await told(lua)

    run(main())


@pytest.mark.slow  # waits for the grace of two seconds
def test_while_the_server_is_being_ended() -> None:
    """One that ignores SIGTERM, after a reply that is none: it is killed after its grace, whoever waits or not."""
    code = "import signal; signal.signal(15, signal.SIG_IGN); receive(); send(b'N'); time.sleep(60)"

    async def main() -> None:
        async with AsyncInterpreter(script(code)) as lua:
            task = asyncio.create_task(lua.load_string("the answer is of no use, and the server is told to end"))
            while lua.connection._ending is None:
                await asyncio.sleep(0.01)
            await cancelled(task)
            assert lua.connection.running
            with pytest.raises(RemoteProtocolError):
                await lua.get_status()
        assert not lua.connection.running

    run(main())


def test_while_it_waits_for_the_end() -> None:
    """`quit`, of a server that does not."""

    async def main() -> None:
        async with AsyncInterpreter(script("time.sleep(60)")) as lua:
            task = asyncio.create_task(lua.quit())
            await asyncio.sleep(0.05)
            await cancelled(task)
            await told(lua)

    run(main())


@pytest.mark.slow  # starts Pythons
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("found", [True, False])
def test_a_loop_that_ends_in_the_middle_leaves_no_server(found: bool) -> None:
    """Without cancelling its tasks: the next loop finds the call open, or the garbage collector finds all of it."""
    lua = AsyncInterpreter()
    pid = lua.connection.pid
    loop = asyncio.new_event_loop()
    endless = loop.run_until_complete(lua.load_string("while true do end"))
    task = loop.create_task(endless())
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    if found:
        with pytest.raises(ServerCancelled, match=_TOLD):
            run(lua.get_status())
    del lua, endless, task, loop
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
