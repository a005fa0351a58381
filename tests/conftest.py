"""For every test."""

import subprocess
import threading


class _Alone:
    """True while there is one thread."""

    def __bool__(self) -> bool:
        return threading.active_count() == 1


# Several tests start processes from threads. Of 7,000 that were started so by vfork, 5 got EFAULT from execve, on a
# virtual machine with two processors; of 20,000 by fork, none. (The switch is in subprocess's documentation.)
subprocess._USE_VFORK = _Alone()  # type: ignore[misc, assignment]
