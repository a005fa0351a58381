"""Reads a transcript back. What is wrong with it is said with file and line."""

from __future__ import annotations

import base64
import binascii
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, NoReturn

from luaproc.errors import NotReadError
from luaproc.install import files
from luaproc.transcripts import VERSION
from luaproc.transcripts.errors import TranscriptError
from luaproc.wire.framing import MAX_BODY
from luaproc.wire.messages import Side

_SIDES: dict[str, Side] = {"host": "host", "responder": "responder"}
LARGEST = 1 << 29
"""Bytes: the most that is read of a transcript. A recorded page has some MB."""

_HEADER = 1 << 20  # bytes
_LONGEST = 1e9  # seconds; 30 years


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """One whole frame. line: of the file, where the frame ends; seconds: since the start; body: as it travelled."""

    line: int
    seconds: float
    side: Side
    body: bytes


@dataclass(frozen=True, slots=True)
class Loose:
    """Bytes that are no whole frame, and why: the stream ended inside the frame, or they are none at all."""

    line: int
    seconds: float
    side: Side
    data: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """This side will write nothing more."""

    line: int
    seconds: float
    side: Side


@dataclass(frozen=True, slots=True)
class End:
    """How the server ended. returncode: as subprocess has it, negative for a signal; None: not seen."""

    line: int
    seconds: float
    returncode: int | None


Event = RecordedFrame | Loose | Closed


@dataclass(slots=True)
class Transcript:
    """A transcript that was read.

    started: the time in UTC, as the header has it. cpu_limit (seconds), memory_limit (bytes): of the process. cut: what
    is missing, if the end of the file is; then `end` is None. Everything before is there: a transcript is worth most
    when something went wrong.
    """

    path: str
    started: str
    pid: int
    command: list[str]
    cpu_limit: int | None = None
    memory_limit: int | None = None
    events: list[Event] = field(default_factory=list)
    end: End | None = None
    cut: TranscriptError | None = None

    @property
    def frames(self) -> list[RecordedFrame]:
        """The events that are whole frames."""
        return [event for event in self.events if isinstance(event, RecordedFrame)]


def read(path: str | os.PathLike[str]) -> Transcript:
    """The transcript in a file, or on stdin, whose name is ``-``.

    Raises TranscriptError for a file that cannot be read, that is none of version 1, or with a line that is not in the
    format. A file that only stops too early is read up to there: see `Transcript.cut`.
    """
    name = os.fspath(path)
    try:
        if name == "-":
            name, data = "<stdin>", _from_stream(sys.stdin.buffer)
        else:
            data = files.read(name, LARGEST)
    except NotReadError as error:
        raise TranscriptError(name, None, f"cannot be read: {error.reason}") from None
    lines = data.split(b"\n")
    unfinished = lines.pop()  # what follows the last line end: nothing, if the file is whole
    if not lines:
        _wrong(name, 1, "expected the header of a transcript, and the file ends")
    transcript = _header(name, _object(name, 1, lines[0]))
    transcript.events.extend(_events(transcript, lines))
    if transcript.end is None:
        last = len(lines) + (1 if unfinished else 0)
        what = "in the middle of a line" if unfinished else "after this line: the line with its end is missing"
        transcript.cut = TranscriptError(name, last, f"the transcript is cut off {what}")
    elif unfinished:
        _wrong(name, len(lines) + 1, "expected nothing after the line with the end")
    return transcript


def _from_stream(stream: IO[bytes]) -> bytes:
    header = stream.readline(_HEADER)
    if len(header) == _HEADER:
        _wrong("<stdin>", 1, "expected the header of a transcript, and the first line has no end")
    return header + files.read_stream(stream, LARGEST)


def _events(transcript: Transcript, lines: list[bytes]) -> Iterator[Event]:
    path, before = transcript.path, 0.0
    parts: dict[Side, _Parts] = {}
    for line, text in enumerate(lines[1:], 2):
        row = _Row(path, line, _object(path, line, text))
        seconds = row.seconds(before)
        before = seconds
        if "end" in row.fields:
            for part in parts.values():
                yield part.loose()
            transcript.end = End(line, seconds, row.returncode())
            if line != len(lines):
                _wrong(path, line + 1, "expected nothing after the line with the end")
            return
        side = row.side()
        if side in parts and not row.continues(parts[side]):
            yield parts.pop(side).loose()
        if "closed" in row.fields:
            yield Closed(line, seconds, side)
        elif "unframed" in row.fields:
            yield Loose(line, seconds, side, row.bytes("unframed"), "these bytes are no frame")
        elif "size" in row.fields:
            if side not in parts:
                parts[side] = _Parts(side, row.number("size", MAX_BODY, 1))
                row.number("at", 0)
            part = parts[side]
            part.add(row, seconds)
            if len(part.data) == part.size:
                yield RecordedFrame(line, seconds, side, bytes(parts.pop(side).data))
        elif "body" in row.fields:
            yield RecordedFrame(line, seconds, side, row.bytes("body", empty=False))
        else:
            _wrong(path, line, 'expected one of "body", "unframed", "closed" and "end"')
    for part in parts.values():
        yield part.loose()


