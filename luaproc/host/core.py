"""PHP's part of the conversation without any I/O: what is asked, and how Lua's calls are answered.

Every method here that talks to the server is a generator of `Step`s. `Interpreter` takes the steps by waiting for
each, `AsyncInterpreter` by letting others run meanwhile; what is asked and answered is the same, since it stands here
alone.
"""

from __future__ import annotations

import codecs
import os
from collections import abc
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from luaproc.host.errors import LuaError, TraceEntry
from luaproc.host.functions import Chunks, Converter, HeldFunction
from luaproc.host.process import ServerProcess
from luaproc.host.sources import Sources
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
    RegisterLibrary,
    Return,
    WrapPhpFunction,
    decode_from_responder,
    encode_for_responder,
)
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

Fallback = Callable[[str, list[Any], int], Any]
"""Answers for functions that were registered as None, and for ids that were never registered (the name is the id then).

It gets the function's name, the arguments and the depth of the call (1 for the first); it answers as a
`PhpFunction` does.
"""


class Answering(NamedTuple):
    """A step: call the function, and go on with its result, or with the Exception that it raised."""

    function: Callable[..., Any]
    args: Sequence[Any]


class Failed(NamedTuple):
    """What comes back for a body whose sender answered calls of Lua's itself, when a callable raised an Exception."""

    error: Exception


Step = bytes | Answering
"""Bytes are a body to send, and the body of the server's next frame (or a `Failed`) is what comes back for it."""

T = TypeVar("T")
Steps = Generator[Step, Any, T]

F = TypeVar("F", bound=HeldFunction)

# `require` from Python: the function that gets each module's chunk is the argument.
REQUIRE = """
local load = ...
local loaded = {}
local begun = {}
function require( name )
	if type( name ) == 'number' then
		name = tostring( name )
	elseif type( name ) ~= 'string' then
		error( "bad argument #1 to 'require' (string expected, got " .. type( name ) .. ")", 2 )
	end
	local found = loaded[name]
	if found == begun then
		error( "loop or previous error loading module '" .. name .. "'", 2 )
	end
	if found == nil then
		local chunk = load( name )
		if chunk == nil then
			error( "module '" .. name .. "' not found", 2 )
		end
		loaded[name] = begun
		found = chunk( name )
		if found == nil then
			found = true
		end
		loaded[name] = found
	end
	return found
end
"""


@dataclass(frozen=True, slots=True)
class Status:
    """What getStatus tells: `time` of the processor in clock ticks, `vsize` and `rss` in bytes; None if missing."""

    pid: int | None
    time: int | None
    vsize: int | None
    rss: int | None


