"""Room on Python's stack for nesting whose depth the other side chooses: calls in calls, tables in tables."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

_lock = threading.Lock()
_base = 0  # the limit without us
_limit = 0  # the limit as we left it
_wanted = 0  # frames, by all threads


class Room:
    """Raises Python's recursion limit by `frames` while inside, whatever the threads do meanwhile.

    A limit that somebody else sets meanwhile stays. `frames` has to be bounded: where frames of Python's take stack of
    C's (CPython 3.10, about half a kB each), a full one ends the process.
    """

    __slots__ = ("frames",)

    def __init__(self, frames: int) -> None:
        self.frames = frames

    def __enter__(self) -> None:
        _raise(self.frames)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        _raise(-self.frames)


def _raise(frames: int) -> None:
    global _base, _limit, _wanted
    _spare(5)  # no limit is set that could not be set back a frame or two from here
    with _lock:
        now = sys.getrecursionlimit()
        base = _base if now == _limit else now
        sys.setrecursionlimit(base + _wanted + frames)
        _base, _wanted, _limit = base, _wanted + frames, base + _wanted + frames


def _spare(frames: int) -> None:
    """Raises RecursionError where the stack has no room for so many more."""
    if frames:
        _spare(frames - 1)
