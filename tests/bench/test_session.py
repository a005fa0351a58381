"""The clock and the accounts tell what a server really used."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from luaproc.bench.servers import BenchError
from luaproc.bench.session import ACCOUNT, MeteredServer, cpu_clock, read_accounts
from luaproc.bench.workloads import FIRST, returns
from tests.bench.conftest import script

pytestmark = pytest.mark.slow  # starts servers as PHP does

BURN = "end = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
LOOP = "while True:\n  receive()\n  {}\n  send(NOTHING)\n"


def test_clock_agrees_with_the_schedulers_own_count() -> None:
    """The clock's number is computed by hand from the pid: a wrong one would be another process's or a thread's."""
    before = time_on_cpu()
    clock = cpu_clock(os.getpid())
    after = time_on_cpu()
    assert before - 1_000_000 <= clock <= after + 50_000_000


def time_on_cpu() -> int:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def test_metered_counts_what_happens_in_it_and_nothing_else() -> None:
    """20 ms are burnt before every answer, 20 ms more after it: both belong to the message."""
    burn = BURN.format(0.02).replace("\n", "\n  ")
    code = f"while True:\n  receive()\n  {burn}\n  send(NOTHING)\n  {burn}\n"
    with MeteredServer(script(code)) as session:
        session.exchange(FIRST)
        session.exchange(FIRST)
        assert session.spent == 0
        with session.metered():
            session.exchange(FIRST)
        assert 0.038e9 < session.spent < 0.2e9


def test_accounts_hold_the_whole_life() -> None:
    """Start, work before the first message, and end."""
    with MeteredServer(script(BURN.format(0.03) + LOOP.format("pass"))) as session:
        returns()(session.exchange(FIRST))
        clock = cpu_clock(session.pid) / 1e9
        assert 0.03 < clock < session.end() < clock + 0.1


def test_sleep_is_no_cpu_time() -> None:
    """Else a busy machine would decide who is the cheaper one."""
    with MeteredServer(script(LOOP.format("time.sleep(0.2)"))) as session:
        session.exchange(FIRST)
        with session.metered():
            session.exchange(FIRST)
        assert session.spent < 0.1e9


def test_memory_is_the_servers() -> None:
    """And not that of the script that keeps its accounts."""
    with MeteredServer(script("data = b'x' * 20_000_000\n" + LOOP.format("pass"))) as session:
        session.exchange(FIRST)
        virtual, resident = session.memory()
        assert virtual > 20_000_000
        assert resident > 20_000_000


def test_a_server_that_ended_has_neither_clock_nor_memory() -> None:
    """It may end by itself after a reply: that is told in words, and not by a traceback of ours."""
    with MeteredServer(script("receive(); send(NOTHING)")) as session:
        session.exchange(FIRST)
        while Path(f"/proc/{session.pid}").exists():
            time.sleep(0.01)
        with pytest.raises(BenchError, match="it ended after a reply"):
            session.memory()
        with pytest.raises(BenchError, match="it ended after a reply"), session.metered():
            pass
        assert session.end() > 0


def test_servers_have_a_memory_limit() -> None:
    """A server may work differently under a limit; on a wiki it always has one."""
    code = "import resource\nassert resource.getrlimit(resource.RLIMIT_AS) == (104857600, 104857600)\n"
    with MeteredServer(script(code + LOOP.format("pass"))) as session:
        returns()(session.exchange(FIRST))


@pytest.mark.parametrize(("code", "status"), [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 24)", -24)])
def test_account_ends_as_the_server_did(tmp_path: Path, code: str, status: int) -> None:
    """PHP tells its readers the status, and tells SIGXCPU from all others."""
    accounts = tmp_path / "accounts"
    server = [sys.executable, "-IS", "-c", code]
    command = [sys.executable, "-I", "-S", ACCOUNT, str(accounts), "0", *server]
    done = subprocess.run(command, input=b"", timeout=300)
    assert done.returncode == status
    assert [key for key, _ in read_accounts(str(accounts))] == ["pid", "cpu"]


def test_account_hands_on_sigpipe_and_stdin(tmp_path: Path) -> None:
    """The server has its own end of PHP's pipes, and the default action for SIGPIPE, as if PHP had started it."""
    server = ["/bin/sh", "-c", "head -n 1; cat /proc/self/status"]
    command = [sys.executable, "-I", "-S", ACCOUNT, str(tmp_path / "accounts"), "0", *server]
    done = subprocess.run(command, input="hello\n", capture_output=True, text=True, timeout=300)
    assert done.stdout.startswith("hello\n")
    ignored = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("SigIgn"))
    assert not int(ignored, 16) & 1 << (signal.SIGPIPE - 1)


# What a server makes of its end: it says so by its status.
ENDS = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: os._exit(15))
os.write(1, b"x")
sys.stdin.read()
os._exit(0)
"""


@pytest.mark.parametrize(("signals", "status"), [(True, 15), (False, 0)])
def test_a_server_ends_as_php_ends_it(tmp_path: Path, signals: bool, status: int) -> None:
    """PHP sends SIGTERM and closes its pipes at once: the server must see the signal, and not the end of its input.

    Without a signal, which is PHP's own untimely end, it must see that.
    """
    server = [sys.executable, "-IS", "-c", ENDS]
    for turn in range(5):
        command = [sys.executable, "-I", "-S", ACCOUNT, str(tmp_path / str(turn)), "0", *server]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.read(1)
            if signals:
                process.terminate()
            process.stdin.close()
            process.stdout.close()
            assert process.wait(300) == status
        assert [key for key, _ in read_accounts(str(tmp_path / str(turn)))] == ["pid", "cpu"]
