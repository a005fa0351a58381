"""A responder as a bare process with two pipes: for what `luaproc.host` is too well behaved to do."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable

from luaproc.wire.framing import FrameDecoder, encode_frame
from tests import forks

SECONDS = 600  # for anything; what hangs fails, and nothing is measured


class Responder:
    """A process, its frames, and how it ended."""

    def __init__(self, runtime: str, *options: str, setup: Callable[[], object] | None = None) -> None:
        self.process = forks.Popen(
            forks.forked("serve", "--runtime", runtime, *options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            preexec_fn=setup,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.stdin, self.stdout = self.process.stdin.fileno(), self.process.stdout.fileno()
        self._decoder = FrameDecoder()

    def send(self, body: bytes) -> None:
        """One frame."""
        frame = memoryview(encode_frame(body))
        while frame:
            frame = frame[os.write(self.stdin, frame) :]

    def receive(self) -> bytes:
        """The next frame's body."""
        while not isinstance(body := self._decoder.next_frame(), bytes):
            assert body is not None, "the responder has ended"
            self._decoder.receive_data(os.read(self.stdout, 65536))
        return body

    def load(self, code: str, number: int) -> None:
        """loadString; the chunk must get this number."""
        text = code.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        self.send(b'{["op"]="loadString",["text"]="%b",["chunkName"]="=m"}' % text.encode())
        assert b"i:1;i:%d;" % number in self.receive()

    def call(self, number: int) -> None:
        """Start a call; its answer is not waited for."""
        self.send(b'{["op"]="call",["id"]=%d,["nargs"]=0,["args"]={}}' % number)

    def until(self, state: str) -> None:
        """Wait until the kernel says that the process is in this state: S sleeps (in a read or write), R runs."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with open(f"/proc/{self.process.pid}/stat", "rb") as file:
                if file.read().rpartition(b") ")[2].startswith(state.encode()):
                    return
            time.sleep(0.005)
        raise AssertionError(f"the process never came to be in state {state}")

    def ended(self) -> tuple[int, bytes, resource.struct_rusage]:
        """Status as subprocess gives it, stderr, and what the process used; kills it after SECONDS."""
        assert self.process.stderr is not None
        signal.signal(signal.SIGALRM, lambda *_: self.process.kill())
        signal.alarm(SECONDS)
        try:
            stderr = self.process.stderr.read()
            _, status, used = os.wait4(self.process.pid, 0)
        finally:
            signal.alarm(0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return self.process.returncode, stderr, used

    def __enter__(self) -> Responder:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.returncode is None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
