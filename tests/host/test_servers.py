"""Servers that die, stop, lie or never answer: said in words, in bounded time."""

import math
import os
import resource
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from luaproc.host import Connection, Interpreter, LuaError, ServerDied, ServerNotStarted, ServerTimeout
from luaproc.host.process import SCRIBUNTO_CPU_LIMIT, SCRIBUNTO_MEMORY_LIMIT, limited
from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError
from luaproc.wire.framing import escape
from luaproc.wire.serialization import dumps
from tests.host.conftest import Start, script


def death(code: str) -> ServerDied:
    """How a server that runs this code dies under us."""
    with Interpreter(script(code), timeout=300) as interpreter, pytest.raises(ServerDied) as caught:
        interpreter.load_string("return 1")
    assert not interpreter.connection.alive
    return caught.value


# Death


def test_exit_status_in_phps_words() -> None:
    died = death("receive(); os._exit(3)")
    assert (died.status, died.signal) == (3, None)
    assert str(died) == "the interpreter exited with status 3"


def test_signal_in_phps_words() -> None:
    died = death("receive(); os.kill(os.getpid(), 11)")
    assert (died.status, died.signal) == (None, 11)
    assert str(died) == "the interpreter received signal 11 (SIGSEGV)"


def test_status_of_a_shell_is_taken_for_its_signal() -> None:
    """As PHP takes it: a shell that did not exec says 128 + the signal."""
    assert death("receive(); os._exit(128 + 9)").signal == 9


def test_reason_on_stderr_is_told() -> None:
    died = death("receive(); print('RX <== loadString', 'out of luck', sep=chr(10), file=sys.stderr); sys.exit(1)")
    assert str(died) == "the interpreter exited with status 1 - out of luck"
    assert died.stderr == "RX <== loadString\nout of luck\n"


def test_of_a_long_stderr_the_end_is_told() -> None:
    """Where the stack at the CPU limit stands, behind what a wrapper said before."""
    died = death("receive(); print('x' * 200_000, 'the end', sep=chr(10), file=sys.stderr); sys.exit(1)")
    assert died.stderr.endswith("x\nthe end\n")
    assert len(died.stderr) == 65_536


def test_pythons_own_end_is_the_reason() -> None:
    """More than the traceback that follows it."""
    error = ServerDied(1, "Fatal Python error: out of memory\nPython runtime state: core\n\n  <no Python frame>\n")
    assert str(error) == "the interpreter exited with status 1 - Fatal Python error: out of memory"


def test_reason_stands_before_luas_traceback() -> None:
    died = death("receive(); print('bad header\\nstack traceback:\\n\\t[C]: ?', file=sys.stderr); sys.exit(1)")
    assert str(died).endswith(" - bad header")


def test_server_that_reads_nothing_and_exits() -> None:
    """The write fails, not the read."""
    assert death("os._exit(7)").status == 7


def test_server_that_closes_its_output_is_ended() -> None:
    """PHP sends SIGTERM and reports that; here it gets some seconds to end by itself."""
    assert death("receive(); os.close(1); time.sleep(60)").signal == signal.SIGTERM


def test_server_that_dies_inside_a_frame() -> None:
    assert death("receive(); os.write(1, b'0000001000'); os._exit(4)").status == 4


def test_death_is_told_again_and_again(interpreter: Interpreter) -> None:
    f = interpreter.load_string("return 1")
    os.kill(interpreter.connection.pid, signal.SIGKILL)
    for _ in range(2):
        with pytest.raises(ServerDied, match="received signal 9"):
            f()


def test_a_death_told_often_takes_no_memory(interpreter: Interpreter) -> None:
    """The same exception is raised each time; its frames are those of this time."""
    interpreter.terminate()
    lengths = []
    for _ in range(3):
        with pytest.raises(ServerDied) as caught:
            interpreter.get_status()
        lengths.append(len(caught.traceback))
    assert lengths[0] == lengths[2]


