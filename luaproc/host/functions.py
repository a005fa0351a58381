"""Lua functions in Python's hands, and the values of both sides made into each other's."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from luaproc.wire.errors import LocalProtocolError
from luaproc.wire.fast_path import FastReader, FastWriter, UnusualError
from luaproc.wire.stack import Room
from luaproc.wire.values import MAX_DEPTH, MAX_LEVELS, FunctionRef, Value


class HeldFunction:
    """A function in the server that Python holds. The members are those of `LuaFunction`."""

    __slots__ = ("__weakref__", "_call", "id", "name", "owner")

    def __init__(self, number: int, name: str | None, owner: object, call: Callable[..., Any]) -> None:
        self.id = number
        self.name = name
        self.owner = owner
        self._call = call

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}{'' if self.name is None else ' ' + self.name}>"


class LuaFunction(HeldFunction):
    """A function in the server, to be called like one of Python's; the result is the list of what it returned.

    While Python holds it, the server keeps it. The same Lua function is the same object.

    id: its number in the server's chunk table. name: the chunk name it was loaded under; None for a function
    that came as a value. owner: the `Interpreter` whose server has it.
    """

    __slots__ = ()

    def __call__(self, *args: Any) -> list[Any]:
        """Call it: see `Interpreter.call`."""
        result: list[Any] = self._call(self, *args)
        return result


class AsyncLuaFunction(HeldFunction):
    """A function of an `AsyncInterpreter`: ``await f(...)`` is the list of what it returned."""

    __slots__ = ()

    def __call__(self, *args: Any) -> Coroutine[Any, Any, list[Any]]:
        """Call it: see `AsyncInterpreter.call`."""
        result: Coroutine[Any, Any, list[Any]] = self._call(self, *args)
        return result


F = TypeVar("F", bound=HeldFunction)


class Chunks(Generic[F]):
    """Which of the server's functions Python still holds.

    make: gives the function of a number and a chunk name.
    """

    def __init__(self, make: Callable[[int, str | None], F]) -> None:
        self.in_python: WeakValueDictionary[int, F] = WeakValueDictionary()
        self._known: set[int] = set()
        self._make = make

    def get(self, number: int, name: str | None = None) -> F:
        """The function of that number."""
        function = self.in_python.get(number)
        if function is None:
            function = self.in_python[number] = self._make(number, name)
            self._known.add(number)
        return function

    @property
    def any_dropped(self) -> bool:
        """Whether the server still keeps a function that Python let go of."""
        return len(self.in_python) != len(self._known)

    def kept(self) -> frozenset[int]:
        """The numbers that the server has to keep; all others count as cleaned up from now on."""
        self._known = set(self.in_python.keys())
        return frozenset(self._known)


class Converter:
    """Values between Python and the wire.

    To Lua: None, bool, int, float, str, bytes, any Mapping, list and tuple (numbered from 1), `LuaFunction`.
    From Lua: None, bool, int, float, dict, list, `LuaFunction`, and strings as str.

    encoding: of strings, both ways; None leaves strings as bytes, keys included. errors: what becomes of bytes that
    are not valid in it, and of characters that it does not have, as for `open`: with "surrogateescape" such bytes
    become lone surrogates and go back as they came, so nothing is lost. lists: a table with the keys 1 to n, and n at
    least 1, becomes a list; False makes every table a dict.
    """

    def __init__(
        self,
        chunks: Chunks[Any],
        owner: object,
        encoding: str | None,
        lists: bool,
        errors: str = "surrogateescape",
    ) -> None:
        self._chunks = chunks
        self._owner = owner
        self._encoding = encoding
        self._lists = lists
        self._errors = errors
        self.reader = FastReader(self._decoded, lists, lambda number, *_: chunks.get(number))
        """The fast path of `to_python`."""
        plain = encoding is None or (_is_utf8(encoding) and errors == "surrogateescape")
        self.writer = FastWriter(self._function) if plain else None
        """The fast path of `to_wire`, for strings in UTF-8 of which nothing is lost."""

    def _decoded(self, text: bytes) -> Any:
        return text if self._encoding is None else text.decode(self._encoding, self._errors)

    def _function(self, value: Any) -> str:
        if isinstance(value, HeldFunction) and value.owner is self._owner:
            return f"chunks[{value.id}]"
        raise UnusualError

    def text(self, text: str | bytes) -> bytes:
        """A string as it travels."""
        if isinstance(text, bytes):
            return text
        try:
            return text.encode(self._encoding or "utf-8", self._errors)
        except UnicodeEncodeError as error:
            raise LocalProtocolError(f"a str that cannot be {error.encoding}: {text!r:.60}") from None

    def name(self, value: str | bytes) -> str:
        """The name of a module that Lua asks for, as text."""
        return value if isinstance(value, str) else value.decode("utf-8", "replace")

    def to_wire(self, value: Any, level: int = 0) -> Value:
        """A Python value as the wire's. Raises LocalProtocolError for a type that Lua does not have."""
        if isinstance(value, str):
            return self.text(value)
        if level > MAX_DEPTH:
            raise LocalProtocolError(f"a value of more than {MAX_DEPTH} levels of tables, or inside itself")
        if isinstance(value, Mapping):
            return {
                self.text(key) if isinstance(key, str) else key: self.to_wire(item, level + 1)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.to_wire(item, level + 1) for item in value]
        if isinstance(value, HeldFunction):
            return FunctionRef(self.number(value))
        if callable(value):
            raise LocalProtocolError("a Python callable cannot be sent to Lua: wrap_php_function() makes it a function")
        return value

    def number(self, function: HeldFunction) -> int:
        """The function's number. Raises LocalProtocolError if another interpreter's server has it."""
        if not isinstance(function, HeldFunction):
            raise LocalProtocolError(f"expected a LuaFunction, got {function!r:.60}")
        if function.owner is not self._owner:
            raise LocalProtocolError(f"{function!r} belongs to another interpreter")
        return function.id

    def to_python(self, value: Value) -> Any:
        """A value that came from the server."""
        with Room(MAX_LEVELS):
            return self._python(value)

    def _python(self, value: Value) -> Any:
        if isinstance(value, bytes):
            return self._decoded(value)
        if isinstance(value, FunctionRef):
            return self._chunks.get(value.id)
        if not isinstance(value, dict):
            return value
        # No comprehension: it would be another frame a level.
        if self._lists and value and all(index in value for index in range(1, len(value) + 1)):
            items = []
            for index in range(1, len(value) + 1):
                items.append(self._python(value[index]))
            return items
        table = {}
        for key, item in value.items():
            table[self._python(key)] = self._python(item)
        return table


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
