"""A Lua-side server as a process: started under Scribunto's limits, ended as PHP ends it. No frame is read here.

`Connection` and `AsyncConnection` are the two ways to wait for its pipes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Protocol

from luaproc.host.errors import HostError, ServerDied, ServerNotStarted
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import MAX_BODY, FrameDecoder
from luaproc.wire.messages import Side

SCRIBUNTO_CPU_LIMIT = 7
"""Seconds: Scribunto's default cpuLimit."""

SCRIBUNTO_MEMORY_LIMIT = 52_428_800
"""Bytes: Scribunto's default memoryLimit."""

HAS_LIMITS = sys.platform.startswith("linux")
"""Whether Scribunto sets its limits on this system (docs/protocol.md, "How the process is started")."""

FrameHook = Callable[[Side, bytes, float], None]
"""Called with who sent a frame, its body as it travels (a responder's is escaped), and the seconds since the start."""

# What Scribunto's lua_ulimit.sh does; an empty word is a limit that is not wanted.
_ULIMIT = '[ -z "$1" ] || { ulimit -St "$1"; ulimit -Ht "$2"; }; [ -z "$3" ] || ulimit -v "$3"; shift 3; exec "$@"'

_MOST = 2**62  # of a limit; from 2^63 on shells and kernels take another number, or none
_STDERR_TAIL = 1 << 16  # bytes: a whole trace, and what a wrapper said before

GRACE = 2.0
"""Seconds that a server gets to end after it closed its pipe or was told to."""

PIPE_SIZE = 1 << 16
"""Bytes that a pipe holds: no read or write takes more at a time."""


