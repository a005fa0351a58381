"""Writes a transcript, line by line and at once: what was written is there, however the process ends.

The tap runs this in the middle of a wiki's page, so it imports nothing that costs (json alone is 9 ms).
"""

import os
import time
from binascii import b2a_base64

from luaproc.transcripts import VERSION
from luaproc.transcripts.errors import TranscriptError
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import HEADER_SIZE, decode_header

try:
    from _json import encode_basestring as _quote
except ImportError:  # a Python without the C part
    from json.encoder import py_encode_basestring as _quote

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Sequence

    from luaproc.wire.messages import Side

PIECE = 1 << 18
"""Bytes of a body in one line. What comes in more is never held in memory as a whole."""


def new_file(directory: str, pid: int, seconds: float) -> str:
    """The name of a transcript in a directory of them: the time in UTC, the process, and four bytes that nobody can
    guess, who would plant a file of that name and so keep a page from being recorded."""
    micros = int(seconds * 1_000_000)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(micros // 1_000_000))
    return f"{directory}/{stamp}.{micros % 1_000_000:06d}-{pid}-{os.urandom(4).hex()}.jsonl"


class Writer:
    """One transcript, being written.

    path: a file that does not exist yet: a transcript is never overwritten. Raises TranscriptError. A write that
    fails later (the disk is full) ends the writing, and `failed` says why: the conversation has to go on.

    `frame` fits `luaproc.host.Connection.on_frame`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.failed: str | None = None
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            raise TranscriptError(path, None, "exists already, and a transcript overwrites nothing") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TranscriptError(path, None, f"cannot be written: {reason}") from None
        self._streams = {"host": _Stream("host"), "responder": _Stream("responder")}

    def header(
        self, command: "Sequence[str]", pid: int, started: float, limits: "tuple[int | None, int | None]" = (None, None)
    ) -> None:
        """The first line. started: seconds since 1970. limits: of the process, CPU seconds and bytes of memory."""
        micros = int(started * 1_000_000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(micros // 1_000_000))
        words = ",".join(_quote(os.fsencode(word).decode("utf-8", "replace")) for word in command)
        sizes = "".join(
            f',"{name}":{limit}'
            for name, limit in zip(("cpu_limit", "memory_limit"), limits, strict=True)
            if limit is not None
        )
        self._line(
            f'{{"luaproc-transcript":{VERSION},"started":"{stamp}.{micros % 1_000_000:06d}Z",'
            f'"pid":{pid},"command":[{words}]{sizes}}}\n'
        )

    def frame(self, side: "Side", body: bytes, seconds: float) -> None:
        """One frame's body, as it travels; seconds since the start."""
        if len(body) <= PIECE:
            self._bytes(side, seconds, "body", body, None)
            return
        at = 0
        while at < len(body):
            end = len(body) if at + PIECE >= len(body) else _boundary(body, at + PIECE)
            self._bytes(side, seconds, "body", body[at:end], (len(body), at))
            at = end

    def data(self, side: "Side", data: bytes, seconds: float) -> None:
        """Bytes of the stream as they come, frames or not; ``b""`` is the end of the stream."""
        stream = self._streams[side]
        for key, piece, whole in stream.feed(data) if data else stream.rest():
            self._bytes(side, seconds, key, piece, whole)
        if not data:
            self._line(f'{{"t":{seconds:.6f},"from":"{side}","closed":true}}\n')

    def end(self, seconds: float, returncode: "int | None") -> None:
        """The last line. returncode: as subprocess has it, negative for a signal; None if nobody saw it."""
        for side, stream in self._streams.items():
            for key, piece, whole in stream.rest():
                self._bytes(side, seconds, key, piece, whole)
        if returncode is None:
            how = '"end":"unseen"'
        elif returncode < 0:
            how = f'"end":"killed","signal":{-returncode}'
        else:
            how = f'"end":"exited","status":{returncode}'
        self._line(f'{{"t":{seconds:.6f},{how}}}\n')

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _bytes(self, side: str, seconds: float, key: str, data: bytes, whole: "tuple[int, int] | None") -> None:
        sizes = "" if whole is None else f',"size":{whole[0]},"at":{whole[1]}'
        try:
            text, encoding = _quote(data.decode()), ""
        except UnicodeDecodeError:
            text = '"' + b2a_base64(data, newline=False).decode("ascii") + '"'
            encoding = ',"encoding":"base64"'
        self._line(f'{{"t":{seconds:.6f},"from":"{side}"{sizes}{encoding},"{key}":{text}}}\n')

    def _line(self, line: str) -> None:
        if self._fd < 0:
            return
        rest = memoryview(line.encode())
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            self.failed = f"{self.path}: cannot be written any more: {error.strerror}"
            self.close()


class _Stream:
    """Cuts one direction into whole bodies, pieces of large ones, and bytes that are no frame.

    `luaproc.wire.framing.FrameDecoder` holds a body until it is complete, and gives up at bytes that are no frame.
    """

    __slots__ = ("_at", "_buffer", "_lost", "_size", "side")

    def __init__(self, side: str) -> None:
        self.side = side
        self._buffer = bytearray()
        self._size = -1  # of the body being received; -1 before its header
        self._at = 0  # how much of it is written
        self._lost = False  # after bytes that are no frame nothing is one

    def feed(self, data: bytes) -> "list[tuple[str, bytes, tuple[int, int] | None]]":
        """(key, bytes, (size, at) of a piece) for each line that can be written now."""
        buffer = self._buffer
        buffer += data
        lines: list[tuple[str, bytes, tuple[int, int] | None]] = []
        while buffer:
            if self._size < 0 and not self._lost:
                if len(buffer) < HEADER_SIZE:
                    break
                try:
                    self._size = decode_header(bytes(buffer[:HEADER_SIZE]))
                    del buffer[:HEADER_SIZE]
                except RemoteProtocolError:
                    self._lost = True
            elif self._lost:
                lines.append(("unframed", bytes(buffer), None))
                buffer.clear()
            elif len(buffer) >= self._size - self._at <= PIECE:
                lines.append(self._take(self._size - self._at))
                self._size, self._at = -1, 0
            elif len(buffer) > PIECE:
                lines.append(self._take(_boundary(buffer, PIECE)))
            else:
                break
        return lines

    def rest(self) -> "list[tuple[str, bytes, tuple[int, int] | None]]":
        """What is left when the stream ends inside a frame."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        if self._size >= 0:
            size, self._size, self._lost = self._size, -1, True
            return [("body", rest, (size, self._at))]
        return [("unframed", rest, None)] if rest else []

    def _take(self, count: int) -> "tuple[str, bytes, tuple[int, int] | None]":
        piece = bytes(self._buffer[:count])
        del self._buffer[:count]
        whole = None if count == self._size else (self._size, self._at)
        self._at += count
        return "body", piece, whole


def _boundary(buffer: "bytes | bytearray", at: int) -> int:
    """`at`, or up to 3 bytes before it: a piece should not end inside a character."""
    for back in range(4):
        if buffer[at - back] & 0xC0 != 0x80:
            return at - back
    return at
