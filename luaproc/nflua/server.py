"""The server: netlink in and out, one call at a time, and a thread that watches how long a call takes.

Lua runs in a thread with a stack of its own (`STACK`): C functions of Lua recurse. lupa lets go of Python's global lock
while Lua runs, so the main thread can look at the clock meanwhile and end the process where a call takes longer than
`max_seconds`: no hook reaches into a C function. Python's signal handlers would wait for Lua; so SIGTERM and SIGINT
have their default action.

Datagrams are taken from the kernel as they come, and answered client by client in turn, so that a client that floods
the socket delays another by a call and not by its flood. A client's waiting datagrams are bounded (`MAX_WAITING`): what
is over is refused.
"""

import _locale
import heapq
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from errno import EBADMSG, ECONNREFUSED, EINVAL, EMSGSIZE, ENOBUFS, EPERM
from itertools import count
from typing import BinaryIO, ClassVar
from weakref import WeakKeyDictionary

from luaproc.errors import UsageError, readable
from luaproc.nflua import wire
from luaproc.nflua.errors import NfluaError, Refused, SocketError
from luaproc.nflua.netlink import NOWAIT, USERSOCK, Address, new_socket
from luaproc.nflua.states import DEFAULT_INSTRUCTIONS, Factory, LuaState, ScriptError, States, text
from luaproc.responder.log import open_file

MAX_SECONDS = 10.0
MAX_WAITING = 2048
"""Datagrams of one client that wait their turn: 8 MB at most."""

MAX_ALL_WAITING = 16384
"""Datagrams that wait, of all clients: 64 MB. Once they are so many, a client has `SHARE`, as a script has parts."""

SHARE = 16
"""Datagrams of one client that wait while all rows together are full."""

MAX_CLIENTS_WAITING = 4096
"""Clients with datagrams that wait; the next one's are refused."""

MAX_DRAINED = 256
"""Datagrams that are taken from the kernel between two calls: each takes 15 us."""

STACK = 64 * 1024 * 1024
"""Bytes of stack that Lua's thread has."""

RECEIVE_BUFFER = 256 * 1024
"""Bytes, of which the kernel makes twice as many: 680 datagrams of the smallest, 10 ms. A client's request waits behind
all that another's flood has put there; of 4 MB it was 150 ms."""

LINES = 1000
LINES_A_SECOND = 50
"""What a state may add to the log by itself, with `print` and with timers that fail: `LINES` at once, then so many a
second. A timer that sets itself again would fill a disk in hours."""

LINE = 1000
"""Bytes of a printed line that the log gets."""

_CREDENTIALS = struct.Struct("=iii")
# When a call began, what runs, and in which state.
_Call = tuple[float, str, bytes]

# From linux/socket.h and asm-generic/socket.h; Python has no name for the second.
_SCM_CREDENTIALS = 2
_SO_RCVBUFFORCE = 33