def must_be(value: object, kinds: Any, name: str, expected: str) -> None:
    """Raises TypeError, naming the argument, for a value of no such type."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}")


_PATH = ((str, os.PathLike), "a path or None")
_CALLABLE = ((abc.Callable,), "a callable or None")
_NUMBER = ((int,), "a number or None")

# Option -> of which types its value is, unless it is None.
_OPTIONS: dict[str, tuple[tuple[Any, ...], str]] = {
    "timeout": ((int, float), "a number or None"),
    "cpu_limit": _NUMBER,
    "memory_limit": _NUMBER,
    "encoding": ((str,), "str, or None for bytes"),
    "fallback": _CALLABLE,
    "on_frame": _CALLABLE,
    "on_interrupt": _CALLABLE,
    "setup": _CALLABLE,
    "stderr": _PATH,
    "env": ((Mapping,), "a mapping or None"),
    "cwd": _PATH,
}


def check_options(**options: object) -> None:
    """Raises TypeError for an option of a wrong type, and LookupError for an encoding or a handler of errors that
    Python does not have."""
    for name, value in options.items():
        kinds, expected = _OPTIONS.get(name, ((str,), "str"))
        if value is None and name in _OPTIONS:
            continue
        if not isinstance(value, kinds) or (isinstance(value, bool) and int in kinds):
            raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}")
    if isinstance(encoding := options.get("encoding"), str):
        codecs.lookup(encoding)
    if isinstance(errors := options.get("errors"), str):
        codecs.lookup_error(errors)


class ProtocolCore(Generic[F]):
    """The state of a conversation with one server, and the steps of everything that can be asked of it."""

    connection: ServerProcess

    def __init__(
        self, function: Callable[[int, str | None], F], encoding: str | None, errors: str, lists: bool, fallback: Any
    ) -> None:
        self.fallback = fallback
        self.depth = 0
        """How many of Lua's calls are being answered at this moment."""
        self._chunks: Chunks[F] = Chunks(function)
        self._convert = Converter(self._chunks, self, encoding, lists, errors)
        self._callbacks: dict[CallbackId, tuple[str, PhpFunction | None]] = {}
        self._registrations = 0
        self._unanswered = 0  # requests on the wire: the server's next frame belongs to the last of them
        self._violation: RemoteProtocolError | None = None  # of the server: nothing after it can be understood
        self._sources = Sources()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} pid {self.connection.pid}{'' if self.connection.alive else ', ended'}>"

    @property
    def functions(self) -> dict[int, F]:
        """The Lua functions that Python holds, by their numbers."""
        return dict(sorted(self._chunks.in_python.items()))

    def convert(self, values: Sequence[Value]) -> list[Any]:
        """The values of a `request` as Python's."""
        return [self._convert.to_python(value) for value in values]

    # -- what can be asked

    def _loading(self, text: str | bytes, chunk_name: str | bytes) -> Steps[F]:
        must_be(text, (str, bytes), "text", "Lua code as str or bytes")
        must_be(chunk_name, (str, bytes), "chunk_name", "str or bytes")
        code, name = self._convert.text(text), self._convert.text(chunk_name)
        yield from self._cleaning_if_dropped()
        self._sources.add(name, code)
        values = yield from self._requesting(encode_for_responder(LoadString(code, name)))
        if len(values) != 1 or not isinstance(values[0], int):
            raise self._wrong("loadString", "one id", values)
        return self._chunks.get(values[0], name.decode("utf-8", "replace"))

    def _calling(self, function: F, args: tuple[Any, ...], cleans: bool = True) -> Steps[list[Any]]:
        must_be(function, HeldFunction, "function", "a LuaFunction, as load_string gives it")
        number = self._convert.number(function)
        if cleans and self._chunks.any_dropped:
            yield from self._cleaning_if_dropped()
        body = self._convert.writer.called(number, args) if self._convert.writer else None
        if body is None:
            body = encode_for_responder(Call(number, tuple(self._convert.to_wire(arg) for arg in args)))
        reply = yield from self._exchanging(body)
        return reply.values if isinstance(reply, FastReturn) else self.convert(reply.values)

    def _registering(self, name: str, functions: Mapping[str, PhpFunction | None]) -> Steps[None]:
        must_be(name, str, "name", "str")
        must_be(functions, Mapping, "functions", "a mapping of names to callables")
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
        yield from self._requesting(encode_for_responder(RegisterLibrary(self._convert.text(name), ids)))

    def _wrapping(self, function: PhpFunction | None, name: str) -> Steps[F]:
        must_be(function, (abc.Callable, type(None)), "function", "a callable or None")
        must_be(name, str, "name", "str")
        self._registrations += 1
        number = f"anonymous*{self._registrations}".encode()
        self._callbacks[number] = (name, function)
        values = yield from self._requesting(encode_for_responder(WrapPhpFunction(number)))
        if len(values) != 1 or not isinstance(values[0], FunctionRef):
            raise self._wrong("wrapPhpFunction", "one function", values)
        return self._chunks.get(values[0].id, name)

    def _asking_status(self) -> Steps[Status | None]:
        values = yield from self._requesting(encode_for_responder(GetStatus()))
        if not values or not isinstance(values[0], dict):
            return None
        found = [values[0].get(key) for key in (b"pid", b"time", b"vsize", b"rss")]
        return Status(*(int(value) if isinstance(value, (int, float)) else None for value in found))

    def _cleaning(self) -> Steps[None]:
        yield from self._requesting(encode_for_responder(CleanupChunks(self._chunks.kept())))

    def _cleaning_if_dropped(self) -> Steps[None]:
        if self._chunks.any_dropped:
            yield from self._cleaning()

    def _requesting(self, body: bytes) -> Steps[tuple[Value, ...]]:
        must_be(body, bytes, "body", "an expression as bytes")
        reply = yield from self._exchanging(body, wire=True)
        assert isinstance(reply, Return)
        return reply.values

    # -- how it goes on the wire

    def _exchanging(self, body: bytes, wire: bool = False) -> Steps[Return | FastReturn]:
        """The reply to a request, and Lua's calls answered meanwhile. `wire`: with values of the wire."""
        if not 0 < len(body) <= MAX_BODY:
            encode_frame(body)  # raises for what has no frame, before anything is sent
        raised: Exception | None = None
        self._unanswered += 1
        while True:
            reply = yield body
            if type(reply) is Failed:
                body, bug = self._failure(reply.error)
            else:
                message = self._read(reply, wire)
                if not isinstance(message, (FastCall, Call)):
                    break
                body, bug = yield from self._answering(message)
            raised = bug or raised
        self._unanswered -= 1
        if raised is not None:
            raise raised
        if isinstance(message, Error):
            raise self._lua_error(message)
        assert isinstance(message, (FastReturn, Return))
        return message

    def _read(self, body: bytes, wire: bool) -> Message | FastCall | FastReturn:
        # As values of the wire a reply makes no `LuaFunction`: an object without a holder would be cleaned up at once.
        message = None if wire and is_return(body) else self._convert.reader.message(body)
        try:
            return decode_from_responder(body) if message is None else message
        except RemoteProtocolError as error:
            self._violation = error
            raise

    def _wrong(self, op: str, expected: str, values: Sequence[Value]) -> RemoteProtocolError:
        self._violation = RemoteProtocolError(f"expected {op} to return {expected}, got {excerpt(values)}")
        return self._violation

    def _answering(self, call: FastCall | Call) -> Generator[Step, Any, tuple[bytes, Exception | None]]:
        """The answer to a call of Lua's; and the exception that has to be raised on this side once Lua is through."""
        self.depth += 1
        try:
            return self._returned((yield self._called(call))), None
        except Exception as error:
            return self._failure(error)
        finally:
            self.depth -= 1

    def _answer(self, body: bytes) -> bytes | None:
        """The answer to a frame that is a call as our responder writes it, of a callable that is waited for.

        None for every other frame: `_answering` answers these. Raises whatever the callable raises.
        """
        call = self._convert.reader.call(body)
        if call is None:
            return None
        known = self._callbacks.get(call.id)
        if known is None or known[1] is None or self.depth >= MAX_NESTING:
            return None
        self.depth += 1
        try:
            return self._returned(known[1](*call.args))
        finally:
            self.depth -= 1

    def _returned(self, values: Any) -> bytes:
        """What a callable returned as the body of the answer."""
        if values is None:
            values = ()
        elif not isinstance(values, tuple):
            values = (values,)
        body = self._convert.writer.returned(values) if self._convert.writer else None
        if body is None:
            body = encode_for_responder(Return(tuple(self._convert.to_wire(value) for value in values)))
        return body

    def _failure(self, error: Exception) -> tuple[bytes, Exception | None]:
        """The answer to a call whose callable raised: see `PhpFunction`."""
        if isinstance(error, LuaError):
            # Lua puts the position of its own calling line before the message: PHP sends it without one, too.
            value = error.message if isinstance(error.value, (str, bytes)) else error.value
            return self._error_body(value), None
        if not self.connection.alive:
            raise error
        return self._error_body(f"{type(error).__name__} in the Python callable: {error}"), error

    def _called(self, call: FastCall | Call) -> Answering:
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
            return Answering(function, args)
        if self.fallback is None:
            raise LuaError(f"no Python callable answers for {name}")
        return Answering(self.fallback, (name, args, self.depth))

    def _error_body(self, value: object) -> bytes:
        try:
            return encode_for_responder(Error(self._convert.to_wire(value)))
        except LocalProtocolError as error:
            return encode_for_responder(Error(str(error).encode("utf-8", "replace")))

    def _lua_error(self, error: Error) -> LuaError:
        trace = tuple(self._sources.with_line(TraceEntry.from_table(entry)) for entry in error.trace or ())
        log = None if error.log is None else error.log.decode("utf-8", "replace")
        try:
            value = self._convert.to_python(error.value)
        except UnicodeDecodeError:  # errors="strict"; what went wrong in Lua is the better news
            value = error.value
        found = LuaError(value, trace, log)
        found.source_line = self._sources.line(found.module, found.line)
        return found


def file_text(path: str | os.PathLike[str], chunk_name: str | bytes | None) -> tuple[bytes, str | bytes]:
    """What `load_file` loads, and under which name. Raises TypeError, and OSError where it cannot be read."""
    must_be(path, (str, os.PathLike), "path", "str or a path")
    with open(path, "rb") as file:
        return file.read(), f"@{os.fspath(path)}" if chunk_name is None else chunk_name
