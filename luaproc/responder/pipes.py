"""Frames on the descriptors 0 and 1, as the callables that lua/delivery.lua calls.

These raise only MemoryError; `lost` then says which message was lost.
"""

from _io import BufferedReader, _RawIOBase

from luaproc.responder import fast_path
from luaproc.responder.bare_os import os
from luaproc.responder.fast_path import SHORT, read_anew, read_before
from luaproc.responder.log import die, op_of
from luaproc.responder.memory import HELD

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from typing import TypeVar

    from luaproc.responder.memory import Reserve

    _Key = TypeVar("_Key")
    _Value = TypeVar("_Value")

# The longest frame that crosses into Lua in one piece, bytes. Longer ones, and those there is little room for, are fed
# to Lua's loader in slices, so that neither side ever holds the whole.
WHOLE = 4 * 1024 * 1024
SLICE = 65536

# Of what has arrived, bytes that are taken at once: nearly always a whole frame, for which io's reader would be called
# twice.
AT_ONCE = 16384

# Messages up to this size, in bytes, skip the free-memory check: where one does not fit, Lua raises an error that
# lua/delivery.lua catches, and the message is handed over again.
SMALL = 4096

# Header -> the length it tells, for frames up to AT_ONCE, and the other way round, up to SMALL: the same ones come
# again and again, and reading and writing them took a seventh of an echo.
_lengths: "dict[bytes, int]" = {}
_headers: "dict[int, bytes]" = {}
_REMEMBERED = 1000

_BACKSLASH, _LF, _CR = b"\\\n\r"  # as Python's `in` finds them fastest (see fast_path.py)

_GET_STATUS = b'{["op"]="getStatus"}'
_STATUS = len(_GET_STATUS)

# What `lost` answers: our request or reply was not sent; PHP's reply was lost; a request of PHP's was lost. Lua gets
# these numbers from `serve`, since a number crosses where there is no memory for a string.
NOT_SENT, REPLY_LOST, REQUEST_LOST = 0, 1, 2


def claim_descriptors() -> None:
    """Make the descriptors 0 and 1 blocking. Raises OSError where one of them is closed: call this before any file is
    opened, which would get the closed one's number."""
    os.set_blocking(0, True)
    os.set_blocking(1, True)


