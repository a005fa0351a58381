"""Transcripts and servers of the tests' own making."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from luaproc.transcripts.reader import Transcript, read
from luaproc.wire.messages import Message, encode_for_host, encode_for_responder

LUAPROC = [sys.executable, "-m", "luaproc"]
HEADER = {"luaproc-transcript": 1, "started": "2026-11-20T10:11:12.000000Z", "pid": 4711, "command": ["lua5.1"]}

Said = tuple[str, Message | bytes]
"""Who says it ("host" or "responder"), and what: a message, or the bytes of a body."""


def write(path: Path, lines: Iterable[Any], end: dict[str, Any] | None = None) -> str:
    """A transcript of these lines after a header; text stands as it is. The path, for a command line."""
    rows = [HEADER, *lines, *([end] if end else [])]
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


def conversation(path: Path, said: Sequence[Said], end: dict[str, Any] | None = None) -> str:
    """A transcript in which this is said, a millisecond after one another."""
    lines = []
    for number, (side, message) in enumerate(said, 1):
        encode = encode_for_responder if side == "host" else encode_for_host
        body = message if isinstance(message, bytes) else encode(message)
        lines.append({"t": number / 1000, "from": side, "body": body.decode()})
    return write(path, lines, end or {"t": 1.0, "end": "exited", "status": 0})


def luaproc(*words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run the command line; a traceback is a failure whatever was asked for."""
    done = subprocess.run([*LUAPROC, *words], capture_output=True, text=True, timeout=600, **options)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def finished(path: Path, seconds: float = 300) -> Transcript:
    """The transcript, once the tap has written its last line: it outlives the server by a moment."""
    deadline = time.monotonic() + seconds
    while True:
        if path.exists() and path.read_bytes().count(b"\n"):
            transcript = read(path)
            if transcript.end:
                return transcript
        assert time.monotonic() < deadline, f"{path} was not finished in {seconds} s"
        time.sleep(0.01)
