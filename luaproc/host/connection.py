"""A server's frames, going in and out while the caller waits: no message is understood here.

Both pipes are non-blocking, and whoever waits for one of them serves the other: a server that answers before
it has read everything cannot bring both sides to a standstill. No threads.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Sequence
from types import TracebackType

from luaproc.host.errors import ServerDied, ServerTimeout
from luaproc.host.process import GRACE, PIPE_SIZE, ServerProcess
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import NEED_DATA, encode_frame

_LONGEST_POLL = 2**31 - 1  # ms


class Connection(ServerProcess):
    """A running server, and the frames between us.

    server: the command, a list of words. timeout: seconds that the server may take for one frame, either way;
    None waits for ever. cpu_limit: seconds of CPU in its whole life, and memory_limit: bytes of virtual memory,
    both set by ulimit as Scribunto sets them. frame_limit: the largest body, in bytes, that is taken from it.
    on_frame: called with who sent a frame ("host" or "responder"), its body as it travels, and the seconds since
    the start; also to be set later. stderr: a file to append to; by default a temporary file, whose end is in
    `ServerDied.stderr`. env, cwd: as for subprocess. new_session: keep a terminal's Ctrl-C from the server.

    Every method raises `ServerDied` when the server is gone, again and again. Raises ServerNotStarted, and TypeError
    for a command that is no list of words.
    """

    def _opened(self) -> None:
        self._arrival = select.poll()
        self._arrival.register(self._stdout, select.POLLIN)
        self._either = select.poll()
        self._either.register(self._stdout, select.POLLIN)
        self._either.register(self._stdin, select.POLLOUT)

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
        return self._next(deadline)

    def exchange(self, body: bytes) -> bytes:
        """`send`, then `receive`, with as few steps as there can be where nothing waits to be written.

        Interrupted by an exception (Ctrl-C), it is gone on with by `receive`.
        """
        length = len(body)
        if self._out or self.on_frame or not 0 < length < PIPE_SIZE:
            self.send(body)
            return self.receive()
        self._check()
        frame = b"%08x%08x" % (length, length * 2 - 1) + body
        self._out += frame
        deadline = self._deadline()
        try:
            sent = os.write(self._stdin, frame)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            sent = 0
        if sent == len(frame):
            self._out.clear()
        else:
            del self._out[:sent]
            self._flush(deadline)
        return self._next(deadline)

    def send_all(self, bodies: Sequence[bytes]) -> None:
        """`send` several frames at once: a server that reads one after the other is woken once for all."""
        frames = [encode_frame(body) for body in bodies]
        self._check()
        if self.on_frame:
            for body in bodies:
                self.on_frame("host", body, self.seconds)
        self._out += b"".join(frames)
        self._flush(self._deadline())

    def _next(self, deadline: float | None) -> bytes:
        body: object = None
        if self._decoder.between_frames:
            data = self._wait(deadline)
            body = self._decoder.whole_frame(data)
            if body is None:
                self._decoder.receive_data(data)
        while type(body) is not bytes:
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

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()

    def _deadline(self) -> float | None:
        return None if self.timeout is None else time.monotonic() + self.timeout

    def _flush(self, deadline: float | None) -> None:
        while self._out:
            try:
                if len(self._out) <= PIPE_SIZE:
                    sent = os.write(self._stdin, self._out)
                else:
                    with memoryview(self._out) as view:
                        sent = os.write(self._stdin, view[:PIPE_SIZE])
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
        data = os.read(self._stdout, PIPE_SIZE)
        if not data:
            raise self._died()
        return data

    def _died(self) -> ServerDied:
        """The server closed a pipe: it has ended, or is ended now as PHP would."""
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._end()
        return self._settle()

    def _timed_out(self, seconds: float) -> ServerTimeout:
        error = ServerTimeout(seconds)
        self._gone = error
        self._end()
        return error
