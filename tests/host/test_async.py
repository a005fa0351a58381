"""`AsyncInterpreter`: the names of `Interpreter`, callbacks that are coroutines, turns, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from luaproc.host import (
    AsyncInterpreter,
    AsyncLuaFunction,
    Interpreter,
    LocalProtocolError,
    LuaError,
    LuaFunction,
    RemoteProtocolError,
    ServerDied,
    ServerTimeout,
)
from tests.host.conftest import script


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """In an event loop of its own; whatever waits for ever fails the test."""

    async def bounded() -> Any:
        return await asyncio.wait_for(main, 60)

    return asyncio.run(bounded())


def test_the_names_are_those_of_interpreter() -> None:
    """What talks to the server is a coroutine function with the same parameters, and nothing else is."""
    for sync, other in ((Interpreter, AsyncInterpreter), (LuaFunction, AsyncLuaFunction)):
        names = {name for name in dir(sync) if not name.startswith("_")} - {"on_interrupt"}
        assert {name for name in dir(other) if not name.startswith("_")} == names
    for name in ("load_string", "load_file", "call", "register_library", "wrap_php_function", "request", "quit"):
        function = getattr(AsyncInterpreter, name)
        assert inspect.iscoroutinefunction(function)
        assert list(inspect.signature(function).parameters) == list(
            inspect.signature(getattr(Interpreter, name)).parameters
        )
    options = dict(inspect.signature(Interpreter).parameters)
    del options["on_interrupt"]
    assert list(inspect.signature(AsyncInterpreter).parameters) == list(options)


def test_calls_callbacks_and_values(tmp_path: Path, server: list[str]) -> None:
    """The whole of it once: callbacks of both kinds, nested calls, files, modules, status, the end."""
    file = tmp_path / "main.lua"
    file.write_text("return require('m').f(...)")

    async def load(name: str) -> str | None:
        await asyncio.sleep(0)
        return "return {f = function(n) return n * 2 end}" if name == "m" else None

    async def main() -> None:
        async with AsyncInterpreter(server) as lua:
            inner = await lua.load_string("return ... + 1")

            async def deep(number: int) -> Any:
                await asyncio.sleep(0)
                return (await inner(number))[0]

            functions: dict[str, Any] = {
                "deep": deep,
                "plain": lambda n: n * 10,
                "later": lambda n: inner(n),
                "many": lambda: (1, 2),
            }
            await lua.register_library("php", functions)
            wrapped = await lua.wrap_php_function(deep)
            code = "return php.deep(php.deep(1)), php.plain(1), php.later(1)[1], (...)(7), php.many()"
            assert await (await lua.load_string(code))(wrapped) == [3, 10, 2, 8, 1, 2]
            await lua.set_loader(load)
            assert await (await lua.load_file(file))(21) == [42]
            with pytest.raises(LuaError, match="module 'n' not found"):
                await (await lua.load_string("require('n')"))()
            status = await lua.get_status()
            assert status is not None
            assert status.pid == lua.connection.pid
            await lua.cleanup_chunks()
            assert await lua.quit() == 0
            with pytest.raises(ServerDied, match="status 0"):
                await lua.get_status()

    run(main())


@pytest.mark.slow  # sends megabytes
def test_large_values_both_ways() -> None:
    """Larger than the pipes, while the server answers before it has read everything."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            echo = await lua.load_string("return ...")
            text = "Жуковский " * 300_000
            assert await echo(text, 1) == [text, 1]
            assert await asyncio.gather(*(echo(text[:100_000], n) for n in range(5))) == [
                [text[:100_000], n] for n in range(5)
            ]

    run(main())


def test_full_pipes_both_ways_do_not_lock() -> None:
    """A server that writes much before it reads, and reads byte by byte."""
    reply = 'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;s:199900:"%s";}}'
    code = f"send(b'{reply}' % (b'x' * 199900))\nreceive()\nsys.stdin.buffer.read()\n"

    async def main() -> None:
        async with AsyncInterpreter(script(code), timeout=300) as lua:
            assert await lua.request_body(b"x" * 300_000) == (b"x" * 199_900,)

    run(main())


