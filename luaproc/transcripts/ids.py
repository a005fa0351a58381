"""The numbers of Lua functions, in a recording and on another server: which is which.

Each server numbers its functions as it likes. What PHP holds as function 12 may be function 9 elsewhere, so a number is
mapped when it first appears, and from then on both have to keep to it, until PHP lets go of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from luaproc.wire import expressions
from luaproc.wire.stack import Room
from luaproc.wire.values import MAX_LEVELS, FunctionRef, Value

UNUSED_ID_OFFSET = 1_000_000_000
"""Added to a number, it gives one that no server has reached."""


class UnknownFunction(Exception):
    """PHP uses a function that the other server has never given. `id`: its number in the recording."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.id = number


class Ids:
    """Numbers of the recording to numbers of the server, both ways."""

    def __init__(self) -> None:
        self._there: dict[int, int] = {}
        self._recorded: dict[int, int] = {}
        self._seen: set[int] = set()

    def see(self, value: Value) -> None:
        """Remember every function in a recorded value: one that is never matched is missed when PHP uses it."""
        self._seen.update(ref.id for ref in functions_in(value))

    def match(self, recorded: int, there: int) -> bool:
        """Whether the two can be the same function; from now on they are, if neither is another one already."""
        self._seen.add(recorded)
        if recorded not in self._there and there not in self._recorded:
            self._there[recorded], self._recorded[there] = there, recorded
        return self._there.get(recorded) == there

    def to_server(self, body: bytes) -> bytes:
        """A recorded body of PHP's with the server's numbers in it; the same bytes, if none is another.

        Raises UnknownFunction, and RemoteProtocolError for a body that is no expression.
        """
        message = expressions.loads(body)
        translated = _rebuilt(message, lambda ref: FunctionRef(self._number(ref.id)))
        if isinstance(message, dict):
            op = message.get(b"op")
            if op == b"call" and isinstance(message.get(b"id"), int):
                translated[b"id"] = self._number(message[b"id"])
            elif op == b"cleanupChunks" and isinstance(message.get(b"ids"), dict):
                kept = {number: keep for number, keep in message[b"ids"].items() if self._matters(number)}
                translated[b"ids"] = {self._there.get(number, number): keep for number, keep in kept.items()}
                self._keep({number for number, keep in kept.items() if keep is not None and keep is not False})
        return body if translated == message else expressions.dumps(translated)

    def recorded(self, there: int) -> int:
        """The recording's number for one of the server's; a negative one where there is none."""
        return self._recorded.get(there, -there)

    def to_recorded(self, value: Value) -> Value:
        """A server's value with the recording's numbers; a function that has none there gets a negative one."""
        return _rebuilt(value, lambda ref: FunctionRef(self.recorded(ref.id), ref.interpreter_id, ref.class_name))

    def _matters(self, number: object) -> bool:
        # PHP says which functions it keeps; one that this server never gave cannot be meant.
        return number in self._there or number not in self._seen

    def _number(self, recorded: int) -> int:
        if recorded in self._there:
            return self._there[recorded]
        if recorded in self._seen:
            raise UnknownFunction(recorded)
        # PHP has released this function, or never had it: here, too, the number must belong to no function.
        return recorded if recorded not in self._recorded else recorded + UNUSED_ID_OFFSET

    def _keep(self, recorded: set[object]) -> None:
        """What PHP lets go of may get another number when it comes again."""
        self._there = {number: there for number, there in self._there.items() if number in recorded}
        self._recorded = {there: number for number, there in self._there.items()}
        self._seen &= set(self._there)


def functions_in(value: Value) -> Iterator[FunctionRef]:
    """Every function in a value, in its order."""
    rest = [value]
    while rest:
        value = rest.pop()
        if isinstance(value, FunctionRef):
            yield value
        elif isinstance(value, (dict, tuple)):
            rest.extend(reversed(value.values() if isinstance(value, dict) else value))


def _rebuilt(value: Value, change: Callable[[FunctionRef], FunctionRef]) -> Value:
    """The value with every function in it changed."""
    with Room(MAX_LEVELS):
        return _changed(value, change)


def _changed(value: Value, change: Callable[[FunctionRef], FunctionRef]) -> Value:
    # No comprehension: it would be another frame a level.
    if isinstance(value, FunctionRef):
        return change(value)
    if isinstance(value, tuple):
        items = []
        for item in value:
            items.append(_changed(item, change))
        return tuple(items)
    if isinstance(value, dict):
        table = {}
        for key, item in value.items():
            table[key] = _changed(item, change)
        return table
    return value
