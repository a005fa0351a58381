"""The tap: between PHP and a server, copying bytes both ways and writing down what passes.

PHP must see what it would see without it. So the process that PHP started becomes the server itself (its pid, its
limits, its exit status and its signals are the server's own), and the copying is done by a process beside it, which is
nobody's child: a server that waits for children of its own meets no stranger. What is left of the tap in the server's
process is the processor time of starting it, 20 ms or so of what `ulimit -t` allows.

PHP has SIGPIPE ignored, and its servers inherit that; Python ignores it itself and forgets what was before. A launcher
reads it in time and hands it over (`ignored`).
"""

import errno
import os
import select
import sys
import time
from _signal import (  # type: ignore[import-not-found]  # `signal` is start-up time
    SIG_DFL,
    SIG_IGN,
    SIGHUP,
    SIGPIPE,
    SIGTERM,
    SIGXCPU,
    SIGXFSZ,
    getsignal,
    signal,
)

from luaproc.errors import visible
from luaproc.responder import restart
from luaproc.transcripts.errors import TranscriptError
from luaproc.transcripts.writer import Writer, new_file

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from luaproc.wire.messages import Side

_READ_SIZE = 1 << 16
_PIPE_BUF = 4096  # what a pipe that poll() calls writable takes without blocking
_LAST_WORDS = 200  # ms that a server which closed its stdout gets to end, before PHP is shown the end of the stream

# What Linux 6.15 tells of a process that is gone and waited for: ioctl(PIDFD_GET_INFO) with PIDFD_INFO_EXIT.
_PIDFD_GET_INFO = 0xC040FF0B
_PIDFD_INFO_EXIT = 1 << 3
_PIDFD_INFO_SIZE = 64
_PIDFD_EXIT_CODE = 60  # where in it the status stands

_PYTHON_IGNORES = (SIGPIPE, SIGXFSZ)


def record(command: "Sequence[str]", path: str, ignored: "int | None" = None) -> "NoReturn":
    """Become the server, and have everything that passes written to a new file. Never returns.

    command: the server's. path: the file; a name that ends in ``/``, or a directory, gets a file of its own for this
    process. ignored: which signals were ignored when this process began, as a bit mask; None: none of those that
    Python ignores.

    Raises TranscriptError when the file cannot be made; nothing has happened then. A command that cannot be executed
    ends the process with status 127 or 126, as a shell does.
    """
    began, started = time.monotonic(), time.time()
    pid = os.getpid()
    _must_have_pipes(path)
    writer = Writer(new_file(path.rstrip("/"), pid, started) if path.endswith("/") or os.path.isdir(path) else path)
    try:
        to_server, from_server, watch = os.pipe(), os.pipe(), _watch(pid)
        _fork_copier(command, pid, writer, to_server, from_server, watch, began, started)
    except OSError as error:  # no process or descriptor to be had: PHP's page matters more
        os.unlink(writer.path)
        _say(f"not recorded: {error}")
    else:
        os.dup2(to_server[0], 0)
        os.dup2(from_server[1], 1)
    become(command, ignored)


def launched(words: "Sequence[str]") -> "NoReturn":
    """What a launcher calls: ``[mask of ignored signals in hexadecimal, directory, command...]``. Never returns.

    Where nothing can be recorded the server runs without: a wiki's page is not to fail for it.
    """
    ignored = int(words[0], 16) if words[0] else None
    try:
        record(words[2:], words[1], ignored)
    except TranscriptError as error:
        _say(f"{error}")
        become(words[2:], ignored)


def become(command: "Sequence[str]", ignored: "int | None" = None) -> "NoReturn":
    """Execute the command in this process, with signals and environment as they were before Python began."""
    for number in _PYTHON_IGNORES:
        kept = ignored is not None and ignored >> (number - 1) & 1
        signal(number, SIG_IGN if kept else SIG_DFL)
    try:
        os.execvpe(command[0], list(command), _environment())
    except (OSError, ValueError) as error:
        _say(f"{command[0]!r} cannot be executed: {_reason(error)}")
        os._exit(126 if isinstance(error, PermissionError) else 127)


def _must_have_pipes(path: str) -> None:
    """Raise TranscriptError where stdin or stdout is closed: the transcript or a pipe would take its place."""
    for number, name in enumerate(("stdin", "stdout")):
        try:
            os.fstat(number)
        except OSError:
            raise TranscriptError(path, None, f"not recorded: {name} is closed") from None


