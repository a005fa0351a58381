"""A server's frames in an asyncio event loop: its pipes by the loop's readers and writers, without threads.

A frame is read at once where it is there already, as the loop's own sock_recv does. Waiting for it costs one turn of
the loop for the frame that comes and one for the task that waits. The reader stays registered from call to call, and
one timer serves all of them.
"""

from __future__ import annotations

import asyncio
import os
import time
import weakref
from types import TracebackType

from luaproc.host.errors import HostError, ServerTimeout
from luaproc.host.process import GRACE, PIPE_SIZE, ServerProcess
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import encode_frame

_FIRST_LOOK = 0.0005  # seconds until the first look whether a server has ended; then twice as long, and so on
_LAST_LOOK = 0.05

_AT_ONCE = 10
"""Frames in a row that may be read without a turn of the loop: one or two milliseconds in which no other task runs."""


class _Watch:
    """What an event loop has of a connection: the connection itself only while somebody waits for the server, so that a
    forgotten one ends its server, and one whose loop is gone, too."""

    __slots__ = ("held", "weak")

    def __init__(self, connection: AsyncConnection) -> None:
        self.held: AsyncConnection | None = None
        self.weak = weakref.ref(connection)


class AsyncConnection(ServerProcess):
    """A running server, and the frames between us, for one task at a time.

    The arguments are those of `Connection`. Starting the process blocks for some milliseconds, as starting any process
    does. It belongs to the event loop in which it is used, and to the next one when that one has ended.

    Every method raises `ServerDied` when the server is gone, again and again.
    """

    def _opened(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch = _Watch(self)
        self._reading = self._writing = False
        self._closed = False  # by the server: its stdout
        self._arrival: asyncio.Future[bytes | None] | None = None
        self._room: asyncio.Future[bool] | None = None
        self._at_once = 0  # frames in a row for which the loop did not turn
        self._deadline = self._timer_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    def adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        """Move to this event loop. Raises RuntimeError where the earlier one still runs, in another thread."""
        earlier = self._loop
        if earlier is not None and earlier.is_running():
            raise RuntimeError("the interpreter is used in an event loop that runs in another thread")
        self._let_go()
        self._loop = loop
        self._ending = self._arrival = self._room = None

    async def send(self, body: bytes) -> None:
        """Send one frame: the body of an expression. Raises LocalProtocolError, ServerDied, ServerTimeout."""
        if not self._put(body):
            await self._flush()

    async def receive(self) -> bytes:
        """The body of the server's next frame, still escaped.

        Raises ServerDied, ServerTimeout, and RemoteProtocolError for bytes that are no frame; the server is
        ended then, since nothing after them can be understood.
        """
        self._check()
        return await self._next(self._here())

    async def exchange(self, body: bytes) -> bytes:
        """`send`, then `receive`."""
        if not self._put(body):
            await self._flush()
        return await self._next(self._here())

    async def _next(self, loop: asyncio.AbstractEventLoop) -> bytes:
        try:
            body = self._take()
            while body is None:
                if self._closed:
                    raise await self._died()
                self._at_once = 0
                self._read_on(loop)
                self._arrival = loop.create_future()
                self._arm(loop)
                self._watch.held = self
                try:
                    body = await self._arrival
                finally:
                    self._arrival = None
                    self._watch.held = None
        except (RemoteProtocolError, ServerTimeout) as error:
            await self.lose(error)
            raise
        if self.on_frame:
            self.on_frame("responder", body, self.seconds)
        return body

    async def fail(self, error: RemoteProtocolError) -> RemoteProtocolError:
        """End a server that broke the protocol; gives the error back, to be raised."""
        await self.lose(error)
        return error

    async def wait(self, timeout: float | None = None) -> int:
        """Wait for the server's end, without sending anything; the status as subprocess gives it.

        timeout: seconds, by default the connection's. Raises ServerTimeout.
        """
        timeout = self.timeout if timeout is None else timeout
        self._let_go()
        self._close_stdin()
        if not await self._ended_within(timeout):
            error = ServerTimeout(timeout or 0.0)
            await self.lose(error)
            raise error
        self._settle()
        return self._process.returncode

    async def terminate(self) -> int:
        """End the server with SIGTERM, as PHP does (after some seconds with SIGKILL); the status, as subprocess's.

        Whoever waits for a frame gets `ServerDied`.
        """
        await self.lose(None)
        return self._process.returncode

    async def lose(self, error: HostError | RemoteProtocolError | None) -> None:
        """`terminate`, and let `error` be what everybody is told from now on, unless the server was lost before."""
        if self._gone is None:
            self._gone = error
        self._let_go()
        if self.running:
            if self._ending is None:
                self._ending = asyncio.get_running_loop().create_task(self._ended())
            await asyncio.shield(self._ending)
        self._told()

    def kill(self, error: HostError) -> None:
        """`lose` at once, with SIGKILL: for an event loop that ends, in which nothing can be waited for."""
        if self._gone is None:
            self._gone = error
        self._let_go()
        if self.running:
            self._process.kill()
            self._process.wait()
        self._settle()

    async def __aenter__(self) -> AsyncConnection:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.terminate()

    def __del__(self) -> None:
        if hasattr(self, "_ending"):
            self._let_go()
        super().__del__()

    # -- the loop's calls

    def _here(self) -> asyncio.AbstractEventLoop:
        if self._loop is not (loop := asyncio.get_running_loop()):
            self.adopt(loop)
        return loop

    def _put(self, body: bytes) -> bool:
        """Send a frame as far as the pipe has room now; whether that was all of it."""
        frame = encode_frame(body)
        self._check()
        self._here()
        if self.on_frame:
            self.on_frame("host", body, self.seconds)
        try:
            sent = os.write(self._stdin, frame if len(frame) <= PIPE_SIZE else frame[:PIPE_SIZE])
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            sent = 0
        if sent == len(frame):
            return True
        self._out += memoryview(frame)[sent:]
        return False

    def _take(self) -> bytes | None:
        """The next frame, where it is there already; other tasks have their turn from time to time."""
        if not self._decoder.between_frames and (body := self._next_frame()) is not None:
            return body
        if self._at_once >= _AT_ONCE or self._closed:
            return None
        self._at_once += 1
        try:
            data = os.read(self._stdout, PIPE_SIZE)
        except BlockingIOError:
            return None
        if not data:
            self._closed = True
            return None
        return self._arrived(data)

    def _arrived(self, data: bytes) -> bytes | None:
        """The frame that is complete with these bytes."""
        body = self._decoder.whole_frame(data)
        if body is None:
            self._decoder.receive_data(data)
            body = self._next_frame()
        return body

    def _read_on(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._reading:
            loop.add_reader(self._stdout, _readable, self._watch)
            self._reading = True

    def _read(self) -> None:
        """The pipe has something, or was closed."""
        try:
            data = os.read(self._stdout, PIPE_SIZE)
        except BlockingIOError:
            return
        arrival = self._arrival
        if arrival is not None and arrival.done():
            arrival = None
        if not data:
            self._closed = True
        if not data or (arrival is None and self._room is None):
            # Frames that no request waits for are not read.
            assert self._loop is not None
            self._loop.remove_reader(self._stdout)
            self._reading = False
        if arrival is None:
            self._decoder.receive_data(data) if data else self._give_room(False)
        elif not data:
            arrival.set_result(None)
        else:
            try:
                body = self._arrived(data)
            except RemoteProtocolError as error:
                arrival.set_exception(error)
            else:
                if body is not None:
                    arrival.set_result(body)

    def _next_frame(self) -> bytes | None:
        body = self._decoder.next_frame()
        return body if isinstance(body, bytes) else None

    async def _flush(self) -> None:
        """The rest of a frame that is larger than the pipe. A server that answers meanwhile is listened to."""
        loop = self._here()
        self._room = loop.create_future()
        if not self._closed:
            self._read_on(loop)
        loop.add_writer(self._stdin, _writable, self._watch)
        self._writing = True
        self._arm(loop)
        self._watch.held = self
        try:
            if not await self._room:
                raise await self._died()
        except ServerTimeout as error:
            await self.lose(error)
            raise
        finally:
            self._room = None
            self._watch.held = None
            self._stop_writing()

    def _write(self) -> None:
        """The pipe has room, or was closed."""
        try:
            with memoryview(self._out) as view:
                sent = os.write(self._stdin, view[:PIPE_SIZE])
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._stop_writing()
            self._give_room(False)
            return
        del self._out[:sent]
        if not self._out:
            self._stop_writing()
            self._give_room(True)

    def _give_room(self, sent: bool) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(sent)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the timer ring when the server's time is over. One that rings early is set anew."""
        if self.timeout is None:
            self._deadline = float("inf")
            return
        self._deadline = loop.time() + self.timeout
        if self._timer is None or self._timer_at > self._deadline:
            self._set_timer(loop)

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = self._deadline
        self._timer = loop.call_at(self._deadline, _ring, self._watch)

    def _rung(self) -> None:
        self._timer = None
        waiter = self._arrival or self._room
        if waiter is None or waiter.done() or self._loop is None:
            return
        if self._loop.time() < self._deadline:
            self._set_timer(self._loop)
        else:
            waiter.set_exception(ServerTimeout(self.timeout or 0.0))

    # -- the end

    async def _died(self) -> HostError | RemoteProtocolError:
        """The server closed a pipe: it has ended, or is ended now as PHP would."""
        if not await self._ended_within(GRACE):
            await self.lose(None)
        self._let_go()
        self._settle()
        assert self._gone is not None
        return self._gone

    async def _ended_within(self, seconds: float | None) -> bool:
        """Whether the process ended in that time. No event tells it everywhere without a thread, so it is looked at."""
        deadline = float("inf") if seconds is None else time.monotonic() + seconds
        pause = _FIRST_LOOK
        while self.running:
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LAST_LOOK)
        return True

    async def _ended(self) -> None:
        try:
            self._process.terminate()
            if not await self._ended_within(GRACE):
                self._process.kill()
                await self._ended_within(None)
        finally:
            if self.running:  # this task was cancelled: the event loop ends
                self._process.kill()
                self._process.wait()
            self._told()

    def _told(self) -> None:
        """The process is gone, and its waiting callers get the error."""
        self._let_go()
        self._settle()
        assert self._gone is not None
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_exception(self._gone)
        self._give_room(False)

    def _stop_writing(self) -> None:
        if self._writing and (loop := self._own_loop()) is not None:
            loop.remove_writer(self._stdin)
        self._writing = False

    def _let_go(self) -> None:
        """Leave the event loop, before the pipes are closed: their numbers may be somebody else's then."""
        self._stop_writing()
        if (loop := self._own_loop()) is not None:
            if self._reading:
                loop.remove_reader(self._stdout)
            if self._timer is not None:
                self._timer.cancel()
        self._reading, self._timer = False, None

    def _own_loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop, where it can be left. A fork's copy shares the selector with ours, and must not touch it."""
        gone = self._loop is None or self._loop.is_closed() or os.getpid() != self._parent
        return None if gone else self._loop


def _readable(watch: _Watch) -> None:
    if (connection := watch.weak()) is not None:
        connection._read()


def _writable(watch: _Watch) -> None:
    if (connection := watch.weak()) is not None:
        connection._write()


def _ring(watch: _Watch) -> None:
    if (connection := watch.weak()) is not None:
        connection._rung()