def test_tasks_take_turns() -> None:
    """Frames of two tasks never mix: each gets its own answers, with callbacks of both between."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:

            async def double(number: int) -> int:
                await asyncio.sleep(0.001 if number % 7 == 0 else 0)
                return 2 * number

            await lua.register_library("php", {"double": double})
            twice = await lua.load_string("local n = ...\nfor i = 1, 5 do n = php.double(n) - n end\nreturn n")
            assert await asyncio.gather(*(twice(n) for n in range(100))) == [[n] for n in range(100)]

    run(main())


@pytest.mark.slow  # starts many processes
def test_many_interpreters_in_one_loop_without_threads() -> None:
    """Each with a call of its own that waits, all at the same time."""

    async def main() -> None:
        threads = threading.active_count()
        interpreters = [AsyncInterpreter() for _ in range(12)]
        arrived = 0
        all_there = asyncio.Event()

        async def wait() -> None:
            nonlocal arrived
            arrived += 1
            if arrived == len(interpreters):
                all_there.set()
            await all_there.wait()

        async def use(lua: AsyncInterpreter, number: int) -> list[Any]:
            async with lua:
                await lua.register_library("php", {"wait": wait})
                return await (await lua.load_string("php.wait() return ...", "=m"))(number)

        assert await asyncio.gather(*map(use, interpreters, range(12))) == [[n] for n in range(12)]
        assert threading.active_count() == threads

    run(main())


def test_tasks_of_a_callback_may_call_lua() -> None:
    """Those it waits for while it runs; one that outlives it waits for the whole call like everybody."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            order: list[str] = []
            add = await lua.load_string("local a, b = ... return a + b")
            left: list[asyncio.Task[Any]] = []

            async def outliving() -> None:
                await asyncio.sleep(0)
                await add(1, 1)
                order.append("outliving")

            async def total(number: int) -> int:
                left.append(asyncio.create_task(outliving()))
                sums = await asyncio.gather(*(asyncio.wait_for(add(number, n), 30) for n in range(5)))
                return sum(found for [found] in sums)

            async def soon() -> None:
                await asyncio.sleep(0)
                await asyncio.sleep(0)

            await lua.register_library("php", {"total": total, "soon": soon})
            [found] = await (await lua.load_string("local n = php.total(10) php.soon() return n"))()
            order.append("call")
            assert found == 60
            await asyncio.gather(*left)
            assert "outliving" in order

    run(main())


def test_a_call_made_and_left_in_a_callback_is_through_before_its_answer() -> None:
    """Otherwise its frames would meet those of the callback."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            add = await lua.load_string("local a, b = ... return a + b")
            left: list[asyncio.Task[list[Any]]] = []

            async def start() -> str:
                left.append(asyncio.create_task(add(20, 22)))
                await asyncio.sleep(0)  # it is on the wire now
                return "started"

            await lua.register_library("php", {"start": start})
            assert await (await lua.load_string("return php.start()"))() == ["started"]
            assert await left[0] == [42]

    run(main())


def test_exceptions_of_coroutine_callbacks() -> None:
    """LuaError is Lua's to catch; a bug is raised again whatever Lua did about it, without what it passed through."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:

            async def fail() -> None:
                await asyncio.sleep(0)
                raise LuaError("no such page")

            async def bug() -> None:
                await asyncio.sleep(0)
                raise KeyError("bug")

            async def wrong() -> object:
                return object()

            await lua.register_library("php", {"fail": fail, "bug": bug, "wrong": wrong})
            caught = await (await lua.load_string("return select(2, pcall(php.fail))"))()
            assert caught == ["no such page"]
            with pytest.raises(KeyError, match="bug"):
                await (await lua.load_string("pcall(php.bug) return 1"))()
            with pytest.raises(LocalProtocolError):
                await (await lua.load_string("return php.wrong()"))()
            with pytest.raises(TypeError, match="function: expected a LuaFunction"):
                await lua.call("f")  # type: ignore[arg-type]
            assert await (await lua.load_string("return 'alive'"))() == ["alive"]

    run(main())


