"""The messages of both directions as types, and their way into a frame's body and back.

The host (PHP) sends `encode_for_responder`'s bodies and reads them back with `decode_from_host` (a transcript
does); the responder (Lua) sends `encode_for_host`'s, read with `decode_from_responder`. Ops and fields are
those of Scribunto's own description of the protocol (a text in its repository), and ``wrapPhpFunction``, which it sends
though the text leaves it out. Lists of values are tuples in which None stands for nil: the counts of the protocol
are their lengths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from luaproc.wire import expressions, serialization
from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError, excerpt
from luaproc.wire.framing import escape, unescape
from luaproc.wire.values import Key, Table, Value

MAX_VALUES = 1_000_000
"""The largest nargs or nvalues that is accepted; Lua 5.1 itself passes fewer than 8000 values."""

Side = Literal["host", "responder"]

CallbackId = bytes | int
"""What the host called a function of its own in registerLibrary or wrapPhpFunction; PHP takes strings."""


@dataclass(frozen=True, slots=True)
class LoadString:
    """Compile `text`, called `chunk_name` in its errors. Answer: one function's id."""

    text: bytes
    chunk_name: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """Call the Lua chunk `id` (from the host) or the PHP function `id` (from the responder)."""

    id: CallbackId
    args: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterLibrary:
    """Put host functions into the global table `name` (dots make subtables): name of each -> its id."""

    name: bytes
    functions: dict[Key, CallbackId]


@dataclass(frozen=True, slots=True)
class WrapPhpFunction:
    """Make a Lua function that calls the host function `id`. Answer: that function."""

    id: CallbackId


@dataclass(frozen=True, slots=True)
class GetStatus:
    """Answer: a table of pid, time (clock ticks), vsize and rss (bytes); or nothing."""


@dataclass(frozen=True, slots=True)
class CleanupChunks:
    """Forget every chunk but these."""

    ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Quit:
    """End with status 0. No answer."""


@dataclass(frozen=True, slots=True)
class TestQuit:
    """End with status 42. No answer."""

    __test__ = False  # for pytest, which would take the name for a test


@dataclass(frozen=True, slots=True)
class Return:
    """The request succeeded with these values."""

    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Error:
    """The request failed.

    `value` is what was given to Lua's error(), a string nearly always. `trace` is the stack at that moment,
    innermost first, from a responder only; `log` is the module's log text, which Scribunto reads from REL1_46
    on.
    """

    value: Value
    trace: tuple[Table, ...] | None = None
    log: bytes | None = None


Message = (
    LoadString | Call | RegisterLibrary | WrapPhpFunction | GetStatus | CleanupChunks | Quit | TestQuit | Return | Error
)


class Field(NamedTuple):
    """One field of a message: the attribute, its key on the wire, and both ways between them."""

    attribute: str
    key: bytes
    read: Callable[[Table, bytes], Any]
    write: Callable[[bytes, Any], Table]


class Op(NamedTuple):
    """One row of the table of messages: the class, who sends it, its fields in wire order."""

    type: type[Message]
    senders: tuple[Side, ...]
    fields: tuple[Field, ...] = ()


def _plain(key: bytes, value: Value) -> Table:
    return {key: value}


def _optional(key: bytes, value: Value) -> Table:
    return {} if value is None else {key: value}


def _text(table: Table, key: Key) -> bytes:
    value = table.get(key)
    if not isinstance(value, bytes):
        raise _wrong(key, "a string", value)
    return value


def _optional_text(table: Table, key: bytes) -> bytes | None:
    return None if table.get(key) is None else _text(table, key)


def _id(table: Table, key: Key) -> CallbackId:
    value = table.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, bytes)):
        raise _wrong(key, "a function id", value)
    return value


def _table(table: Table, key: Key) -> Table:
    value = table.get(key)
    if not isinstance(value, dict):
        raise _wrong(key, "a table", value)
    return value


def _values(count_key: bytes) -> tuple[Callable[[Table, bytes], tuple[Value, ...]], Callable[..., Table]]:
    """A list with its count beside it."""

    def read(table: Table, key: bytes) -> tuple[Value, ...]:
        count = table.get(count_key)
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_VALUES:
            raise _wrong(count_key, f"a number from 0 to {MAX_VALUES}", count)
        values = _table(table, key)
        for index in values:
            if not isinstance(index, int) or not 1 <= index <= count:
                raise _wrong(key, f"keys from 1 to {count_key.decode()}={count}", index)
        return tuple(values.get(index) for index in range(1, count + 1))

    def write(key: bytes, values: tuple[Value, ...]) -> Table:
        return {count_key: len(values), key: dict(enumerate(values, 1))}

    return read, write


def _functions(table: Table, key: bytes) -> dict[Key, CallbackId]:
    functions = _table(table, key)
    return {name: _id(functions, name) for name in functions}


def _ids(table: Table, key: bytes) -> frozenset[int]:
    ids = _table(table, key)
    for number in ids:
        if not isinstance(number, int):
            raise _wrong(key, "chunk ids as keys", number)
    return frozenset(int(number) for number, kept in ids.items() if kept is not None and kept is not False)


