"""Compares two messages of a responder's as structures.

What does not count: the order of tables (``pairs`` has none; but `values` and `args` have to come in order, PHP takes
them by position), the numbers of functions as long as they are used alike (see `ids`), what getStatus measured, and in
a trace the server's own frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from luaproc.host.printing import name, quote
from luaproc.transcripts.summary import brief
from luaproc.wire.errors import excerpt
from luaproc.wire.messages import Call, Error, GetStatus, LoadString, Message, Return, op_name
from luaproc.wire.values import FunctionRef, Table, Value

SHOWN = 200
"""Characters of a value in a `Difference`."""

# The reference server's two files. Ours leaves its own frames out.
_OWN_SOURCES = (b"MWServer.lua", b"mw_main.lua")


class Missing:
    """In the place of a value that is not there."""


MISSING = Missing()


class Found(NamedTuple):
    """One place at which two messages differ, as Lua would name it."""

    place: str
    recorded: Value | Missing
    came: Value | Missing


@dataclass(frozen=True, slots=True)
class Difference:
    """A `Found` for people. line: of the recording; 0 for its end."""

    line: int
    place: str
    recorded: str
    came: str


Match = Callable[[int, int], bool]
"""Whether a recorded function and the server's can be the same."""


def is_reply(message: Message) -> bool:
    """Whether it answers; otherwise it asks."""
    return isinstance(message, (Return, Error))


def compare(recorded: Message, came: Message, request: Message | None, match: Match) -> Iterator[Found]:
    """The places at which a server's message differs from the recorded one. request: what they answer, if they do."""
    if type(recorded) is not type(came):
        yield Found("the message", _title(recorded), _title(came))
    elif isinstance(recorded, Return) and isinstance(came, Return):
        if len(recorded.values) != len(came.values):
            yield Found("nvalues", len(recorded.values), len(came.values))
        if isinstance(request, LoadString) and len(recorded.values) == len(came.values) == 1:
            yield from _ids(recorded.values[0], came.values[0], match)
        elif not isinstance(request, GetStatus):
            yield from _lists("values", recorded.values, came.values, match)
    elif isinstance(recorded, Call) and isinstance(came, Call):
        if recorded.id != came.id:
            yield Found("id", recorded.id, came.id)
        if len(recorded.args) != len(came.args):
            yield Found("nargs", len(recorded.args), len(came.args))
        yield from _lists("args", recorded.args, came.args, match)
    elif isinstance(recorded, Error) and isinstance(came, Error):
        yield from _values("value", recorded.value, came.value, match)
        yield from _values("trace", _trace(recorded.trace), _trace(came.trace), match)
        if recorded.log != came.log:
            yield Found("log", *(MISSING if error.log is None else error.log for error in (recorded, came)))


def difference(line: int, found: Found) -> Difference:
    """A `Found` with its values shortened to where they differ."""
    place, recorded, came = found
    if len(place) > SHOWN:
        place = f"{place[: SHOWN // 2]}…{place[-SHOWN // 2 :]}"
    if isinstance(recorded, bytes) and isinstance(came, bytes):
        return Difference(line, place, *_texts(recorded, came))
    texts = [
        "nothing" if isinstance(value, Missing) else value if isinstance(value, str) else brief((value,), SHOWN)
        for value in (recorded, came)
    ]
    if texts[0] == texts[1]:  # 5 and 5.0: PHP has two types where Lua has one
        texts = [f"{text} ({type(value).__name__})" for text, value in zip(texts, (recorded, came), strict=True)]
    return Difference(line, place, *texts)


def _texts(recorded: bytes, came: bytes) -> tuple[str, str]:
    """Two strings from a little before the first byte that differs."""
    at = next(
        (n for n, (a, b) in enumerate(zip(recorded, came, strict=False)) if a != b), min(len(recorded), len(came))
    )
    start = max(0, at - 40) if max(len(recorded), len(came)) > SHOWN else 0
    before = f"from byte {start}: …" if start else ""

    def text(data: bytes) -> str:
        part = data[start : start + SHOWN]
        return f"{before}{quote(part)}{'…' if start + SHOWN < len(data) else ''} ({len(data)} bytes)"

    return text(recorded), text(came)


def _lists(name: str, recorded: tuple[Value, ...], came: tuple[Value, ...], match: Match) -> Iterator[Found]:
    for number in range(max(len(recorded), len(came))):
        yield from _values(f"{name}[{number + 1}]", _item(recorded, number), _item(came, number), match)


def _item(items: tuple[Value, ...], number: int) -> Value | Missing:
    return items[number] if number < len(items) else MISSING


def _values(place: str, recorded: Value | Missing, came: Value | Missing, match: Match) -> Iterator[Found]:
    rest = [(place, recorded, came)]
    while rest:
        place, recorded, came = rest.pop()
        if isinstance(recorded, dict) and isinstance(came, dict):
            keys = [*recorded, *(key for key in came if key not in recorded)]
            inner = [(place + _step(key), recorded.get(key, MISSING), came.get(key, MISSING)) for key in keys]
            rest.extend(reversed(inner))
        elif isinstance(recorded, FunctionRef) and isinstance(came, FunctionRef):
            if recorded.class_name != came.class_name:
                yield Found(f"{place}: class of the function", recorded.class_name, came.class_name)
            yield from _ids(recorded.id, came.id, match, place)
        elif type(recorded) is not type(came) or not _equal(recorded, came):
            yield Found(place, recorded, came)


def _equal(recorded: Value, came: Value) -> bool:
    if isinstance(recorded, float):  # nan is nan here, and 0 is not -0
        return repr(recorded) == repr(came)
    return bool(recorded == came)


def _ids(recorded: Value, came: Value, match: Match, place: str = "values[1]") -> Iterator[Found]:
    if type(recorded) is not int or type(came) is not int:
        yield from [] if recorded == came else [Found(place, recorded, came)]
    elif not match(recorded, came):
        yield Found(
            f"{place}: which function", f"function {recorded}", f"number {came}, which is another function here"
        )


def _trace(trace: tuple[Table, ...] | None) -> Value | Missing:
    """A trace without the frames that tell of the server and not of the modules.

    Those are the server's own, the C functions by which it enters and leaves Lua (xpcall, and error() itself), and tail
    calls: PUC Lua counts them, LuaJIT does not, and how many of them are the server's cannot be told.
    """
    if trace is None:
        return MISSING
    kept: list[Table] = []
    called: list[Table] = []  # C functions since the last frame of a module's
    for entry in trace:
        source, what = entry.get(b"short_src"), entry.get(b"what")
        if isinstance(source, bytes) and source.endswith(_OWN_SOURCES):
            called = []
        elif what == b"C" and (kept or entry.get(b"name") != b"error"):
            called.append(entry)
        elif what not in (b"C", b"tail"):
            kept += [*called, entry]
            called = []
    return dict(enumerate(kept, 1))


def _title(message: Message) -> str:
    if isinstance(message, Error):
        return f"error {brief((message.value,), SHOWN)}"
    if isinstance(message, Call):
        return f"call of {excerpt(message.id)} ({brief(message.args, SHOWN)})"
    return f"{op_name(message)} {brief(message.values, SHOWN)}" if isinstance(message, Return) else op_name(message)


def _step(key: object) -> str:
    text = name(key)
    return text if text.startswith("[") else f".{text}"
