"""SIGTERM and SIGHUP for commands that drive servers: the servers end first."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGTERM, signal.SIGHUP)


class _Signalled(SystemExit):
    """Unwinds the command. A SystemExit, since event loops let nothing else pass."""


@contextmanager
def servers_end_first() -> Iterator[None]:
    """Let a signal unwind what is inside, and then die of it. Also a decorator.

    A signal that is ignored (nohup's SIGHUP) stays ignored. Further signals are ignored while unwinding, which takes
    seconds at most.
    """
    received = 0

    def unwind(number: int, _frame: FrameType | None) -> None:
        nonlocal received
        received = number
        for each in _NUMBERS:
            signal.signal(each, signal.SIG_IGN)
        raise _Signalled(128 + number)

    handled = [number for number in _NUMBERS if signal.getsignal(number) == signal.SIG_DFL]
    for number in handled:
        signal.signal(number, unwind)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
        if received:
            try:
                sys.stdout.flush()
            except (OSError, ValueError):
                pass  # the terminal is gone
            os.kill(os.getpid(), received)
