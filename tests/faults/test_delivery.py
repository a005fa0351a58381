"""However the bytes arrive and leave: the answers are the same."""

import fcntl
import os
import signal
import struct
import termios
import time

import pytest

from luaproc.wire.framing import FrameDecoder
from luaproc.wire.messages import Message, decode_from_responder
from tests.faults.process import SECONDS, Responder
from tests.faults.streams import VALID

# Each test passes its bytes in thousands of small pieces.
pytestmark = pytest.mark.slow

RUNTIMES = ("lua51", "luajit21")


def messages_of(data: bytes) -> list[Message]:
    """The answers, without those to getStatus, which tells another pid each time."""
    decoder = FrameDecoder()
    decoder.receive_data(data)
    messages = []
    while isinstance(frame := decoder.next_frame(), bytes):
        if b's:5:"vsize"' not in frame:
            messages.append(decode_from_responder(frame))
    return messages


def expected(runtime: str) -> list[Message]:
    """The answers to the valid stream when it comes in one piece."""
    with Responder(runtime) as responder:
        os.write(responder.stdin, VALID)
        assert responder.ended()[0] == 0
        return messages_of(os.read(responder.stdout, 65536))


def wait_until_taken(descriptor: int) -> None:
    """Until nothing is left in the pipe."""
    deadline = time.monotonic() + SECONDS
    while struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]:
        assert time.monotonic() < deadline, "the responder does not read"
        time.sleep(0)


@pytest.mark.parametrize("size", [1, 7, 17])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_in_small_pieces(runtime: str, size: int) -> None:
    """Each piece is taken before the next one is sent: every read of the responder's gets no more."""
    with Responder(runtime) as responder:
        for start in range(0, len(VALID), size):
            os.write(responder.stdin, VALID[start : start + size])
            if start + size < len(VALID):
                wait_until_taken(responder.stdin)
        assert responder.ended()[0] == 0
        assert messages_of(os.read(responder.stdout, 65536)) == expected(runtime)


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 2_000_000])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_partial_writes(runtime: str, size: int) -> None:
    """A pipe of 4 KB that PHP empties 1,000 bytes at a time, and pipes that somebody made non-blocking."""

    def setup() -> None:
        os.set_blocking(0, False)
        os.set_blocking(1, False)

    with Responder(runtime, setup=setup) as responder:
        fcntl.fcntl(responder.stdout, fcntl.F_SETPIPE_SZ, 4096)
        responder.load(f"return ('a\\n\\\\'):rep({size // 3})", 1)
        responder.call(1)
        decoder = FrameDecoder()
        while not isinstance(frame := decoder.next_frame(), bytes):
            decoder.receive_data(os.read(responder.stdout, 1000))
        text = frame.partition(b'"values";a:1:{i:1;s:')[2].partition(b':"')[2]
        assert text == rb"a\n\\" * (size // 3) + b'";}}'


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_signal_that_interrupts_reads_and_writes(runtime: str) -> None:
    """A stop and a continuation, as a shell's job control sends them, lose no byte."""
    with Responder(runtime) as responder:
        responder.load("return ('x'):rep(300000)", 1)
        for start in range(0, len(VALID) - 1000, 50):
            responder.until("S")
            responder.process.send_signal(signal.SIGSTOP)
            responder.process.send_signal(signal.SIGCONT)
            if start % 500 == 0:
                responder.call(1)
                responder.process.send_signal(signal.SIGSTOP)
                responder.process.send_signal(signal.SIGCONT)
                assert len(responder.receive()) > 300_000
