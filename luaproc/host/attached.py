"""The host's side for a Lua that is there already: it calls first, and its end is the end.

`luaproc lua --mw` is such a Lua (luaproc/lua51/mw.py): it runs scripts of its own, and its first call makes the host
load what it has. The frames travel on descriptors 0 and 1 of this process, whose parent the Lua is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence

from luaproc.host.connection import Connection
from luaproc.host.core import Failed, PhpFunction, ProtocolCore, Steps
from luaproc.host.functions import LuaFunction
from luaproc.host.interpreter import Interpreter
from luaproc.host.process import PIPE_SIZE
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.fast_path import FastCall
from luaproc.wire.framing import NEED_DATA, FrameDecoder, encode_frame
from luaproc.wire.messages import Call


class LuaEnded(BaseException):
    """The Lua process has ended: nobody is there to be answered."""


class ParentConnection(Connection):
    """Frames between this process and the Lua that started it. Every method raises `LuaEnded` when that has ended."""

    def __init__(self) -> None:
        # A ServerProcess starts one; here it is the other way round.
        self._decoder = FrameDecoder()
        self._gone = None
        self.on_frame = None
        self.timeout = None

    @property
    def pid(self) -> int:
        return os.getppid()

    def exchange(self, body: bytes) -> bytes:
        """Send a body, unless it is empty, and receive."""
        self.send_all([body] if body else [])
        return self.receive()

    def send_all(self, bodies: Sequence[bytes]) -> None:
        frames = memoryview(b"".join(map(encode_frame, bodies)))
        try:
            while frames:
                frames = frames[os.write(1, frames) :]
        except OSError:
            raise LuaEnded from None

    def receive(self) -> bytes:
        while True:
            body = self._decoder.next_frame()
            if isinstance(body, bytes):
                return body
            assert body is NEED_DATA
            data = os.read(0, PIPE_SIZE)
            if not data:
                raise LuaEnded
            self._decoder.receive_data(data)

    def fail(self, error: RemoteProtocolError) -> RemoteProtocolError:
        return error

    def terminate(self) -> int:
        return 0

    def __del__(self) -> None:
        pass


class AttachedInterpreter(Interpreter):
    """`Interpreter` for a Lua that calls first.

    functions: what it can call, by the ids that it knows beforehand. on_call: told of each call that comes while no
    other one is answered.
    """

    def __init__(self, functions: Mapping[str, PhpFunction], on_call: Callable[[], object]) -> None:
        ProtocolCore.__init__(
            self,
            lambda number, name: LuaFunction(number, name, self, self.call),
            "utf-8",
            "surrogateescape",
            False,
            None,
        )
        self.on_interrupt = None
        self._on_call = on_call
        self._lock = threading.RLock()
        self._ahead = []
        self.cleans_ahead = False
        self.connection = ParentConnection()
        self._callbacks |= {name.encode(): (name, function) for name, function in functions.items()}

    def serve(self) -> None:
        """Answer Lua's calls until it ends. What a function raises is Lua's to hear, as the text of an error."""
        try:
            self._take(self._serving())
        except LuaEnded:
            pass

    def _answer(self, body: bytes) -> bytes | None:
        if not self.depth:
            self._on_call()
        return super()._answer(body)

    def _serving(self) -> Steps[None]:
        body = b""
        while True:
            reply = yield body
            if type(reply) is Failed:
                body, _ = self._failure(reply.error)
                continue
            message = self._read(reply, False)
            if not isinstance(message, (FastCall, Call)):
                raise RemoteProtocolError(f"expected a call of Lua's, got {type(message).__name__}")
            body, _ = yield from self._answering(message)
