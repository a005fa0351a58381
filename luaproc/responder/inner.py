"""A responder inside its host's process: no pipes, no second process, and Lua's state from page view to page view.

The host calls `InnerResponder.answer` where it would send a message, and is called where Lua would send one. Messages
are the same bytes, and no object crosses. What a process of its own gives is not there: a loop in a C function of Lua's
is not ended, memory is Lua's own limit alone, and a crash is the host's. So this is for modules that are trusted.
"""

import sys
import time

from luaproc.errors import readable
from luaproc.responder import fast_path, memory, runtime, scribunto, serve, status
from luaproc.responder.log import op_of
from luaproc.responder.pipes import NOT_SENT, REPLY_LOST, REQUEST_LOST, SLICE, SMALL, WHOLE

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_RUNTIME = "lua51"
"""The runtime: LuaJIT's compiled code runs no hooks, and could not be ended."""

# Whether C's locale is Lua's: bytes beyond ASCII are of no class, numbers have points, letters are sorted by their
# codes, months are English. A real Lua starts in the C locale, and Python's process may be in any.
_IS_C_LOCALE = rb"""
local find, upper, lower, format, date = string.find, string.upper, string.lower, string.format, os.date
local high = string.gsub( string.rep( '.', 128 ), '()%.', function ( place ) return string.char( 127 + place ) end )
return function ()
	return not find( high, '[%a%c%d%l%p%s%u%w]' ) and upper( lower( high ) ) == high and format( '%.1f', 0.5 ) == '0.5'
		and 'B' < 'a' and date( '!%c', 0 ) == 'Thu Jan  1 00:00:00 1970'
end
"""

_CLEANUP_CHUNKS = b'{["op"]="cleanupChunks"'
_ENDED = b'{["op"]="error",["value"]="the module was ended"}'