class _Parts:
    """A frame that comes in pieces."""

    def __init__(self, side: Side, size: int) -> None:
        self.side = side
        self.size = size
        self.data = bytearray()
        self.line = 0
        self.seconds = 0.0

    def add(self, row: _Row, seconds: float) -> None:
        self.data += row.bytes("body")
        self.line, self.seconds = row.line, seconds
        if len(self.data) > self.size:
            row.wrong(f"expected the pieces to make {self.size} bytes, got {len(self.data)}")

    def loose(self) -> Loose:
        reason = f"the frame is not complete: {len(self.data)} of {self.size} bytes"
        return Loose(self.line, self.seconds, self.side, bytes(self.data), reason)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line after the header, and what is expected in it."""

    path: str
    line: int
    fields: dict[str, Any]

    def wrong(self, text: str) -> NoReturn:
        _wrong(self.path, self.line, text)

    def seconds(self, before: float) -> float:
        value = self.fields.get("t")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LONGEST:
            self.wrong(f'expected "t", seconds since the start, got {_excerpt(value)}')
        if value < before:
            self.wrong(f'expected "t" of {before:.6f} or more, as on the lines before, got {value:.6f}')
        return float(value)

    def side(self) -> Side:
        value = self.fields.get("from")
        if not isinstance(value, str) or value not in _SIDES:
            self.wrong(f'expected "from", "host" or "responder", got {_excerpt(value)}')
        return _SIDES[value]

    def number(self, key: str, most: int, least: int = 0) -> int:
        value = self.fields.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            expected = f"a number from {least} to {most}" if most else "0"
            self.wrong(f'expected "{key}", {expected}, got {_excerpt(value)}')
        return value

    def bytes(self, key: str, empty: bool = True) -> bytes:
        value, encoding = self.fields.get(key), self.fields.get("encoding")
        if not isinstance(value, str):
            self.wrong(f'expected "{key}", a text, got {_excerpt(value)}')
        if encoding not in (None, "base64"):
            self.wrong(f'expected no "encoding" but "base64", got {_excerpt(encoding)}')
        try:
            data = base64.b64decode(value, validate=True) if encoding else value.encode()
        except (binascii.Error, ValueError) as error:
            self.wrong(f'expected "{key}" in {"base64" if encoding else "UTF-8"}, got {_excerpt(value)}: {error}')
        if not data and not empty:
            self.wrong(f'expected "{key}" of one byte or more, got an empty one')
        return data

    def continues(self, part: _Parts) -> bool:
        """Whether this line goes on with a frame that has begun; a stream may also end, or change, inside a frame."""
        if "size" not in self.fields:
            if "body" in self.fields:
                self.wrong(f"expected the next piece of a frame of {part.size} bytes, got another frame")
            return False
        if self.fields["size"] != part.size or self.fields.get("at") != len(part.data):
            self.wrong(f"expected the piece at {len(part.data)} of a frame of {part.size} bytes, got another one")
        return True

    def returncode(self) -> int | None:
        how = self.fields["end"]
        if how == "exited":
            return self.number("status", 255)
        if how == "killed":
            return -self.number("signal", 127, 1)
        if how != "unseen":
            self.wrong(f'expected "end" to be "exited", "killed" or "unseen", got {_excerpt(how)}')
        return None


def _object(path: str, line: int, text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text.decode(), parse_constant=lambda name: _wrong(path, line, f"{name} is no JSON"))
    except UnicodeDecodeError as error:
        _wrong(path, line, f"expected UTF-8, got the byte {text[error.start]:#04x} in column {error.start + 1}")
    except json.JSONDecodeError as error:
        _wrong(path, line, f"expected a JSON object: {error.msg} in column {error.colno}")
    except (RecursionError, ValueError) as error:
        _wrong(path, line, f"expected a JSON object: {error}")
    if not isinstance(value, dict):
        _wrong(path, line, f"expected a JSON object, got {_excerpt(value)}")
    return value


def _header(path: str, fields: dict[str, Any]) -> Transcript:
    version = fields.get("luaproc-transcript")
    if version is None:
        _wrong(path, 1, 'expected the header of a transcript, {"luaproc-transcript":1,...}: this is none')
    if version != VERSION or isinstance(version, bool):
        _wrong(path, 1, f"expected a transcript of version {VERSION}, got version {_excerpt(version)}")
    started, pid, command = (fields.get(key) for key in ("started", "pid", "command"))
    if not isinstance(started, str) or isinstance(pid, bool) or not isinstance(pid, int):
        _wrong(path, 1, 'expected "started", a time, and "pid", a number, in the header')
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        _wrong(path, 1, f'expected "command", a list of words, in the header, got {_excerpt(command)}')
    cpu, memory = fields.get("cpu_limit"), fields.get("memory_limit")
    if not all(limit is None or (type(limit) is int and limit > 0) for limit in (cpu, memory)):
        _wrong(path, 1, 'expected "cpu_limit" and "memory_limit" to be numbers in the header, if they are there')
    return Transcript(path, started, pid, command, cpu, memory)


def _excerpt(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _wrong(path: str, line: int, text: str) -> NoReturn:
    raise TranscriptError(path, line, text)
