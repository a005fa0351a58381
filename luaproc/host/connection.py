"""One Lua-side server as a process with frames going in and out: no message is understood here.

Both pipes are non-blocking, and whoever waits for one of them serves the other: a server that answers before
it has read everything cannot bring both sides to a standstill. No threads.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import IO

from luaproc.host.errors import HostError, ServerDied, ServerNotStarted, ServerTimeout
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import MAX_BODY, NEED_DATA, FrameDecoder, encode_frame
from luaproc.wire.messages import Side

SCRIBUNTO_CPU_LIMIT = 7
"""Seconds: Scribunto's default cpuLimit."""

SCRIBUNTO_MEMORY_LIMIT = 52_428_800
"""Bytes: Scribunto's default memoryLimit."""

FrameHook = Callable[[Side, bytes, float], None]
"""Called with who sent a frame, its body as it travels (a responder's is escaped), and the seconds since the start."""

# What Scribunto's lua_ulimit.sh does; an empty word is a limit that is not wanted.
_ULIMIT = '[ -z "$1" ] || { ulimit -St "$1"; ulimit -Ht "$2"; }; [ -z "$3" ] || ulimit -v "$3"; shift 3; exec "$@"'

_MOST = 2**62  # of a limit; from 2^63 on shells and kernels take another number, or none
_LONGEST_POLL = 2**31 - 1  # ms
_GRACE = 2.0  # seconds that a server gets to end after it closed its pipe or was told to
_PIPE_SIZE = 1 << 16  # bytes that a pipe holds: no read or write takes more at a time
_STDERR_TAIL = 4000


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


