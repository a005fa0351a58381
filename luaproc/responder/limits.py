"""The limits of the process: set, and read."""

import _signal  # type: ignore[import-not-found]
import sys

from luaproc.errors import LuaprocError, UsageError
from luaproc.responder.bare_os import os

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds from the CPU limit to where the timer of `cpu_clock` would send its signal.
_BEYOND = 1000.0

_limits = b""  # the text of /proc/self/limits: a start asks for four of them


def set_process_limits(max_memory: int | None, max_cpu: int | None) -> None:
    """Apply `--max-memory` (bytes, as ulimit -v) and `--max-cpu` (seconds; the hard limit is one more, as Scribunto's).

    A limit that the process was started with holds if it is lower, soft and hard each: with the soft CPU limit at the
    hard one, the kernel sends SIGKILL in place of SIGXCPU. Where the platform cannot limit CPU time, a thread watches
    it. Raises `UsageError` for a limit that the system refuses.
    """
    global _limits
    if max_memory is None and max_cpu is None:
        return
    try:
        import resource
    except ImportError:
        if max_cpu is not None:
            _watch_cpu(max_cpu)
        return
    wanted = {}
    # macOS has the name and refuses every value; there Lua's own limit does the work (see `memory.lua_limit`).
    if max_memory is not None and hasattr(resource, "RLIMIT_AS") and sys.platform != "darwin":
        wanted[resource.RLIMIT_AS] = (max_memory, max_memory)
    if max_cpu is not None:
        wanted[resource.RLIMIT_CPU] = (max_cpu, max_cpu + 1)
    for limit, values in wanted.items():
        have = resource.getrlimit(limit)
        soft, hard = (
            value if held == resource.RLIM_INFINITY else min(value, held)
            for value, held in zip(values, have, strict=True)
        )
        try:
            resource.setrlimit(limit, (soft, hard))
        except (OSError, ValueError, OverflowError) as error:
            raise UsageError(f"the system refuses a limit of {soft}: {error}") from error
    _limits = b""


def address_space() -> int:
    """The process's limit of virtual memory, bytes; 0 where there is none, or no /proc to tell."""
    return _soft_limit(b"Max address space") or 0


def address_space_used() -> int:
    """How much of it the process has now, bytes. Only where there is a limit, and so /proc."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def must_leave(size: int, limit: int) -> None:
    """Raise `LuaprocError` where less than `size` bytes are left of the address space, whose limit is `limit`, if any.

    Just below what a start needs, Python and the runtimes do not fail: they hang, or die of signals.
    """
    if limit:
        used = address_space_used()
        if limit - used < size:
            raise LuaprocError(
                f"not enough memory to start: this needs {(used + size) // 1024} KB of address space, and the limit is "
                f"{limit // 1024} KB: raise Scribunto's memoryLimit, or --max-memory"
            )


def gsub_levels() -> int:
    """How many calls of gsub in one another, of 9 KB each, take C's stack at the start: 36, of a small one a third."""
    stack = _soft_limit(b"Max stack size")
    return 36 if stack is None else min(36, stack // 3 // 9216)


def cpu_seconds() -> int:
    """The CPU time at which the process gets SIGXCPU, seconds; 0 where there is no such limit, or no /proc to tell."""
    return _soft_limit(b"Max cpu time") or 0


def cpu_clock(limit: int) -> "Callable[[], int]":
    """A function that tells how many milliseconds of CPU time are left until SIGXCPU comes, as the kernel counts them.

    limit: as `cpu_seconds` tells it. The kernel adds a whole tick to whoever runs at it, and compares that count with
    the limit. No clock shows the count: clock(), times() and /proc tell what the scheduler measured, which differs by
    0.02 to 0.3 s in 1 to 7, and by 1.1 s in 7 with eight processes to a processor. But a timer of the kind ITIMER_PROF
    runs by it; this one is set far beyond the limit.
    """
    if not start_cpu_clock(limit):
        return lambda: 0
    getitimer, kind = _signal.getitimer, _signal.ITIMER_PROF
    return lambda: int((getitimer(kind)[0] - _BEYOND) * 1000)


def start_cpu_clock(limit: int) -> bool:
    """Set the timer of `cpu_clock`, which a fork does not have from its parent; False where there is none."""
    if not limit or not hasattr(_signal, "setitimer"):
        return False
    user, system = os.times()[:2]
    # SIGXCPU comes long before this timer's signal does.
    _signal.setitimer(_signal.ITIMER_PROF, limit - user - system + _BEYOND)
    return True


def _soft_limit(name: bytes) -> "int | None":
    # /proc rather than getrlimit(): `resource` is one more shared library to load on every start.
    global _limits
    try:
        if not _limits:
            file = os.open("/proc/self/limits", os.O_RDONLY)
            _limits = os.read(file, 8192)
            os.close(file)
        soft = _limits.partition(b"\n" + name)[2].split(None, 1)[0]
        return None if soft == b"unlimited" else int(soft)
    except (OSError, IndexError):
        return None


def _watch_cpu(seconds: int) -> None:
    import threading
    import time

    def watch() -> None:
        while (left := seconds - time.process_time()) > 0:
            time.sleep(max(left, 0.01))
        os._exit(128 + 24)  # as a shell reports SIGXCPU, which PHP understands

    threading.Thread(target=watch, daemon=True).start()
