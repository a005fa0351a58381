"""A session with any server, written down as text: two servers agree when their texts are equal."""

import math
import re
from collections.abc import Sequence

from luaproc.host import Connection, ServerDied
from luaproc.wire.messages import (
    Call,
    Error,
    LoadString,
    Message,
    Return,
    decode_from_responder,
    encode_for_responder,
)
from luaproc.wire.values import FunctionRef, Table, Value
from tests.responder.conftest import call_body, load_body

LIBRARY = (
    '{["op"]="registerLibrary",["name"]="php",["functions"]={'
    '["echo"]="echo",["fail"]="fail",["apply"]="apply",["holes"]="holes",["load"]="load",["nothing"]="nothing"}}'
)
"""PHP functions that every session has; `Session._answer` says what they do."""


class Session:
    """Runs steps and writes down every message that comes back.

    A step is a message's body (it begins with ``{["op"]``), or a module's code, which is loaded as ``Module:T`` and
    called without arguments. ordered: whether the order of a table's keys is part of what is written.
    """

    def __init__(self, command: Sequence[str], ordered: bool) -> None:
        self._connection = Connection(command, timeout=300)
        self._ordered = ordered
        self._lines: list[str] = []

    def run(self, steps: Sequence[str]) -> str:
        with self._connection:
            try:
                self._connection.send(LIBRARY.encode())
                self._receive()
                self._lines.clear()
                for step in steps:
                    self._step(step)
            except ServerDied as died:
                self._lines.append(f"died: status {died.status}, signal {died.signal}")
        return "\n".join(self._lines)

    def _step(self, step: str) -> None:
        if step.startswith('{["op"]'):
            self._request(step.encode("utf-8", "surrogateescape"))
            return
        reply = self._request(load_body(step).encode("utf-8", "surrogateescape"))
        if isinstance(reply, Return):
            self._lines.pop()  # a step's code is one line; ids are compared where they are the subject
            assert isinstance(reply.values[0], int)
            self._request(call_body(reply.values[0]).encode())

    def _request(self, body: bytes) -> Message:
        self._connection.send(body)
        while True:
            message = self._receive()
            if not isinstance(message, Call):
                return message
            self._connection.send(encode_for_responder(self._answer(message)))

    def _answer(self, call: Call) -> Message:
        args = [_for_lua(arg) for arg in call.args]
        if call.id == b"echo":
            return Return(tuple(args))
        if call.id == b"fail":
            return Error(args[0] if args else b"oops")
        if call.id == b"holes":
            return Return((None, 1, None, False, None))
        if call.id == b"nothing":
            return Return()
        if call.id == b"load":
            reply = self._request(encode_for_responder(LoadString(args[0], args[1] if args[1:] else b"=Module:Other")))
            if isinstance(reply, Return):
                reply = Return((FunctionRef(reply.values[0]),))
        else:
            function = args[0]
            assert isinstance(function, FunctionRef)
            reply = self._request(encode_for_responder(Call(function.id, tuple(args[1:]))))
        if isinstance(reply, Error):
            return Error(_for_lua(reply.value))
        assert isinstance(reply, Return)
        return Return(tuple(_for_lua(value) for value in reply.values))

    def _receive(self) -> Message:
        message = decode_from_responder(self._connection.receive())
        self._lines.append(self._show_message(message))
        return message

    def _show_message(self, message: Message) -> str:
        if isinstance(message, Error):
            trace = "".join(f"\n    {_show_entry(entry)}" for entry in _without_server(message.trace or ()))
            return f"error {self._show(message.value)}{trace}"
        if isinstance(message, Call):
            return f"call {message.id!r} {len(message.args)}: " + ", ".join(self._show(arg) for arg in message.args)
        assert isinstance(message, Return)
        return f"return {len(message.values)}: " + ", ".join(self._show(value) for value in message.values)

    def _show(self, value: Value) -> str:
        if isinstance(value, dict):
            if b"vsize" in value:  # getStatus: the numbers are the process's own, and rss the specification's alone
                value = {key: type(number).__name__.encode() for key, number in value.items() if key != b"rss"}
            fields = [f"{self._show(key)}: {self._show(element)}" for key, element in value.items()]
            return "{" + ", ".join(fields if self._ordered and b"vsize" not in value else sorted(fields)) + "}"
        if isinstance(value, FunctionRef):
            return f"function {value.id}"
        if isinstance(value, bytes):
            return repr(_without_positions(value))[1:]
        return "nan" if isinstance(value, float) and math.isnan(value) else repr(value)


def _for_lua(value: Value) -> Value:
    """What came from the server, as it goes back."""
    if isinstance(value, dict):
        return {key: _for_lua(element) for key, element in value.items()}
    return FunctionRef(value.id) if isinstance(value, FunctionRef) else value


_HOST_FILE = re.compile(rb"(?:luaproc/[a-z]+\.lua|[^ :\n\t]{0,60}(?:mwInit|MWServer|mw_main)\.lua):\d+:")


def _without_positions(text: bytes) -> bytes:
    """A text in which every position in a file of the server reads the same.

    Both servers put one before errors of bad arguments to their wrappers ("bad argument #1 to 'old_unpack'").
    """
    return _HOST_FILE.sub(b"<host>:", text)


def _show_entry(entry: Table) -> str:
    keys = (b"short_src", b"currentline", b"what", b"linedefined", b"namewhat", b"name")
    src, line, what, defined, namewhat, name = (entry.get(key) for key in keys)
    called = f" {namewhat.decode()} {name!r}" if isinstance(namewhat, bytes) and namewhat else ""
    assert isinstance(src, bytes)
    assert isinstance(what, bytes)
    return f"{src.decode()}:{line} {what.decode()} {defined}{called}"


def _without_server(trace: Sequence[Table]) -> list[Table]:
    """A trace without the reference's own frames; ours has none, and is left as it is.

    With them go what leads into a module (the reference's xpcall, and the tail call in it), what leads out of one (a
    tail call right above a frame of the server's, a C function right below) and `error` itself: the specification's
    element 1 is the function that called it.
    """

    def server(entry: Table) -> bool:
        return entry[b"short_src"] in (b"MWServer.lua", b"mw_main.lua") or b"mwInit.lua" in entry[b"short_src"]

    def tail(entry: Table) -> bool:
        return entry[b"what"] in (b"tail", b"")

    if not any(server(entry) for entry in trace):
        return list(trace)
    kept: list[Table] = []
    younger_is_server = True  # the handler that took the trace
    for entry, older in zip(trace, [*trace[1:], None], strict=True):
        if server(entry):
            younger_is_server = True
            continue
        if entry[b"what"] == b"C" and (older is None or server(older)):
            if kept and tail(kept[-1]) and entry.get(b"name") == b"xpcall":
                kept.pop()
        elif not (tail(entry) and younger_is_server) and not (not kept and entry.get(b"name") == b"error"):
            kept.append(entry)
        younger_is_server = False
    return kept
