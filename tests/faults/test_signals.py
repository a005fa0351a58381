"""SIGTERM ends the process at once, whatever it does; SIGXCPU by its default action; SIGPIPE where PHP is gone."""

import fcntl
import os
import re
import resource
import signal
from contextlib import ExitStack

import pytest

from tests.faults.process import Responder
from tests.parts import LONG

# Each test waits for a process in a certain state.
pytestmark = pytest.mark.slow

RUNTIMES = ("lua51", "luajit21")
REGISTER = b'{["op"]="registerLibrary",["name"]="php",["functions"]={["ask"]="ask-1"}}'

# What the process does -> the module, and the kernel's state by which it is seen to do it.
STATES = {
    "in a Lua loop": ("while true do end", "R"),
    "in a loop that catches errors": ("while true do pcall(error) end", "R"),
    "in one long C call": ("return (('x'):rep(400):find('.-.-.-.-b'))", "R"),
    "in a loop in an error handler": ("xpcall(error, function() while true do end end)", "R"),
    "waiting for PHP's answer": ("php.ask()", "S"),
    "waiting for PHP's answer in __pairs": (
        "return setmetatable({}, {__pairs = function() php.ask() return next, {}, nil end})", "S",
    ),
}  # fmt: skip


def busy(responder: Responder, code: str, state: str) -> None:
    """Have the responder do this, and be seen at it."""
    responder.send(REGISTER)
    responder.receive()
    responder.load(code, 1)
    responder.call(1)
    if state == "S":
        assert b's:4:"call"' in responder.receive()
    responder.until(state)


@pytest.mark.parametrize("what", STATES)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_sigterm(runtime: str, what: str) -> None:
    """PHP ends the process so, and shows any other end to the reader."""
    with Responder(runtime) as responder:
        busy(responder, *STATES[what])
        responder.process.send_signal(signal.SIGTERM)
        status, stderr, _ = responder.ended()
    assert (status, stderr) == (-signal.SIGTERM, b"")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_sigterm_while_idle(runtime: str) -> None:
    """Before the first message, between messages, and in the middle of one."""
    for sent in (b"", b"00000014", b'0000001400000027{["op"]="get'):
        with Responder(runtime) as responder:
            responder.send(b'{["op"]="getStatus"}')
            responder.receive()
            os.write(responder.stdin, sent)
            responder.until("S")
            responder.process.send_signal(signal.SIGTERM)
            status, stderr, _ = responder.ended()
        assert (status, stderr) == (-signal.SIGTERM, b"")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_sigterm_while_writing(runtime: str) -> None:
    """PHP does not read: the reply stands in the pipe."""
    with Responder(runtime) as responder:
        responder.load("return ('x'):rep(1000000)", 1)
        responder.call(1)
        responder.until("S")
        responder.process.send_signal(signal.SIGTERM)
        status, stderr, _ = responder.ended()
    assert (status, stderr) == (-signal.SIGTERM, b"")


