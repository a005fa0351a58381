"""PHP's two pipes, as the callables that Lua speaks through. Nothing here raises into Lua but MemoryError, and Lua asks
`lost` what that cost.
"""

from luaproc.responder import fast_path, limits, status
from luaproc.responder.bare_os import os

TYPE_CHECKING = False  # `typing` is start-up time
if TYPE_CHECKING:
    from typing import NoReturn

# The longest frame that crosses into Lua in one piece, bytes. Longer ones, and those there is little room for, are fed
# to Lua's loader in slices, so that neither side ever holds the whole.
WHOLE = 4 * 1024 * 1024
SLICE = 65536

# Up to here a message is not asked whether it fits, bytes: if it does not, Lua raises an error that the dispatcher
# copes with, and no more than this is lost with it.
SMALL = 4096

# Header -> the length it tells, and the other way round, for frames up to SMALL: the same ones come again and again,
# and reading and writing them took a seventh of an echo.
_lengths: "dict[bytes, int]" = {}
_headers: "dict[int, bytes]" = {}
_REMEMBERED = 1000

_GET_STATUS = b'{["op"]="getStatus"}'
# What `lost` answers: the request or reply of ours was not sent; PHP's reply was lost, or a request of PHP's.
NOT_SENT, REPLY, REQUEST = 0, 1, 2


def die(reason: "str | bytes") -> "NoReturn":
    """End the process with status 1 and `reason` as one line on stderr."""
    try:
        text = reason if isinstance(reason, bytes) else reason.encode("utf-8", "replace")
        report(b"luaproc: " + text.replace(b"\n", b" ")[:1000])
    finally:  # there may be no memory to say it with
        os._exit(1)


def report(text: bytes) -> None:
    """Write to stderr, if anybody keeps it."""
    try:
        os.write(2, text + b"\n")
    except OSError:
        pass