class Pipes:
    """Frames in and out on descriptors 0 and 1, after `claim_descriptors`.

    reserve: the memory that is spent where a frame does not fit. status: makes the encoded reply to getStatus.
    log: called for each message with its direction, the message and its length; or None.
    """

    def __init__(
        self,
        reserve: "Reserve",
        status: "Callable[[], bytes]",
        log: "Callable[[bytes, bytes, int], None] | None" = None,
    ) -> None:
        pipe = open(0, "rb", 0, closefd=False)
        self._arrived = pipe.read
        self._ahead = b""  # what was read and belongs to no message yet
        reader = BufferedReader(_Input(self, pipe), 1)
        self._read = reader.read  # exactly so many bytes: a larger buffer would take more from the pipe
        self._read_into = reader.readinto
        self._scrap = memoryview(bytearray(4096))
        self._reserve = reserve
        self.status = status
        self._log = log
        self._turn = 0  # exchanges begun
        self._sent = 0  # the turn of the last message that went out
        self._header: bytes | None = None  # of the message that is being read
        self._body = b""  # the message that went to Lua last; of a long one, the beginning
        self._long = False  # whether it was too long for one piece
        self._left = 0  # bytes of it that are still in the pipe
        self._next: bytes | None = None  # its slice that is read but not yet taken

    def exchange(self, reply: bytes) -> "bytes | tuple[object, ...] | bool":
        """Send a reply or request, if there is one, and receive PHP's next message: `return ` and its expression, what
        `fast_path` makes of it, or True for one that Lua takes by `slice`.

        Ends the process at the end of input and at a bad frame. One function, and what is frequent comes first: each
        call of Python's is a hundredth of what a message takes.
        """
        turn = self._turn = self._turn + 1
        if self._reserve.state is not HELD:
            self._reserve.restore_if_room()
        while True:
            # Nothing of the next message is read, and the last one leaves its room to the reply.
            self._long = False
            body = self._body = b""
            if reply:
                if self._log is not None:
                    self._log(b"TX ==> ", reply, len(reply))
                if len(reply) > SLICE:
                    self._send_long(reply)
                else:
                    # Raises MemoryError where nothing of it went out.
                    if _BACKSLASH in reply or _LF in reply or _CR in reply:  # a third of what `_escape` takes for that
                        reply = _escape(reply)
                    length = len(reply)
                    frame = (_headers.get(length) or _header(length)) + reply
                    self._sent = turn
                    try:
                        written = os.write(1, frame)
                    except OSError:
                        written = 0  # `_write` meets it as well, and says so
                    if written != length + 16:
                        _write(1, memoryview(frame)[written:])
                    frame = b""
                reply = b""  # what has gone out takes no memory while the next message comes

            try:
                data = self._ahead
                if not data:
                    data = self._ahead = self._arrived(AT_ONCE) or b""
                length = len(data) - 16
                if _lengths.get(data[:16]) == length:
                    body = self._body = data[16:]
                    self._ahead = b""
            except (MemoryError, OSError):
                pass  # what takes no more than it needs, with the reserve, meets it as well
            if not body:
                received = self._receive_in_parts()
                if received is None:
                    return True
                body, length = received, len(received)

            if self._log is not None:
                self._log(b"RX <== ", body, length)
            if length > SMALL:
                return self._hand_over()
            if length == _STATUS and body == _GET_STATUS:
                reply = self.status()
                continue
            if length > SHORT:
                return read_anew(body)
            return read_before.get(body) or read_anew(body)  # `fast_path.message`, without the call

    def receive(self) -> "bytes | tuple[object, ...] | bool":
        """`exchange`, with nothing to send: Lua's first message, which is no turn."""
        self._turn -= 1
        return self.exchange(b"")

    def _receive_in_parts(self) -> "bytes | None":
        """The body of a frame that did not come whole and alone, whose length is none of those that are known, or for
        which there may be no memory; None for a long one, which has begun."""
        data = self._ahead
        try:
            if len(data) >= 16:
                end = 16 + (_lengths.get(data[:16]) or _frame_length(data[:16]))
                if end <= len(data):
                    body, ahead = data[16:end], data[end:]
                    self._body, self._ahead = body, ahead
                    return body
        except MemoryError:
            pass
        header = self._header = self._read_all(16)
        if not header:
            os._exit(0)
        length = _lengths.get(header) or _frame_length(header)
        if length > SLICE and not (length <= WHOLE and self._reserve.has_room_to_compile(length)):
            self._begin_long(length)
            return None
        body = self._body = self._read_all(length)
        self._header = None
        if len(body) != length:
            die(f"truncated frame: expected a body of {length} bytes, got {len(body)}")
        return body

    def again(self) -> "bytes | tuple[object, ...] | None":
        """The last message once more, with room to read it; None where it was long and is gone."""
        self._reserve.spend()
        if self._long:
            return None
        return self._hand_over()

    def plain(self) -> "bytes | None":
        """The last message's expression as it came; None where it was long."""
        return None if self._long else b"return " + self._body

    def lost(self, turn: int) -> int:
        """What a failure has cost in this turn, the one in which Lua went to `exchange`; drains what is left of a long
        message."""
        self._turn = turn  # Lua's way here may have ended before `exchange` began
        if self._sent != turn:
            return NOT_SENT
        self._next = None
        if not self._left and not self._body:
            # No more than the header was read.
            header = self._header or self._read(16)
            if not header:
                os._exit(0)
            self._long, self._left, self._header = True, _frame_length(header), None
        if self._left and not self._body:
            size = min(self._left, 64)
            left = self._left - size
            self._body = self._read(size)
            self._left = left
        while self._left:
            # Into memory that is there: this must not fail.
            taken = self._read_into(self._scrap[: self._left])
            if not taken:
                die(f"truncated frame: {self._left} bytes of the body are missing")
            self._left -= taken
        return REPLY_LOST if op_of(self._body) in (b"return", b"error") else REQUEST_LOST

    def slice(self) -> "bytes | None":
        """The next piece of a long message, None at its end."""
        piece = self._next
        if piece is not None:
            self._next = None
            return piece
        if not self._left:
            return None
        # Nothing may fail between reading and counting, not even for lack of memory for a number.
        size = min(SLICE, self._left)
        left = self._left - size
        piece = self._read_all(size)
        self._left = left
        if len(piece) != size:
            die(f"truncated frame: {left + size - len(piece)} bytes of the body are missing")
        return piece

    def _hand_over(self) -> "bytes | tuple[object, ...]":
        body = self._body
        if len(body) > SMALL:
            # What was compiled ahead crosses in the message's place.
            size = len(body) * fast_path.MOST if len(body) in fast_path.LIBRARY else len(body)
            if not self._reserve.has_room_to_push(size):
                self._reserve.spend()
        return fast_path.message(body)

    def _begin_long(self, length: int) -> None:
        self._long, self._left, self._next, self._header = True, length, None, None
        first = self.slice()
        assert first is not None
        self._body = first[:64]
        self._next = b"return " + first
        if self._log is not None:
            self._log(b"RX <== ", first, length)

    def _read_all(self, length: int) -> bytes:
        try:
            return self._read(length)
        except MemoryError:
            self._reserve.spend()
            return self._read(length)
        except OSError as error:
            die(f"cannot read stdin: {error.strerror}")

    def _send_long(self, reply: bytes) -> None:
        """With no copy of the whole but the one that escapes it, and where there is no room for that, none."""
        pieces = None
        if len(reply) <= WHOLE:
            try:
                pieces = _escaped(reply)
            except MemoryError:
                pass
        if pieces is not None:
            length = sum(map(len, pieces))
        else:
            length = len(reply) + reply.count(b"\\") + reply.count(b"\r") + reply.count(b"\n")
            if length >= 1 << 31:
                raise MemoryError
        header = _header(length)
        self._sent = self._turn
        _write(1, header)
        if pieces is not None or length == len(reply):
            for body in pieces or (reply,):
                _write(1, body)
            return
        view = memoryview(reply)
        for start in range(0, len(reply), SLICE):
            piece = view[start : start + SLICE]
            try:
                body = _escape(bytes(piece))
            except MemoryError:
                self._reserve.spend()
                body = _escape_or_die(piece)
            _write(1, body)


