"""The host's half of the wire in one pass: the frequent messages, and no more.

A callback from Lua costs the host two messages: a call is read, a return is written. Step by step (bytes, wire values,
typed message, Python's values) that is 65 us of CPU; read and written in one pass, 15 us, of which the codec has 5.
What is read or written here is what the long way reads or writes, byte for byte and type for type
(tests/wire/test_fast_path.py); and everything unusual (another order of fields, subclasses, errors of any kind) is
left to it: None is the answer then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from luaproc.wire.values import EXACT_INT, MAX_INT, MIN_INT, Key

# How our responder begins its messages. Scribunto's often does, too: the order of its fields is that of a hash table.
_CALL = b'a:4:{s:2:"op";s:4:"call";s:2:"id";'
_RETURN = b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";'
_NARGS, _ARGS, _VALUES = b's:5:"nargs"', b's:4:"args"', b's:6:"values"'

_REMEMBERED = 2000  # tokens; names and small numbers repeat, and what does not repeat makes room at times
_SHORT = 48  # bytes of a token that may be remembered
_LEVELS = 100  # of tables, more are left to the long way

_NOTHING = object()
_DOUBLE = frozenset(b"0123456789+-.eE")


def is_return(body: bytes) -> bool:
    """Whether a body (still escaped) is a reply in the usual order of its fields."""
    return body.startswith(_RETURN)


class UnusualError(Exception):
    """This message is for the long way. Callables that this module is given may raise it; the module catches it."""


class FastCall(NamedTuple):
    """A call from Lua: the id as it was registered, the arguments as Python's values."""

    id: bytes | int
    args: list[Any]


class FastReturn(NamedTuple):
    """A reply: its values as Python's."""

    values: list[Any]


