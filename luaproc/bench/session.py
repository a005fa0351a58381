"""One server driven as PHP drives it, under a memory limit, and its CPU clock."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from luaproc.bench.servers import BenchError, Server, environment
from luaproc.host.connection import Connection
from luaproc.host.process import SCRIBUNTO_MEMORY_LIMIT

ACCOUNT = str(Path(__file__).with_name("account.py"))

MEMORY_LIMIT = 2 * SCRIBUNTO_MEMORY_LIMIT
"""Bytes of virtual memory. A wiki always sets a limit, and a server may work differently under one; but 20,000 tables
bring the reference server within 3 MB of Scribunto's own, and a collection more or less would decide."""

Check = Callable[[bytes], None]
"""Looks at a reply's body; raises BenchError unless it is right."""

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_SETTLE_SECONDS = 10.0
_REPLY_SECONDS = 120.0


def cpu_clock(pid: int) -> int:
    """Nanoseconds of CPU time that a running process has used, all its threads, user and system.

    The process's own clock (clock_getcpuclockid(3), whose formula this is); /proc's utime counts ticks of 10 ms.
    """
    return time.clock_gettime_ns((~pid << 3) | 2)


def metered_command(server: Server, accounts: str, memory_limit: int) -> list[str]:
    """The command that starts a server and keeps its accounts in a file; see `account`."""
    return [sys.executable, "-I", "-S", ACCOUNT, accounts, str(memory_limit), *server.command]


def read_accounts(path: str) -> list[tuple[str, float]]:
    """The entries of a file that `account` wrote, in their order."""
    with open(path, encoding="ascii") as file:
        return [(key, float(value)) for key, value in (line.split() for line in file)]


@contextmanager
def _alive() -> Iterator[None]:
    """What the kernel says of a process that is gone, in words."""
    try:
        yield
    except (OSError, ValueError):  # ValueError: the statm of a zombie is empty
        raise BenchError("it ended after a reply, instead of waiting for the next message") from None


class MeteredServer:
    """A running server. Its stderr goes nowhere, as PHP has it by default; keep_stderr is for finding out why it died.
    timeout: seconds that a reply may take. memory_limit: bytes of virtual memory, 0 for none.

    Raises BenchError, naming the server, whenever the server fails.
    """

    def __init__(
        self,
        server: Server,
        *,
        keep_stderr: bool = False,
        timeout: float = _REPLY_SECONDS,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.server = server
        self.spent = 0
        """Nanoseconds of CPU in all `metered` blocks so far."""
        self._pid = 0
        handle, self._accounts = tempfile.mkstemp(prefix="luaproc-bench-")
        os.close(handle)
        self._connection = Connection(
            metered_command(server, self._accounts, memory_limit),
            timeout=timeout,
            env=environment(server),
            stderr=None if keep_stderr else os.devnull,
        )

    @property
    def pid(self) -> int:
        """The server's own, from the first reply on."""
        # The server may have answered before `account` came to write it down.
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not self._pid:
            self._pid = int(dict(read_accounts(self._accounts)).get("pid", 0))
            if time.monotonic() > deadline:
                raise BenchError("its accounts are missing: whoever started it did not write down its pid")
        return self._pid

    def exchange(self, body: bytes) -> bytes:
        """Send a message's body; the body of the next message that comes, still escaped. Raises as `Connection`."""
        self._connection.send(body)
        return self._connection.receive()

    @contextmanager
    def metered(self) -> Iterator[None]:
        """Count the CPU time of this block into `spent`. Only after the first reply."""
        before = self._clock()
        yield
        self.spent += self._clock() - before

    def _clock(self) -> int:
        self.settle()
        with _alive():
            return cpu_clock(self.pid)

    def settle(self) -> None:
        """Wait until the server sleeps: the work that it does after writing a reply is counted with that reply."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            with _alive(), open(f"/proc/{self.pid}/stat", "rb") as file:
                state = file.read().rpartition(b") ")[2][:1]
            if state in b"SZ":
                return
            time.sleep(20e-6)
        raise BenchError(f"it does not wait for messages: still busy {_SETTLE_SECONDS:g} seconds after a reply")

    def memory(self) -> tuple[int, int]:
        """Virtual and resident memory of the process now, in bytes."""
        with _alive():
            with open(f"/proc/{self.pid}/statm", "rb") as file:
                size, resident = file.read().split()[:2]
            return int(size) * _PAGE_SIZE, int(resident) * _PAGE_SIZE

    def end(self) -> float:
        """End the server as PHP does; the seconds of CPU it used in its whole life, its end included."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        # On a busy machine `account` may come to write it down later than the connection would wait for its end.
        deadline = time.monotonic() + _REPLY_SECONDS
        while "cpu" not in (entries := dict(read_accounts(self._accounts))):
            if time.monotonic() > deadline:
                raise BenchError(f"its accounts are missing: SIGTERM did not end it within {_REPLY_SECONDS:g} seconds")
            time.sleep(0.001)
        self._connection.terminate()
        return entries["cpu"]

    def __enter__(self) -> MeteredServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.terminate()
        os.unlink(self._accounts)
