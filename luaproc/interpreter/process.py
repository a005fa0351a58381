"""Give the process back to C: undo what Python set up at its start, so that a script finds what lua would give it."""

import _locale
import os
import signal

# Python ignores these (a script in a pipeline then never dies of SIGPIPE, nor do the programs it starts);
# and SIGINT would be Python's KeyboardInterrupt.
PYTHON_TOOK = ("SIGPIPE", "SIGXFSZ", "SIGXFZ", "SIGINT")

# What PEP 538 may have written into LC_CTYPE of our environment, where every child would find it.
COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


def give_back() -> None:
    """Default signal actions, the C locale (`os.setlocale()` says "C", `%a` knows ASCII), the environment as given."""
    for name in PYTHON_TOOK:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)
    _locale.setlocale(_locale.LC_ALL, "C")
    if os.environ.get("LC_CTYPE") in COERCED and not _was_given(b"LC_CTYPE="):
        del os.environ["LC_CTYPE"]


def _was_given(prefix: bytes) -> bool:
    """Whether the process was started with this variable, by /proc; True where that cannot be seen."""
    try:
        with open("/proc/self/environ", "rb") as environ:
            return any(entry.startswith(prefix) for entry in environ.read().split(b"\0"))
    except OSError:
        return True