class Log:
    """Lines for people, on stderr or in a file. What scripts and clients wrote has no control characters left."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: str) -> None:
        """One line; line ends within it are kept as lines of their own, for tracebacks."""
        lines = [f"nflua: {part}" for part in readable(line).split("\n")]
        try:
            self._file.write(("\n".join(lines) + "\n").encode("utf-8"))
            self._file.flush()
        except (OSError, ValueError):
            pass  # a full disk or a closed terminal is no reason to end all states


class Allowance:
    """Lines of the log that a state may still add; see `LINES_A_SECOND`."""

    def __init__(self) -> None:
        self._left = float(LINES)
        self._at = time.monotonic()
        self._told = False

    def take(self, lines: int) -> bool:
        """Whether there is so much left; then it is taken."""
        now = time.monotonic()
        self._left = min(LINES, self._left + (now - self._at) * LINES_A_SECOND)
        self._at = now
        if self._left < lines:
            return False
        self._left -= lines
        self._told = self._told and self._left < LINES // 2
        return True

    def must_tell(self) -> bool:
        """Whether this is the first time, or the first since there was plenty, that there is not so much left."""
        told, self._told = self._told, True
        return not told


class StateServer:
    """Serves one address. Raises `SocketError` where the port ID is in use, `NfluaError` on a system without netlink.

    max_instructions: of a call in a state that was created with none. max_seconds: of any call; then the process ends.
    """

    def __init__(
        self,
        address: Address,
        runtime: str = "lua53",
        max_instructions: int = DEFAULT_INSTRUCTIONS,
        max_seconds: float = MAX_SECONDS,
        log: "BinaryIO | None" = None,
    ) -> None:
        self.log = Log(log or sys.stderr.buffer)
        self.address = address
        self._max_seconds = max_seconds
        self._states = States(Factory(runtime, self), max_instructions)
        self._scripts = wire.Scripts()
        self._timers: list[tuple[float, int, int, LuaState]] = []  # when, order, number in the state
        self._order = count()
        self._cancelled = 0
        self._lost: set[int] = set()  # ports that were told in the log
        self._allowances: WeakKeyDictionary[LuaState, Allowance] = WeakKeyDictionary()
        self._sequence = 0
        self._uids = {0, os.geteuid()}
        self._waiting: dict[int, deque[bytes]] = {}
        self._waiting_count = 0  # datagrams in all rows
        self._busy: _Call | None = None
        self._latest: _Call | None = None
        self._seen: _Call | None = None  # the latest call when the watching thread last looked
        self._watched = threading.Semaphore(0)
        self._watcher_sleeps = True
        self._socket = _bound(address)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    # The loop

    def run(self) -> None:
        """Serve until the process ends. Returns only when the server's thread has failed."""
        threading.stack_size(STACK)
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        threading.stack_size(0)
        while thread.is_alive():
            self._watch()

    def _serve(self) -> None:
        try:
            while True:
                self.turn()
        finally:
            self._watched.release()

    def turn(self) -> None:
        """Wait for something to do; then call a timer that is due, and answer a datagram of the client whose turn it
        is."""
        if not self._waiting:
            self._poll.poll(self._until_timer())
        self._drain()
        if self._timers and self._timers[0][0] <= time.monotonic():
            self._fire()
        if self._waiting:
            port, datagrams = next(iter(self._waiting.items()))
            datagram = datagrams.popleft()
            self._waiting_count -= 1
            # To the end of the row, or out of it.
            del self._waiting[port]
            if datagrams:
                self._waiting[port] = datagrams
            self._answer(datagram, port)

    def _until_timer(self) -> "float | None":
        if not self._timers:
            return None
        return max(0.0, (self._timers[0][0] - time.monotonic()) * 1000)

    def _drain(self) -> None:
        """Take what has come from the kernel, each client's to its own row."""
        receive = self._socket.recvmsg
        for _ in range(MAX_DRAINED):
            try:
                datagram, ancillary, flags, sender = receive(2 * wire.PAGE, 64, NOWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != ENOBUFS:  # the kernel has dropped something; it does so for multicasts only
                    raise
                continue
            port = sender[0]
            if len(datagram) < wire.HEADER.size or datagram[4:6] in _NOT_ANSWERED:
                continue
            if flags & socket.MSG_TRUNC:
                datagram = datagram[: wire.PAGE + 1]
            uid = -1
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == _SCM_CREDENTIALS:
                    uid = _CREDENTIALS.unpack(data[:12])[1]
            if uid not in self._uids:
                self._send(port, wire.error_message(datagram, _NOT_YOURS), tell=False)
                continue
            row = self._waiting.get(port)
            if row is None:
                if len(self._waiting) >= MAX_CLIENTS_WAITING:
                    self._refuse(datagram, port, Refused(-ENOBUFS, "too many clients are waiting"))
                    continue
                row = self._waiting[port] = deque()
            if len(row) < (MAX_WAITING if self._waiting_count < MAX_ALL_WAITING else SHARE):
                row.append(datagram)
                self._waiting_count += 1
            else:
                self._refuse(datagram, port, Refused(-ENOBUFS, "too many messages of this socket are waiting"))

    # Requests

    def _answer(self, datagram: bytes, port: int) -> None:
        try:
            if len(datagram) > wire.PAGE:
                raise Refused(-EMSGSIZE, f"a datagram has at most {wire.PAGE} bytes")
            message = wire.decode(datagram)
            if message is None:
                raise Refused(-EBADMSG, f"the length in the header is not that of the datagram, {len(datagram)}")
            answer = self._ANSWERS.get(message.type)
            if answer is None:
                raise Refused(-EINVAL, f"unknown message type {message.type}")
            answer(self, message, port)
        except Refused as refused:
            self._refuse(datagram, port, refused)

    def _create(self, message: wire.Message, port: int) -> None:
        _must_be_request(message)
        try:
            self._states.create(wire.read_state(message.body))
        except Refused as refused:
            self.log.write(refused.reason)
            self.log.write("could not create new lua state")
            raise
        self._done(message, port)

    def _destroy(self, message: wire.Message, port: int) -> None:
        _must_be_request(message)
        try:
            self._states.destroy(wire.read_name(message.body))
        except Refused:
            self.log.write("could not destroy lua state")
            raise
        self._done(message, port)

    def _list(self, message: wire.Message, port: int) -> None:
        _must_be_request(message)
        extended = wire.wants_extension(message.body)
        for part in wire.list_reply(self._states.list(), message.sequence, extended):
            if not self._send(port, part):
                return

    def _execute(self, message: wire.Message, port: int) -> None:
        script = self._scripts.receive(port, message)
        if script is None:
            return
        try:
            state = self._states.find(script.state)
            self._call(state, "a script", lambda: state.execute(script.code, script.name))
        except Refused as refused:
            self._log_failure(refused)
            raise
        self._done(message, port)

    def _data(self, message: wire.Message, port: int) -> None:
        name, payload = wire.read_data(message)
        try:
            state = self._states.find(name)
            self._call(state, "its receive function", lambda: state.receive(port, payload))
        except Refused as refused:
            self._log_failure(refused)
            raise

    _ANSWERS: ClassVar[dict[int, Callable[["StateServer", wire.Message, int], None]]] = {
        wire.CREATE: _create,
        wire.DESTROY: _destroy,
        wire.LIST: _list,
        wire.EXECUTE: _execute,
        wire.DATA: _data,
    }

    def _call(self, state: LuaState, what: str, call: Callable[[], None]) -> None:
        """Let a state run, watched."""
        self._busy = self._latest = (time.monotonic(), what, state.name)
        if self._watcher_sleeps:
            self._watcher_sleeps = False
            self._watched.release()
        try:
            call()
        finally:
            self._busy = None

    # Replies

    def _done(self, message: wire.Message, port: int) -> None:
        self._send(port, wire.encode(message.type, wire.DONE, message.sequence, 0))

    def _refuse(self, datagram: bytes, port: int, refused: Refused) -> None:
        self._send(port, wire.error_message(datagram, refused))

    def _send(self, port: int, datagram: bytes, tell: bool = True) -> bool:
        """Send to a client, who may be gone or never read: then it is told in the log, and forgotten."""
        try:
            self._socket.sendto(datagram, NOWAIT, (port, 0))
        except OSError as error:
            if tell and port not in self._lost:
                # Once for each, until there are many: who floods and never reads shall not fill the log.
                if len(self._lost) >= MAX_CLIENTS_WAITING:
                    self._lost.clear()
                self._lost.add(port)
                self.log.write(f"a reply to port {port} is lost: {error.strerror}")
            return False
        return True

    def _log_failure(self, refused: Refused) -> None:
        self.log.write(_failure(refused))
        self.log.write("could not execute / load data!")

    # What states ask for

    def print(self, state: LuaState, line: bytes) -> None:
        """A line of the log."""
        if self._may_log(state, 1):
            self.log.write(text(line[:LINE]).replace("\n", " "))

    def _may_log(self, state: LuaState, lines: int) -> bool:
        """Whether the log takes lines that a state makes by itself. Where it does not, the log says so once."""
        allowance = self._allowances.get(state)
        if allowance is None:
            allowance = self._allowances[state] = Allowance()
        may = allowance.take(lines)
        if not may and allowance.must_tell():
            self.log.write(
                f"{text(state.name)} writes more than {LINES} lines and {LINES_A_SECOND} a second: not all are shown"
            )
        return may

    def send(self, state: LuaState, port: int, payload: bytes) -> int:
        """Data of a state to a port: 0, or a negative errno."""
        self._sequence += 1
        if port == self.address.port:
            return -ECONNREFUSED
        try:
            self._socket.sendto(wire.data_message(state.name, payload, self._sequence, 0), NOWAIT, (port, 0))
        except OSError as error:
            return -(error.errno or EINVAL)
        return 0

    def set_timer(self, state: LuaState, timer: int, milliseconds: int) -> None:
        """Call a state later."""
        heapq.heappush(self._timers, (time.monotonic() + milliseconds / 1000, next(self._order), timer, state))

    def timer_is_cancelled(self) -> None:
        """What is left of such timers goes when half of the list is such: scripts may do this for ever."""
        self._cancelled += 1
        if self._cancelled > 100 + len(self._timers) // 2:
            self._timers = [entry for entry in self._timers if entry[2] in entry[3].timers]
            heapq.heapify(self._timers)
            self._cancelled = 0

    def _fire(self) -> None:
        _, _, timer, state = heapq.heappop(self._timers)
        if timer not in state.timers:
            self._cancelled -= 1
            return
        try:
            self._call(state, "a timer", lambda: state.fire(timer))
        except Refused as refused:
            if self._may_log(state, _failure(refused).count("\n") + 2):
                self._log_failure(refused)

    # The watching thread

    def _watch(self) -> None:
        """Look at what runs, four times in `max_seconds`; end the process where it has run too long.

        To be woken costs a call two changes of threads: so this thread sleeps only after a quarter without calls.
        """
        busy = self._busy
        if busy is None:
            if self._latest is not self._seen:
                self._seen = self._latest
                self._watched.acquire(timeout=self._max_seconds / 4)
                return
            self._watcher_sleeps = True
            if self._busy is None:  # asked again, for a call that began in between
                self._watched.acquire()
            self._watcher_sleeps = False
            return
        left = busy[0] + self._max_seconds - time.monotonic()
        if left > 0:
            self._watched.acquire(timeout=min(left, self._max_seconds / 4))
            return
        if self._busy is busy:
            self.log.write(
                f"{busy[1]} of the state {text(busy[2])} has run for more than {self._max_seconds:g} seconds: "
                "the server ends"
            )
            os._exit(1)


_NOT_YOURS = Refused(-EPERM, "only root and the user of the server may use it")
# Of NOOP there is no answer; nor of errors: two servers, of which a state of one has sent data to the other, would
# answer each other's for ever.
_NOT_ANSWERED = (struct.pack("=H", wire.NOOP), struct.pack("=H", wire.ERROR))


def _failure(refused: Refused) -> str:
    """The error of a script, with its traceback where there is one."""
    trace = refused.trace if isinstance(refused, ScriptError) else ""
    return f"{refused.reason}\n{trace}" if trace else refused.reason


def _must_be_request(message: wire.Message) -> None:
    if message.flags != wire.REQUEST:
        raise Refused(-EINVAL, f"the flags of this message are 1, these are {message.flags}")


def _bound(address: Address) -> socket.socket:
    made = new_socket(address.protocol)
    try:
        made.bind((address.port, 0))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    except OSError as error:
        made.close()
        raise SocketError(-(error.errno or EINVAL)) from None
    for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
        try:
            made.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER)
            break
        except OSError:
            pass  # the first is root's
    return made


def serve(
    address: Address,
    runtime: str,
    max_instructions: int,
    max_seconds: float,
    log: "str | None" = None,
) -> None:
    """Be the server, to the end of the process. log: a file to append to, in place of stderr.

    Raises `UsageError` for an address that no client could reach, a file that cannot be written and a runtime that is
    not there; else as `StateServer`.
    """
    if address.protocol == USERSOCK and not address.port:
        raise UsageError(f"a server's port ID is a number from 1 to 2^32 - 1, not {address.port}")
    # Before the socket is bound: from then on a signal must end us also while Lua runs.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    # Lua's character classes follow the C library's locale, which Python sets from the environment.
    _locale.setlocale(_locale.LC_ALL, "C")
    file: BinaryIO | None = None
    if log:
        try:
            file = open(open_file(log), "ab")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", error)
            raise UsageError(f"cannot write the log {log}: {reason}") from None
    server = StateServer(address, runtime, max_instructions, max_seconds, file)
    server.log.write(f"serves states of {runtime} at {address}")
    server.run()
    raise NfluaError("the server's thread has ended")