def _write_ids(key: bytes, ids: frozenset[int]) -> Table:
    return {key: dict.fromkeys(sorted(ids), True)}


def _trace(table: Table, key: bytes) -> tuple[Table, ...] | None:
    if table.get(key) is None:
        return None
    trace = _table(table, key)
    if set(trace) != set(range(1, len(trace) + 1)):
        raise _wrong(key, "entries from 1", list(trace))
    return tuple(_table(trace, index) for index in range(1, len(trace) + 1))


def _write_trace(key: bytes, trace: tuple[Table, ...] | None) -> Table:
    return {} if trace is None else {key: dict(enumerate(trace, 1))}


def _anything(table: Table, key: bytes) -> Value:
    return table.get(key)


_HOST: tuple[Side, ...] = ("host",)
_BOTH: tuple[Side, ...] = ("host", "responder")
_FUNCTION = Field("id", b"id", _id, _plain)
_TEXT = Field("text", b"text", _text, _plain)
_CHUNK_NAME = Field("chunk_name", b"chunkName", _text, _plain)
_NAME = Field("name", b"name", _text, _plain)
_VALUE = Field("value", b"value", _anything, _plain)
_TRACE = Field("trace", b"trace", _trace, _write_trace)
_LOG = Field("log", b"log", _optional_text, _optional)

OPS: dict[bytes, Op] = {
    b"loadString": Op(LoadString, _HOST, (_TEXT, _CHUNK_NAME)),
    b"call": Op(Call, _BOTH, (_FUNCTION, Field("args", b"args", *_values(b"nargs")))),
    b"registerLibrary": Op(RegisterLibrary, _HOST, (_NAME, Field("functions", b"functions", _functions, _plain))),
    b"wrapPhpFunction": Op(WrapPhpFunction, _HOST, (_FUNCTION,)),
    b"getStatus": Op(GetStatus, _HOST),
    b"cleanupChunks": Op(CleanupChunks, _HOST, (Field("ids", b"ids", _ids, _write_ids),)),
    b"quit": Op(Quit, _HOST),
    b"testquit": Op(TestQuit, _HOST),
    b"return": Op(Return, _BOTH, (Field("values", b"values", *_values(b"nvalues")),)),
    b"error": Op(Error, _BOTH, (_VALUE, _TRACE, _LOG)),
}
"""Every op: who sends it, its type, its fields.

Fields that are not listed are ignored, as PHP ignores them.
"""

_NAMES = {op.type: name for name, op in OPS.items()}


def op_name(message: Message) -> str:
    """The op of a message, as the protocol spells it."""
    return _NAMES[type(message)].decode()


def to_table(message: Message) -> Table:
    """The message as the associative array that travels. nil values in lists are None there."""
    name = _NAMES[type(message)]
    table: Table = {b"op": name}
    for field in OPS[name].fields:
        table.update(field.write(field.key, getattr(message, field.attribute)))
    return table


def from_table(table: Value, sender: Side) -> Message:
    """The typed message of an associative array that was read.

    Raises RemoteProtocolError for an op that this side does not send and for missing or wrong fields.
    """
    name = table.get(b"op") if isinstance(table, dict) else table
    op = OPS.get(name) if isinstance(name, bytes) else None
    if op is None or sender not in op.senders:
        known = ", ".join(name.decode() for name, op in OPS.items() if sender in op.senders)
        raise RemoteProtocolError(f"expected a message with an op out of {known}; got {excerpt(name)}")
    try:
        return op.type(**{field.attribute: field.read(table, field.key) for field in op.fields})
    except RemoteProtocolError as error:
        raise RemoteProtocolError(f"message {_NAMES[op.type].decode()}: {error}") from None


def encode_for_responder(message: Message) -> bytes:
    """The body of a message from the host: a Lua expression. Raises as `expressions.dumps` does."""
    _check_sender(message, "host")
    return expressions.dumps(to_table(message))


def decode_from_host(body: bytes) -> Message:
    """The message of a body that the host sent. Raises RemoteProtocolError."""
    return from_table(expressions.loads(body), "host")


def encode_for_host(message: Message) -> bytes:
    """The body of a message from the responder, serialized and escaped.

    nils in lists are left out and only counted, as PHP expects. Raises LocalProtocolError (see
    `serialization.dumps`).
    """
    _check_sender(message, "responder")
    table = to_table(message)
    for key in (b"args", b"values"):
        if isinstance(table.get(key), dict):
            table[key] = {index: value for index, value in table[key].items() if value is not None}
    return escape(serialization.dumps(table))


def decode_from_responder(body: bytes) -> Message:
    """The message of a body, still escaped, that a responder sent. Raises RemoteProtocolError."""
    return from_table(serialization.loads(unescape(body)), "responder")


def _check_sender(message: Message, sender: Side) -> None:
    if sender not in OPS[_NAMES[type(message)]].senders:
        raise LocalProtocolError(f"the {sender} sends no {op_name(message)}")


def _wrong(key: Key, expected: str, came: object) -> RemoteProtocolError:
    name = key.decode("latin-1") if isinstance(key, bytes) else key
    return RemoteProtocolError(f"field {name}: expected {expected}, got {excerpt(came)}")
