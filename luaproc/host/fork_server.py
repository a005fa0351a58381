"""Servers that are forks of one: what the first has loaded, each of them has at once.

    with ForkServer() as server:
        server.lua.load_string(LIBRARY, "@library.lua")()
        with server.fork() as lua:
            lua.load_string("return library.f()")()

Only our own responder can do it, on Linux (luaproc/responder/fork_server.py).
"""

from __future__ import annotations

import io
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import IO

from luaproc.host.connection import Connection
from luaproc.host.core import PhpFunction, Status
from luaproc.host.errors import HostError, ServerNotStarted
from luaproc.host.heirs import HeirInterpreter
from luaproc.host.interpreter import Interpreter, default_server
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import MAX_BODY


def _can_be_had() -> bool:
    if not (sys.platform.startswith("linux") and hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # of a kernel before 5.3, or of a sandbox
        return False
    return True


AVAILABLE = _can_be_had()
"""Whether this system and Python have what a fork server needs."""

_CLOSED = io.BytesIO()
_CLOSED.close()
_STDERRS = 4
"""Files for forks' stderr that are kept: for as many page views at once."""

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0


def _status(pid: int) -> Status | None:
    """What /proc has of a process that runs; None where it has nothing."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            found = os.read(file, 1024).rpartition(b")")[2].split()
        finally:
            os.close(file)
        vsize = int(found[20])
        # Of one that has ended, but was not waited for, there is no size.
        return Status(pid, sum(map(int, found[11:15])), vsize, int(found[21]) * _PAGE) if vsize else None
    except (OSError, ValueError, IndexError):
        return None


class ForkedProcess:
    """A fork of a fork server, with the members of `subprocess.Popen` that a connection uses.

    The fork server is the parent, and keeps the process until it is asked for its status. stderr: where the fork writes
    it. Raises ServerNotStarted where the system has no fork, and what `Interpreter.call` raises.
    """

    def __init__(self, server: ForkServer, stderr: IO[bytes]) -> None:
        self._server = server
        self._owner = os.getpid()
        self._ended_by: signal.Signals | None = None
        self.returncode: int | None = None
        pipes: list[int] = []
        try:
            pipes += os.pipe()
            pipes += os.pipe()
            theirs_in, ours_in, ours_out, theirs_out = pipes
            self.pid = server._start(theirs_in, theirs_out, stderr.fileno())
            try:
                # The number stays this process's until the fork server is asked for the status.
                self._pidfd = os.pidfd_open(self.pid)
            except OSError:
                server._has_ended()  # without its pipes it does
                raise
        except BaseException as error:
            for descriptor in pipes:
                os.close(descriptor)
            if isinstance(error, OSError):
                raise ServerNotStarted(f"the server cannot be forked: {error.strerror}") from None
            raise
        os.close(theirs_in)
        os.close(theirs_out)
        self.stdin: IO[bytes] | None = open(ours_in, "wb", 0)
        self.stdout: IO[bytes] | None = open(ours_out, "rb", 0)

    def poll(self) -> int | None:
        """The status, if the process has ended."""
        return self.returncode if self.returncode is not None else self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. timeout: seconds. Raises subprocess.TimeoutExpired."""
        status = self.returncode if self.returncode is not None else self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return status

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.returncode is None and self._owner == os.getpid():
            self._ended_by = number
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def _ended(self, timeout: float | None) -> int | None:
        if self._owner != os.getpid():
            self.returncode = 0  # as subprocess has it where the process is another one's child
            return 0
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if not poll.poll(None if timeout is None else timeout * 1000):
            return None
        # Of one that we ended the fork server is not asked: two more changes of process.
        self.returncode = self._server._status_of(self.pid) if self._ended_by is None else -self._ended_by
        self._server._has_ended()
        os.close(self._pidfd)
        return self.returncode


class ForkedConnection(Connection):
    """The frames between us and a fork of a fork server. Raises as `ForkedProcess`."""

    def __init__(self, server: ForkServer) -> None:
        connection = server.lua.connection
        self._fork_server = server
        self._prepare(connection.server, connection.timeout, MAX_BODY, None, server._unused_stderr())
        try:
            self._talk_to(ForkedProcess(server, self._stderr))
        except BaseException:
            self._stderr.close()
            raise

    def _leave_stderr(self) -> None:
        # Most forks say nothing there: the next one takes the file. A fork has no children who might say it later.
        if self._last_words or self._parent != os.getpid():
            self._stderr.close()
        elif not self._stderr.closed:
            self._fork_server._keep_stderr(self._stderr)
            self._stderr = _CLOSED


class ForkedInterpreter(HeirInterpreter):
    """`Interpreter` of a fork: see `ForkServer.fork`."""

    def __init__(self, server: ForkServer, functions: Iterable[PhpFunction]) -> None:
        self._inherit(server.lua, functions)
        self.connection = ForkedConnection(server)

    def __enter__(self) -> ForkedInterpreter:
        return self

    def status_unasked(self) -> Status | None:
        """What `get_status` gives, without asking the fork, which takes two changes of process: the kernel tells it.

        None where it has nothing. A fork that dies may still be told of.
        """
        return _status(self.connection.pid)


class ForkServer:
    """A server that forks: `lua` is its `Interpreter`, to load what all forks are to have.

    The options are those of `Interpreter`. Raises ServerNotStarted where this system has no such servers (see
    `AVAILABLE`).
    """

    def __init__(
        self,
        *,
        cpu_limit: int | None = None,
        memory_limit: int | None = None,
        lists: bool = True,
        env: Mapping[str, str] | None = None,
        new_session: bool = False,
    ) -> None:
        if not AVAILABLE:
            raise ServerNotStarted("no fork server can be started: this system has no file descriptors of processes")
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._running = 0  # forks that have not ended, as far as is known
        self._retired = False
        self._stderrs: list[IO[bytes]] = []  # files to which forks that have ended wrote nothing
        self.forks = 0
        """How many there were."""
        self.lua = Interpreter(
            [*default_server(), "--forks-for", str(self._owner)],
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            lists=lists,
            env=env,
            new_session=new_session,
        )

    @property
    def alive(self) -> bool:
        """Whether it can fork, as far as is known: it has not died, and is this process's own."""
        return self.lua.connection.alive and self._owner == os.getpid()

    def fork(self, functions: Iterable[PhpFunction] = ()) -> ForkedInterpreter:
        """A server that has what was loaded so far, and limits of its own.

        It holds no functions but those that are adopted (`ForkedInterpreter.adopt`). functions: what answers there in
        place of the callables that were registered here, in their order. Raises ServerNotStarted where the system has
        no fork for us, and what `Interpreter.call` raises.
        """
        return ForkedInterpreter(self, functions)

    def retire(self) -> None:
        """End it as soon as none of its forks runs: it is the one who knows how they end."""
        self._retired = True
        if not self._running and self._owner == os.getpid():
            self._status_of(-1)  # of whom it has not reaped yet
            self.lua.terminate()
            self._close_stderrs()

    def _unused_stderr(self) -> IO[bytes] | None:
        with self._lock:
            return self._stderrs.pop() if self._stderrs else None

    def _keep_stderr(self, file: IO[bytes]) -> None:
        with self._lock:
            if not self._retired and len(self._stderrs) < _STDERRS:
                self._stderrs.append(file)
                return
        file.close()

    def _close_stderrs(self) -> None:
        with self._lock:
            while self._stderrs:
                self._stderrs.pop().close()

    def __del__(self) -> None:
        if hasattr(self, "_stderrs"):
            self._close_stderrs()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.retire()

    def _start(self, *files: int) -> int:
        """The pid of a new fork whose stdin, stdout and stderr are these files of this process."""
        pid = self._asked(b'{["op"]="fork",["files"]="%d,%d,%d"}' % files)
        if pid <= 0:
            raise ServerNotStarted(f"the server cannot be forked: {os.strerror(-pid)}")
        with self._lock:
            self.forks += 1
            self._running += 1
        return pid

    def _status_of(self, pid: int) -> int:
        """The status of a fork that has ended. It is that of SIGKILL where the fork server has died, too."""
        try:
            return self._asked(b'{["op"]="reap",["pid"]=%d}' % pid)
        except (HostError, RemoteProtocolError):
            return -signal.SIGKILL

    def _has_ended(self) -> None:
        with self._lock:
            self._running -= 1
        if self._retired:
            self.retire()

    def _asked(self, body: bytes) -> int:
        values = self.lua.request_body(body)
        number = values[0] if values else None
        if not isinstance(number, int):
            raise ServerNotStarted(f"expected a fork server to answer with a number, got {values!r:.60}")
        return number
