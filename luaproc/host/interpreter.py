"""PHP's part of the conversation, call by call: `Interpreter`."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from luaproc.host.connection import Connection
from luaproc.host.core import MAX_NESTING as MAX_NESTING
from luaproc.host.core import (
    REQUIRE,
    Answering,
    Failed,
    Fallback,
    ProtocolCore,
    Status,
    Steps,
    T,
    check_options,
    file_text,
    must_be,
)
from luaproc.host.core import PhpFunction as PhpFunction
from luaproc.host.functions import LuaFunction
from luaproc.host.process import FrameHook
from luaproc.install import starting
from luaproc.wire.messages import Call, CleanupChunks, Error, Message, Quit, Return, TestQuit, encode_for_responder
from luaproc.wire.stack import Room
from luaproc.wire.values import Value

_FRAMES = 40
"""Python's, for one level of nesting: 8 are ours, the callable has the others."""


def default_server() -> list[str]:
    """The command that starts our own responder, in this Python."""
    return [*starting.command(), "serve"]


def in_the_c_locale(server: Sequence[str], env: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The environment of a server: our own starts as by a launcher, in the C locale and isolated (see
    `install.starting.environment`)."""
    own = default_server()
    return starting.environment(os.environ if env is None else env) if list(server[: len(own)]) == own else env


def shown(server: Sequence[str]) -> str:
    """A server's command for a person, as a shell takes it; our own by its short name."""
    own = default_server()
    ours = list(server[: len(own)]) == own
    return shlex.join(["luaproc", "serve", *server[len(own) :]] if ours else server)


class Interpreter(ProtocolCore[LuaFunction]):
    """A Lua-side server, driven as PHP drives it.

    server: its command, a list of words (``["lua5.1", ".../mw_main.lua", DIR, "0", "8"]``); by default our
    own. encoding, errors, lists: see "Values" above. fallback: answers for functions that were registered as None, and
    for ids that nobody registered; it gets the function's name, the list of arguments and the depth of the call.
    on_interrupt: asked at Ctrl-C while the server works; True goes on waiting, otherwise the server is ended and
    KeyboardInterrupt raised. The others belong to `Connection`, which is there as `connection`.

    Any method that talks to the server raises `LuaError` for Lua's errors, `ServerDied`, `ServerTimeout` or
    RemoteProtocolError when the server is lost (and it stays so), LocalProtocolError for a value that cannot
    be sent, after which everything goes on as before.

    Several threads may use it: a call waits until the call of another thread is through, and with it all callbacks.
    From within a callback, the same thread may call Lua again; another thread's call that a callback waits for would
    wait for ever.
    """

    connection: Connection

    def __init__(
        self,
        server: Sequence[str] | None = None,
        *,
        timeout: float | None = 60.0,
        cpu_limit: int | None = None,
        memory_limit: int | None = None,
        encoding: str | None = "utf-8",
        errors: str = "surrogateescape",
        lists: bool = True,
        fallback: Fallback | None = None,
        on_frame: FrameHook | None = None,
        on_interrupt: Callable[[], bool] | None = None,
        stderr: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        new_session: bool = False,
    ) -> None:
        check_options(
            timeout=timeout,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            encoding=encoding,
            errors=errors,
            fallback=fallback,
            on_frame=on_frame,
            on_interrupt=on_interrupt,
            stderr=stderr,
            env=env,
            cwd=cwd,
        )
        server = default_server() if server is None else server
        self._begin(encoding, errors, lists, fallback, on_interrupt)
        self.connection = Connection(
            server,
            timeout=timeout,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            on_frame=on_frame,
            stderr=stderr,
            env=in_the_c_locale(server, env),
            cwd=cwd,
            new_session=new_session,
        )

    def _begin(
        self,
        encoding: str | None,
        errors: str,
        lists: bool,
        fallback: Fallback | None,
        on_interrupt: Callable[[], bool] | None,
    ) -> None:
        """What there is beside the connection."""
        ProtocolCore.__init__(
            self,
            lambda number, name: LuaFunction(number, name, self, self.call),
            encoding,
            errors,
            lists,
            fallback,
        )
        self.on_interrupt = on_interrupt
        self._lock = threading.RLock()
        self._ahead: list[tuple[bytes, bool]] = []  # put off; and whether it must not fail
        self.cleans_ahead = False
        """Whether the server is told what Python dropped with the next message, in a message that nobody waits for."""

    def load_string(self, text: str | bytes, chunk_name: str | bytes = "=chunk") -> LuaFunction:
        """Compile Lua code; the function has not run yet.

        chunk_name: as Lua wants it: ``=name`` is shown as it is, ``@name`` as a file, anything else as an
        excerpt. Raises TypeError for what is no text.
        """
        return self._take(self._loading(text, chunk_name))

    def load_file(self, path: str | os.PathLike[str], chunk_name: str | bytes | None = None) -> LuaFunction:
        """`load_string` of a file's text, under the file's name by default. Raises OSError where it cannot be read."""
        return self.load_string(*file_text(path, chunk_name))

    def set_loader(self, loader: Callable[[str], str | bytes | None]) -> None:
        """Let `require` be answered from Python: `loader` gives the text of the module of that name, None for none.

        Makes the global function `require`, which loads each module once, keeps its first result, and refuses modules
        that require each other, as Lua's own does. Errors in a module have its name as their position.
        """

        must_be(loader, Callable, "loader", "a callable")

        def load(name: Any) -> Any:
            text = loader(self._convert.name(name))
            return None if text is None else self.load_string(text, b"=" + self._convert.text(name))

        self.call(self.load_string(REQUIRE, "=require"), self.wrap_php_function(load, "require"))

    def call(self, function: LuaFunction, *args: Any) -> list[Any]:
        """Call a Lua function; the list of its results, nils as None. Raises TypeError for what is no `LuaFunction`."""
        return self._take(self._calling(function, args))

    def call_at_the_end(self, function: LuaFunction, *args: Any) -> list[Any]:
        """`call`, without the cleanup before it, which a server that ends soon does not need. Raises as `call`."""
        return self._take(self._calling(function, args, cleans=False))

    def tell(self, function: LuaFunction, *args: Any) -> None:
        """Call a Lua function before anything else that Lua is asked or answered next, and forget its results.

        The call goes out with that next message, so that nobody waits for it. Where it fails, the server is ended, and
        the next message raises its error. Raises as `call` for values that cannot be sent.
        """
        number = self._convert.number(function)
        body = self._convert.writer.called(number, args) if self._convert.writer else None
        if body is None:
            body = encode_for_responder(Call(number, tuple(self._convert.to_wire(arg) for arg in args)))
        self._ahead.append((body, True))

    def register_library(self, name: str, functions: Mapping[str, PhpFunction | None]) -> None:
        """Put Python callables into the global Lua table `name`. None is a function that `fallback` answers.

        Raises TypeError for what cannot be called.
        """
        self._take(self._registering(name, functions))

    def wrap_php_function(self, function: PhpFunction | None, name: str = "anonymous") -> LuaFunction:
        """A Lua function that calls a Python callable (or `fallback`, for None, which sees the name)."""
        return self._take(self._wrapping(function, name))

    def get_status(self) -> Status | None:
        """What the server says of its process; None where it cannot say."""
        return self._take(self._asking_status())

    def cleanup_chunks(self) -> None:
        """Make the server forget what Python dropped. It happens by itself before every `load_string` and `call`."""
        self._take(self._cleaning())

    def quit(self) -> int:
        """Ask the server to end, and wait for it. Its exit status as subprocess gives it: 0 if all is well."""
        return self._last_words(Quit())

    def testquit(self) -> int:
        """Ask the server to fail. Its exit status: 42 if all is well."""
        return self._last_words(TestQuit())

    def terminate(self) -> None:
        """End the server with SIGTERM, as PHP does. A call that another thread waits in raises `ServerDied`."""
        if self._lock.acquire(blocking=False):
            try:
                self.connection.terminate()
            finally:
                self._lock.release()
        else:
            self.connection.interrupt()

    def __enter__(self) -> Interpreter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()

    def request(self, message: Message) -> tuple[Value, ...]:
        """Send any request message, answer the server's calls, give the reply's values as the wire has them."""
        return self.request_body(encode_for_responder(message))

    def request_body(self, body: bytes) -> tuple[Value, ...]:
        """`request` with a hand-written body: a Lua expression, sent as it is."""
        return self._take(self._requesting(body))

    def _take(self, steps: Steps[T]) -> T:
        """Take the steps of a conversation, one after the other; other threads' calls wait until they are through."""
        # The room is for all steps: what is sent and received once the first is taken must not meet a full stack.
        with self._lock, Room(_FRAMES):
            unanswered = self._unanswered
            try:
                step = next(steps)
                while True:
                    if type(step) is bytes:
                        step = steps.send(self._until_unusual(step))
                        continue
                    assert isinstance(step, Answering)
                    try:
                        result = step.function(*step.args)
                    except Exception as error:
                        step = steps.throw(error)
                    else:
                        step = steps.send(result)
            except StopIteration as end:
                value: T = end.value
                return value
            except BaseException:
                if self._violation is not None:
                    self.connection.fail(self._violation)
                elif self._unanswered != unanswered:
                    # After any exception the server's next frame is not the reply that the next request waits for.
                    self.connection.terminate()
                steps.close()
                raise

    def _until_unusual(self, body: bytes) -> bytes | Failed:
        """Send a body and answer Lua's frequent calls; the first frame that is none, or the failure of a callable."""
        exchange, answer_to = self.connection.exchange, self._answer
        while True:
            if self._ahead:
                reply = self._behind(body)
            else:
                try:
                    reply = exchange(body)
                except KeyboardInterrupt:
                    # What is left of the frame goes out before the next one is received.
                    self._go_on_or_raise()
                    reply = self._receive()
            try:
                answer = answer_to(reply)
            except Exception as error:
                return Failed(error)
            if answer is None:
                return reply
            body = answer

    def _cleaning_if_dropped(self) -> Steps[None]:
        if not self.cleans_ahead:
            yield from super()._cleaning_if_dropped()
        elif self._chunks.any_dropped:
            # Where it fails, for lack of memory, the next list cleans up the same.
            self._ahead.append((encode_for_responder(CleanupChunks(self._chunks.kept())), False))

    def _behind(self, body: bytes) -> bytes:
        """Send what was put off with `tell`, then the body; the first frame that comes for the body."""
        ahead, self._ahead = self._ahead, []
        try:
            self.connection.send_all([*(put_off for put_off, _ in ahead), body])
        except KeyboardInterrupt:
            self._go_on_or_raise()
        for _, must_succeed in ahead:
            self._check_ahead(self._receive(), must_succeed)
        return self._receive()

    def _check_ahead(self, reply: bytes, must_succeed: bool) -> None:
        """The reply to a message that was put off."""
        message = self._read(reply, wire=True)
        if isinstance(message, Error) and must_succeed:
            self.connection.terminate()
            raise self._lua_error(message)
        if not isinstance(message, (Return, Error)):
            raise self._wrong("call", "values", ())

    def _receive(self) -> bytes:
        while True:
            try:
                return self.connection.receive()
            except KeyboardInterrupt:
                self._go_on_or_raise()

    def _go_on_or_raise(self) -> None:
        if self.on_interrupt is None or not self.on_interrupt():
            raise

    def _last_words(self, message: Message) -> int:
        with self._lock:
            try:
                self.connection.send(encode_for_responder(message))
                return self.connection.wait()
            except KeyboardInterrupt:
                self.connection.terminate()
                raise