def test_a_fork_does_not_talk_to_its_parents_server(interpreter: Interpreter) -> None:
    """Both would read from one pipe. It is told so, and whatever it does, the parent's server goes on."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            interpreter.get_status()
        except BaseException as error:
            os.write(write, str(error).encode())
        finally:
            interpreter.terminate()
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(write)
    with open(read, "rb") as file:
        assert b"start an interpreter of its own in each process" in file.read()
    assert interpreter.load_string("return 'parent'")() == ["parent"]


def test_terminated_interpreter_says_so(interpreter: Interpreter) -> None:
    interpreter.load_string("return 1")
    interpreter.terminate()
    interpreter.terminate()
    with pytest.raises(ServerDied, match="received signal 15"):
        interpreter.get_status()


def test_server_dies_below_a_callable(interpreter: Interpreter) -> None:
    """The call that the callable makes, and the one it is part of, both say it."""
    seen = []

    def die() -> None:
        os.kill(interpreter.connection.pid, signal.SIGKILL)
        try:
            interpreter.get_status()
        except ServerDied as died:
            seen.append(died)
            raise

    interpreter.register_library("py", {"die": die})
    with pytest.raises(ServerDied):
        interpreter.load_string("py.die()")()
    assert len(seen) == 1


@pytest.mark.parametrize("command", [["/no/such/lua"], ["/etc/passwd"], ["."], []])
def test_command_that_cannot_be_started(command: list[str]) -> None:
    with pytest.raises(ServerNotStarted, match="cannot be started"):
        Interpreter(command)


@pytest.mark.parametrize(
    ("server", "options", "words"),
    [
        (["true"], {"stderr": "/no/such/file"}, "/no/such/file, for its stderr, cannot be written: No such file"),
        (["true"], {"timeout": math.nan}, "timeout of nan seconds"),
        (["true"], {"cpu_limit": 10**30}, "a shell sets 4611686018427387904 at most"),
        (["true"], {"memory_limit": 10**30}, "a shell sets 4611686018427387904 at most"),
    ],
)
def test_options_that_no_server_can_have(server: Any, options: Any, words: str) -> None:
    with pytest.raises(ServerNotStarted, match=words):
        Interpreter(server, **options)


@pytest.mark.parametrize("timeout", [math.inf, 1e12, 1e300])
def test_timeouts_as_long_as_one_likes(timeout: float) -> None:
    with Interpreter(timeout=timeout) as interpreter:
        assert interpreter.load_string("return 1")() == [1]


@pytest.mark.parametrize("end", ["time.sleep(60)", "os._exit(1)"])
def test_garbage_is_told_however_little_it_is(end: str) -> None:
    """Before a timeout, and instead of a mere exit status."""
    server = script(f"receive(); os.write(1, b'hi\\n'); {end}")
    told = pytest.raises(RemoteProtocolError, match=r"lower-case hexadecimal digits, got 'hi\\n'")
    with Interpreter(server, timeout=300) as interpreter, told:
        interpreter.load_string("return 1")


def test_command_that_cannot_be_started_under_limits() -> None:
    """Then a shell is between us, and its status is what PHP sees, too."""
    with Interpreter(["/no/such/lua"], cpu_limit=5) as interpreter, pytest.raises(ServerDied, match="status 127"):
        interpreter.load_string("")


# Limits


def test_limits_are_those_of_lua_ulimit(start: Start) -> None:
    interpreter = start(cpu_limit=SCRIBUNTO_CPU_LIMIT, memory_limit=SCRIBUNTO_MEMORY_LIMIT)
    assert interpreter.load_string("return 1")() == [1]
    limits = Path(f"/proc/{interpreter.connection.pid}/limits").read_text().splitlines()
    found = {line[:25].strip(): line[26:].split()[:2] for line in limits}
    assert found["Max cpu time"] == ["7", "8"]
    assert found["Max address space"] == ["52428800", "52428800"]


@pytest.mark.parametrize("limit", ["cpu_limit", "memory_limit"])
def test_limit_that_no_shell_sets(limit: str) -> None:
    """ulimit would refuse it, and the server would run without any."""
    with pytest.raises(ServerNotStarted, match=r"limit of -4 .*: expected more than 0"):
        Interpreter(**{limit: -4})  # type: ignore[arg-type]


def test_each_limit_alone() -> None:
    assert limited(["x"]) == ["x"]
    for options, name, value in (
        ({"cpu_limit": 9}, "cpu", ["9", "10"]),
        ({"memory_limit": 1 << 30}, "address", [str(1 << 30)] * 2),
    ):
        with Connection(limited(["/bin/sleep", "60"], **options)) as connection:
            deadline = time.monotonic() + 300
            while Path(f"/proc/{connection.pid}/comm").read_text() != "sleep\n":
                assert time.monotonic() < deadline
                time.sleep(0.01)
            limits = Path(f"/proc/{connection.pid}/limits").read_text().splitlines()
        [line] = [line for line in limits if f"Max {name}" in line]
        assert line[26:].split()[:2] == value
        [other] = [line for line in limits if f"Max {'address' if name == 'cpu' else 'cpu'}" in line]
        assert other[26:].split()[:2] != value


def test_cpu_limit_is_told_as_mediawiki_tells_it(start: Start) -> None:
    """The limit is the kernel's to keep; its signal is sent before."""
    interpreter = start(cpu_limit=1)
    loop = interpreter.load_string("while true do end")
    assert resource.prlimit(interpreter.connection.pid, resource.RLIMIT_CPU) == (1, 2)
    threading.Timer(0.05, os.kill, (interpreter.connection.pid, signal.SIGXCPU)).start()
    with pytest.raises(ServerDied) as caught:
        loop()
    assert caught.value.signal == signal.SIGXCPU
    assert str(caught.value).startswith("The time allocated for running scripts has expired.")


