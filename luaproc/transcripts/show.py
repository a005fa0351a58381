"""A transcript as an indented conversation: who speaks, when, how much, and what."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from luaproc.errors import readable, visible
from luaproc.host import printing
from luaproc.host.errors import LuaError, ServerDied, TraceEntry
from luaproc.host.printing import values
from luaproc.transcripts.conversation import Conversation, PlacedFrame, Use
from luaproc.transcripts.reader import Closed, End, RecordedFrame
from luaproc.transcripts.summary import content, counted, data_of, duration, op, shortened, size
from luaproc.wire.messages import Call, Error, LoadString, Return

Paint = Callable[[str, str], str]
"""Text and the name of its role (a key of `COLOURS`) to text with colours."""

COLOURS = {"number": "2", "host": "36", "responder": "33", "error": "31;1", "request": "1", "reply": "", "times": "2"}
"""Role -> the parameters of its SGR escape sequence."""

_SPEAKERS = {"host": "PHP", "responder": "Lua"}
_INDENT = "  "
_DEEPEST = 20  # levels that are indented; beyond them the depth is a number


def plain(text: str, role: str) -> str:
    """A `Paint` without colours."""
    return text


def coloured(text: str, role: str) -> str:
    """A `Paint` for a terminal."""
    return printing.coloured(text, COLOURS[role])


def lines(conversation: Conversation, *, width: int = 120, full: bool = False, paint: Paint = plain) -> Iterator[str]:
    """The conversation, line by line: heading, frames, sums.

    width: characters in a line. full: every message as a whole, too. Control bytes come out escaped.
    """
    yield from heading(conversation)
    yield ""
    yield paint(f"{'line':>6} {'second':>10} {'after':>9} {'size':>9}", "number")
    before = 0.0
    for step in conversation.steps:
        yield line(step, width, paint, before)
        before = step.event.seconds
        if full:
            for text in whole(step):
                yield f"{'':37}{text}"
    if conversation.transcript.end:
        yield paint(f"{conversation.transcript.end.line:>6} {conversation.transcript.end.seconds:>10.6f}", "number") + (
            f"{'':23}{ending(conversation.transcript.end)}"
        )
    yield ""
    yield from sums(conversation)


def heading(conversation: Conversation) -> Iterator[str]:
    """What was recorded, and when."""
    transcript = conversation.transcript
    command = " ".join(transcript.command)
    yield visible(f"{transcript.path}: {command}")
    started = visible(transcript.started)
    yield f"started {started}, process {transcript.pid}, {counted(len(transcript.frames), 'frame')}"


def line(step: PlacedFrame, width: int, paint: Paint = plain, before: float | None = None) -> str:
    """One step on one line. before: when the step before it came, to show the time that passed."""
    event, kind = step.event, op(step)
    passed = "" if before is None else "+" + duration(event.seconds - before)
    start = f"{event.line:>6} {event.seconds:>10.6f} {passed:>9} "
    start += f"{'' if isinstance(event, Closed) else size(len(data_of(step))):>9}  "
    speaker = f"{_SPEAKERS[event.side]} "
    indent = _INDENT * step.depth if step.depth <= _DEEPEST else f"{_INDENT * _DEEPEST}({step.depth}) "
    took = _took(step)
    left = width - len(start) - len(speaker) - len(indent) - len(kind) - len(took) - 1
    role = "error" if isinstance(step.message, Error) or step.problem else "request" if step.is_request else "reply"
    text = paint(kind, role) + (f" {content(step, max(left, 20))}".rstrip())
    return paint(start, "number") + paint(speaker, event.side) + indent + text + paint(took, "times")


def _took(step: PlacedFrame) -> str:
    """Beside a reply that needed other requests: how long it took in all, and how much of it was this side's own."""
    request = step.partner
    if request is None or step.is_request or not request.inner:
        return ""
    return f"  [{duration(request.seconds or 0.0)}, {duration(request.own_seconds or 0.0)} of its own]"


def whole(step: PlacedFrame) -> Iterator[str]:
    """All of a message, on as many lines as it needs."""
    message = step.message
    if isinstance(message, LoadString):
        yield from readable(message.text).split("\n")
    elif isinstance(message, (Call, Return)):
        items = message.args if isinstance(message, Call) else message.values
        if items:
            yield from values(items).split("\n")
    elif isinstance(message, Error):
        yield from readable(str(LuaError(message.value)) if isinstance(message.value, bytes) else values(
            [message.value])).split("\n")  # fmt: skip
        for entry in message.trace or ():
            yield f"    {visible(str(TraceEntry.from_table(entry)))}"
    elif isinstance(step.event, RecordedFrame):
        yield visible(step.event.body)
    elif step.problem:
        yield visible(data_of(step))


def ending(end: End) -> str:
    """How the server ended, in words."""
    if end.returncode is None:
        return "the server ended, and nobody saw how"
    if end.returncode == 0:
        return "the server exited with status 0"
    if -end.returncode == 15:
        return "the server was ended by SIGTERM, as PHP ends one that it does not need any more"
    return str(ServerDied(end.returncode))


def sums(conversation: Conversation, most: int = 5) -> Iterator[str]:
    """Where the time went, and into which functions most of it."""
    times = conversation.times
    total = times.total or 1.0
    yield f"{duration(times.total)} between the first frame and the last: " + ", ".join(
        f"{name} {duration(seconds)} ({seconds / total:.0%})"
        for name, seconds in (("Lua", times.lua), ("PHP for Lua", times.php), ("waiting for PHP", times.waiting))
    )
    for title, uses in (("PHP functions that took most", conversation.php), ("Lua's work", conversation.lua)):
        if uses:
            yield f"{title}:"
            yield from (_use(use) for use in sorted(uses.values(), key=lambda use: -use.seconds)[:most])


def _use(use: Use) -> str:
    name = shortened(visible(use.name), 60)
    return f"    {duration(use.seconds):>9}  {use.calls:>6} ×  longest {duration(use.longest):>9}  {name}"