class _Input(_RawIOBase):
    """Descriptor 0 for io's reader: what `pipes` has read ahead comes first."""

    def __init__(self, pipes: Pipes, file: "FileIO") -> None:
        self._pipes, self._read_into = pipes, file.readinto

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]
        ahead = self._pipes._ahead
        if not ahead:
            return self._read_into(room)
        size = min(len(ahead), len(room))
        left = ahead[size:]
        room[:size] = ahead[:size]
        self._pipes._ahead = left
        return size


def _write(descriptor: int, data: "bytes | memoryview") -> None:
    try:
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, memoryview(data)[written:])
    except OSError as error:
        die(f"cannot write: {error.strerror}")


def _escaped(text: bytes) -> "list[bytes]":
    """`_escape` of a long text, in pieces: 1 MB as a whole is in fresh memory after each replacement, whose page faults
    took twice as long as the replacements do."""
    if _BACKSLASH not in text and _LF not in text and _CR not in text:
        return [text]
    return [_escape(text[start : start + SLICE]) for start in range(0, len(text), SLICE)]


def _escape(text: bytes) -> bytes:
    # bytes.replace returns the same object where there is nothing to replace.
    return text.replace(b"\\", b"\\\\").replace(b"\r", b"\\r").replace(b"\n", b"\\n")


def _escape_or_die(piece: memoryview) -> bytes:
    """`_escape`, of a frame that has begun: the host waits for the rest of it."""
    try:
        return _escape(bytes(piece))
    except MemoryError:
        die("not enough memory to send the rest of a message")


def _frame_length(header: bytes) -> int:
    """The body's length that a 16-byte header tells; ends the process where it is none."""
    if len(header) != 16:
        die(f"truncated frame: expected a header of 16 bytes, got {len(header)}")
    try:
        length = int(header[:8], 16)
    except ValueError:
        length = -1
    if length < 1 or header != _header(length):
        die(
            f"bad frame header {header!r}: expected the body's length in 8 lower-case hexadecimal digits, "
            "and its double less one in 8 more"
        )
    if length <= AT_ONCE:
        _remember(_lengths, header, length)
    return length


def _header(length: int) -> bytes:
    """The header of a frame with a body of this length."""
    header = b"%08x%08x" % (length, length * 2 - 1)
    if length <= SMALL:
        _remember(_headers, length, header)
    return header


def _remember(known: "dict[_Key, _Value]", key: "_Key", value: "_Value") -> None:
    """For the next time, where there is room: a dict grows in blocks that memory full to the brim does not have, and
    `Pipes.lost` must not fail then."""
    if len(known) < _REMEMBERED:
        try:
            known[key] = value
        except MemoryError:
            pass
