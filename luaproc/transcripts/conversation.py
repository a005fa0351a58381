"""Who answers whom: requests and replies of a transcript paired, with depth, times and names.

Each request is answered by exactly one reply, and before that the other side may ask something itself
(so Scribunto's own description of the protocol): so the requests that wait for an answer are a stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from luaproc.transcripts.reader import Event, RecordedFrame, Transcript
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.messages import (
    Call,
    CallbackId,
    Error,
    LoadString,
    Message,
    Quit,
    RegisterLibrary,
    Return,
    TestQuit,
    WrapPhpFunction,
    decode_from_host,
    decode_from_responder,
    op_name,
)
from luaproc.wire.values import FunctionRef, Value


@dataclass(slots=True)
class PlacedFrame:
    """One frame in its place, or bytes that are none.

    message: None where it cannot be understood; `problem` then says why. depth: how many requests are waiting when it
    comes, 0 for PHP's first. partner: the reply of a request, the request of a reply. inner: seconds of a request that
    went into requests of the other side's while it was being answered. name: of the function that is called, as far as
    it is known.
    """

    event: Event
    message: Message | None
    problem: str | None = None
    depth: int = 0
    partner: PlacedFrame | None = None
    inner: float = 0.0
    name: str = ""

    @property
    def is_request(self) -> bool:
        """Whether it demands a reply."""
        return self.message is not None and not isinstance(self.message, (Return, Error, Quit, TestQuit))

    @property
    def seconds(self) -> float | None:
        """From this request to its reply; None where there is none."""
        if not self.is_request or self.partner is None:
            return None
        return self.partner.event.seconds - self.event.seconds

    @property
    def own_seconds(self) -> float | None:
        """`seconds`, without what the other side took meanwhile."""
        return None if self.seconds is None else self.seconds - self.inner


@dataclass(slots=True)
class Times:
    """Where the time between the first frame and the last went, in seconds.

    lua: the server had something to do. php: PHP was answering Lua. waiting: PHP was elsewhere, and Lua waited for it.
    """

    lua: float = 0.0
    php: float = 0.0
    waiting: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.lua + self.php + self.waiting


@dataclass(slots=True)
class Use:
    """A function's share: calls, seconds of its own (without the other side's), the longest, bytes both ways."""

    name: str
    calls: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    size: int = 0


@dataclass(slots=True)
class Conversation:
    """A transcript's frames as steps, and what they sum up to."""

    transcript: Transcript
    steps: list[PlacedFrame] = field(default_factory=list)
    times: Times = field(default_factory=Times)
    php: dict[str, Use] = field(default_factory=dict)
    """By name, the PHP functions that Lua called."""
    lua: dict[str, Use] = field(default_factory=dict)
    """By name, what PHP asked of Lua."""


def follow(transcript: Transcript) -> Conversation:
    """Pair requests with replies. Takes whatever was recorded, and raises nothing."""
    conversation = Conversation(transcript)
    names = _Names()
    waiting: list[PlacedFrame] = []
    before: PlacedFrame | None = None
    for event in transcript.events:
        step = _step(event)
        _add_time(conversation.times, before, step, len(waiting))
        if isinstance(step.message, (Return, Error)):
            # A reply answers the other side's last request; what lies above that one was never answered.
            while waiting and step.partner is None:
                request = waiting.pop()
                if request.event.side != event.side:
                    _pair(request, step, waiting, conversation)
                    names.learn(request, step)
            if step.partner is None:
                step.problem = "a reply, and nothing was asked"
        step.depth = len(waiting)
        names.give(step)
        if step.is_request:
            waiting.append(step)
        conversation.steps.append(step)
        before = step
    return conversation


def _step(event: Event) -> PlacedFrame:
    if not isinstance(event, RecordedFrame):
        return PlacedFrame(event, None, getattr(event, "reason", None))
    try:
        return PlacedFrame(
            event, decode_from_host(event.body) if event.side == "host" else decode_from_responder(event.body)
        )
    except RemoteProtocolError as error:
        return PlacedFrame(event, None, str(error))


def _add_time(times: Times, before: PlacedFrame | None, step: PlacedFrame, waiting: int) -> None:
    if before is None:
        return
    passed = step.event.seconds - before.event.seconds
    if before.event.side == "host":
        times.lua += passed
    elif waiting:
        times.php += passed
    else:
        times.waiting += passed


def _pair(request: PlacedFrame, reply: PlacedFrame, waiting: list[PlacedFrame], conversation: Conversation) -> None:
    request.partner, reply.partner = reply, request
    reply.name = request.name
    passed, own = request.seconds or 0.0, request.own_seconds or 0.0
    if waiting:
        waiting[-1].inner += passed
    uses = conversation.lua if request.event.side == "host" else conversation.php
    use = uses.setdefault(request.name, Use(request.name))
    use.calls += 1
    use.seconds += own
    use.longest = max(use.longest, own)
    use.size += sum(len(step.event.body) for step in (request, reply) if isinstance(step.event, RecordedFrame))


class _Names:
    """What the functions of both sides are called, as far as the conversation tells."""

    def __init__(self) -> None:
        self.php: dict[CallbackId, str] = {}
        self.lua: dict[int, str] = {}

    def give(self, step: PlacedFrame) -> None:
        """Name what a request is about."""
        message = step.message
        if isinstance(message, Call) and step.event.side == "host":
            step.name = self.lua.get(message.id, f"function {message.id}") if isinstance(message.id, int) else "?"
        elif isinstance(message, Call):
            step.name = self.php.get(message.id) or _text(message.id)
        elif isinstance(message, RegisterLibrary):
            library = _text(message.name)
            step.name = f"registerLibrary {library}"
            for key, number in message.functions.items():
                self.php[number] = f"{library}.{_text(key)}"
        elif isinstance(message, LoadString):
            step.name = f"loadString {_chunk_name(message.chunk_name)}"
        elif isinstance(message, WrapPhpFunction):
            step.name = f"wrapPhpFunction {_text(message.id)}"
            self.php.setdefault(message.id, _text(message.id))
        elif message is not None and step.is_request:
            step.name = op_name(message)

    def learn(self, request: PlacedFrame, reply: PlacedFrame) -> None:
        """The names of the functions in a reply."""
        if not isinstance(reply.message, Return):
            return
        values = reply.message.values
        if isinstance(request.message, LoadString) and len(values) == 1 and isinstance(values[0], int):
            self.lua[values[0]] = _chunk_name(request.message.chunk_name)
        else:
            self._find(values, request.name)

    def _find(self, values: Sequence[Value], home: str) -> None:
        for value in values:
            if isinstance(value, FunctionRef):
                self.lua.setdefault(value.id, f"function from {home}")
            elif isinstance(value, dict):
                for key, item in value.items():
                    if isinstance(item, FunctionRef):
                        self.lua.setdefault(item.id, f"{home}: {_text(key)}")


def _chunk_name(name: bytes) -> str:
    """As Lua shows it in messages, shortened."""
    text = _text(name[1:] if name[:1] in (b"=", b"@") else name).split("\n")[0]
    return text if len(text) <= 60 else text[:57] + "..."


def _text(name: object) -> str:
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name)
