"""Ways out of a state, and ways to make a server grow, that were open once: each stays closed, on each runtime."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from luaproc.nflua import Control, Data, Refused, server, wire
from luaproc.nflua.netlink import NOWAIT, client_socket
from luaproc.nflua.netlink import address as address_of
from luaproc.nflua.server import StateServer
from tests.nflua.conftest import Start, lua
from tests.nflua.test_server import resident_mb

# With flag d. Lua trusts the types of temporary values, and crashes on some indexes and levels.
DEBUG = {
    "temporary values are not set: the table of a constructor is none that can become a number": """
        local function f() for index = 1, 20 do debug.setlocal(2, index, 12345) end return 1, 2, 3 end
        local function g() local t = { f() } return #t end
        assert(g() == 3)
    """,
    "temporary values are not read: a coroutine that an error ended has what our functions left on its stack": """
        local names = {} for index = 1, 150 do names[index] = 'a' .. index end
        local code = "print('hello') timer.destroy(timer.create(1, print)) local a = nil + 1 if false then local "
            .. table.concat(names, ',') .. " end"
        local thread = coroutine.create((loadstring or load)(code))
        assert(not coroutine.resume(thread))
        for level = 0, 3 do
            for index = 1, 160 do
                local ok, name, value = pcall(debug.getlocal, thread, level, index)
                assert(not ok or name == nil, name)
            end
        end
    """,
    "levels and indexes that Lua takes for others": """
        for _, index in ipairs{ -2^31, 2^31, 2^32 + 1, 0/0, 1e300, 1.5 } do
            assert(not pcall(debug.getlocal, 1, index) and not pcall(debug.setlocal, 1, index, 0))
        end
        for _, level in ipairs{ -1, -2^31, 2^32, 0/0, 0.9999999999999999, 1.5 } do
            assert(not pcall(debug.getlocal, level, 1) and not pcall(debug.setlocal, level, 1, 0))
            assert(debug.getinfo(level) == nil)
        end
    """,
    "named locals and varargs are read and set": """
        local function f(x, ...)
            local a, b, at = x, 3, debug.getlocal(1, 2) == 'arg' and 4 or 3 -- Lua 5.1 has a local arg
            assert(debug.setlocal(1, at, 2) == 'b' and b == 2)
            local name, value = debug.getlocal(1, at)
            assert(name == 'b' and value == 2)
            name, value = debug.getlocal(1, -1)
            assert(name == nil or value == 'vararg')
        end
        f(1, 'vararg')
        assert(not utf8 or debug.getlocal(f, 1) == 'x')
    """,
}


@pytest.mark.slow  # attacks each runtime
@pytest.mark.parametrize("what", list(DEBUG))
def test_the_debug_library_cannot_corrupt_memory(any_server: str, what: str) -> None:
    with Control(server=any_server, timeout=300) as control:
        control.create("s", 1_000_000, 1 << 20, "d")
        control.execute("s", DEBUG[what], "@theirs")


def test_level_0_of_setfenv_is_not_reached_in_other_spellings(any_server: str) -> None:
    """It is the table in which lupa looks up its message handler: one of a script's ran outside of all limits."""
    with Control(server=any_server, timeout=300) as control:
        control.create("s", 100_000, 1 << 20)
        control.execute(
            "s",
            """
            if not setfenv then return end
            local evil = { debug = { traceback = function() while true do end end } }
            for _, level in ipairs{ 0, '0', '0x0', ' 0 ', -1, 0.5, '0.5', 2^32 - 1, 2^32, 0/0, 1/0 } do
                assert(not pcall(setfenv, level, evil), level)
                local ok, found = pcall(getfenv, level)
                assert(not ok or found == _G, level)
            end
            assert(getfenv() == _G and getfenv(1) == _G and getfenv('1') == _G)
            local f = setfenv(function() return x end, { x = 5 })
            assert(f() == 5 and getfenv(f).x == 5)
            setfenv(1, evil)
            """,
        )
        for _ in range(2):
            with pytest.raises(Refused, match="instruction limit"):
                control.execute("s", "while true do end")


def test_collections_cost_instructions(any_server: str) -> None:
    """A million instructions of them took 25 seconds, and settings out of bounds made one at each allocation."""
    with Control(server=any_server, timeout=300) as control:
        control.create("s", 1_000_000, 1 << 20)
        for code in (
            "while true do collectgarbage() end",
            "while true do pcall(collectgarbage, 'step', 0) end",
            "collectgarbage('step', -2^31) collectgarbage('setpause', 2^31) collectgarbage('setstepmul', -1) "
            "while true do local t = {} end",
        ):
            with pytest.raises(Refused, match="instruction limit"):
                control.execute("s", code)
        control.execute("s", "assert(collectgarbage('count') > 1000) collectgarbage() collectgarbage()")


def test_memory_is_counted_above_a_fresh_state(any_server: str) -> None:
    """Nothing that is only there while a state is made counts as the fresh state's."""
    with Control(server=any_server, timeout=300) as control:
        for flags in ("", "d"):
            control.create("s", 0, 65536, flags)
            control.execute("s", "x = ('a'):rep(20000) collectgarbage() collectgarbage()")
            [state] = control.list()
            assert 20_000 <= state.curralloc < 33_000
            control.destroy("s")