@pytest.mark.parametrize("what", ["in one long C call", "in a loop that catches errors"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_sigxcpu(runtime: str, what: str) -> None:
    """By its default action, also in one long C call."""
    with Responder(runtime, "--max-cpu", "1") as responder:
        busy(responder, *STATES[what])
        responder.process.send_signal(signal.SIGXCPU)
        status, stderr, used = responder.ended()
    assert status == -signal.SIGXCPU, stderr
    assert used.ru_utime + used.ru_stime < 0.5, "the limit's signal, not ours"
    assert b"Traceback" not in stderr


@pytest.mark.parametrize("way", ["ulimit", "option", "environment"])
def test_a_cpu_limit_by_every_way(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel has it, soft and hard."""
    options: tuple[str, ...] = ()
    setup = None
    if way == "ulimit":

        def setup() -> None:
            resource.setrlimit(resource.RLIMIT_CPU, (1, 2))

    elif way == "option":
        options = ("--max-cpu", "1")
    else:
        monkeypatch.setenv("LUAPROC_MAX_CPU", "1")
    with Responder("lua51", *options, setup=setup) as responder:
        responder.load("return 1", 1)
        assert resource.prlimit(responder.process.pid, resource.RLIMIT_CPU) == (1, 2)


@pytest.mark.parametrize(
    ("runtime", "what"), [("lua51", "in one long C call"), ("luajit21", "in a loop that catches errors")]
)
def test_the_cpu_limit(runtime: str, what: str) -> None:
    """Never past the hard limit."""
    with Responder(runtime, "--max-cpu", "1") as responder:
        busy(responder, *STATES[what])
        status, stderr, used = responder.ended()
    assert status == -signal.SIGXCPU, stderr
    assert used.ru_utime + used.ru_stime < 2
    assert b"Traceback" not in stderr


# What a module does until its time is up: the kinds between which the hook comes seldom or often.
BUSY = {
    "a loop": "while true do end",
    "small tables": "local t, i = {}, 0 while true do i = i + 1 t = {i % 50 ~= 0 and t, {}, 'x' .. i} end",
    "garbage beside live data": "local kept = {} for i = 1, 1e5 do kept[i] = {i} end while true do kept[1] = {} end",
    "short C calls": "local s = 'abc' while true do local r = s:find('b') end",
    "long C calls": "local s = ('x'):rep(1e5) while true do local r = s:gsub('x', 'y') end",
}
# Each takes what its limit says, seconds of CPU.
LIMITS = {"1": tuple(BUSY), "3": ("a loop",)} if LONG else {"1": ("a loop", "garbage beside live data", "long C calls")}


def test_where_the_cpu_time_went_is_told_on_a_busy_machine() -> None:
    """On lua51 the stack of the moment is told before SIGXCPU, of each of some processes that work at once. (os.clock,
    by which the hook once went, is late by up to a sixth of the limit there.) A name is the module's to choose, a line
    is not."""
    code = (
        "local t = {} local function spin() %s end\n"
        "t['x\\nluaproc: all is well\\27[31m'] = function() local r = spin() end\n"
        "local r = t['x\\nluaproc: all is well\\27[31m']()"
    )
    with ExitStack() as stack:
        started = []
        for limit, names in LIMITS.items():
            for name in names:
                responder = stack.enter_context(Responder("lua51", "--max-cpu", limit))
                responder.load(code % BUSY[name], 1)
                responder.call(1)
                started.append((limit, name, responder))
        for limit, name, responder in started:
            status, stderr, _ = responder.ended()
            assert status == -signal.SIGXCPU, (limit, name)
            lines = stderr.decode().splitlines()
            assert re.fullmatch(rf"luaproc: \d\.\d\d of {limit} seconds of CPU time are used up", lines[0]), name
            assert lines[1] == "stack traceback:"
            # A C function that the module was in is told above.
            own = [line.strip() for line in lines[2:] if "[C]" not in line]
            assert [line.split(":", 1)[1] for line in own[:3]] == [
                "1: in function 'spin'",
                "2: in function 'x?luaproc: all is well?[31m'",
                "3: in main chunk",
            ], name
            assert sum(line.startswith("luaproc: ") for line in lines) == 1


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_php_is_gone(runtime: str) -> None:
    """A reply that nobody reads: SIGPIPE, or where that is ignored, status 1 and the reason."""
    with Responder(runtime) as responder:
        responder.load("return 1", 1)
        assert responder.process.stdout is not None
        responder.process.stdout.close()
        responder.call(1)
        status, stderr, _ = responder.ended()
    assert status == -signal.SIGPIPE or (status == 1 and b"cannot write" in stderr)


@pytest.mark.parametrize("size", [100, 70_000, 3_000_000])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_php_is_gone_in_the_middle_of_a_reply(runtime: str, size: int) -> None:
    """The pipe takes part of the reply, then closes."""
    with Responder(runtime) as responder:
        fcntl.fcntl(responder.stdout, fcntl.F_SETPIPE_SZ, 4096)
        responder.load(f"return ('\\n'):rep({size})", 1)
        responder.call(1)
        os.read(responder.stdout, 50)
        responder.until("S")
        assert responder.process.stdin is not None
        responder.process.stdin.close()
        assert responder.process.stdout is not None
        responder.process.stdout.close()
        status, stderr, _ = responder.ended()
    assert status in (-signal.SIGPIPE, 0 if size == 100 else -signal.SIGPIPE), stderr


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_signals_that_a_parent_ignored_or_blocked(runtime: str) -> None:
    """A web server's threads block all signals, and what they start inherits that: both ends must work all the same."""

    def ignored() -> None:
        for number in (signal.SIGTERM, signal.SIGXCPU, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)

    def blocked() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

    for setup in (ignored, blocked):
        with Responder(runtime, "--max-cpu", "1", setup=setup) as responder:
            busy(responder, *STATES["in a loop that catches errors"])
            responder.process.send_signal(signal.SIGXCPU)
            status, _, used = responder.ended()
            assert status == -signal.SIGXCPU
            assert used.ru_utime + used.ru_stime < 0.5, "the limit's signal, not ours"
        with Responder(runtime, setup=setup) as responder:
            busy(responder, *STATES["waiting for PHP's answer"])
            responder.process.send_signal(signal.SIGTERM)
            assert responder.ended()[0] == -signal.SIGTERM
