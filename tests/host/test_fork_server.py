"""Servers that are forks of one: they have what it loaded, and nothing else in common."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from luaproc.errors import UsageError
from luaproc.host import HostError, LuaError, ServerDied, ServerNotStarted
from luaproc.host.fork_server import AVAILABLE, ForkServer
from luaproc.responder.serve import serve

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="forks are for Linux")

LIBRARY = """
local calls = 0
function count()
    calls = calls + 1
    return calls, php.name()
end
return count
"""
EAT = """
local eaten = {}
local ok, reason = pcall( function ()
    while true do
        eaten[#eaten + 1] = string.rep( 'x', 65000 ) .. #eaten
    end
end )
local count = #eaten
eaten = nil
return count, reason
"""


@pytest.fixture
def server() -> Iterator[ForkServer]:
    with ForkServer(cpu_limit=1, memory_limit=52_428_800) as server:
        server.lua.register_library("php", {"name": lambda: "fork server"})
        yield server


def children() -> set[int]:
    """This process's, those that have ended and wait for it included."""
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def test_a_fork_has_what_was_loaded_and_its_own_state(server: ForkServer) -> None:
    """Functions by their numbers, globals, and the callables that its host gives for those of the server."""
    count = server.lua.load_string(LIBRARY, "@library.lua")()[0]
    assert count() == [1, "fork server"]
    with server.fork([lambda: "first"]) as first, server.fork([lambda: "second"]) as second:
        ours, theirs = first.adopt(count), second.adopt(count)
        assert (ours(), ours(), theirs()) == ([2, "first"], [3, "first"], [2, "second"])
        first.load_string("x = 1")()
        assert second.load_string("return x, count()")() == [None, 3, "second"]
    assert count() == [2, "fork server"]


def test_a_fork_knows_itself(server: ForkServer) -> None:
    """Its pid and memory, in both spellings of the question; its CPU time begins at zero."""
    server.lua.load_string("for i = 1, 2e7 do end")()
    with server.fork([lambda: ""]) as lua:
        status = lua.get_status()
        assert status is not None
        assert status.pid == lua.connection.pid != server.lua.connection.pid
        assert status.time is not None
        assert status.time < 5
        [other] = lua.request_body(b'{["op"]="getStatus",}')
        assert isinstance(other, dict)
        assert other[b"pid"] == status.pid
        told = lua.status_unasked()
        assert told is not None
        assert (told.pid, told.vsize) == (status.pid, status.vsize)
        lua.load_string("for i = 1, 2e7 do end")()
        later, own = lua.status_unasked(), lua.get_status()
        assert later is not None
        assert own is not None
        assert later.time is not None
        assert own.time is not None
        assert told.time is not None
        assert told.time < later.time, "its CPU time is not that of its life"
        assert abs(later.time - own.time) <= 1, "the kernel tells another CPU time than the fork"
    assert lua.status_unasked() is None, "of a fork that has ended"


def test_errors_show_the_code_of_the_server(server: ForkServer) -> None:
    """The line of what was loaded before the fork."""
    fail = server.lua.load_string("return function() error( 'no' ) end", "=library")()[0]
    with server.fork([lambda: ""]) as lua, pytest.raises(LuaError) as error:
        lua.adopt(fail)()
    assert error.value.source_line == "return function() error( 'no' ) end"


@pytest.mark.slow  # spends CPU time
def test_limits_are_each_forks_own(server: ForkServer) -> None:
    """A fork that uses up its CPU time ends with the stack on its stderr, and the next one has all of it again."""
    for _ in range(2):
        lua = server.fork([lambda: ""])
        with pytest.raises(ServerDied, match="The time allocated for running scripts has expired") as died:
            lua.load_string("while true do end", "=loop")()
        assert died.value.signal == signal.SIGXCPU
        assert "loop:1: in main chunk" in died.value.stderr
    assert server.lua.load_string("return 1")() == [1]
    with server.fork([lambda: ""]) as lua:
        count, reason = lua.load_string(EAT)()
        assert reason == "not enough memory"
        assert lua.load_string("return 1")() == [1]
    assert count > 400, "a fork has less memory than a server"


def test_a_fork_that_dies_tells_how(server: ForkServer) -> None:
    """As a server's own child would; the server and other forks go on."""
    with server.fork([lambda: ""]) as other:
        lua = server.fork([lambda: ""])
        os.kill(lua.connection.pid, signal.SIGKILL)
        with pytest.raises(ServerDied) as died:
            lua.get_status()
        assert died.value.signal == signal.SIGKILL
        assert server.fork([lambda: ""]).quit() == 0
        assert server.fork([lambda: ""]).testquit() == 42
        assert other.load_string("return 1")() == [1]


def test_nobody_is_left(server: ForkServer) -> None:
    """Neither forks nor the server, as processes or as zombies, and no descriptor here."""
    before = children() - {server.lua.connection.pid}
    pids = [server.lua.connection.pid]
    with server.fork([lambda: ""]):  # whose file for stderr the next takes
        pass
    files = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with server.fork([lambda: ""]) as lua:
            pids.append(lua.connection.pid)
    assert len(os.listdir("/proc/self/fd")) == files
    server.retire()
    assert children() == before
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_retired_server_waits_for_its_forks(server: ForkServer) -> None:
    """It is the one who knows how they end."""
    lua = server.fork([lambda: ""])
    server.retire()
    assert lua.load_string("return 1")() == [1]
    assert lua.testquit() == 42
    assert not server.alive


def test_what_a_fork_says_is_its_own(server: ForkServer) -> None:
    """The file of a fork that said nothing is another's then; what one said stays with it, and no next fork has it."""
    for _ in range(3):
        with server.fork([lambda: ""]) as quiet:
            quiet.load_string("return 1")()
        lua = server.fork([lambda: ""])
        assert lua.connection.stderr_tail() == ""
        with pytest.raises(ServerDied, match="unknown op") as died:
            lua.request_body(b'{["op"]="none"}')
        assert "unknown op" in died.value.stderr
        assert "unknown op" in lua.connection.stderr_tail()
        assert quiet.connection.stderr_tail() == ""


def test_a_fork_server_that_dies(server: ForkServer) -> None:
    """No more forks, and an error that says so; its forks serve on, though nobody can tell how they end."""
    with server.fork([lambda: ""]) as lua:
        os.kill(server.lua.connection.pid, signal.SIGKILL)
        with pytest.raises(HostError):
            server.fork([lambda: ""])
        assert not server.alive
        assert lua.load_string("return 1")() == [1]
        os.kill(lua.connection.pid, signal.SIGKILL)
        with pytest.raises(ServerDied):
            lua.get_status()


def test_files_that_cannot_be_opened(server: ForkServer) -> None:
    """The fork is refused, and the server goes on."""
    [number] = server.lua.request_body(b'{["op"]="fork",["files"]="998,999,1000"}')
    assert number == -2  # ENOENT
    with server.fork([lambda: ""]) as lua:
        assert lua.load_string("return 1")() == [1]


def test_another_process_ends_nobody(server: ForkServer) -> None:
    """A fork of this process leaves the servers of this one alone, though it lets go of the same objects."""
    lua = server.fork([lambda: ""])
    pid = os.fork()
    if not pid:
        try:
            lua.terminate()
            server.retire()
        finally:
            os._exit(0 if lua.connection.running is False and not server.alive else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert lua.load_string("return 1")() == [1]
    lua.terminate()


def test_the_host_may_die(server: ForkServer) -> None:
    """ForkServer and forks end when nobody is there to ask them anything."""
    code = """
import os, sys
from luaproc.host.fork_server import ForkServer
server = ForkServer()
lua = server.fork()
print(server.lua.connection.pid, lua.connection.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=300)
    assert done.returncode == -signal.SIGKILL
    pids = done.stdout.split()
    assert len(pids) == 2
    deadline = time.monotonic() + 300
    while any(Path(f"/proc/{int(pid)}/fd/0").exists() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_option_wants_a_process() -> None:
    """A word in place of the number is one clear line."""
    with pytest.raises(UsageError, match="--forks-for expects a process id, got 'x'"):
        serve(["--forks-for", "x"])


def test_no_descriptors_are_left(server: ForkServer) -> None:
    """Where there are no more of them, none is lost, and the fork server goes on."""
    import resource

    files = os.listdir("/proc/self/fd")
    free = [number for number in range(100) if not Path(f"/proc/self/fd/{number}").exists()]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    for room in range(6):  # of six: a file for stderr, two pipes, and the fork's own
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[room], before[1]))
        try:
            with pytest.raises(ServerNotStarted):
                server.fork([lambda: ""])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert len(os.listdir("/proc/self/fd")) == len(files)
    with server.fork([lambda: ""]) as lua:
        assert lua.load_string("return 1")() == [1]