class FastReader:
    """Reads serialized text by cutting it at its semicolons, since tokens repeat and can be looked up whole.

    text: what is made of a string. lists: whether a table with the keys 1 to n (n at least 1) becomes a list.
    function: what is made of a function object, from its number, its interpreter's and its class.
    """

    __slots__ = ("_function", "_heads", "_ids", "_keys", "_lists", "_text", "_values")

    def __init__(self, text: Callable[[bytes], Any], lists: bool, function: Callable[[int, int, bytes], Any]) -> None:
        self._text = text
        self._lists = lists
        self._function = function
        self._keys: dict[bytes, Any] = {}
        self._values: dict[bytes, Any] = {}
        self._ids: dict[bytes, bytes | int] = {}
        self._heads: dict[bytes, tuple[bytes | int | None, list[bytes]]] = {}
        """All up to a list's values, as it was read before -> the id (None for a return), and the list's keys."""

    def remember(self, other: FastReader) -> None:
        """Share what another reader has read before: texts and their values, which are the same for both."""
        self._keys, self._values, self._ids, self._heads = other._keys, other._values, other._ids, other._heads

    def call(self, body: bytes) -> FastCall | None:
        """`message`, but of calls alone: a return is not looked at."""
        found = self.message(body) if body.startswith(_CALL) else None
        return found if type(found) is FastCall else None

    def message(self, body: bytes) -> FastCall | FastReturn | None:
        """The message of a body (still escaped) if it is a call or a return as our responder writes them."""
        if body.startswith(_CALL):
            start = len(_CALL)
        elif body.startswith(_RETURN):
            start = len(_RETURN)
        else:
            return None
        if b"\\" in body:
            # A pair of backslashes hides what follows it.
            parts = [part.replace(b"\\r", b"\r").replace(b"\\n", b"\n") for part in body.split(b"\\\\")]
            if b"\r" in body or b"\n" in body or any(b"\\" in part for part in parts):
                return None
            body = b"\\".join(parts)
        elif b"\n" in body or b"\r" in body:
            return None
        if body[-2:] != b"}}":
            return None
        head = body[: body.find(b"{", start) + 1]
        known = self._heads.get(head)
        try:
            if known is not None:
                number, keys = known
                values = self._scalars(body[len(head) : -2].split(b";"), keys)
                if values is not None:
                    return FastReturn(values) if number is None else FastCall(number, values)
            tokens = iter(body[start:-1].split(b";"))
            if start == len(_RETURN):
                values = self._list(next(tokens), next(tokens), _VALUES, tokens)
                self._know(head, None, _RETURN + b"i:%d;%b" % (len(values), _VALUES), len(values))
                return FastReturn(values)
            token = next(tokens)
            number = self._ids.get(token)
            if number is None:
                if len(self._ids) >= _REMEMBERED:
                    self._ids.clear()
                number, whole = (_integer(token), True) if token[:2] == b"i:" else _string(token, tokens)
                if whole:
                    self._ids[token] = number
            if next(tokens) != _NARGS:
                return None
            values = self._list(next(tokens), next(tokens), _ARGS, tokens)
            self._know(head, number, _CALL + b"%b;%b;i:%d;%b" % (token, _NARGS, len(values), _ARGS), len(values))
            return FastCall(number, values)
        except (UnusualError, ValueError, IndexError, StopIteration):
            return None

    def _know(self, head: bytes, number: bytes | int | None, before: bytes, count: int) -> None:
        """Remember what a head says, if its list has all of its values and no name in it is cut at a semicolon."""
        if head == before + b";a:%d:{" % count and len(head) < 2 * _SHORT + len(_CALL):
            if len(self._heads) >= _REMEMBERED:
                self._heads.clear()
            self._heads[head] = number, [b"i:%d" % index for index in range(1, count + 1)]

    def _scalars(self, tokens: list[bytes], keys: list[bytes]) -> list[Any] | None:
        """The values of a list of scalars; None where there are tables, semicolons, or other keys."""
        if len(tokens) != 2 * len(keys) + 1 or tokens[-1] or tokens[:-1:2] != keys:
            return None
        found: list[Any] = []
        memory = self._values
        for token in tokens[1::2]:
            value = memory.get(token, _NOTHING)
            if value is _NOTHING:
                colon = token.find(b':"', 2)
                digits = token[2:colon]
                if colon > 0 and token[:2] == b"s:" and digits.isdigit() and len(token) == colon + 3 + int(digits):
                    if token[-1:] != b'"':
                        raise UnusualError
                    value = self._text(token[colon + 2 : -1])
                    _remember(memory, token, value)
                elif token[:2] in _OPENINGS:
                    return None
                else:
                    value = self._value(token, iter(()))
            found.append(value)
        return found

    def value(self, data: bytes) -> Any:
        """The value of a serialized array, a dict at the outermost level; None for anything unusual."""
        try:
            return self._table(iter(data.split(b";")))
        except (UnusualError, ValueError, IndexError, StopIteration):
            return None

    def _list(self, count: bytes, name: bytes, expected: bytes, tokens: Iterator[bytes]) -> list[Any]:
        wanted = _integer(count)
        if name != expected:
            raise UnusualError
        found = self._table(tokens)
        if wanted == len(found):
            if [*found] == [*range(1, wanted + 1)]:
                return [*found.values()]
        elif not len(found) < wanted < 1000:
            raise UnusualError
        for key in found:
            if type(key) is not int or not 0 < key <= wanted:
                raise UnusualError
        return [found.get(index) for index in range(1, wanted + 1)]

    def _table(self, tokens: Iterator[bytes]) -> dict[Any, Any]:
        """The array that all of the tokens are."""
        keys, values = self._keys, self._values
        outer: list[tuple[dict[Any, Any], Any, int, bytes | None]] = []
        table: dict[Any, Any] = {}
        key: Any = 0
        rest, count, name = _opening(next(tokens))
        if name is not None:
            raise UnusualError
        while True:
            # A key, or the end of tables before it.
            while (key := keys.get(rest, _NOTHING)) is _NOTHING:
                if rest[:1] != b"}":
                    key = self._key(rest, tokens)
                    break
                if len(table) != count:
                    raise UnusualError
                rest = rest[1:]
                if not outer:
                    if rest or next(tokens, None) is not None:
                        raise UnusualError
                    return table
                made = self._made(table, name)
                table, key, count, name = outer.pop()
                table[key] = made
            # Its value, or the beginning of a table.
            token = next(tokens)
            value = values.get(token, _NOTHING)
            if value is not _NOTHING:
                table[key] = value
            elif token[:2] in _OPENINGS:
                if len(outer) >= _LEVELS:
                    raise UnusualError
                outer.append((table, key, count, name))
                table = {}
                rest, count, name = _opening(token)
                continue
            else:
                table[key] = self._value(token, tokens)
            rest = next(tokens)

    def _made(self, table: dict[Any, Any], name: bytes | None) -> Any:
        """What a table becomes that is complete."""
        if name is not None:
            number, interpreter = table.get(self._text(b"id")), table.get(self._text(b"interpreterId"))
            if len(table) != 2 or type(number) is not int or type(interpreter) is not int:
                raise UnusualError
            return self._function(number, interpreter, name)
        if self._lists and 1 in table and len(table) in table:
            last = len(table)
            if [*table] == [*range(1, last + 1)]:
                return [*table.values()]
            if all(index in table for index in range(1, last + 1)):
                return [table[index] for index in range(1, last + 1)]
        return table

    def _key(self, token: bytes, tokens: Iterator[bytes]) -> Any:
        if token[:2] == b"i:":
            key, whole = _integer(token), True
        else:
            text, whole = _string(token, tokens)
            # PHP has an integer for some strings of digits.
            if text[-1:].isdigit() and (text[:1].isdigit() or text[:1] == b"-"):
                raise UnusualError
            key = self._text(text)
        if whole:
            _remember(self._keys, token, key)
        return key

    def _value(self, token: bytes, tokens: Iterator[bytes]) -> Any:
        kind = token[:2]
        whole = True
        value: Any
        if kind == b"s:":
            text, whole = _string(token, tokens)
            value = self._text(text)
        elif kind == b"i:":
            value = _integer(token)
        elif kind == b"d:":
            if not _DOUBLE.issuperset(token[2:]) and token not in (b"d:INF", b"d:-INF", b"d:NAN"):
                raise UnusualError
            value = float(token[2:])
        elif token in _CONSTANTS:
            value = _CONSTANTS[token]
        else:
            raise UnusualError
        if whole:
            _remember(self._values, token, value)
        return value


