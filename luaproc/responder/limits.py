"""The limits of the process, and how much of them Lua may have."""

import sys

from luaproc.errors import UsageError
from luaproc.responder.bare_os import os

# What stays for Python beside Lua, in bytes: frames of up to SLICE both ways, malloc's own overhead, and the reserve
# below, which is given back when memory has run out, so that there is always enough to answer with.
RESERVE = 1536 * 1024
HEADROOM = 512 * 1024

# Where the process has no limit to read (macOS, Windows), `--max-memory` is taken to include this much for Python and
# lupa: what they take on Linux (docs/lupa.md, "Start-up and memory").
BASE = 14 * 1024 * 1024


def set_process_limits(max_memory: int | None, max_cpu: int | None) -> None:
    """Apply `--max-memory` (bytes, as ulimit -v) and `--max-cpu` (seconds; the hard limit is one more, as Scribunto's).

    A limit that the process was started with holds if it is lower, soft and hard each: with the soft CPU limit at the
    hard one, the kernel sends SIGKILL in place of SIGXCPU. Where the platform cannot limit CPU time, a thread watches
    it. Raises `UsageError` for a limit that the system refuses.
    """
    if max_memory is None and max_cpu is None:
        return
    try:
        import resource
    except ImportError:
        if max_cpu is not None:
            _watch_cpu(max_cpu)
        return
    wanted = {}
    # macOS has the name and refuses every value; there Lua's own limit does the work (see `lua_memory`).
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


def lua_memory(max_memory: int | None) -> int:
    """How many bytes Lua may use: what is left of the process's address space, less RESERVE (of a small one, a 32nd);
    0 for no limit.

    Measured now, so call it when all else is loaded. Without a limit of the process, `max_memory` less BASE.
    """
    limit = address_space()
    if limit:
        with open("/proc/self/statm", "rb") as file:
            used = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        return max(limit - used - min(RESERVE, limit // 32), 256 * 1024)
    if max_memory is not None:
        return max(max_memory - BASE, 256 * 1024)
    return 0


def address_space() -> int:
    """The process's limit of virtual memory, bytes; 0 where there is none, or no /proc to tell."""
    return _soft_limit(b"Max address space") or 0


def collector_pause(limit: int) -> int:
    """How far memory may grow before Lua collects again, in per cent of what was alive, for Lua's limit in bytes.

    Lua's own 200 means that garbage may take as much as what is alive. Under a tight limit (Scribunto's own tests leave
    us 4 MB) that is "not enough memory" where there is enough: there it collects sooner, and pays in time.
    """
    return 120 if 0 < limit < 8 * 1024 * 1024 else 200


def cpu_seconds() -> int:
    """The CPU time at which the process gets SIGXCPU, seconds; 0 where there is no such limit, or no /proc to tell."""
    return _soft_limit(b"Max cpu time") or 0


def _soft_limit(name: bytes) -> "int | None":
    # /proc rather than getrlimit(): `resource` is one more shared library to load on every start.
    try:
        with open("/proc/self/limits", "rb") as file:
            for line in file:
                if line.startswith(name):
                    soft = line[len(name) :].split()[0]
                    return None if soft == b"unlimited" else int(soft)
    except OSError:
        pass
    return None


def _watch_cpu(seconds: int) -> None:
    import threading
    import time

    def watch() -> None:
        while (left := seconds - time.process_time()) > 0:
            time.sleep(max(left, 0.01))
        os._exit(128 + 24)  # as a shell reports SIGXCPU, which PHP understands

    threading.Thread(target=watch, daemon=True).start()