def test_data_of_a_state_does_not_end_a_control_socket(server: str) -> None:
    """A state may send to any port; what it sends is no reply."""
    flood = "for i = 1, 20 do nf.netlink({}, nil, 'not a reply') end"
    with Control(server=server, timeout=300) as control:
        control.create("s", 0, 1 << 17)
        control.execute("s", flood.format(control.port))
        assert [state.name for state in control.list()] == [b"s"]
        control.execute("s", flood.format(control.port))
    code = (
        "local c = require'nflua'.control(4321) c:execute('s', [[" + flood.format(4321) + "]]) print(c:receive()) "
        "c:list() print(#c:receive())"
    )
    assert lua(server, code) == "true\n1\n"


def test_a_port_tells_nothing_of_the_next(server: str) -> None:
    with Control(server=server) as one, Data(server=server) as two, Data(server=server) as three:
        ports = sorted((one.port, two.port, three.port))
        assert ports[0] >= 1 << 31
        assert min(ports[1] - ports[0], ports[2] - ports[1]) > 8


@pytest.mark.slow  # writes thousands of lines
def test_the_log_does_not_grow_by_itself(start: Start, tmp_path: Path) -> None:
    """Timers that set themselves again, and print or fail: after `LINES` lines a state has some a second."""
    log = tmp_path / "log"
    with Control(server=start("lua53", "--log", str(log)), timeout=300) as control:
        for name, code in (("prints", "for i = 1, 100 do print('loud') end"), ("fails", "error('loud')")):
            control.create(name, 0, 1 << 17)
            control.execute(name, f"function f() timer.create(0, f) {code} end timer.create(0, f)")
        for _ in range(6000):
            time.sleep(0.02)
            text = log.read_text()
            if all(f"{name} writes more than 1000 lines" in text for name in ("prints", "fails")):
                break
        control.create("quiet")
        control.execute("quiet", "print('heard')")
        text = log.read_text()
        assert "nflua: heard\n" in text
        assert text.count("not all are shown") == 2
        assert text.count("\n") < 10_000


@pytest.fixture
def unserved() -> "Iterator[StateServer]":
    """A server in this process, of which the test makes the turns."""
    made = StateServer(address_of(f"2:{1_190_000_000 + os.getpid()}"))
    yield made
    made._socket.close()


@pytest.mark.slow  # fills queues
def test_what_waits_is_bounded_and_everybody_has_a_share(
    unserved: StateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once all together have too many messages waiting, those who flood are refused, and the others are not."""
    monkeypatch.setattr(server, "MAX_ALL_WAITING", 50)
    monkeypatch.setattr(server, "SHARE", 3)
    message = wire.data_message(b"nobody", b"x", 1, 0)
    with ExitStack() as stack:
        sockets = [stack.enter_context(client_socket(unserved.address, None)[0]) for _ in range(3)]
        refused = []
        for made, sent in zip(sockets, (60, 3, 5), strict=True):
            for _ in range(sent):
                made.send(message)
            unserved._drain()
            replies = 0
            while True:
                try:
                    made.recv(10000, NOWAIT)
                except BlockingIOError:
                    break
                replies += 1
            refused.append(replies)
        assert refused == [10, 0, 2]
        for _ in range(56):
            unserved.turn()
        assert not unserved._waiting


@pytest.mark.slow  # sends thousands of datagrams
def test_the_kernel_holds_little_before_a_request(unserved: StateServer) -> None:
    """A client's request waits behind what another's flood has put into the socket's buffer."""
    with client_socket(unserved.address, None)[0] as made:
        sent = 0
        while sent < 10_000:
            try:
                made.send(wire.data_message(b"nobody", b"x", 1, 0), NOWAIT)
            except BlockingIOError:
                break
            sent += 1
    assert 100 < sent < 3000


@pytest.mark.slow  # sends thousands of datagrams
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_strangers_fill_neither_memory_nor_log(start: Start, tmp_path: Path) -> None:
    """Messages of users who may not use the server are refused as they come, and wait nowhere."""
    log = tmp_path / "log"
    address = start("lua53", "--log", str(log))
    code = (
        "from luaproc.nflua.netlink import address, client_socket\n"
        "for _ in range(20):\n"
        f"    made, _ = client_socket(address({address!r}), None)\n"
        "    for _ in range(200): made.send(bytes([0, 16, 0, 0]) + b'x' * 4092)\n"
        "    made.close()\n"
    )
    with Control(server=address, timeout=300) as control:
        control.create("s")
        before = resident_mb(start)
        subprocess.run(
            ["/usr/bin/env", "-C", "/", sys.executable, "-c",
             f"import os, sys; sys.path[:0] = {sys.path!r}\nimport luaproc.nflua.netlink; os.setuid(65534)\n{code}"],
            timeout=300, check=True,
        )  # fmt: skip
        control.execute("s", "x = 1")
        assert resident_mb(start) < before + 4
    assert "lost" not in log.read_text()
