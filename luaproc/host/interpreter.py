"""PHP's part of the conversation: `Interpreter`."""

from __future__ import annotations

import functools
import os
import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from luaproc.host.connection import Connection, FrameHook
from luaproc.host.errors import LuaError, TraceEntry
from luaproc.host.functions import Chunks, Converter, LuaFunction
from luaproc.install import starting
from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError, excerpt
from luaproc.wire.fast_path import FastCall, FastReturn, is_return
from luaproc.wire.framing import MAX_BODY, encode_frame
from luaproc.wire.messages import (
    Call,
    CallbackId,
    CleanupChunks,
    Error,
    GetStatus,
    LoadString,
    Message,
    Quit,
    RegisterLibrary,
    Return,
    TestQuit,
    WrapPhpFunction,
    decode_from_responder,
    encode_for_responder,
)
from luaproc.wire.stack import Room
from luaproc.wire.values import FunctionRef, Value

PhpFunction = Callable[..., Any]
"""What Lua can call.

It gets Lua's arguments by position. A tuple that it returns is that many values, None is no value, anything
else is one. A `LuaError` that it raises is Lua's to catch, as in PHP. Any other Exception is a bug on this
side: Lua is unwound with an error too, and the exception is raised again from the call during which it
happened, whatever Lua did about it. (KeyboardInterrupt and the like end the server at once.)
"""

MAX_NESTING = 400
"""Lua's calls that can be waiting for answers at one time; a further one is answered with an error.

Deeper than Lua 5.1 goes, whose limit of 200 levels of C comes first.
"""

_FRAMES = 40
"""Python's, for one level of nesting: 8 are ours, the callable has the others."""

