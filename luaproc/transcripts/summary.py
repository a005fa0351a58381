"""One message on one line, for a person's eyes: no control byte, and no more characters than asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from luaproc.errors import visible
from luaproc.host.printing import name, pieces, quote
from luaproc.transcripts.conversation import PlacedFrame
from luaproc.transcripts.reader import Closed, RecordedFrame
from luaproc.wire.messages import Call, CleanupChunks, Error, LoadString, RegisterLibrary, Return, op_name
from luaproc.wire.values import Value


def size(count: float) -> str:
    """Bytes for reading: ``812 B``, ``33.1 kB``, ``1.2 MB``."""
    if count < 1000:
        return f"{count:.0f} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def duration(seconds: float) -> str:
    """Seconds for reading: ``12 µs``, ``1.23 ms``, ``2.50 s``."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def counted(number: int, thing: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def data_of(step: PlacedFrame) -> bytes:
    """The bytes of a step's event, as they travelled."""
    event = step.event
    return event.body if isinstance(event, RecordedFrame) else b"" if isinstance(event, Closed) else event.data


def op(step: PlacedFrame) -> str:
    """What kind of step it is: the op of its message, or what it is instead."""
    if step.message is not None:
        return op_name(step.message)
    return "closes its pipe" if isinstance(step.event, Closed) else "not understood"


def content(step: PlacedFrame, width: int) -> str:
    """What stands in the message, in up to `width` characters."""
    message = step.message
    if isinstance(message, LoadString):
        text = f"{step.name.removeprefix('loadString ')}, {message.text.count(10) + 1} lines"
    elif isinstance(message, Call):
        text = f"{step.name}({brief(message.args, width)})"
    elif isinstance(message, RegisterLibrary):
        names = ", ".join(name(key) for key in itertools.islice(message.functions, width))
        text = f"{visible(message.name)}: {names or 'no function'}"
    elif isinstance(message, CleanupChunks):
        text = f"keeps {', '.join(map(str, sorted(message.ids)[:width])) or 'none'}"
    elif isinstance(message, Return):
        text = brief(message.values, width)
    elif isinstance(message, Error):
        text = brief((message.value,), width)
    elif message is not None:
        text = step.name.removeprefix(op(step)).strip()
    elif step.problem is not None:
        text = f"{step.problem}: {quote(data_of(step)[:width])}"
    else:
        text = ""
    return shortened(visible(text), width)


def shortened(text: str, width: int) -> str:
    """The text, or the beginning of it and an ellipsis."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def brief(items: Iterable[Value], width: int) -> str:
    """Values as Lua would write them; of a large one only as much as `width` characters show."""
    parts: list[str] = []
    length = 0
    for part in pieces(items, width + 1):
        parts.append(part)
        length += len(part)
        if length > width:
            break
    return shortened("".join(parts), width)