_CONSTANTS = {b"N": None, b"b:0": False, b"b:1": True}
_OPENINGS = frozenset((b"a:", b"O:"))


def _remember(memory: dict[bytes, Any], token: bytes, value: Any) -> None:
    if len(token) < _SHORT:
        if len(memory) >= _REMEMBERED:
            memory.clear()
        memory[token] = value


def _integer(token: bytes) -> int:
    digits = token[2:]
    if not (digits.isdigit() or (digits[:1] == b"-" and digits[1:].isdigit())) or len(digits) > 20:
        raise UnusualError
    if token[:2] != b"i:":
        raise UnusualError
    return int(digits)


def _string(token: bytes, tokens: Iterator[bytes]) -> tuple[bytes, bool]:
    """The string that begins with the token, and whether it ends there: a string with semicolons is several."""
    colon = token.index(b":", 2)
    digits = token[2:colon]
    if token[:2] != b"s:" or not digits.isdigit() or token[colon + 1 : colon + 2] != b'"':
        raise UnusualError
    end = colon + 3 + int(digits)  # of the token with its quotes
    whole = len(token) == end
    if not whole:
        token = _joined(token, end, tokens)
    if len(token) != end or token[-1:] != b'"':
        raise UnusualError
    return token[colon + 2 : -1], whole


def _joined(token: bytes, end: int, tokens: Iterator[bytes]) -> bytes:
    """The token and what follows it, until it is as long as it says: its semicolons are the string's own."""
    parts, length = [token], len(token)
    while length < end:
        part = next(tokens)
        parts.append(part)
        length += len(part) + 1
    return b";".join(parts)


def _opening(token: bytes) -> tuple[bytes, int, bytes | None]:
    """What follows the opening of an array or object, its count of fields, and an object's class."""
    name = None
    head, brace, rest = token.partition(b"{")
    parts = head.split(b":")
    if parts[0] == b"O" and len(parts) == 5 and len(parts[2]) > 2:
        name = parts[2][1:-1]
        if parts[2] != b'"%b"' % name or parts[1] != b"%d" % len(name):
            raise UnusualError
        digits = parts[3]
    elif parts[0] == b"a" and len(parts) == 3:
        digits = parts[1]
    else:
        raise UnusualError
    if not brace or parts[-1] or not digits.isdigit() or len(digits) > 9:
        raise UnusualError
    return rest, int(digits), name