def test_memory_limit_is_an_error_of_lua(start: Start) -> None:
    interpreter = start(memory_limit=SCRIBUNTO_MEMORY_LIMIT)
    with pytest.raises(LuaError, match="not enough memory"):
        interpreter.load_string("local s = 'x' while true do s = s .. s end")()
    assert interpreter.load_string("return 'alive'")() == ["alive"]


# Time


def test_server_that_never_answers_is_ended() -> None:
    with Interpreter(script("receive(); time.sleep(60)"), timeout=0.2) as interpreter:
        with pytest.raises(ServerTimeout, match="did not answer within"):
            interpreter.load_string("")
        with pytest.raises(ServerTimeout):
            interpreter.load_string("")
    with pytest.raises(ProcessLookupError):
        os.kill(interpreter.connection.pid, 0)


def test_server_that_never_reads_is_ended() -> None:
    with Interpreter(script("time.sleep(60)"), timeout=0.2) as interpreter, pytest.raises(ServerTimeout):
        interpreter.load_string("x" * 1_000_000)


@pytest.mark.slow  # spends CPU time
def test_endless_loop_is_ended(start: Start) -> None:
    with pytest.raises(ServerTimeout):
        start(timeout=0.5).load_string("while true do end")()


def test_server_that_ignores_sigterm_is_killed() -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); receive(); time.sleep(60)"
    with Interpreter(script(code), timeout=0.2) as interpreter, pytest.raises(ServerTimeout):
        interpreter.load_string("")
    with pytest.raises(ProcessLookupError):
        os.kill(interpreter.connection.pid, 0)


@pytest.mark.slow  # waits longer than a busy machine needs for a start
def test_time_in_callables_does_not_count(start: Start) -> None:
    """The limit is the server's, for each of its frames."""
    interpreter = start(timeout=8)
    interpreter.register_library("py", {"sleep": lambda: time.sleep(9)})
    assert interpreter.load_string("py.sleep() return 'done'")() == ["done"]


