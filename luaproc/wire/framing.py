"""Frames: a 16-byte header, then the body, as Scribunto's own description of the protocol has them.

The header is the body's length and length*2-1, each as 8 lower-case hexadecimal digits; PHP's client rejects
anything else. Both count the bytes that travel: for Lua to PHP, the body after `escape`.

Nothing is imported here but our errors, so that the responder can afford this module.
"""

from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError, excerpt

HEADER_SIZE = 16

# The check, length*2-1, must fit 8 hexadecimal digits.
MAX_BODY = 0x80000000

_HEX = b"0123456789abcdef"


class _NeedData:
    __slots__ = ()

    def __repr__(self) -> str:
        return "NEED_DATA"


NEED_DATA = _NeedData()
"""What `FrameDecoder.next_frame` answers while the next frame is not complete."""


def encode_frame(body: bytes) -> bytes:
    """The body with its header before it.

    Raises LocalProtocolError for an empty body, whose check would be -1, and for one of more than `MAX_BODY`
    bytes.
    """
    length = len(body)
    if not 0 < length <= MAX_BODY:
        raise LocalProtocolError(f"a frame's body has 1 to {MAX_BODY} bytes, this one has {length}")
    return b"%08x%08x" % (length, length * 2 - 1) + body


def decode_header(header: bytes) -> int:
    """The length of the body, in bytes, that a 16-byte header announces.

    Raises RemoteProtocolError, with the offset in the header, for digits or a check that are wrong.
    """
    if header.strip(_HEX):
        raise RemoteProtocolError(
            f"expected a header of 16 lower-case hexadecimal digits, got {excerpt(header)}",
            len(header) - len(header.lstrip(_HEX)),
        )
    length, check = int(header[:8], 16), int(header[8:], 16)
    if check != length * 2 - 1:
        raise RemoteProtocolError(
            f"wrong header {excerpt(header)}: for a length of {length} the check is {length * 2 - 1}, got {check}", 8
        )
    return length


def escape(body: bytes) -> bytes:
    """A body as Lua sends it to PHP: backslash, CR and LF as two printable bytes each."""
    return body.replace(b"\\", b"\\\\").replace(b"\r", b"\\r").replace(b"\n", b"\\n")


def unescape(body: bytes) -> bytes:
    """Undo `escape`.

    Raises RemoteProtocolError for a raw CR or LF and for an escape that `escape` never writes.
    """
    for raw in (b"\r", b"\n"):
        if raw in body:
            raise RemoteProtocolError(f"a raw {excerpt(raw)} in an escaped body", body.index(raw))
    # Pairs of backslashes are found from the left, so that none of them is cut in two.
    parts = [part.replace(b"\\r", b"\r").replace(b"\\n", b"\n") for part in body.split(b"\\\\")]
    for part in parts:
        if b"\\" in part:
            offset = _bad_escape(body)
            raise RemoteProtocolError(f"unknown escape {excerpt(body[offset : offset + 2])}", offset)
    return b"\\".join(parts)


def _bad_escape(body: bytes) -> int:
    offset = body.index(b"\\")
    while body[offset + 1 : offset + 2] in (b"\\", b"r", b"n"):
        offset = body.index(b"\\", offset + 2)
    return offset


class FrameDecoder:
    """Cuts one direction of the stream into bodies, however it arrives.

    `receive_data` only buffers; `next_frame` answers a body (still escaped, if Lua sent it) or NEED_DATA.
    After an error the stream has no frames any more: every further `next_frame` raises the same error.

    limit: the largest body, in bytes, that is accepted. The header of a larger one is an error before any of
    the body is kept.
    """

    __slots__ = ("_buffer", "_ended", "_error", "_length", "_limit", "_offset")

    def __init__(self, limit: int = MAX_BODY) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._length = -1  # of the body being received; -1 before its header
        self._offset = 0  # of the buffer in the stream
        self._ended = False
        self._error: RemoteProtocolError | None = None

    @property
    def between_frames(self) -> bool:
        """Whether nothing of a further frame has arrived: the one place where a stream may end."""
        return self._length < 0 and not self._buffer

    def receive_data(self, data: bytes) -> None:
        """Buffer what arrived. ``b""`` is the end of the stream, as `os.read` reports it."""
        if data:
            self._buffer += data
        else:
            self._ended = True

    def whole_frame(self, data: bytes) -> "bytes | None":
        """The body, if what arrived is one frame and nothing else was buffered: no frame is cheaper.

        None otherwise, and then `data` is still to be given to `receive_data`.
        """
        length = len(data) - HEADER_SIZE
        if self._length >= 0 or self._buffer or not 0 < length <= self._limit or self._error or self._ended:
            return None
        if data[:HEADER_SIZE] != b"%08x%08x" % (length, length * 2 - 1):
            return None
        self._offset += len(data)
        return data[HEADER_SIZE:]

    def next_frame(self) -> "bytes | _NeedData | None":
        """The next body; NEED_DATA; or None when the stream has ended between frames.

        Raises RemoteProtocolError, with the offset in the stream, for a wrong header, a body over the limit,
        and a stream that ended inside a frame.
        """
        if self._error is not None:
            raise self._error
        try:
            return self._next()
        except RemoteProtocolError as error:
            self._error = error
            raise

    def _next(self) -> "bytes | _NeedData | None":
        if self._length < 0:
            header = bytes(self._buffer[:HEADER_SIZE])
            # What is no digit is no header, however little has come: nothing may follow it.
            if len(header) < HEADER_SIZE and not header.strip(_HEX):
                return self._missing("header", HEADER_SIZE)
            try:
                length = decode_header(header)
            except RemoteProtocolError as error:
                raise RemoteProtocolError(f"frame at byte {self._offset}: {error.text}") from None
            if length > self._limit:
                raise RemoteProtocolError(
                    f"frame at byte {self._offset}: a body of {length} bytes, the limit is {self._limit}"
                )
            self._take(HEADER_SIZE)
            self._length = length
        if len(self._buffer) < self._length:
            return self._missing("body", self._length)
        body = bytes(self._take(self._length))
        self._length = -1
        return body

    def _missing(self, part: str, size: int) -> "_NeedData | None":
        if not self._ended:
            return NEED_DATA
        if self.between_frames:
            return None
        got = len(self._buffer)
        raise RemoteProtocolError(
            f"the stream ended inside a frame's {part}: {got} of {size} bytes", self._offset + got
        )

    def _take(self, size: int) -> bytearray:
        taken = self._buffer[:size]
        del self._buffer[:size]
        self._offset += size
        return taken
