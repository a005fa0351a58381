"""NFLua's messages: what travels between clients and the server. No I/O.

One message a datagram, integers in the machine's byte order. A header of 16 bytes (`nlmsghdr`): length with the header,
type, flags, sequence number, the sender's port ID. Sizes are those of upstream's module on pages of 4,096 bytes, on
every machine. docs/nflua.md, "The wire", has the table of bodies.

A server reads requests with `decode` and `Scripts`; a client writes them and reads replies with `ControlConversation`.
"""

import struct
from collections.abc import Iterator, Sequence
from errno import EBADMSG, EINVAL, EMSGSIZE, EPERM, EPROTO
from typing import NamedTuple

from luaproc.nflua.errors import FaultyReply, Refused, SocketError

NOOP, ERROR = 1, 2
CREATE, DESTROY, LIST, EXECUTE, DATA = 16, 17, 18, 19, 20
COMMANDS = (CREATE, DESTROY, LIST, EXECUTE)

REQUEST, MULTI, DONE, INIT = 1, 2, 4, 8
EXTENDED = 16
"""Flag of a list's parts whose items are of 80 bytes, with maxruns and flags."""

HEADER = struct.Struct("=IHHII")
STATE = struct.Struct("=64sII")
LIMITS = struct.Struct("=I4s")
FRAGMENT = struct.Struct("=II")
SCRIPT = struct.Struct("=I64s255sx")
PAYLOAD = struct.Struct("=I64s")
TOTAL = struct.Struct("=I")
REASON = struct.Struct("=i16s")

PAGE = 4096
DATA_MAX = PAGE - HEADER.size - PAYLOAD.size
FRAGMENT_MAX = PAGE - HEADER.size - SCRIPT.size - FRAGMENT.size
SCRIPT_MAX = 16 * FRAGMENT_MAX
LIST_MAX = PAGE - HEADER.size - TOTAL.size - FRAGMENT.size
STATES_MAX = 16 * LIST_MAX // STATE.size
STATE_NAME_MAX = 64
SCRIPT_NAME_MAX = 255
DEFAULT_MAXALLOC = 32768
REASON_MAX = 1000
UINT_MAX = 2**32 - 1
FLAGS = b"d"
"""The characters that `create` takes as flags."""


class Message(NamedTuple):
    """A datagram, taken apart."""

    type: int
    flags: int
    sequence: int
    port: int
    body: bytes


def encode(kind: int, flags: int, sequence: int, port: int, body: bytes = b"") -> bytes:
    """A message as it travels."""
    return HEADER.pack(HEADER.size + len(body), kind, flags, sequence & UINT_MAX, port) + body


def decode(datagram: bytes) -> "Message | None":
    """Take a datagram apart; None where its length does not hold, or it is shorter than a header."""
    if len(datagram) < HEADER.size:
        return None
    length, kind, flags, sequence, port = HEADER.unpack_from(datagram)
    return Message(kind, flags, sequence, port, datagram[16:]) if length == len(datagram) else None


def name_of(field: bytes) -> bytes:
    """A name without the zeros that pad it."""
    return field.partition(b"\0")[0]


def error_message(request: bytes, refused: Refused) -> bytes:
    """The answer to a request that is refused: its code, its header, and the reason as text."""
    header = request[: HEADER.size]
    sequence = HEADER.unpack(header)[3]
    body = REASON.pack(refused.code, header) + refused.reason.encode("utf-8", "replace")[:REASON_MAX]
    return encode(ERROR, 0, sequence, 0, body)


# Requests, as the server reads them


class State(NamedTuple):
    """What `create` asks for, and what `list` tells. Sizes in bytes; maxruns 0 is the server's default."""

    name: bytes
    maxruns: int
    maxalloc: int
    flags: bytes
    curralloc: int = 0


class Script(NamedTuple):
    """A script that is complete."""

    state: bytes
    name: bytes
    code: bytes


def read_state(body: bytes) -> State:
    """The body of a CREATE. Raises `Refused`."""
    if len(body) not in (STATE.size, STATE.size + LIMITS.size):
        raise Refused(-EINVAL, f"a create message's body has 72 or 80 bytes, this one {len(body)}")
    name, maxalloc, _ = STATE.unpack_from(body)
    maxruns, flags = LIMITS.unpack_from(body, STATE.size) if len(body) > STATE.size else (0, b"")
    name, flags = name_of(name), name_of(flags)
    if not 0 < len(name) < STATE_NAME_MAX:
        raise Refused(-EINVAL, f"a state's name has 1 to {STATE_NAME_MAX - 1} bytes, this one {len(name)}")
    if flags.strip(FLAGS):
        raise Refused(-EINVAL, f"unknown flags {flags.decode('latin-1')!r}: expected 'd' or none")
    return State(name, maxruns, maxalloc, b"d" if flags else b"")