Fallback = Callable[[str, list[Any], int], Any]
"""Answers for functions that were registered as None, and for ids that nobody registered (its name is the id then).

It gets the function's name, the arguments and the depth of the call (1 for the first); it answers as a
`PhpFunction` does.
"""


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _one_at_a_time(
    method: Callable[Concatenate[Interpreter, _P], _T],
) -> Callable[Concatenate[Interpreter, _P], _T]:
    """A method that talks to the server: other threads' calls wait until it is through."""

    @functools.wraps(method)
    def locked(self: Interpreter, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        with self._lock:
            return method(self, *args, **kwargs)

    return locked


def default_server() -> list[str]:
    """The command that starts our own responder, in this Python."""
    return [*starting.command(), "serve"]


def _in_the_c_locale(server: Sequence[str], env: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The environment of a server: our own starts in the C locale, where glibc maps no archive of locales into it (see
    `install.launchers`)."""
    own = default_server()
    return {**(os.environ if env is None else env), "LC_ALL": "C"} if list(server[: len(own)]) == own else env


def _must_be(value: object, kinds: type | tuple[type, ...], name: str, expected: str) -> None:
    if not isinstance(value, kinds):
        raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}")


# `require` from Python: the function that gets each module's chunk is the argument.
_REQUIRE = """
local load = ...
local loaded = {}
function require( name )
	local found = loaded[name]
	if found == nil then
		local chunk = load( name )
		if chunk == nil then
			error( "module '" .. tostring( name ) .. "' not found", 2 )
		end
		found = chunk( name )
		if found == nil then
			found = true
		end
		loaded[name] = found
	end
	return found
end
"""


def shown(server: Sequence[str]) -> str:
    """A server's command for a person, as a shell takes it; our own by its short name."""
    own = default_server()
    ours = list(server[: len(own)]) == own
    return shlex.join(["luaproc", "serve", *server[len(own) :]] if ours else server)


@dataclass(frozen=True, slots=True)
class Status:
    """What getStatus tells: `time` of the processor in clock ticks, `vsize` and `rss` in bytes; None if missing."""

    pid: int | None
    time: int | None
    vsize: int | None
    rss: int | None


class Interpreter:
    """A Lua-side server, driven as PHP drives it.

    server: its command, a list of words (``["lua5.1", ".../mw_main.lua", DIR, "0", "8"]``); by default our
    own. encoding, lists: see `luaproc.host.functions.Converter`. fallback: see `Fallback`. on_interrupt:
    asked at Ctrl-C while the server works; True goes on waiting, otherwise the server is ended and
    KeyboardInterrupt raised. The others belong to `Connection`, which is there as `connection`.

    Any method that talks to the server raises `LuaError` for Lua's errors, `ServerDied`, `ServerTimeout` or
    RemoteProtocolError when the server is lost (and it stays so), LocalProtocolError for a value that cannot
    be sent, after which everything goes on as before.

    Several threads may use it: a call waits until the call of another thread is through, and with it all callbacks.
    From within a callback, the same thread may call Lua again; another thread's call that a callback waits for would
    wait for ever.
    """

    def __init__(
        self,
        server: Sequence[str] | None = None,
        *,
        timeout: float | None = 60.0,
        cpu_limit: int | None = None,
        memory_limit: int | None = None,
        encoding: str | None = "utf-8",
        lists: bool = True,
        fallback: Fallback | None = None,
        on_frame: FrameHook | None = None,
        on_interrupt: Callable[[], bool] | None = None,
        stderr: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        new_session: bool = False,
    ) -> None:
        if isinstance(server, (str, bytes)):
            raise TypeError(f"server: expected the words of a command, as ['lua5.1', 'main.lua'], got {server!r}")
        server = default_server() if server is None else server
        self._lock = threading.RLock()
        self.connection = Connection(
            server,
            timeout=timeout,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            on_frame=on_frame,
            stderr=stderr,
            env=_in_the_c_locale(server, env),
            cwd=cwd,
            new_session=new_session,
        )
        self.fallback = fallback
        self.on_interrupt = on_interrupt
        self.depth = 0
        """How many of Lua's calls are being answered at this moment."""
        self._chunks = Chunks(self, self.call)
        self._convert = Converter(self._chunks, self, encoding, lists)
        self._callbacks: dict[CallbackId, tuple[str, PhpFunction | None]] = {}
        self._registrations = 0

    @property
    def functions(self) -> dict[int, LuaFunction]:
        """The Lua functions that Python holds, by their numbers."""
        return dict(sorted(self._chunks.in_python.items()))

    @_one_at_a_time
    def load_string(self, text: str | bytes, chunk_name: str | bytes = "=chunk") -> LuaFunction:
        """Compile Lua code; the function has not run yet.

        chunk_name: as Lua wants it: ``=name`` is shown as it is, ``@name`` as a file, anything else as an
        excerpt. Raises TypeError for what is no text.
        """
        _must_be(text, (str, bytes), "text", "Lua code as str or bytes")
        _must_be(chunk_name, (str, bytes), "chunk_name", "str or bytes")
        self._cleanup_if_dropped()
        name = self._convert.text(chunk_name)
        values = self.request(LoadString(self._convert.text(text), name))
        if len(values) != 1 or not isinstance(values[0], int):
            raise self.connection.fail(
                RemoteProtocolError(f"expected loadString to return one id, got {excerpt(values)}")
            )
        return self._chunks.get(values[0], name.decode("utf-8", "replace"))

    def load_file(self, path: str | os.PathLike[str], chunk_name: str | bytes | None = None) -> LuaFunction:
        """`load_string` of a file's text, under the file's name by default. Raises OSError where it cannot be read."""
        _must_be(path, (str, os.PathLike), "path", "str or a path")
        with open(path, "rb") as file:
            text = file.read()
        return self.load_string(text, f"@{os.fspath(path)}" if chunk_name is None else chunk_name)

    def set_loader(self, loader: Callable[[str], str | bytes | None]) -> None:
        """Let `require` be answered from Python: `loader` gives the text of the module of that name, None for none.

        Makes the global function `require`, where each module is loaded once and its first result kept. Errors in a
        module have its name as their position.
        """

        def load(name: Any) -> Any:
            text = loader(name if isinstance(name, str) else self._convert.text(name).decode("utf-8", "replace"))
            return None if text is None else self.load_string(text, b"=" + self._convert.text(name))

        self.call(self.load_string(_REQUIRE, "=require"), self.wrap_php_function(load, "require"))

    @_one_at_a_time
    def call(self, function: LuaFunction, *args: Any) -> list[Any]:
        """Call a Lua function; the list of its results, nils as None. Raises TypeError for what is no `LuaFunction`."""
        _must_be(function, LuaFunction, "function", "a LuaFunction, as load_string gives it")
        number = self._convert.number(function)
        self._cleanup_if_dropped()
        body = self._convert.writer.called(number, args) if self._convert.writer else None
        if body is None:
            body = encode_for_responder(Call(number, tuple(self._convert.to_wire(arg) for arg in args)))
        reply = self._reply(body)
        return reply.values if isinstance(reply, FastReturn) else self.convert(reply.values)

    @_one_at_a_time
    def register_library(self, name: str, functions: Mapping[str, PhpFunction | None]) -> None:
        """Put Python callables into the global Lua table `name`. None is a function that `fallback` answers.

        Raises TypeError for what cannot be called.
        """
        _must_be(name, str, "name", "str")
        _must_be(functions, Mapping, "functions", "a mapping of names to callables")
        for key, function in functions.items():
            if function is not None and not callable(function):
                raise TypeError(f"functions[{key!r}]: expected a callable or None, got {type(function).__name__}")
        self._registrations += 1
        ids: dict[int | float | bytes, CallbackId] = {}
        for key, function in functions.items():
            # The same library can be registered again and again: each time under ids of its own, as PHP does
            # it.
            number = f"{name}-{key}-{self._registrations}".encode()
            self._callbacks[number] = (f"{name}.{key}", function)
            ids[self._convert.text(key)] = number
        self.request(RegisterLibrary(self._convert.text(name), ids))

    @_one_at_a_time
    def wrap_php_function(self, function: PhpFunction | None, name: str = "anonymous") -> LuaFunction:
        """A Lua function that calls a Python callable (or `fallback`, for None, which sees the name)."""
        self._registrations += 1
        number = f"anonymous*{self._registrations}".encode()
        self._callbacks[number] = (name, function)
        values = self.request(WrapPhpFunction(number))
        if len(values) != 1 or not isinstance(values[0], FunctionRef):
            raise self.connection.fail(
                RemoteProtocolError(f"expected wrapPhpFunction to return one function, got {excerpt(values)}")
            )
        return self._chunks.get(values[0].id, name)

    @_one_at_a_time
    def get_status(self) -> Status | None:
        """What the server says of its process; None where it cannot say."""
        values = self.request(GetStatus())
        if not values or not isinstance(values[0], dict):
            return None
        found = [values[0].get(key) for key in (b"pid", b"time", b"vsize", b"rss")]
        return Status(*(int(value) if isinstance(value, (int, float)) else None for value in found))

    @_one_at_a_time
    def cleanup_chunks(self) -> None:
        """Make the server forget what Python dropped. It happens by itself before every `load_string` and `call`."""
        self.request(CleanupChunks(self._chunks.kept()))

    @_one_at_a_time
    def quit(self) -> int:
        """Ask the server to end, and wait for it. Its exit status as subprocess gives it: 0 if all is well."""
        return self._last_words(Quit())

    @_one_at_a_time
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

    @_one_at_a_time
    def request_body(self, body: bytes) -> tuple[Value, ...]:
        """`request` with a hand-written body: a Lua expression, sent as it is."""
        reply = self._reply(body, wire=True)
        assert isinstance(reply, Return)
        return reply.values

    def _reply(self, body: bytes, wire: bool = False) -> Return | FastReturn:
        """The reply to a request; `wire`: with values of the wire."""
        if not 0 < len(body) <= MAX_BODY:
            encode_frame(body)  # raises for what has no frame, before anything is sent
        try:
            reply, raised = self._exchange(body, wire)
        except BaseException:
            # Whatever it is: the server's next frame is not the one that the next request waits for.
            self.terminate()
            raise
        if raised is not None:
            raise raised
        if isinstance(reply, Error):
            raise self._lua_error(reply)
        return reply

    def _exchange(self, body: bytes, wire: bool) -> tuple[Return | FastReturn | Error, Exception | None]:
        """The reply to a request, and the bug that a callable showed meanwhile."""
        raised: Exception | None = None
        # Here, and not where a call is answered: what is sent and received from now on must not meet a full stack.
        with Room(_FRAMES):
            self._send(body)
            while True:
                message = self._receive(wire)
                if isinstance(message, (FastCall, Call)):
                    raised = self._answer(message) or raised
                else:
                    assert isinstance(message, (FastReturn, Return, Error))
                    return message, raised

    def convert(self, values: Sequence[Value]) -> list[Any]:
        """The values of a `request` as Python's."""
        return [self._convert.to_python(value) for value in values]

    def _send(self, body: bytes) -> None:
        try:
            self.connection.send(body)
        except KeyboardInterrupt:
            # What is left of the frame goes out before the next one is received.
            self._go_on_or_raise()

    def _receive(self, wire: bool) -> Message | FastCall | FastReturn:
        while True:
            try:
                body = self.connection.receive()
                # Read for the wire, a reply makes no `LuaFunction`: one that nobody holds would be cleaned up.
                message = None if wire and is_return(body) else self._convert.reader.message(body)
                return decode_from_responder(body) if message is None else message
            except RemoteProtocolError as error:
                raise self.connection.fail(error) from None
            except KeyboardInterrupt:
                self._go_on_or_raise()

    def _go_on_or_raise(self) -> None:
        if self.on_interrupt is None or not self.on_interrupt():
            raise

    def _answer(self, call: FastCall | Call) -> Exception | None:
        """Answer a call of Lua's; the exception that has to be raised on this side once Lua is through."""
        raised: Exception | None = None
        self.depth += 1
        try:
            values = self._run(call)
            body = self._convert.writer.returned(values) if self._convert.writer else None
            if body is None:
                body = encode_for_responder(Return(tuple(self._convert.to_wire(value) for value in values)))
        except LuaError as error:
            # Lua puts the position of its own calling line before the message: PHP sends it without one, too.
            value = error.message if isinstance(error.value, (str, bytes)) else error.value
            body = self._error_body(value)
        except Exception as error:
            if not self.connection.alive:
                raise
            raised = error
            body = self._error_body(f"{type(error).__name__} in the Python callable: {error}")
        finally:
            self.depth -= 1
        self._send(body)
        return raised

    def _error_body(self, value: object) -> bytes:
        try:
            return encode_for_responder(Error(self._convert.to_wire(value)))
        except LocalProtocolError as error:
            return encode_for_responder(Error(str(error).encode("utf-8", "replace")))

    def _run(self, call: FastCall | Call) -> tuple[Any, ...]:
        if self.depth > MAX_NESTING:
            raise LuaError(f"PHP and Lua call each other no deeper than {MAX_NESTING} levels here")
        args = call.args if isinstance(call, FastCall) else self.convert(call.args)
        known = self._callbacks.get(call.id)
        if known is None:
            if self.fallback is None:
                raise LuaError(f"no PHP function {excerpt(call.id)} is registered")
            known = call.id.decode("utf-8", "replace") if isinstance(call.id, bytes) else str(call.id), None
        name, function = known
        if function is not None:
            result = function(*args)
        elif self.fallback is not None:
            result = self.fallback(name, args, self.depth)
        else:
            raise LuaError(f"no Python callable answers for {name}")
        if result is None:
            return ()
        return result if isinstance(result, tuple) else (result,)

    def _lua_error(self, error: Error) -> LuaError:
        trace = tuple(TraceEntry.from_table(entry) for entry in error.trace or ())
        log = None if error.log is None else error.log.decode("utf-8", "replace")
        return LuaError(self._convert.to_python(error.value), trace, log)

    def _cleanup_if_dropped(self) -> None:
        if self._chunks.any_dropped:
            self.cleanup_chunks()

    def _last_words(self, message: Message) -> int:
        self.connection.send(encode_for_responder(message))
        return self.connection.wait()