def alarm(seconds: float) -> None:
    """Ctrl-C after so many seconds: a real signal, whose handler raises where we wait."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def test_ctrl_c_ends_the_server(start: Start) -> None:
    interpreter = start()
    loop = interpreter.load_string("while true do end")
    alarm(0.3)
    with pytest.raises(KeyboardInterrupt):
        loop()
    assert not interpreter.connection.alive


@pytest.mark.slow  # waits for a signal in a running loop
def test_ctrl_c_can_be_waited_out(start: Start) -> None:
    """For the session, which asks: the answer still arrives whole."""
    asked = []

    def on_interrupt() -> bool:
        asked.append(1)
        return True

    interpreter = start(on_interrupt=on_interrupt)
    wait = interpreter.load_string("local c = os.clock() while os.clock() < c + 0.4 do end return ('x'):rep(100000)")
    alarm(0.1)
    assert wait() == ["x" * 100000]
    assert asked == [1]
    assert interpreter.load_string("return 2")() == [2]


def test_ctrl_c_while_sending_can_be_waited_out() -> None:
    """Half of a frame is in the pipe then; the rest has to follow."""
    reply = escape(dumps({"op": "return", "nvalues": 1, "values": [7]}))
    code = f"time.sleep(1); assert len(receive()) > 1_000_000; send({reply!r})"
    with Interpreter(script(code), on_interrupt=lambda: True) as interpreter:
        alarm(0.3)
        assert interpreter.load_string("x" * 1_000_000).id == 7


def test_hook_that_fails_ends_the_server(start: Start) -> None:
    """A transcript that cannot be written, say: the reply it kept from us must not answer the next request."""

    def on_frame(side: str, body: bytes, seconds: float) -> None:
        if side == "responder":
            raise OSError("disk full")

    interpreter = start(on_frame=on_frame)
    with pytest.raises(OSError, match="disk full"):
        interpreter.load_string("return 1")
    assert not interpreter.connection.alive


# Lies


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (
            "os.write(1, b'Usage: lua [options] [script]\\n')",
            "16 lower-case hexadecimal digits, got 'Usage: lua [opti'",
        ),
        ("os.write(1, b'0000000100000007x')", "for a length of 1 the check is 1, got 7"),
        ("send(b'i:1;')", "expected a message with an op out of call, return, error; got 1"),
        ("send(b'garbage')", "malformed serialized data"),
        ('send(b\'a:1:{s:2:"op";s:4:"quit";}\')', "got 'quit'"),
        ('send(b\'a:1:{s:2:"op";s:6:"return";}\')', "message return: field nvalues"),
        (
            f"send({escape(dumps({'op': 'return', 'nvalues': 0, 'values': {}}))!r})",
            "expected loadString to return one id",
        ),
        (
            f"send({escape(dumps({'op': 'return', 'nvalues': 1, 'values': ['x']}))!r})",
            "expected loadString to return one id",
        ),
    ],
)
def test_server_that_breaks_the_protocol_is_ended(reply: str, problem: str) -> None:
    with Interpreter(script(f"receive(); {reply}; time.sleep(60)"), timeout=300) as interpreter:
        with pytest.raises(RemoteProtocolError) as caught:
            interpreter.load_string("return 1")
        assert problem in str(caught.value)
        assert not interpreter.connection.alive
        assert not interpreter.connection.running
        with pytest.raises(RemoteProtocolError):
            interpreter.get_status()


def test_body_over_the_limit_is_refused_by_its_header() -> None:
    code = "receive(); sys.stdout.write('%08x%08x' % (2000, 3999)); sys.stdout.flush(); time.sleep(60)"
    with Connection(script(code), frame_limit=1000) as connection:
        connection.send(b"x")
        with pytest.raises(RemoteProtocolError, match="a body of 2000 bytes, the limit is 1000"):
            connection.receive()


# Raw frames


def test_full_pipes_both_ways_do_not_lock() -> None:
    """The server writes 4 MB before it reads 4 MB: far more than the pipes hold."""
    with Connection(script("send(b'x' * (4 << 20)); send(b'%d' % len(receive()))"), timeout=300) as connection:
        connection.send(b"y" * (4 << 20))
        assert connection.receive() == b"x" * (4 << 20)
        assert connection.receive() == b"%d" % (4 << 20)
        assert connection.wait() == 0


def test_frames_byte_by_byte() -> None:
    code = "body = receive(); f = b'%08x%08x' % (len(body), 2 * len(body) - 1) + body"
    code += "; [os.write(1, f[i:i+1]) for i in range(len(f))]"
    with Connection(script(code)) as connection:
        connection.send(b"a frame")
        assert connection.receive() == b"a frame"


def test_frames_that_arrived_are_read_before_death_is_told() -> None:
    with Connection(script("receive(); send(b'last words'); os._exit(5)")) as connection:
        connection.send(b"x")
        assert connection.receive() == b"last words"
        with pytest.raises(ServerDied, match="status 5"):
            connection.receive()


def test_empty_body_is_the_callers_fault() -> None:
    with Connection(script("send(receive())")) as connection:
        with pytest.raises(LocalProtocolError):
            connection.send(b"")
        connection.send(b"fine")
        assert connection.receive() == b"fine"


def test_server_in_a_session_of_its_own_is_out_of_ctrl_cs_reach() -> None:
    with Connection(script("time.sleep(60)"), new_session=True) as connection:
        assert os.getsid(connection.pid) == connection.pid
    with Connection(script("time.sleep(60)")) as connection:
        assert os.getsid(connection.pid) == os.getsid(0)