def read_name(body: bytes) -> bytes:
    """The body of a DESTROY. Raises `Refused`."""
    if len(body) != STATE_NAME_MAX:
        raise Refused(-EINVAL, f"a destroy message's body has 64 bytes, this one {len(body)}")
    return name_of(body)


def wants_extension(body: bytes) -> bool:
    """Whether a LIST asks for items with maxruns and flags. Raises `Refused`."""
    if body not in (b"", TOTAL.pack(STATE.size + LIMITS.size)):
        raise Refused(-EINVAL, "a list message has no body, or one u32, 80")
    return bool(body)


def read_data(message: Message) -> "tuple[bytes, bytes]":
    """The state's name and the payload of a DATA. Raises `Refused`."""
    if message.flags != REQUEST | DONE:
        raise Refused(-EINVAL, f"a data message's flags are 5, these are {message.flags}")
    if len(message.body) <= PAYLOAD.size:
        raise Refused(
            -EINVAL, f"a data message's body has more than {PAYLOAD.size} bytes, this one {len(message.body)}"
        )
    total, name = PAYLOAD.unpack_from(message.body)
    payload = message.body[PAYLOAD.size :]
    if total != len(payload):
        raise Refused(-EINVAL, f"a data message says that it has {total} bytes, and has {len(payload)}")
    return name_of(name), payload


class _Unfinished:
    """A script of which fragments are missing."""

    __slots__ = ("code", "name", "number", "sequence", "state", "total")

    def __init__(self, sequence: int, total: int, state: bytes, name: bytes, code: bytes) -> None:
        self.sequence = sequence
        self.total = total
        self.state = state
        self.name = name
        self.code = code
        self.number = 0


class Scripts:
    """The unfinished scripts of all clients, by port ID. Nobody tells a server of dead clients: the oldest goes."""

    MAX_UNFINISHED = 256

    def __init__(self) -> None:
        self._unfinished: dict[int, _Unfinished] = {}

    def __len__(self) -> int:
        return len(self._unfinished)

    def receive(self, port: int, message: Message) -> "Script | None":
        """Take an EXECUTE; the script when it is complete.

        Raises `Refused`, and drops the client's unfinished script: for what is no fragment of it, in its order, and for
        a code of no byte or of more than `SCRIPT_MAX`.
        """
        unfinished = self._unfinished.pop(port, None)
        if message.flags & INIT:
            unfinished = self._begin(message)
        else:
            self._go_on(unfinished, message)
        assert unfinished is not None
        got, total = len(unfinished.code), unfinished.total
        if got > total or (message.flags & DONE and got < total):
            raise Refused(-EINVAL, f"a script says that it has {total} bytes, and has {got}")
        if message.flags & DONE:
            return Script(unfinished.state, unfinished.name, unfinished.code)
        if len(self._unfinished) >= self.MAX_UNFINISHED:
            del self._unfinished[next(iter(self._unfinished))]
        self._unfinished[port] = unfinished
        return None

    @staticmethod
    def _begin(message: Message) -> _Unfinished:
        if message.flags not in (REQUEST | INIT | DONE, REQUEST | INIT | MULTI):
            raise Refused(-EINVAL, f"the flags of a script's first part are 13 or 11, these are {message.flags}")
        if len(message.body) < SCRIPT.size + FRAGMENT.size:
            raise Refused(-EINVAL, f"an execute message of {len(message.body)} bytes is cut: expected 332 or more")
        total, state, name = SCRIPT.unpack_from(message.body)
        number, offset = FRAGMENT.unpack_from(message.body, SCRIPT.size)
        if number or offset:
            raise Refused(-EINVAL, f"a script's first part is number 0 at offset 0, this is {number} at {offset}")
        if not 0 < total <= SCRIPT_MAX:
            raise Refused(-EMSGSIZE, f"a script has 1 to {SCRIPT_MAX} bytes, this one {total}")
        return _Unfinished(
            message.sequence, total, name_of(state), name_of(name), message.body[SCRIPT.size + FRAGMENT.size :]
        )

    @staticmethod
    def _go_on(unfinished: "_Unfinished | None", message: Message) -> None:
        if unfinished is None or message.sequence != unfinished.sequence:
            raise Refused(-EINVAL, "a fragment of a script that did not begin")
        if message.flags & ~DONE != REQUEST | MULTI or len(message.body) <= FRAGMENT.size:
            raise Refused(-EINVAL, "a fragment has the flags 3 or 7, and code behind its header of 8 bytes")
        number, offset = FRAGMENT.unpack_from(message.body)
        if number != unfinished.number + 1 or offset != len(unfinished.code):
            raise Refused(
                -EINVAL,
                f"fragments are out of order: expected {unfinished.number + 1} at {len(unfinished.code)}, "
                f"got {number} at {offset}",
            )
        unfinished.number = number
        unfinished.code += message.body[FRAGMENT.size :]


