"""What a responder may do with any input: end well, or say in one line what was wrong. Nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import lupa

import luaproc
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import FrameDecoder
from luaproc.wire.messages import decode_from_responder

NURSERY = Path(__file__).with_name("nursery.py")
PATH = os.pathsep.join(os.path.dirname(os.path.dirname(module.__file__ or "")) for module in (luaproc, lupa))


class Report(NamedTuple):
    """How the responder ended (as subprocess counts it), and what it wrote."""

    status: int
    stdout: bytes
    stderr: bytes


class Nursery:
    """A process that has everything imported, and forks a responder for each input."""

    def __init__(self, runtime: str) -> None:
        command = [sys.executable, "-I", "-S", str(NURSERY), PATH, runtime]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, given: bytes) -> Report:
        """A responder with this input until it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"%08x%b" % (len(given), given))
        self._process.stdin.flush()
        return Report(os.waitstatus_to_exitcode(self._number()), self._text(), self._text())

    def _text(self) -> bytes:
        return self._take(self._number())

    def _number(self) -> int:
        return int(self._take(8), 16)

    def _take(self, length: int) -> bytes:
        assert self._process.stdout is not None
        text = self._process.stdout.read(length)
        assert len(text) == length, "the nursery has ended"
        return text

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def run(inputs: Iterable[bytes], runtime: str) -> Iterator[tuple[bytes, Report]]:
    """Each input and its report, from as many nurseries as there are processors."""
    everything = list(inputs)
    workers = os.cpu_count() or 1

    def nurse(start: int) -> list[tuple[bytes, Report]]:
        with Nursery(runtime) as nursery:
            return [(given, nursery.run(given)) for given in everything[start::workers]]

    with ThreadPoolExecutor(workers) as pool:
        for reports in pool.map(nurse, range(workers)):
            yield from reports


def complaint(report: Report) -> str | None:
    """What is wrong with a report; None where nothing is."""
    if report.status == -signal.SIGALRM:
        return "it hung"
    if report.status not in (0, 1, 42):
        return f"it ended with status {report.status}: {report.stderr[-500:]!r}"
    if report.status == 1:
        one_line = report.stderr.startswith(b"luaproc: ") and report.stderr.index(b"\n") == len(report.stderr) - 1
        if not one_line or b"raceback" in report.stderr:
            return f"no diagnosis in one line: {report.stderr!r}"
        if b"not enough memory to start" in report.stderr:
            return "a failure at work told as one of the start"
    elif report.stderr:
        return f"status {report.status}, but {report.stderr!r} on stderr"
    decoder = FrameDecoder()
    if report.stdout:
        decoder.receive_data(report.stdout)
    decoder.receive_data(b"")  # the end
    try:
        while isinstance(frame := decoder.next_frame(), bytes):
            decode_from_responder(frame)
    except RemoteProtocolError as error:
        return f"what it wrote is not the protocol: {error}"
    return None