class Pipes:
    """Frames in and out on descriptors 0 and 1, for one runtime of lupa.

    log: path of a file that gets a line for each message, or None.
    """

    def __init__(self, lua, log: "str | None" = None) -> None:  # type: ignore[no-untyped-def]
        os.set_blocking(0, True)
        os.set_blocking(1, True)
        pipe = open(0, "rb", SLICE, closefd=False)
        self._read = pipe.read
        self._read_into = pipe.readinto  # type: ignore[attr-defined]
        self._scrap = memoryview(bytearray(4096))
        self._log = _open_log(log) if log else None
        self._status = status.open_reporter()
        self._used = lua.get_memory_used
        self._set_max_memory = lua.set_max_memory
        self._limit = 0
        self._full_size = 0  # of the process: nearly its limit, in pages
        self._lifted = False  # whether Lua's limit is another than `_limit`
        self._ballast: bytearray | None = bytearray(limits.HEADROOM)
        self._turn = 0  # exchanges begun
        self._sent = 0  # the turn of the last message that went out
        self._header: bytes | None = None  # of the message that is being read
        self._body = b""  # the message that went to Lua last; of a long one, the beginning
        self._long = False  # whether it was too long for one piece
        self._left = 0  # bytes of it that are still in the pipe
        self._next: bytes | None = None  # its slice that is read but not yet taken

    def set_limit(self, limit: int, address_space: int) -> None:
        """Arm Lua's memory limit, bytes; 0 for none. address_space: the process's, bytes; 0 for none."""
        self._limit = limit
        self._set_max_memory(limit, total=True)
        if address_space:
            self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
            self._page = os.sysconf("SC_PAGE_SIZE")
            self._full_size = (address_space - 2 * limits.HEADROOM) // self._page

    def status(self) -> bytes:
        """The encoded reply to getStatus."""
        return self._status()  # type: ignore[no-any-return]

    def exchange(self, reply: bytes) -> "bytes | tuple[object, ...] | bool":
        """Send a reply or request, and receive."""
        self._turn += 1
        if self._lifted and not self.is_full():
            self.tighten()
        self._send(reply)
        return self.receive()

    def receive(self) -> "bytes | tuple[object, ...] | bool":
        """PHP's next message: `return ` and its expression, what `fast_path` makes of it, or True for one that Lua
        takes by `slice`. Ends the process at the end of input and at a bad frame."""
        while True:
            self._long, self._header, self._body = False, None, b""  # nothing of the next message is read
            header = self._header = self._read_all(16)
            length = _lengths.get(header)
            if length is None:
                if not header:
                    os._exit(0)
                length = _frame_length(header)
            if length > SLICE and not self._has_room(length):
                return self._begin_long(length)
            body = self._body = self._read_all(length)
            if len(body) != length:
                die(f"truncated frame: expected a body of {length} bytes, got {len(body)}")
            if self._log is not None:
                self._write_log(b"RX <== ", body, length)
            if body == _GET_STATUS:
                self._send(self._status())
                continue
            return self._hand_over()

    def again(self) -> "bytes | tuple[object, ...] | None":
        """The last message once more, with room to read it; None where it was long and is gone."""
        self.lift()
        if self._long:
            return None
        return self._hand_over()

    def plain(self) -> "bytes | None":
        """The last message's expression as it came; None where it was long."""
        return None if self._long else b"return " + self._body

    def is_full(self) -> bool:
        """Whether there is little room left: for Lua, or for the process, which malloc's overhead may fill before.

        Where Lua gave back half of its memory there is room again, though the process is as large as it was.
        """
        used = self._used(total=True)
        return used > self._limit - limits.HEADROOM or (
            used > self._limit // 2 and self._full_size > 0 and self._size() > self._full_size
        )

    def _size(self) -> int:
        """The process's virtual memory, in pages."""
        return int(os.pread(self._statm, 32, 0).split(None, 1)[0])

    def lift(self) -> None:
        """Add the ballast to what is free, and as much to Lua's limit: to answer with."""
        self._ballast = None
        self._lifted = True
        if self._limit:
            self._set_max_memory(self._limit + limits.HEADROOM, total=True)

    def tighten(self) -> None:
        """Take back what `lift` gave. In memory too full for the ballast, Lua gets nothing more until there is room."""
        limit = self._limit
        try:
            self._ballast = self._ballast or bytearray(limits.HEADROOM)
            self._lifted = False
        except MemoryError:
            used = self._used(total=True)
            if used > limit // 2:
                limit = min(limit, used)
        if self._limit:
            self._set_max_memory(limit, total=True)

    def lost(self, turn: int) -> int:
        """What a failure has cost in this turn, the one in which Lua went to `exchange`; drains what is left of a long
        message."""
        if self._sent != turn:
            self._turn = turn  # Lua's way here may have ended before `exchange` began
            return NOT_SENT
        self._next = None
        if not self._left and not self._body:
            # No more than the header was read.
            header = self._header or self._read(16)
            if not header:
                os._exit(0)
            self._long, self._left = True, _frame_length(header)
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
        return REPLY if _op(self._body) in (b"return", b"error") else REQUEST

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

    # What crosses into Lua must fit: lupa pushes it where a failure would cost it the reference.

    def _hand_over(self) -> "bytes | tuple[object, ...]":
        body = self._body
        if len(body) > SMALL and self._limit and self._used(total=True) + 2 * len(body) + SLICE > self._limit:
            self.lift()
        return fast_path.read(body) or b"return " + body

    def _has_room(self, length: int) -> bool:
        # Lua's copies of a message while it compiles it: the text, the lexer's buffer (up to twice), the string.
        return length <= WHOLE and (
            not self._limit
            or (
                self._used(total=True) + 5 * length < self._limit
                and (not self._full_size or self._size() + 5 * length // self._page < self._full_size)
            )
        )

    def _begin_long(self, length: int) -> bool:
        self._long, self._left, self._next, self._body = True, length, None, b""
        first = self.slice()
        assert first is not None
        self._body = first[:64]
        self._next = b"return " + first
        if self._log is not None:
            self._write_log(b"RX <== ", first, length)
        return True

    def _read_all(self, length: int) -> bytes:
        try:
            return self._read(length)
        except MemoryError:
            self.lift()
            return self._read(length)

    def _send(self, reply: bytes) -> None:
        """One frame out. Raises MemoryError where nothing of it went out."""
        if self._log is not None:
            self._write_log(b"TX ==> ", reply, len(reply))
        if len(reply) > SLICE:
            self._send_long(reply)
            return
        body = _escape(reply)
        frame = (_headers.get(len(body)) or _header(len(body))) + body
        self._sent = self._turn
        _write(1, frame)

    def _send_long(self, reply: bytes) -> None:
        """With no copy of the whole but the one that escapes it, and where there is no room for that, none."""
        body = None
        if len(reply) <= WHOLE:
            try:
                body = _escape(reply)
            except MemoryError:
                pass
        if body is not None:
            length = len(body)
        else:
            length = len(reply) + reply.count(b"\\") + reply.count(b"\r") + reply.count(b"\n")
            if length >= 1 << 31:
                raise MemoryError
        header = _header(length)
        self._sent = self._turn
        _write(1, header)
        if body is not None or length == len(reply):
            _write(1, reply if body is None else body)
            return
        view = memoryview(reply)
        for start in range(0, len(reply), SLICE):
            piece = view[start : start + SLICE]
            try:
                body = _escape(bytes(piece))
            except MemoryError:
                self.lift()
                body = _escape(bytes(piece))
            _write(1, body)

    def _write_log(self, direction: bytes, message: bytes, length: int) -> None:
        assert self._log is not None
        try:
            os.write(self._log, b"%b%b (%d bytes)\n" % (direction, _op(message) or b"?", length))
        except OSError as error:  # a full disk is no reason to take the pages down
            self._log = None
            report(b"luaproc: the log ends here, cannot write: " + os.strerror(error.errno or 0).encode())


def _open_log(path: str) -> "int | None":
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as error:  # a wiki's pages do not depend on it
        report(
            f"luaproc: no log, {path!r} cannot be opened: {getattr(error, 'strerror', error)}".encode(
                "utf-8", "replace"
            )
        )
        return None


def _op(message: bytes) -> bytes:
    """The op that a message or its beginning names: the first quoted word behind `op`, which PHP and we write first."""
    return next((word for word in message[:64].partition(b"op")[2].split(b'"') if word.isalpha()), b"")


def _write(descriptor: int, data: "bytes | memoryview") -> None:
    try:
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, memoryview(data)[written:])
    except OSError as error:
        die(f"cannot write: {error.strerror}")


def _escape(text: bytes) -> bytes:
    # bytes.replace returns the same object where there is nothing to replace.
    return text.replace(b"\\", b"\\\\").replace(b"\r", b"\\r").replace(b"\n", b"\\n")


def _frame_length(header: bytes) -> int:
    """The body's length that a 16-byte header tells; ends the process where it is none."""
    if len(header) != 16:
        die(f"truncated frame: expected a header of 16 bytes, got {len(header)}")
    try:
        length = int(header[:8], 16)
    except ValueError:
        length = -1
    if length < 1 or header.lower() != _header(length):
        die(
            f"bad frame header {header!r}: expected the body's length in 8 hexadecimal digits, "
            "and its double less one in 8 more"
        )
    if length <= SMALL and len(_lengths) < _REMEMBERED:
        _lengths[header] = length
    return length


def _header(length: int) -> bytes:
    """The header of a frame with a body of this length."""
    header = b"%08x%08x" % (length, length * 2 - 1)
    if length <= SMALL and len(_headers) < _REMEMBERED:
        _headers[length] = header
    return header