class InnerResponder:
    """One Lua state and what answers for it.

    memory_limit: bytes, as a server's process would have it; None for no limit. cpu_limit: seconds of CPU time that Lua
    may use from one `restore` to the next; None for no limit. Raises `UsageError` where lupa has no Lua 5.1,
    MemoryError.
    """

    def __init__(self, memory_limit: "int | None", cpu_limit: "float | None") -> None:
        self._lua = lua = runtime.new_runtime(_RUNTIME)
        self.host: Callable[[], Callable[[bytes], bytes] | None] = lambda: None
        """Gives who answers Lua's messages; a weak reference, since Lua's state holds this object."""
        self._lua_error: type[Exception] = sys.modules[type(lua).__module__].LuaError
        self._cpu_limit = cpu_limit
        self._reserve = memory.Reserve(lua)
        self._body = b""  # the message that goes to Lua
        self._pieces: Iterator[bytes] = iter(())  # of one that is too long for Lua's memory in one piece
        self._turn = self._sent = 0  # exchanges begun, and the last that reached the host
        self._seconds = 0.0  # of CPU time, in Lua, since `restore`
        self._since: float | None = None  # where Lua runs: the thread's CPU time when it went on
        self.over = ""
        """Why Lua was ended, in words; the state is of no use then."""
        self.out_of_time = False
        """Whether it was for the CPU time that it used."""
        self.caught: BaseException | None = None
        """What Python raised while Lua ran, which was ended for it: KeyboardInterrupt, say."""
        self.last_words = ""
        """Where Lua was when it was ended."""
        self._is_c_locale = lua.execute(_IS_C_LOCALE)
        class_name = scribunto.function_class(None)
        begin = serve.boot(lua, _RUNTIME, self, self._reserve, {
            "boot.stack_levels": 1,
            "pipes.exit": lambda status: self.end(f"it was told to end with status {status}"),
            "pipes.die": lambda reason: self.end(reason.decode("utf-8", "replace")),
            "pipes.report": self._report,
            "pipes.cpu_left": lambda: 0,
            "settings.cpu_limit": 0,
            "settings.int_size": 8,
            "settings.function_head": scribunto.function_head(class_name, 0),
            "settings.with_log": scribunto.reads_log(class_name),
            "host.tick": self._tick,
            "host.report": self._report,
        })  # fmt: skip
        limit = 0 if memory_limit is None else max(memory_limit - memory.BASE, memory.LEAST)
        self._reserve.set_limit(limit, 0)
        (self._answer, self.keep, self.keep_more, self._restore, self._set_hook, self._look, self._raised) = begin(
            limit
        )

    def answer(self, body: bytes) -> "bytes | None":
        """The reply to a message, calls of Lua's answered meanwhile; None where Lua was ended (see `over`)."""
        self._body = body
        self._sent = self._turn  # what is lost from here on is this message
        self._since = time.thread_time()
        reply: bytes | None = None
        reason = "a signal's handler raised an error"
        try:
            reply = self._answer()
        except self._lua_error as error:  # where it was ended outside of all that catches errors
            reason = str(error)
        self._pause()
        if self._cpu_limit is not None and self._seconds > self._cpu_limit and not self.over:
            # In a function of Lua's own, or shortly before the end: a server would not have answered any more.
            self.out_of_time = True
            self.end(self._time_is_up(self._seconds))
        if reply is None and self.caught is None:
            self._set_hook()
            raised = self._raised()
            self.caught = raised if isinstance(raised, BaseException) else None
            self._set_hook(self._look, b"", 1)  # for what this message came amid
            self.end(reason)
        return None if self.over else reply

    def restore(self) -> bool:
        """Let the next page view begin: modules find what they found at `keep`, and time is counted anew.

        False where this cannot be had, and the state is of no use any more; or where C's locale is not Lua's now.
        """
        self._seconds = 0.0
        try:
            return not self.over and bool(self._restore()) and not self.over and bool(self._is_c_locale())
        except self._lua_error as error:  # there is no memory even for this
            self.end(str(error))
            return False

    def usage(self) -> "tuple[float, int]":
        """Seconds of CPU time since `restore`; bytes of memory, with what a process of its own would take."""
        return self._seconds, memory.BASE + int(self._lua.get_memory_used(total=True))

    def end(self, reason: str) -> None:
        """End what runs in Lua; from any thread. Nothing is answered any more."""
        self.over = self.over or reason

    def close(self) -> None:
        """Let go of Lua's state: it holds this object, which holds the state."""
        self._reserve.__dict__.clear()
        self.__dict__.clear()

    # -- What lua/delivery.lua calls, as of `pipes.Pipes`. No exception but MemoryError leaves for Lua.

    def receive(self) -> "bytes | tuple[object, ...] | bool":
        """The host's message."""
        body = self._body
        # Where no memory is left for what goes to Lua, lupa keeps Python's lock, and the process waits for ever.
        self._reserve.spend_if_full()
        if len(body) > SMALL:
            if len(body) > SLICE and not (len(body) <= WHOLE and self._reserve.has_room_to_compile(len(body))):
                self._pieces = _pieces(body)
                return True
            if not self._reserve.has_room_to_push(len(body)):
                self._reserve.spend()
        return _read(body)

    def exchange(self, request: bytes) -> "bytes | tuple[object, ...] | bool":
        """Have a message of Lua's answered."""
        self._turn += 1
        if self._reserve.state is not memory.HELD:
            self._reserve.restore_if_room()
        self._sent = self._turn
        try:
            self._pause()
            host = self.host()
            self._body = _ENDED if self.over or host is None else host(request)
            self._since = time.thread_time()
            return self.receive()
        except MemoryError:
            raise
        except BaseException as error:
            self._catch(error)
            return b"return " + _ENDED

    def slice(self) -> "bytes | None":
        """The next piece of a long message, None at its end."""
        return next(self._pieces, None)

    def again(self) -> "bytes | tuple[object, ...] | None":
        """The last message once more, with room to read it; None where it was long."""
        self._reserve.spend()
        return None if len(self._body) > SLICE else _read(self._body)

    def plain(self) -> bytes:
        """The last message's expression as it came."""
        return b"return " + self._body

    def lost(self, turn: int) -> int:
        """What a failure has cost in this turn."""
        if self._sent != turn:
            self._turn = turn
            return NOT_SENT
        return REPLY_LOST if op_of(self._body) in (b"return", b"error") else REQUEST_LOST

    def status(self) -> bytes:
        """The reply to getStatus: this process's figures are the host's."""
        return status.EMPTY

    def _tick(self) -> "bytes | None":
        try:
            used = self._seconds + (0.0 if self._since is None else time.thread_time() - self._since)
            if self._cpu_limit is not None and used > self._cpu_limit:
                self.out_of_time = self.out_of_time or not self.over
                self.end(self._time_is_up(used))
        except BaseException as error:
            self._catch(error)
        return self.over.encode("utf-8", "replace") or None

    def _time_is_up(self, used: float) -> str:
        return f"{used:.2f} of {self._cpu_limit} seconds of CPU time are used up"

    def _catch(self, error: BaseException) -> None:
        self.caught = self.caught or error
        self.end(f"{type(error).__name__} was raised: {error}")

    def _pause(self) -> None:
        if self._since is not None:
            self._seconds += time.thread_time() - self._since
            self._since = None

    def _report(self, text: bytes) -> None:
        self.last_words = readable(text)


def _read(body: bytes) -> "tuple[object, ...] | bytes":
    # Which list of functions was the last, `fast_path` knows of one Lua state in a process.
    return b"return " + body if body.startswith(_CLEANUP_CHUNKS) else fast_path.message(body)


def _pieces(body: bytes) -> "Iterator[bytes]":
    yield b"return " + body[:SLICE]
    for place in range(SLICE, len(body), SLICE):
        yield body[place : place + SLICE]
