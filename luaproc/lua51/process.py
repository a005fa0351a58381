"""Give the process back to C: undo what Python set up at its start, so that a script finds what lua would give it."""

import _locale
import ctypes
import os

from luaproc.lua51.stdio import libc, stream
from luaproc.responder import restart

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # `signal` imports enum and re: start-up time

# Python ignores these (a script in a pipeline then never dies of SIGPIPE, nor do the programs it starts);
# and SIGINT would be Python's KeyboardInterrupt.
PYTHON_TOOK = ("SIGPIPE", "SIGXFSZ", "SIGXFZ", "SIGINT")

BUFFER = ctypes.c_size_t(8192)

# What PEP 538 may have written into LC_CTYPE of our environment, where every child would find it.
COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


def give_back() -> None:
    """Default signal actions, the C locale (`os.setlocale()` says "C", `%a` knows ASCII), the environment as given."""
    for name in PYTHON_TOOK:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)
    _locale.setlocale(_locale.LC_ALL, "C")
    _buffer()
    restart.restore(os.environ)
    if os.environ.get("LC_CTYPE") in COERCED and not _was_given(b"LC_CTYPE="):
        del os.environ["LC_CTYPE"]


def _buffer() -> None:
    """C's own buffers: PYTHONUNBUFFERED, which container images like to set, takes those of stdin and stdout away."""
    for name, full in (("stdin", True), ("stdout", not os.isatty(1))):
        # The modes are _IOFBF and _IOLBF of Linux and macOS. The buffer must outlive Python: C flushes it last.
        libc.setvbuf(stream(name), ctypes.c_void_p(libc.malloc(BUFFER)), 0 if full else 1, BUFFER)


def _was_given(prefix: bytes) -> bool:
    """Whether the process was started with this variable, by /proc; True where that cannot be seen."""
    try:
        with open("/proc/self/environ", "rb") as environ:
            return any(entry.startswith(prefix) for entry in environ.read().split(b"\0"))
    except OSError:
        return True