def limited(server: Sequence[str], cpu_limit: int | None = None, memory_limit: int | None = None) -> list[str]:
    """The command that starts `server` under Scribunto's limits, set as its lua_ulimit.sh sets them.

    cpu_limit: seconds; SIGXCPU then, SIGKILL a second later. memory_limit: bytes of virtual memory, from the
    first instruction of the process. Raises ServerNotStarted for a limit that the shell would refuse, and then
    start the server without it.
    """
    for name, limit in (("CPU limit of {} seconds", cpu_limit), ("memory limit of {} bytes", memory_limit)):
        if limit is not None and not 0 < limit <= _MOST:
            expected = "expected more than 0" if limit <= 0 else f"a shell sets {_MOST} at most"
            raise ServerNotStarted(f"the server cannot be started with a {name.format(limit)}: {expected}")
    if cpu_limit is None and memory_limit is None:
        return list(server)
    cpu = ["", ""] if cpu_limit is None else [str(cpu_limit), str(cpu_limit + 1)]
    memory = "" if memory_limit is None else str(memory_limit // 1024)
    return ["/bin/sh", "-c", _ULIMIT, "sh", *cpu, memory, *server]


def scratch_file() -> IO[bytes]:
    """A file without a name; in memory, on Linux, where no temporary file can be written. Raises OSError."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        if not hasattr(os, "memfd_create"):
            raise
        return os.fdopen(os.memfd_create("luaproc"), "w+b")


class Process(Protocol):
    """What is needed of a process: `subprocess.Popen`'s members of these names, or as them."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    returncode: int | Any

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class ServerProcess:
    """What both connections have in common: the process, its stderr, and how it ended.

    The arguments are those of `Connection`. The pipes are non-blocking.
    """

    def __init__(
        self,
        server: Sequence[str],
        *,
        timeout: float | None = 60.0,
        cpu_limit: int | None = None,
        memory_limit: int | None = None,
        frame_limit: int = MAX_BODY,
        on_frame: FrameHook | None = None,
        stderr: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        new_session: bool = False,
    ) -> None:
        if isinstance(server, (str, bytes)) or not isinstance(server, Sequence):
            raise TypeError(f"server: expected the words of a command, as ['lua5.1', 'main.lua'], got {server!r}")
        if not server:
            raise ServerNotStarted("the server cannot be started: its command has no words")
        if timeout is not None and not timeout >= 0:
            raise ServerNotStarted(f"the server cannot be started with a timeout of {timeout} seconds")
        command = limited(server, cpu_limit, memory_limit)
        self._prepare(list(server), timeout, frame_limit, on_frame, stderr)
        try:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                bufsize=0,
                env=env,
                cwd=cwd,
                start_new_session=new_session,
            )
        except (OSError, ValueError) as error:
            self._stderr.close()
            raise ServerNotStarted(f"the server {' '.join(server)!r} cannot be started: {error}") from None
        self._talk_to(process)

    def _prepare(
        self,
        server: list[str],
        timeout: float | None,
        frame_limit: int,
        on_frame: FrameHook | None,
        stderr: str | os.PathLike[str] | IO[bytes] | None,
    ) -> None:
        """What is there before the process is. Raises ServerNotStarted."""
        self.server = server
        self.timeout = timeout
        self.on_frame = on_frame
        self._gone: HostError | RemoteProtocolError | None = None
        self._decoder = FrameDecoder(frame_limit)
        self._out = bytearray()
        self._last_words = ""
        try:
            if stderr is None:
                stderr = scratch_file()
            self._stderr = open(stderr, "a+b") if isinstance(stderr, (str, os.PathLike)) else stderr
        except OSError as error:
            raise ServerNotStarted(
                f"the server cannot be started: {stderr or 'a temporary file'}, for its stderr, cannot be written: "
                f"{error.strerror}"
            ) from None

    def _talk_to(self, process: Process) -> None:
        """Have this process as the server."""
        self._started = time.monotonic()
        self._parent = os.getpid()
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._stdin, False)
        os.set_blocking(self._stdout, False)
        self._opened()

    def _opened(self) -> None:
        """What a connection prepares for waiting on the pipes."""

    @property
    def pid(self) -> int:
        """Of the process that was started; a wrapper that does not exec is that process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether frames can still be exchanged. A server that died unnoticed shows at the next frame."""
        return self._gone is None

    @property
    def running(self) -> bool:
        """Whether the process runs, as the kernel says now."""
        return self._process.poll() is None

    @property
    def seconds(self) -> float:
        """Since the server was started."""
        return time.monotonic() - self._started

    def interrupt(self) -> None:
        """Send SIGTERM to the server and leave the rest to who waits for its answer, who gets `ServerDied`."""
        self._process.terminate()

    def stderr_tail(self) -> str:
        """The end of what the server wrote to stderr so far, or ever if it is gone; at most 65,536 bytes."""
        if self._stderr.closed:
            return self._last_words
        size = os.fstat(self._stderr.fileno()).st_size
        return os.pread(self._stderr.fileno(), _STDERR_TAIL, max(0, size - _STDERR_TAIL)).decode("utf-8", "replace")

    def __del__(self) -> None:
        # At Python's own end the pipes are closed anyway, and a server that reads ends then.
        process = getattr(self, "_process", None)
        if process is not None and process.returncode is None and not sys.is_finalizing():
            self._end()
            self._settle()

    def _check(self) -> None:
        if self._gone is not None:
            # Each raise would add its frames to those of the raises before.
            raise self._gone.with_traceback(None)
        if os.getpid() != self._parent:
            raise HostError(
                f"the server belongs to process {self._parent}, and this one is its fork: "
                "both would read the same pipe; start an interpreter of its own in each process"
            )

    def _end(self) -> None:
        """The process ended and waited for, the pipes closed."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        self._close_stdin()
        self._stdout = -1
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _close_stdin(self) -> None:
        self._out.clear()
        self._stdin = -1  # somebody else may get the number
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _settle(self) -> ServerDied:
        """Remember how it ended, and let go of everything; the process has ended."""
        self._last_words = self.stderr_tail()
        died = ServerDied(self._process.returncode, self._last_words)
        if self._gone is None:
            self._gone = died
        self._close_pipes()
        self._leave_stderr()
        return died

    def _leave_stderr(self) -> None:
        self._stderr.close()
