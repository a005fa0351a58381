"""`require 'nflua'` in `luaproc lua`: Python's half of lua/nflua.lua. `luaproc.lua51.modules` says what crosses."""

import os
from collections.abc import Callable
from errno import EPERM, EPROTO
from itertools import count

from luaproc.lua51.modules import Native, Value
from luaproc.nflua.client import Control, Data
from luaproc.nflua.errors import NfluaError, Refused, SocketError
from luaproc.nflua.wire import State

SOURCE = os.path.join(os.path.dirname(__file__), "lua", "nflua.lua")

Results = tuple[Value, ...]

_sockets: dict[int, Control | Data] = {}
_states: dict[int, list[State]] = {}  # of a list that Lua takes one by one
_numbers = count(1)


def functions() -> list[Native]:
    """In the order of the Lua file's arguments."""
    return [
        _open, _close, _on(lambda socket: (socket.fileno(),)), _on(lambda socket: (socket.port,)),
        _on(lambda socket: (_control(socket).state.encode(),)), _create, _destroy, _execute, _list, _receive,
        _next_state, _send, _receive_data,
    ]  # fmt: skip


def _failed(error: NfluaError) -> Results:
    if isinstance(error, Refused):
        return False, b"operation could not be completed", error.code, error.reason.encode("utf-8", "replace")
    if isinstance(error, SocketError):
        return False, os.strerror(-error.code).encode(), error.code
    return False, str(error).encode("utf-8", "replace"), -EPERM


def _on(call: Callable[[Control | Data], Results]) -> Native:
    """A function for Lua of a socket's number: true and the results of `call`, or what went wrong."""

    def answer(number: float) -> Results:
        try:
            return (True, *call(_sockets[int(number)]))
        except NfluaError as error:
            return _failed(error)

    return answer


def _control(socket: Control | Data) -> Control:
    assert isinstance(socket, Control)
    return socket


def _open(kind: bytes, port: float | None) -> Results:
    try:
        made = (Control if kind == b"control" else Data)(None if port is None else int(port))
    except NfluaError as error:
        return _failed(error)
    number = next(_numbers)
    _sockets[number] = made
    return True, number


def _close(number: float) -> Results:
    socket = _sockets.pop(int(number), None)
    _states.pop(int(number), None)
    if socket is not None:
        socket.close()
    return (True,)


def _seconds(socket: Control | Data) -> float | None:
    """How long a receive waits: for ever, unless somebody made the descriptor non-blocking."""
    return 0 if socket.is_non_blocking else None


def _command(number: float, send: Callable[[Control], None]) -> Results:
    control = _control(_sockets[int(number)])
    control.timeout = _seconds(control)
    try:
        send(control)
    except NfluaError as error:
        return _failed(error)
    return (True,)


def _create(number: float, name: bytes, maxruns: float, maxalloc: float, flags: bytes) -> Results:
    return _command(
        number, lambda control: control.send_create(name, int(maxruns), int(maxalloc), flags.decode("latin-1"))
    )


def _destroy(number: float, name: bytes) -> Results:
    return _command(number, lambda control: control.send_destroy(name))


def _execute(number: float, name: bytes, code: bytes, script: bytes) -> Results:
    return _command(number, lambda control: control.send_execute(name, code, script))


def _list(number: float) -> Results:
    return _command(number, lambda control: control.send_list())


def _receive(number: float) -> Results:
    control = _control(_sockets[int(number)])
    try:
        reply = control.receive_step(_seconds(control))
    except NfluaError as error:
        return _failed(error)
    if isinstance(reply, str):
        return False, reply.encode()
    if isinstance(reply, bool):
        return True, reply
    _states[int(number)] = reply[::-1]
    return True, len(reply)


def _next_state(number: float) -> Results:
    state = _states[int(number)].pop()
    return True, state.name, state.maxruns, state.maxalloc, state.flags, state.curralloc


def _send(number: float, name: bytes, payload: bytes) -> Results:
    data = _sockets[int(number)]
    assert isinstance(data, Data)
    data.timeout = _seconds(data)
    try:
        data.send(name, payload)
    except NfluaError as error:
        return _failed(error)
    return (True,)


def _receive_data(number: float) -> Results:
    data = _sockets[int(number)]
    assert isinstance(data, Data)
    try:
        received = data.receive_step(_seconds(data))
    except Refused:
        return False, os.strerror(EPROTO).encode(), -EPROTO
    except NfluaError as error:
        return _failed(error)
    return True, *received
