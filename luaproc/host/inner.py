"""A Lua side in this process: `Interpreter` on a `luaproc.responder.inner.InnerResponder`, for code that is trusted.

    responder = InnerResponder(memory_limit=None, cpu_limit=7)
    lua = InnerInterpreter(responder)
    lua.load_string(LIBRARY, "@library.lua")()
    responder.keep()
    ...
    while responder.restore():
        with InnerInterpreter(responder, lua) as view:
            view.load_string("return library.f()")()

One `InnerInterpreter` at a time uses a responder.
"""

from __future__ import annotations

import os
import signal
import weakref
from collections.abc import Callable, Iterable

from luaproc.host.connection import Connection
from luaproc.host.core import PhpFunction, Status
from luaproc.host.errors import HostError, ServerDied
from luaproc.host.heirs import HeirInterpreter
from luaproc.responder.inner import InnerResponder
from luaproc.wire.errors import RemoteProtocolError, excerpt
from luaproc.wire.fast_path import FastCall
from luaproc.wire.framing import escape
from luaproc.wire.messages import Call, Message


class InnerConnection(Connection):
    """What is a `Connection` to others: one responder, until it is terminated. on_end: called then, once."""

    def __init__(self, responder: InnerResponder, on_end: Callable[[], None]) -> None:
        self._responder: InnerResponder | None = responder
        self._on_end = on_end
        self._gone: HostError | RemoteProtocolError | None = None
        self._running = 0  # messages that Lua is at
        self._last_words = ""

    @property
    def pid(self) -> int:
        """Of this process."""
        return os.getpid()

    def exchange(self, body: bytes) -> bytes:
        """The reply to a message. Raises `ServerDied`, and what was raised in this process while Lua ran."""
        if self._gone is not None:
            raise self._gone.with_traceback(None)
        responder = self._responder
        assert responder is not None
        self._running += 1
        try:
            reply = responder.answer(body)
        finally:
            self._running -= 1
        if reply is None:
            self._settle_with(responder)
        if self._gone is not None or reply is None:
            raised = responder.caught or self._gone
            self._let_go()
            assert raised is not None
            raise raised.with_traceback(None)
        return escape(reply)

    def usage(self) -> tuple[float, int]:
        """Seconds of CPU time, bytes of memory."""
        return (0.0, 0) if self._responder is None else self._responder.usage()

    def stderr_tail(self) -> str:
        """Where Lua was when it was ended."""
        return self._last_words

    def terminate(self) -> int:
        """Have no further messages; what runs in Lua is ended. The status of a server that got SIGTERM."""
        if self._gone is None:
            self._gone = ServerDied(-signal.SIGTERM)
        if self._running:
            self.interrupt()
        else:
            self._let_go()
        return -signal.SIGTERM

    def interrupt(self) -> None:
        """End what runs in Lua; from any thread."""
        if self._responder is not None:
            self._gone = self._gone or ServerDied(-signal.SIGTERM)
            self._responder.end("it was terminated")

    def fail(self, error: RemoteProtocolError) -> RemoteProtocolError:
        """Have no further messages, for a reply that cannot be understood."""
        if self._responder is not None:
            self._responder.end(str(error))
        self._gone = error
        self.terminate()
        return error

    def _settle_with(self, responder: InnerResponder) -> None:
        self._last_words = responder.last_words
        if self._gone is None:
            xcpu = getattr(signal, "SIGXCPU", signal.SIGTERM)
            code = -xcpu if responder.out_of_time else 1
            self._gone = ServerDied(code, responder.last_words or f"luaproc: {responder.over}")

    def _let_go(self) -> None:
        if self._responder is not None and not self._running:
            self._responder = None
            self._on_end()

    def __del__(self) -> None:
        self._let_go()


def _nothing() -> None:
    pass


class InnerInterpreter(HeirInterpreter):
    """`Interpreter` on a responder in this process.

    lua: the one that loaded what the responder has, if there was one; of its functions those are held that are adopted.
    functions: what answers in place of the callables that were registered there, in their order. lists: see
    `Interpreter`. on_end: called when it is terminated, and Lua does not run any more.

    A KeyboardInterrupt ends the Lua state, as it ends a server. Raises as `Interpreter`.
    """

    def __init__(
        self,
        responder: InnerResponder,
        lua: InnerInterpreter | None = None,
        functions: Iterable[PhpFunction] = (),
        *,
        lists: bool = True,
        on_end: Callable[[], None] = _nothing,
    ) -> None:
        if lua is None:
            self._begin("utf-8", "surrogateescape", lists, None, None)
        else:
            self._inherit(lua, functions)
        self._bug: Exception | None = None  # of a callable: raised once Lua is through with the call
        self.connection = self._inner = InnerConnection(responder, on_end)
        responder.host = weakref.WeakMethod(self._respond)

    def __enter__(self) -> InnerInterpreter:
        return self

    def status_unasked(self) -> Status:
        """What `get_status` gives of a process; of this one, what Lua's part of it is."""
        seconds, size = self._inner.usage()
        return Status(os.getpid(), round(seconds * os.sysconf("SC_CLK_TCK")), size, size)

    def _until_unusual(self, body: bytes) -> bytes:
        """The reply to a body. Calls of Lua's come by `_respond` meanwhile."""
        self._send_ahead()
        outer, self._bug = self._bug, None
        try:
            reply = self.connection.exchange(body)
        finally:
            bug, self._bug = self._bug, outer
        if bug is not None:
            self._unanswered -= 1  # it was answered
            raise bug
        return reply

    def _send_ahead(self) -> None:
        if self._ahead:
            ahead, self._ahead = self._ahead, []
            for put_off, must_succeed in ahead:
                self._check_ahead(self.connection.exchange(put_off), must_succeed)

    def _respond(self, request: bytes) -> bytes:
        """The answer to a message of Lua's. Raises what ends Lua."""
        bug = None
        body = escape(request)
        try:
            answer = self._answer(body)
            if answer is None:
                message = self._read(body, wire=False)
                if not isinstance(message, (FastCall, Call)):
                    self._violation = RemoteProtocolError(f"expected a call of Lua's, got {excerpt(request)}")
                    raise self._violation
                answer, bug = self._take(self._answering(message))
        except Exception as error:
            answer, bug = self._failure(error)
        self._bug = bug or self._bug
        self._send_ahead()
        return answer

    def _last_words(self, message: Message) -> int:
        self.terminate()
        return 0
