"""Clients for Python: control sockets and data sockets, blocking, with a timeout, or without waiting."""

import math
import os
import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from errno import EAGAIN, ECONNREFUSED, EPERM
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar, cast

from luaproc.nflua import wire
from luaproc.nflua.errors import BadArgument, FaultyReply, NfluaError, Refused, SocketError, TimedOut
from luaproc.nflua.netlink import NOWAIT, USERSOCK, address, client_socket

if TYPE_CHECKING:
    from typing_extensions import Self

SLICE = 1.0
"""Seconds after which a waiting client asks whether the server is still there: netlink tells nobody of a peer's end."""

EARLY = 4096
"""Messages that a data socket keeps while it waits for something else: 16 MB at most."""

Result = TypeVar("Result")
StateList = list[wire.State]  # `Control.list` hides the name in its class


class Socket:
    """A netlink socket to the server: what control and data sockets have in common. A context manager.

    port: our port ID, 1 to 2^31 - 1; None takes an automatic one. server: ``PROTOCOL:PORT``; by default what the
    variable LUAPROC_NFLUA_SOCKET says, else ``2:1313229909``. timeout: seconds that a reply may take; None waits for
    ever, 0 never waits (see `receive`).

    Raises `UsageError` for an address that is none, `BadArgument` for a port that is none, `NfluaError` on systems
    without netlink, `SocketError` for a port ID in use and for a protocol that the kernel does not have.
    """

    def __init__(self, port: int | None = None, *, server: str | None = None, timeout: float | None = None) -> None:
        if port is not None and not 1 <= port < 1 << 31:
            raise BadArgument(f"a port ID is a number from 1 to 2^31 - 1, not {port}")
        self.server = address(server)
        self.timeout = timeout
        self._socket, self.port = client_socket(self.server, port)

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor, for `select` and event loops: readable when `receive` has something; -1 when closed."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket; again is allowed."""
        self._socket.close()

    # What the Lua client uses as well

    def send_datagram(self, datagram: bytes, first: bool = True) -> None:
        """Send a datagram, and wait for room at the server, which may be at work, as long as `timeout` says.

        Raises `TimedOut`; `SocketError`, with EAGAIN where there is no room and the descriptor is non-blocking or the
        timeout 0, but for a command's first datagram only.
        """
        deadline = None if not self.timeout else time.monotonic() + self.timeout
        while True:
            try:
                self._socket.send(datagram, 0 if self.timeout is None else NOWAIT)
                return
            except BlockingIOError:
                if first and deadline is None:
                    raise SocketError(-EAGAIN) from None
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimedOut(f"the server takes no message within {self.timeout:g} seconds") from None
                time.sleep(0.001)
            except OSError as error:
                raise self._error(error) from None

    def _error(self, error: OSError) -> SocketError:
        number = error.errno or EPERM
        if number == ECONNREFUSED:
            return SocketError(-number, f"{os.strerror(number)}: no server of states at {self.server}")
        return SocketError(-number)

    def receive_datagram(self, seconds: float) -> "bytes | None":
        """The next datagram; None where none comes within `seconds`.

        Raises `SocketError`: with ECONNREFUSED where the server is not there any more.
        """
        try:
            if seconds > 0:
                poll = select.poll()
                poll.register(self._socket, select.POLLIN)
                poll.poll(seconds * 1000)
            return self._socket.recv(2 * wire.PAGE, NOWAIT)
        except BlockingIOError:
            self._must_be_served()
            return None
        except OSError as error:
            raise self._error(error) from None

    def _must_be_served(self) -> None:
        if self.server.protocol != USERSOCK:
            return  # a kernel's NFLua would answer
        try:
            self._socket.send(wire.encode(wire.NOOP, 0, 0, self.port), NOWAIT)
        except BlockingIOError:
            pass  # it is busy
        except OSError as error:
            raise self._error(error) from None

    @property
    def is_non_blocking(self) -> bool:
        """Whether somebody made the descriptor non-blocking."""
        return not os.get_blocking(self._socket.fileno())

    def _wait(self, read: Callable[[bytes], "Result | None"], timeout: float | None) -> "Result | None":
        """Read datagrams until one gives a result. Without one in time: None where `timeout` is 0, else `TimedOut`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = SLICE if deadline is None else min(SLICE, max(deadline - time.monotonic(), 0))
            datagram = self.receive_datagram(left)
            if datagram is not None:
                result = read(datagram)
                if result is not None:
                    return result
                if timeout == 0:
                    continue  # until nothing is there
            elif timeout == 0:
                return None
            if deadline is not None and time.monotonic() >= deadline:
                raise TimedOut(f"no answer within {timeout:g} seconds")


class Control(Socket):
    """A control socket: creates, destroys and lists states, and has them execute scripts.

    `create`, `destroy`, `execute` and `list` send a command and wait for its reply, `timeout` seconds at most. With a
    timeout of 0 they are not for you: use `send_create`, …, and `receive` when the descriptor is readable. A socket has
    one command under way at a time.

    All raise `BadArgument` for a name, a limit or flags that cannot be; `Refused` where the server refuses, with its
    reason; `SocketError` where no server is there or a command
    is under way; `FaultyReply` for what is no reply (close the socket then); `TimedOut`.
    """

    def __init__(self, port: int | None = None, *, server: str | None = None, timeout: float | None = None) -> None:
        super().__init__(port, server=server, timeout=timeout)
        self.conversation = wire.ControlConversation(self.port, extended=self.server.protocol == USERSOCK)

    @property
    def state(self) -> str:
        """As the document has it: "ready", "waiting", "receiving" or "failed"."""
        return self.conversation.state

    def create(
        self, name: str | bytes, maxruns: int = 0, maxalloc: int = wire.DEFAULT_MAXALLOC, flags: str = ""
    ) -> None:
        """Make a state. maxruns: instructions a call, 0 for the server's limit. maxalloc: bytes, 32,768 or more. flags:
        "d" for the debug library."""
        self.send_create(name, maxruns, maxalloc, flags)
        self._reply()

    def destroy(self, name: str | bytes) -> None:
        """Remove a state."""
        self.send_destroy(name)
        self._reply()

    def execute(self, name: str | bytes, code: str | bytes, script: str | bytes = "") -> None:
        """Run a script of up to 59,968 bytes in a state. script: its name in messages, as Lua has it (``@file``)."""
        self.send_execute(name, code, script)
        self._reply()

    def list(self) -> StateList:
        """All states."""
        self.send_list()
        states = self._reply()
        assert not isinstance(states, bool)
        return states

    def send_create(
        self, name: str | bytes, maxruns: int = 0, maxalloc: int = wire.DEFAULT_MAXALLOC, flags: str = ""
    ) -> None:
        """Send the command alone; `receive` its reply."""
        for number in (maxruns, maxalloc):
            if not 0 <= number <= wire.UINT_MAX:
                raise BadArgument(f"a limit is a number from 0 to 2^32 - 1, not {number}")
        wanted = wire.State(_name(name), maxruns, maxalloc, _bytes(flags))
        if wanted.flags.strip(wire.FLAGS) or len(wanted.flags) > 4:
            raise BadArgument(f"flags are 'd' or empty, not {flags!r}")
        extended = self.conversation.extended
        if not extended and (maxruns or flags):
            raise BadArgument("a kernel's NFLua knows no limit of instructions and no flags")
        self.command(wire.CREATE, [(wire.REQUEST, wire.create_body(wanted, extended))])

    def send_destroy(self, name: str | bytes) -> None:
        """Send the command alone; `receive` its reply."""
        self.command(wire.DESTROY, [(wire.REQUEST, _name(name).ljust(wire.STATE_NAME_MAX, b"\0"))])

    def send_execute(self, name: str | bytes, code: str | bytes, script: str | bytes = "") -> None:
        """Send the command alone; `receive` its reply."""
        self.conversation.must_be_ready()
        complete = wire.Script(_name(name), _bytes(script) or _bytes(code), _bytes(code))
        self.command(wire.EXECUTE, wire.execute_messages(complete))

    def send_list(self) -> None:
        """Send the command alone; `receive` its reply."""
        body = wire.TOTAL.pack(wire.STATE.size + wire.LIMITS.size) if self.conversation.extended else b""
        self.command(wire.LIST, [(wire.REQUEST, body)])

    def receive(self, timeout: float | None = None) -> "bool | StateList | None":
        """The reply to the command under way: a list's states, True for the others.

        timeout: seconds, by default the socket's. With 0: None while the reply, or parts of a list, are missing.
        """
        reply = self._waited(self._read, self.timeout if timeout is None else timeout)
        return cast("bool | StateList | None", reply)

    def receive_step(self, timeout: float | None) -> "bool | StateList | str":
        """As `receive`, but a part of a list that is not the last gives `wire.PENDING`. timeout: None waits for ever;
        with 0, `SocketError` (EAGAIN) where nothing has come."""
        reply = self._waited(self.conversation.receive, timeout)
        if reply is None:
            raise SocketError(-EAGAIN)
        return cast("bool | StateList | str", reply)

    def _waited(self, read: Callable[[bytes], "Result | None"], timeout: float | None) -> "Result | None":
        """`_wait` for a reply; an error of the socket's is the end of the conversation."""
        self.conversation.must_wait()
        try:
            return self._wait(read, timeout)
        except SocketError:
            self.conversation.fail()
            raise

    def command(self, command: int, bodies: Sequence[tuple[int, bytes]]) -> None:
        """Send a command's messages."""
        for index, datagram in enumerate(self.conversation.messages(command, bodies)):
            self.send_datagram(datagram, first=index == 0)
        self.conversation.sent(command)

    def _read(self, datagram: bytes) -> "bool | StateList | None":
        reply = self.conversation.receive(datagram)
        return None if isinstance(reply, str) else reply

    def _reply(self) -> "bool | StateList":
        reply = self.receive()
        if reply is None:
            raise TimedOut("the reply is not there yet: with a timeout of 0, send the command and receive later")
        return reply