@pytest.mark.slow  # fills the stack of Lua
def test_calls_nest_as_deep_as_lua_goes() -> None:
    """No more of Python's stack is taken for it than for one call."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            held: list[AsyncLuaFunction] = []

            async def down(number: int) -> Any:
                return (await held[0](number))[0]

            await lua.register_library("php", {"down": down})
            code = "return function(n) return n == 0 and 1 or 1 + php.down(n - 1) end"
            held.extend(await lua.call(await lua.load_string(code, "=m")))
            for depth in (1, 190):
                assert await held[0](depth) == [depth + 1]
            with pytest.raises(LuaError):
                await held[0](100_000)
            assert await held[0](1) == [2]

    run(main())


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize(
    ("size", "code", "error", "said"),
    [
        (1, "receive(); os._exit(3)", ServerDied, "exited with status 3"),
        (1_000_000, "receive(); os._exit(3)", ServerDied, "exited with status 3"),
        (1, "os._exit(7)", ServerDied, "exited with status 7"),
        (1_000_000, "os._exit(7)", ServerDied, "exited with status 7"),
        (1_000_000, "os.read(0, 9); os._exit(7)", ServerDied, "exited with status 7"),
        (1, "receive(); os.write(1, b'0000001000'); os._exit(4)", ServerDied, "exited with status 4"),
        pytest.param(
            1,
            "receive(); os.close(1); time.sleep(60)",
            ServerDied,
            "received signal 15",
            marks=pytest.mark.slow,  # waits for the grace of two seconds
        ),
        (1, "receive(); os.write(1, b'hi\\n'); time.sleep(60)", RemoteProtocolError, "hexadecimal digits, got 'hi"),
        (1, "receive(); send(b'rubbish'); time.sleep(60)", RemoteProtocolError, "malformed serialized data"),
        (1, "receive(); time.sleep(60)", ServerTimeout, "did not answer within 0.5 seconds"),
        pytest.param(
            1,
            "import signal; signal.signal(15, signal.SIG_IGN); receive(); time.sleep(60)",
            ServerTimeout,
            "did not answer within 0.5 seconds",
            marks=pytest.mark.slow,  # waits for the grace of two seconds
        ),
    ],
)
def test_servers_that_die_or_lie(size: int, code: str, error: type[Exception], said: str) -> None:
    """The same words as from `Interpreter`, again and again, and nothing of the server is left."""

    async def main() -> None:
        async with AsyncInterpreter(script(code), timeout=0.5 if error is ServerTimeout else 30) as lua:
            for _ in range(2):
                with pytest.raises(error, match=said):
                    await lua.load_string("x" * size)
            assert not lua.connection.alive
        with pytest.raises(ProcessLookupError):
            os.kill(lua.connection.pid, 0)

    run(main())


def test_a_server_that_reads_nothing_is_ended() -> None:
    async def main() -> None:
        async with AsyncInterpreter(script("time.sleep(60)"), timeout=0.3) as lua:
            with pytest.raises(ServerTimeout):
                await lua.load_string("x" * 1_000_000)

    run(main())


@pytest.mark.slow  # waits longer than the server may take
def test_time_in_callbacks_does_not_count() -> None:
    """The limit is the server's, for each of its frames, though one timer serves them all."""

    async def main() -> None:
        async with AsyncInterpreter() as lua:
            await lua.register_library("php", {"sleep": lambda: asyncio.sleep(1.2)})
            calm = await lua.load_string("php.sleep() return 'done'")
            endless = await lua.load_string("while true do end")
            lua.connection.timeout = 1.0  # now that it has started
            assert await calm() == ["done"]
            with pytest.raises(ServerTimeout):
                await endless()

    run(main())


def test_ended_by_another_task() -> None:
    async def main() -> None:
        async with AsyncInterpreter() as lua:
            waiting = asyncio.create_task((await lua.load_string("while true do end"))())
            await asyncio.sleep(0.05)
            await lua.terminate()
            with pytest.raises(ServerDied, match="received signal 15"):
                await waiting
            with pytest.raises(ServerDied):
                await lua.load_string("return 1")

    run(main())


