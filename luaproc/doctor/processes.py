"""Processes that doctor starts: bounded in time and talk, and gone afterwards with all that they started."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

MOST = 1 << 16
"""Bytes of output that are looked at."""


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    seconds: float,
    stderr: int | IO[bytes] = subprocess.STDOUT,
) -> tuple[bytes, int | None]:
    """What a command says, at most `MOST` bytes, and its status as subprocess's; None if it came to no end in time, or
    said more. Raises OSError if it cannot be started.
    """
    deadline = time.monotonic() + seconds
    said = b""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, env=dict(environment), cwd="/",
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()  # not /dev/null: a container may lack it
        try:
            while len(said) < MOST:
                if not select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))[0]:
                    return said, None
                piece = os.read(process.stdout.fileno(), MOST - len(said))
                if not piece:
                    return said, process.wait(max(deadline - time.monotonic(), 0))
                said += piece
            return said, None
        except subprocess.TimeoutExpired:
            return said, None
        finally:
            end_group(process.pid)


def end_group(leader: int) -> None:
    """Kill what is left of a process's group: a wrapper's children outlive the wrapper."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