def list_reply(states: "list[State]", sequence: int, extended: bool) -> Iterator[bytes]:
    """The parts of the answer to a LIST."""
    size = STATE.size + (LIMITS.size if extended else 0)
    limit = LIST_MAX // size
    extra = EXTENDED if extended else 0
    count = max(-(-len(states) // limit), 1)
    for number in range(count):
        part = states[number * limit : (number + 1) * limit]
        flags = (
            extra | (MULTI if count > 1 else 0) | (INIT if number == 0 else 0) | (DONE if number == count - 1 else 0)
        )
        body = TOTAL.pack(len(states)) if number == 0 else b""
        body += FRAGMENT.pack(number, number * limit)
        for state in part:
            body += STATE.pack(state.name, state.maxalloc, min(state.curralloc, UINT_MAX))
            body += LIMITS.pack(state.maxruns, state.flags) if extended else b""
        yield encode(LIST, flags, sequence, 0, body)


def data_message(name: bytes, payload: bytes, sequence: int, port: int) -> bytes:
    """A DATA, of a client to a state or of a state to a client. Raises `Refused` for no payload and one too long."""
    if not 0 < len(payload) <= DATA_MAX:
        raise Refused(-EPERM, f"a data message carries 1 to {DATA_MAX} bytes, not {len(payload)}")
    return encode(DATA, REQUEST | DONE, sequence, port, PAYLOAD.pack(len(payload), name) + payload)


# The client's side


def create_body(state: State, extended: bool = True) -> bytes:
    """The body of a CREATE; not extended: as upstream's kernel module has it, without maxruns and flags."""
    body = STATE.pack(state.name, state.maxalloc, 0)
    return body + LIMITS.pack(state.maxruns, state.flags) if extended else body


def execute_messages(script: Script) -> "list[tuple[int, bytes]]":
    """Flags and bodies of the messages that carry a script. Raises `SocketError` for one that is empty or too long."""
    code = script.code
    if not 0 < len(code) <= SCRIPT_MAX:
        raise SocketError(-EPERM, f"a script has 1 to {SCRIPT_MAX} bytes, this one {len(code)}")
    parts = [code[at : at + FRAGMENT_MAX] for at in range(0, len(code), FRAGMENT_MAX)]
    messages = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        flags = REQUEST | (MULTI if len(parts) > 1 else 0) | (INIT if number == 0 else 0) | (DONE if last else 0)
        head = SCRIPT.pack(len(code), script.state, script.name[:SCRIPT_NAME_MAX]) if number == 0 else b""
        messages.append((flags, head + FRAGMENT.pack(number, number * FRAGMENT_MAX) + part))
    return messages


def read_refusal(message: Message) -> Refused:
    """What an ERROR says. Upstream's has no body."""
    if len(message.body) < REASON.size:
        return Refused(-EPERM, "")
    code = REASON.unpack_from(message.body)[0]
    return Refused(code, message.body[REASON.size :].decode("utf-8", "replace"))


PENDING = "pending"
"""What `ControlConversation.receive` returns while parts of a list are missing."""


class ControlConversation:
    """A control socket's side of the protocol: one command, then its reply.

    port: our own port ID. extended: whether the server is one that knows maxruns and flags.
    """

    def __init__(self, port: int, extended: bool = True) -> None:
        self.port = port
        self.extended = extended
        self.sequence = 0
        self.state = "ready"
        """"ready", "waiting", "receiving" or "failed"."""
        self._command = 0
        self._states: list[State] = []
        self._total = 0

    def must_be_ready(self) -> None:
        """Raises `SocketError` while a command waits for its reply, and once the socket has failed."""
        if self.state != "ready":
            raise SocketError(-EPERM, f"a socket that is {self.state} takes no command: receive the reply, or close it")

    def messages(self, command: int, bodies: "Sequence[tuple[int, bytes]]") -> "list[bytes]":
        """The datagrams of a command; call `sent` when they are. Raises `SocketError` unless ready."""
        self.must_be_ready()
        return [encode(command, flags, self.sequence + 1, self.port, body) for flags, body in bodies]

    def sent(self, command: int) -> None:
        """The command is on its way: a reply will come."""
        self.sequence = (self.sequence + 1) & UINT_MAX
        self._command = command
        self._states = []
        self.state = "waiting"

    def fail(self) -> None:
        """The socket is of no further use."""
        self.state = "failed"

    def must_wait(self) -> None:
        """Raises `SocketError` where there is nothing to receive."""
        if self.state not in ("waiting", "receiving"):
            raise SocketError(-EPERM, f"a socket that is {self.state} has nothing to receive")

    def receive(self, datagram: bytes) -> "bool | str | list[State] | None":
        """Take a datagram: True for a command that was met, a list's states, or `PENDING`. None for data of a state,
        which may send to any port: it is no reply, and so must not end the conversation.

        Raises `Refused` where the server refused, `FaultyReply` for what is no reply; the socket has failed then.
        """
        self.must_wait()
        message = decode(datagram)
        if message is None:
            raise self._faulty(EBADMSG)
        if message.type == DATA:
            return None
        if message.sequence != self.sequence:
            raise self._faulty(EPROTO)
        if message.type == ERROR and self.state == "waiting":
            self.state = "ready"
            raise read_refusal(message)
        if message.type != self._command:
            raise self._faulty(EPROTO)
        if message.type == LIST:
            return self._receive_part(message)
        if message.body:
            raise self._faulty(EBADMSG)
        if message.flags != DONE:
            raise self._faulty(EPROTO)
        self.state = "ready"
        return True

    def _faulty(self, number: int) -> FaultyReply:
        self.fail()
        return FaultyReply(-number)

    def _receive_part(self, message: Message) -> "str | list[State]":
        first = self.state == "waiting"
        if first != bool(message.flags & INIT):
            raise self._faulty(EPROTO)
        head = TOTAL.size if first else 0
        size = STATE.size + (LIMITS.size if message.flags & EXTENDED else 0)
        items = message.body[head + FRAGMENT.size :]
        if len(message.body) < head + FRAGMENT.size or len(items) % size:
            raise self._faulty(EBADMSG)
        if first:
            self._total = TOTAL.unpack_from(message.body)[0]
            if self._total > STATES_MAX:
                raise self._faulty(EMSGSIZE)
        offset = FRAGMENT.unpack_from(message.body, head)[1]
        if offset != len(self._states):
            raise self._faulty(EPROTO)
        for at in range(0, len(items), size):
            name, maxalloc, curralloc = STATE.unpack_from(items, at)
            maxruns, flags = LIMITS.unpack_from(items, at + STATE.size) if size > STATE.size else (0, b"")
            self._states.append(State(name_of(name), maxruns, maxalloc, name_of(flags), curralloc))
        if len(self._states) > self._total:
            raise self._faulty(EMSGSIZE)
        if not message.flags & DONE:
            if not items or not message.flags & MULTI:
                raise self._faulty(EPROTO)
            self.state = "receiving"
            return PENDING
        if len(self._states) != self._total:
            raise self._faulty(EPROTO)
        self.state = "ready"
        states, self._states = self._states, []
        return states


def read_received_data(datagram: bytes) -> "tuple[bytes, bytes]":
    """The payload of what came to a data socket, and the name of the state that sent it.

    Raises `Refused` where the server tells of an earlier message that it refused, `FaultyReply` for anything else.
    """
    message = decode(datagram)
    if message is None:
        raise FaultyReply(-EBADMSG)
    if message.type == ERROR:
        raise read_refusal(message)
    if message.type != DATA:
        raise FaultyReply(-EPROTO)
    try:
        name, payload = read_data(message)
    except Refused:
        raise FaultyReply(-EBADMSG) from None
    return payload, name