class Connection:
    """A running server, and the frames between us.

    server: the command, a list of words. timeout: seconds that the server may take for one frame, either way;
    None waits for ever. cpu_limit, memory_limit: see `limited`. frame_limit: the largest body, in bytes, that
    is taken from it. on_frame: a `FrameHook`, also to be set later. stderr: a file to append to; by default a
    temporary file, whose end is in `ServerDied.stderr`. env, cwd: as for subprocess. new_session: keep a
    terminal's Ctrl-C from the server.

    Every method raises `ServerDied` when the server is gone, again and again. Raises ServerNotStarted.
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
        if isinstance(server, (str, bytes)):
            raise ServerNotStarted(f"the server {server!r} cannot be started: expected a list of words, got one text")
        if not server:
            raise ServerNotStarted("the server cannot be started: its command has no words")
        if timeout is not None and not timeout >= 0:
            raise ServerNotStarted(f"the server cannot be started with a timeout of {timeout} seconds")
        command = limited(server, cpu_limit, memory_limit)
        self.server = list(server)
        self.timeout = timeout
        self.on_frame = on_frame
        self._gone: HostError | RemoteProtocolError | None = None
        self._decoder = FrameDecoder(frame_limit)
        self._out = bytearray()
        try:
            self._stderr: IO[bytes] = tempfile.TemporaryFile() if stderr is None else open(stderr, "a+b")
        except OSError as error:
            raise ServerNotStarted(
                f"the server cannot be started: {stderr or 'a temporary file'}, for its stderr, cannot be written: "
                f"{error.strerror}"
            ) from None
        self._started = time.monotonic()
        try:
            self._process = subprocess.Popen(
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
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._stdin, False)
        os.set_blocking(self._stdout, False)
        self._arrival = select.poll()
        self._arrival.register(self._stdout, select.POLLIN)
        self._either = select.poll()
        self._either.register(self._stdout, select.POLLIN)
        self._either.register(self._stdin, select.POLLOUT)

    @property
    def pid(self) -> int:
        """Of the process that was started; a wrapper that does not exec is that process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether frames can still be exchanged. A server that died unnoticed shows at the next frame."""
        return self._gone is None

    @property
    def seconds(self) -> float:
        """Since the server was started."""
        return time.monotonic() - self._started

    def send(self, body: bytes) -> None:
        """Send one frame: the body of an expression.

        Raises LocalProtocolError for a body that has no frame, ServerDied, ServerTimeout.
        """
        frame = encode_frame(body)
        self._check()
        if self.on_frame:
            self.on_frame("host", body, self.seconds)
        self._out += frame
        self._flush(self._deadline())

    def receive(self) -> bytes:
        """The body of the server's next frame, still escaped.

        Interrupted by an exception (Ctrl-C), it can be called again: nothing that arrived is lost.

        Raises ServerDied, ServerTimeout, and RemoteProtocolError for bytes that are no frame; the server is
        ended then, since nothing after them can be understood.
        """
        self._check()
        deadline = self._deadline()
        if self._out:
            self._flush(deadline)
        body: object = None
        if self._decoder.between_frames:
            data = self._wait(deadline)
            body = self._decoder.whole_frame(data)
            if body is None:
                self._decoder.receive_data(data)
        while not isinstance(body, bytes):
            try:
                body = self._decoder.next_frame()
            except RemoteProtocolError as error:
                raise self.fail(error) from None
            if body is NEED_DATA:
                self._decoder.receive_data(self._wait(deadline))
        if self.on_frame:
            self.on_frame("responder", body, self.seconds)
        return body

    def fail(self, error: RemoteProtocolError) -> RemoteProtocolError:
        """End a server that broke the protocol; gives the error back, to be raised."""
        if self._gone is None:
            self._gone = error
            self._end()
        return error

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the server's end, without sending anything; the status as subprocess gives it.

        timeout: seconds, by default the connection's. Raises ServerTimeout.
        """
        timeout = self.timeout if timeout is None else timeout
        self._close_stdin()
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._timed_out(timeout or 0.0) from None
        self._settle()
        return status

    def terminate(self) -> int:
        """End the server with SIGTERM, as PHP does (after some seconds with SIGKILL); the status, as subprocess's."""
        self._end()
        self._settle()
        return self._process.returncode

    def interrupt(self) -> None:
        """Send SIGTERM to the server and leave the rest to the thread that talks to it, which gets `ServerDied`."""
        self._process.terminate()

    def stderr_tail(self) -> str:
        """The end of what the server wrote to stderr so far, at most 4000 bytes."""
        if self._stderr.closed:
            return ""
        size = os.fstat(self._stderr.fileno()).st_size
        return os.pread(self._stderr.fileno(), _STDERR_TAIL, max(0, size - _STDERR_TAIL)).decode("utf-8", "replace")

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()

    def __del__(self) -> None:
        # At Python's own end the pipes are closed anyway, and a server that reads ends then.
        process = getattr(self, "_process", None)
        if process is not None and process.returncode is None and not sys.is_finalizing():
            self.terminate()

    def _deadline(self) -> float | None:
        return None if self.timeout is None else time.monotonic() + self.timeout

    def _check(self) -> None:
        if self._gone is not None:
            raise self._gone

    def _flush(self, deadline: float | None) -> None:
        while self._out:
            try:
                if len(self._out) <= _PIPE_SIZE:
                    sent = os.write(self._stdin, self._out)
                else:
                    with memoryview(self._out) as view:
                        sent = os.write(self._stdin, view[:_PIPE_SIZE])
            except BlockingIOError:
                data = self._wait(deadline, to_write=True)
                if data:
                    self._decoder.receive_data(data)
            except (BrokenPipeError, ConnectionResetError):
                raise self._died() from None
            else:
                del self._out[:sent]

    def _wait(self, deadline: float | None, to_write: bool = False) -> bytes:
        """What arrived; nothing where there is room to write, if that is wanted."""
        left = None if deadline is None else min(max(0.0, deadline - time.monotonic()) * 1000, _LONGEST_POLL)
        ready = (self._either if to_write else self._arrival).poll(left)
        if not ready and left != _LONGEST_POLL:
            raise self._timed_out(self.timeout or 0.0)
        if to_write and all(fd != self._stdout for fd, _ in ready):
            return b""
        data = os.read(self._stdout, _PIPE_SIZE)
        if not data:
            raise self._died()
        return data

    def _died(self) -> ServerDied:
        """The server closed a pipe: it has ended, or is ended now as PHP would."""
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._end()
        return self._settle()

    def _timed_out(self, seconds: float) -> ServerTimeout:
        error = ServerTimeout(seconds)
        self._gone = error
        self._end()
        return error

    def _end(self) -> None:
        """The process ended and waited for, the pipes closed."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._close_stdin()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _close_stdin(self) -> None:
        self._out.clear()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _settle(self) -> ServerDied:
        """Remember how it ended, and let go of everything."""
        died = ServerDied(self._process.returncode, self.stderr_tail())
        if self._gone is None:
            self._gone = died
        self._end()
        self._stderr.close()
        return died