class Data(Socket):
    """A data socket: sends data to states, and receives what states send to its port ID."""

    def __init__(self, port: int | None = None, *, server: str | None = None, timeout: float | None = None) -> None:
        super().__init__(port, server=server, timeout=timeout)
        self._sequence = 0
        # What came while `wait_until_handled` waited: the newest, of a state that sends without an end.
        self._early: deque[tuple[bytes, bytes]] = deque(maxlen=EARLY)

    def send(self, name: str | bytes, payload: bytes) -> None:
        """Send 1 to 4,012 bytes to a state's function `__receive_callback`. It does not tell whether there is a state.

        Raises `SocketError`: no server is there, too many bytes; with a timeout of 0, no room (EAGAIN).
        """
        try:
            message = wire.data_message(_name(name), bytes(payload), self._sequence + 1, self.port)
        except Refused as refused:
            raise SocketError(refused.code, refused.reason) from None
        self.send_datagram(message)
        self._sequence += 1

    def receive(self, timeout: float | None = None) -> "tuple[bytes, bytes] | None":
        """The next message of a state: its bytes and the state's name.

        timeout: seconds, by default the socket's; with 0, None where there is no message. Raises `Refused` where the
        server tells of an earlier message that it could not hand over: no such state, no function, an error in it.
        """
        if self._early:
            return self._early.popleft()
        return self._wait(wire.read_received_data, self.timeout if timeout is None else timeout)

    def wait_until_handled(self, timeout: float | None = None) -> None:
        """Wait until the states have handled all that was sent, `timeout` seconds at most, by default the socket's.

        A server answers the messages of a socket in their order: so a list is asked for, whose last part comes after
        any refusal. What states send meanwhile is kept for `receive`. A kernel's NFLua handles data while it is sent.

        Raises `Refused` for the first message that the server could not hand over; `TimedOut`.
        """
        if self.server.protocol != USERSOCK:
            return
        self._sequence += 1
        self.send_datagram(wire.encode(wire.LIST, wire.REQUEST, self._sequence, self.port))
        refused: list[Refused] = []

        def read(datagram: bytes) -> bool | None:
            message = wire.decode(datagram)
            if message is not None and message.type == wire.LIST:
                return True if message.flags & wire.DONE and message.sequence == self._sequence else None
            try:
                self._early.append(wire.read_received_data(datagram))
            except Refused as error:
                refused.append(error)
                if message is not None and message.sequence == self._sequence:  # the list itself: to strangers
                    return True
            return None

        if self._wait(read, self.timeout if timeout is None else timeout) is None:
            raise TimedOut("not handled yet")
        if refused:
            raise refused[0]

    def receive_step(self, timeout: float | None) -> tuple[bytes, bytes]:
        """As `receive`. timeout: None waits for ever; with 0, `SocketError` (EAGAIN) where nothing has come."""
        received = self.receive(math.inf if timeout is None else timeout)
        if received is None:
            raise SocketError(-EAGAIN)
        return received


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def _name(value: str | bytes) -> bytes:
    name = _bytes(value)
    if len(name) >= wire.STATE_NAME_MAX or not name or b"\0" in name:
        raise BadArgument(f"a state's name has 1 to {wire.STATE_NAME_MAX - 1} bytes and no zero byte")
    return name


__all__ = ["Control", "Data", "FaultyReply", "NfluaError", "Refused", "Socket", "SocketError", "TimedOut"]
