"""A transcript as one self-contained page of HTML: timeline, where the time went, every message.

What is in a transcript comes from wikis' modules, so it is treated as hostile: it stands in the page as JSON, with
every character of markup escaped, the script puts it there as text only, and the page's own policy lets nothing else
run and nothing be loaded.
"""

from __future__ import annotations

import html
import os
from typing import Any

from luaproc.errors import readable, visible
from luaproc.host.printing import values
from luaproc.transcripts.conversation import Conversation, PlacedFrame, Use
from luaproc.transcripts.reader import End, Transcript
from luaproc.transcripts.show import ending, whole
from luaproc.transcripts.summary import content, data_of, op, size
from luaproc.webpage import fill, json_in_html
from luaproc.wire.messages import Call, CleanupChunks, Error, LoadString, RegisterLibrary, Return

_LINE = 300  # characters of a message in its line; the page cuts what does not fit


def page(conversation: Conversation) -> str:
    """The whole page."""
    title = html.escape(visible(os.path.basename(conversation.transcript.path)))
    return fill("luaproc.transcripts", "page", {"title": title, "data": json_in_html(_data(conversation))})


def _data(conversation: Conversation) -> dict[str, Any]:
    transcript, times = conversation.transcript, conversation.times
    places = {id(step): place for place, step in enumerate(conversation.steps)}
    return {
        "name": visible(os.path.basename(transcript.path)),
        "command": visible(" ".join(transcript.command)),
        "facts": _facts(transcript),
        "end": ending(transcript.end) if transcript.end else "the end is not recorded",
        "calm": _is_calm(transcript.end),
        "cut": None if transcript.cut is None else visible(str(transcript.cut)),
        "times": {"lua": times.lua, "php": times.php, "waiting": times.waiting, "total": times.total},
        "steps": [_step(step, places) for step in conversation.steps],
        "php": [_use(use) for use in conversation.php.values()],
        "lua": [_use(use) for use in conversation.lua.values()],
    }


def _facts(transcript: Transcript) -> list[str]:
    facts = [f"started {visible(transcript.started)}", f"process {transcript.pid}"]
    if transcript.cpu_limit is not None:
        facts.append(f"CPU limit {transcript.cpu_limit} s")
    if transcript.memory_limit is not None:
        facts.append(f"memory limit {size(transcript.memory_limit)}")
    return facts


def _is_calm(end: End | None) -> bool:
    return end is not None and end.returncode in (0, -15)


def _step(step: PlacedFrame, places: dict[int, int]) -> dict[str, Any]:
    return {
        "line": step.event.line,
        "t": round(step.event.seconds, 6),
        "side": step.event.side,
        "depth": step.depth,
        "op": op(step),
        "text": content(step, _LINE),
        "name": visible(step.name),
        "bytes": len(data_of(step)),
        "partner": -1 if step.partner is None else places[id(step.partner)],
        "request": step.is_request,
        "own": None if step.own_seconds is None else round(step.own_seconds, 6),
        "error": isinstance(step.message, Error) or step.problem is not None,
        "parts": list(_parts(step)),
    }


def _parts(step: PlacedFrame) -> list[tuple[str, str]]:
    """Title and text of what a click shows."""
    message, data = step.message, data_of(step)
    parts: list[tuple[str, str]] = []
    if step.problem is not None:
        parts.append(("what is wrong with it", visible(step.problem)))
    if isinstance(message, LoadString):
        parts += [("chunkName", visible(message.chunk_name)), ("text", readable(message.text))]
    elif isinstance(message, Call):
        parts.append(("function", visible(f"{step.name} (id {values([message.id])})")))
        parts += [(f"args[{number}]", values([item])) for number, item in enumerate(message.args, 1)]
    elif isinstance(message, Return):
        parts += [(f"values[{number}]", values([item])) for number, item in enumerate(message.values, 1)]
    elif isinstance(message, Error):
        parts.append(("value and trace", "\n".join(whole(step))))
    elif isinstance(message, RegisterLibrary):
        parts.append((f"functions of {visible(message.name)}", values([message.functions])))
    elif isinstance(message, CleanupChunks):
        parts.append(("ids that PHP keeps", ", ".join(map(str, sorted(message.ids))) or "none"))
    return [*parts, ("on the wire", visible(data))] if data else parts


def _use(use: Use) -> dict[str, Any]:
    return {
        "name": visible(use.name),
        "calls": use.calls,
        "seconds": round(use.seconds, 6),
        "longest": round(use.longest, 6),
        "size": use.size,
    }