class FastWriter:
    """Writes calls and returns as expressions, of Python's own types alone.

    other: the expression of a value of another type; raises UnusualError.
    """

    __slots__ = ("_keys", "_other")

    def __init__(self, other: Callable[[Any], str]) -> None:
        self._other = other
        self._keys: dict[Key | str, str] = {}

    def returned(self, values: tuple[Any, ...]) -> bytes | None:
        """The body of a return with these values."""
        try:
            return f'{{["op"]="return",["nvalues"]={len(values)},["values"]={self._list(values)}}}'.encode("latin-1")
        except (UnusualError, ValueError):
            return None

    def called(self, number: int, args: tuple[Any, ...]) -> bytes | None:
        """The body of a call of the Lua function of that number."""
        try:
            return f'{{["op"]="call",["id"]={number},["nargs"]={len(args)},["args"]={self._list(args)}}}'.encode(
                "latin-1"
            )
        except (UnusualError, ValueError):
            return None

    # Text is put together with one character for each byte.

    def _list(self, values: tuple[Any, ...]) -> str:
        if not values:
            return "{}"
        if len(values) == 1:
            return f"{{[1]={self._value(values[0], 0)}}}"
        out = []
        for index, value in enumerate(values, 1):
            out.append(f"[{index}]={self._value(value, 0)}")
        return "{" + ",".join(out) + "}"

    def _value(self, value: Any, level: int) -> str:
        kind = type(value)
        if kind is str:
            return _quoted(value)
        if kind is int:
            if MIN_INT <= value <= MAX_INT:
                return str(value)
            raise UnusualError
        if kind is bool:
            return "true" if value else "false"
        if value is None:
            return "nil"
        if kind is dict or kind is list or kind is tuple:
            if not value:
                return "{}"
            if level >= _LEVELS // 2:
                raise UnusualError
            return self._fields(value, level + 1) if kind is dict else self._items(value, level + 1)
        if kind is float:
            if value - value == 0.0:
                return f"{value:.17g}"
            return "(1/0)" if value > 0 else "(-1/0)" if value < 0 else "(0/0)"
        if kind is bytes:
            return _escaped(value.decode("latin-1"))
        return self._other(value)

    def _items(self, values: Iterable[Any], level: int) -> str:
        out = []
        index = 1
        for value in values:
            out.append(f"[{index}]={self._value(value, level)}")
            index += 1
        return "{" + ",".join(out) + "}"

    def _fields(self, table: dict[Any, Any], level: int) -> str:
        out = []
        keys = self._keys
        for key, value in table.items():
            kind = type(key)
            if kind is str:
                before = keys.get(key)
                if before is None:
                    before = self._key(key)
            elif kind is int and -EXACT_INT <= key <= EXACT_INT:
                before = f"[{key}]="
            else:
                raise UnusualError
            kind = type(value)
            # What tables hold most: no further call for it.
            if kind is str and value.isalnum() and value.isascii():
                out.append(f'{before}"{value}"')
            elif kind is int and -EXACT_INT <= value <= EXACT_INT:
                out.append(f"{before}{value}")
            else:
                out.append(before + self._value(value, level))
        return "{" + ",".join(out) + "}"

    def _key(self, key: str) -> str:
        # Two keys are two keys: a lone surrogate and a letter may be the same bytes.
        text = f"[{_escaped(key.encode().decode('latin-1'))}]="
        if len(key) < _SHORT:
            if len(self._keys) >= _REMEMBERED:
                self._keys.clear()
            self._keys[key] = text
        return text


def _quoted(text: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("latin-1")
    elif text.isalnum():
        return f'"{text}"'
    return _escaped(text)


def _escaped(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if '"' in text:
        text = text.replace('"', '\\"')
    if "\n" in text:
        text = text.replace("\n", "\\n")
    if "\r" in text:
        text = text.replace("\r", "\\r")
    if "\0" in text:
        text = text.replace("\0", "\\000")
    return f'"{text}"'