def test_one_loop_after_the_other() -> None:
    """As `asyncio.run` twice in a script does it; a loop that runs in another thread meanwhile is an error in words."""
    lua = AsyncInterpreter()
    add = asyncio.run(lua.load_string("local a, b = ... return a + b"))
    assert asyncio.run(add(1, 2)) == [3]

    async def main() -> None:
        assert await add(2, 2) == [4]
        found = await asyncio.to_thread(lambda: asyncio.run(_outcome(add(3, 3))))
        assert "an event loop that runs in another thread" in str(found)
        assert await add(2, 3) == [5]
        await lua.terminate()

    run(main())


async def _outcome(call: Coroutine[Any, Any, Any]) -> object:
    try:
        return await call
    except RuntimeError as error:
        return error


@pytest.mark.slow  # starts many processes
def test_nothing_is_left_behind() -> None:
    """No descriptors, processes, zombies: of those that were ended, forgotten, cancelled or left by their loop."""

    async def use(end: str) -> None:
        lua = AsyncInterpreter()
        await lua.register_library("php", {"wait": lambda: asyncio.sleep(30)})
        if end in ("cancelled", "loop"):
            task = asyncio.create_task((await lua.load_string("php.wait()"))())
            await asyncio.sleep(0.01)
            if end == "cancelled":
                task.cancel()
                await asyncio.wait([task])
        elif end == "terminated":
            await lua.terminate()

    def children() -> set[str]:
        return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())

    older = children()  # of other tests, as those that fork servers
    for _ in range(2):
        before = set(os.listdir("/proc/self/fd"))
        for end in ("terminated", "forgotten", "cancelled", "loop"):
            run(use(end))
        gc.collect()
        after = set(os.listdir("/proc/self/fd"))
    assert len(after) == len(before)
    left = children() - older
    assert [pid for pid in left if "luaproc" in Path(f"/proc/{pid}/cmdline").read_text()] == []
    assert [pid for pid in left if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"] == []


def test_a_forgotten_one_ends_its_server() -> None:
    """While the loop goes on, which holds what it waits for."""

    async def main() -> None:
        lua = AsyncInterpreter()
        pid = lua.connection.pid
        assert await (await lua.load_string("return 1"))() == [1]
        del lua
        gc.collect()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    run(main())


def test_descriptors_do_not_reach_other_servers_and_forks_leave_them_alone() -> None:
    """The end of a server's input is seen though others were started later; a fork's end ends nobody's server."""

    async def main() -> None:
        async with AsyncInterpreter() as first, AsyncInterpreter() as second:
            await first.register_library("php", {"sleep": lambda: asyncio.sleep(0)})
            one = await first.load_string("for i = 1, 30 do php.sleep() end return 1")
            assert await one() == [1]  # the loop has waited for it by now
            assert await (await second.load_string("return 2"))() == [2]
            if (pid := os.fork()) == 0:
                first.connection.__del__()
                os._exit(0)
            os.waitpid(pid, 0)
            assert await one() == [1]
            links = [os.readlink(f"/proc/{first.connection.pid}/fd/{fd}") for fd in (0, 1)]
            for name in os.listdir(f"/proc/{second.connection.pid}/fd"):
                assert os.readlink(f"/proc/{second.connection.pid}/fd/{name}") not in links

    run(main())


@pytest.mark.slow  # starts Pythons
def test_ctrl_c_ends_program_and_server(tmp_path: Path) -> None:
    """As a person's script gets it, in the middle of a call."""
    code = (
        "import asyncio\nfrom luaproc.host import AsyncInterpreter\n"
        "async def main():\n"
        "    async with AsyncInterpreter(new_session=True) as lua:\n"
        "        await lua.register_library('php', {'here': lambda: print(lua.connection.pid, flush=True)})\n"
        "        await (await lua.load_string('php.here() while true do end'))()\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=300)[1].splitlines()[-1].startswith("KeyboardInterrupt")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_frames_are_hooked_and_stderr_is_kept(tmp_path: Path) -> None:
    """The options of `Connection`, here too."""
    seen: list[str] = []

    async def main() -> None:
        stderr = str(tmp_path / "stderr")
        async with AsyncInterpreter(
            on_frame=lambda side, *_: seen.append(side), stderr=stderr, memory_limit=10**8
        ) as lua:
            assert await (await lua.load_string("return 1"))() == [1]
        assert (tmp_path / "stderr").exists()

    run(main())
    assert seen == ["host", "responder"] * 2