def _say(text: str) -> None:
    """A line on stderr, Scribunto's errorFile, if there is one."""
    if sys.stderr is not None:
        sys.stderr.write(f"luaproc record: {visible(text)}\n")
        sys.stderr.flush()


def _reason(error: "OSError | ValueError") -> str:
    return getattr(error, "strerror", None) or str(error)


def _environment() -> "dict[str, str]":
    """As it was given: without the LC_CTYPE that Python sets for itself in the C locale (PEP 538), and with LC_ALL."""
    found = dict(os.environ)
    restart.restore(found)
    if "LC_CTYPE" in found:
        try:
            with open("/proc/self/environ", "rb") as file:
                if b"\0LC_CTYPE=" not in b"\0" + file.read():
                    del found["LC_CTYPE"]
        except OSError:
            pass
    return found


def _limits() -> "tuple[int | None, int | None]":
    """The soft limits of this process: CPU seconds, and bytes of virtual memory."""
    from resource import RLIM_INFINITY, RLIMIT_AS, RLIMIT_CPU, getrlimit

    cpu, memory = (getrlimit(number)[0] for number in (RLIMIT_CPU, RLIMIT_AS))
    return None if cpu == RLIM_INFINITY else cpu, None if memory == RLIM_INFINITY else memory


def _watch(pid: int) -> int:
    """A descriptor that becomes readable when the process ends; -1 where there is none (before Linux 5.3, macOS)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def _fork_copier(
    command: "Sequence[str]",
    pid: int,
    writer: Writer,
    to_server: "tuple[int, int]",
    from_server: "tuple[int, int]",
    watch: int,
    began: float,
    started: float,
) -> None:
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if status:
            raise OSError(errno.EAGAIN, "the second fork failed")
        return
    try:
        os.setsid()  # a terminal's Ctrl-C is for the server
        if os.fork():
            os._exit(0)
    except OSError:
        os._exit(1)
    status = 1
    try:
        os.close(to_server[0])
        os.close(from_server[1])
        writer.header(command, pid, started, _limits())
        _Copier(pid, writer, to_server[1], from_server[0], watch, began).run()
        status = 0
    except BaseException as error:
        # Nobody is there to raise it to; the server sees the end of its input.
        _say(f"{type(error).__name__}: {error}")
    finally:
        os._exit(status)


class _Copier:
    """Moves bytes between four descriptors until both streams have ended and the server is gone."""

    def __init__(self, pid: int, writer: Writer, to_server: int, from_server: int, watch: int, began: float) -> None:
        self.pid = pid
        self.writer = writer
        self.watch = watch
        self.began = began
        self.gone = False
        self.returncode: int | None = None
        os.set_blocking(to_server, False)
        self.request = _Way("host", 0, to_server, 1 << 30)
        # PHP's end may be shared with others, whom O_NONBLOCK would surprise: small writes do not block either.
        self.reply = _Way("responder", from_server, 1, _PIPE_BUF)
        self.poll = select.poll()
        if watch >= 0:
            self.poll.register(watch, select.POLLIN)
        signal(SIGTERM, lambda *_: self._send(SIGTERM))
        signal(SIGXCPU, _fresh_process)
        signal(SIGHUP, SIG_IGN)
        if getsignal(SIGPIPE) != SIG_IGN:  # where this is not Python's first process
            signal(SIGPIPE, SIG_IGN)

    def run(self) -> None:
        """Copy until the end, and write the last line; only then does PHP see the end of its stream."""
        ways = (self.request, self.reply)
        for way in ways:
            way.register(self.poll)
        while self.request.is_open or self.reply.is_open or self.watch >= 0:
            for fd, event in self.poll.poll():
                if fd == self.watch:
                    self._server_ended()
                for way in ways:
                    if way.is_open and fd in (way.source, way.sink):
                        self._move(way, fd, event)
            if self.reply.delivered and self.gone:
                break  # what PHP may still write, nobody will read
        self.writer.end(self._seconds(), self.returncode)
        self.writer.close()
        if self.writer.failed:
            _say(f"{self.writer.failed}")

    def _seconds(self) -> float:
        return time.monotonic() - self.began

    def _move(self, way: "_Way", fd: int, event: int) -> None:
        data = None
        if fd == way.source and not way.pending:
            data = os.read(way.source, _READ_SIZE)
            seconds = self._seconds()
            way.pending, way.ended = data, not data
        elif fd == way.sink and not event & select.POLLOUT:
            way.broken = True  # nobody reads there any more: whoever writes is to notice it
        way.push()
        if data is not None:
            self.writer.data(way.side, data, seconds)
        if way.delivered and way is self.reply:
            self._wait_for_status()
        if way.broken or (way.delivered and not (way is self.reply and self.gone)):
            way.close(self.poll)
        elif not way.delivered:
            way.register(self.poll)

    def _wait_for_status(self) -> None:
        """PHP asks for the status when it sees the end of the stream, and takes it away."""
        if self.watch >= 0:
            poll = select.poll()
            poll.register(self.watch, select.POLLIN)
            if poll.poll(_LAST_WORDS):
                self._server_ended()

    def _server_ended(self) -> None:
        self.gone = True
        self.returncode = _status_of(self.pid, self.watch)
        self.poll.unregister(self.watch)
        os.close(self.watch)
        self.watch = -1

    def _send(self, number: int) -> None:
        """A signal for the tap is meant for the server. It ends, and the tap after it."""
        if self.watch >= 0:
            from _signal import pidfd_send_signal

            pidfd_send_signal(self.watch, number)
        else:
            os.kill(self.pid, number)


class _Way:
    """One direction: where it comes from, where it goes, and what is on the way."""

    __slots__ = ("broken", "ended", "is_open", "pending", "ready", "side", "sink", "source", "step", "waits_for_source")

    def __init__(self, side: "Side", source: int, sink: int, step: int) -> None:
        self.side = side
        self.source = source
        self.sink = sink
        self.step = step  # the most bytes in one write
        self.pending = b""
        self.ended = False
        self.broken = False
        self.is_open = True
        self.waits_for_source = False
        self.ready = select.poll()
        self.ready.register(sink, select.POLLOUT)

    @property
    def delivered(self) -> bool:
        """Whether the stream has ended, and all of it is written."""
        return self.ended and not self.pending

    def register(self, poll: "select.poll") -> None:
        """Wait for more, or for room. A source that has hung up says so again and again, unless it is left out."""
        if not self.pending:
            poll.register(self.source, select.POLLIN)
        elif self.waits_for_source:
            poll.unregister(self.source)
        self.waits_for_source = not self.pending
        poll.register(self.sink, select.POLLOUT if self.pending else 0)

    def push(self) -> None:
        """Write what can be written without waiting."""
        rest = memoryview(self.pending)
        try:
            while rest and self.ready.poll(0):
                rest = rest[os.write(self.sink, rest[: self.step]) :]
        except BlockingIOError:
            pass
        except OSError:  # EPIPE, for a pipe; a terminal that is gone says EIO
            self.broken, rest = True, rest[:0]
        self.pending = bytes(rest)

    def close(self, poll: "select.poll") -> None:
        if self.waits_for_source:
            poll.unregister(self.source)
        poll.unregister(self.sink)
        os.close(self.source)
        os.close(self.sink)
        self.is_open = False


def _status_of(pid: int, watch: int) -> "int | None":
    """How a process ended: as subprocess has it, or None.

    It is a zombie until PHP waits for it, and /proc shows its status; a moment later only newer kernels know.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
        if fields[0] == b"Z":
            return _returncode(int(fields[-1]))
    except OSError:
        pass
    try:
        from fcntl import ioctl

        info = bytearray(_PIDFD_INFO_EXIT.to_bytes(8, sys.byteorder).ljust(_PIDFD_INFO_SIZE, b"\0"))
        ioctl(watch, _PIDFD_GET_INFO, info)
    except OSError:
        return None
    if not int.from_bytes(info[:8], sys.byteorder) & _PIDFD_INFO_EXIT:
        return None
    return _returncode(int.from_bytes(info[_PIDFD_EXIT_CODE:], sys.byteorder))


def _returncode(status: int) -> int:
    return -(status & 0x7F) if status & 0x7F else status >> 8 & 0xFF


def _fresh_process(*_: object) -> None:
    """PHP's limit of processor time holds for the tap's process, too; a new process starts at nothing."""
    if os.fork():
        os._exit(0)
