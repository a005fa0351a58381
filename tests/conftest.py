"""For every test."""

import subprocess

# Several tests start processes from threads. Of 7,000 that were started so by vfork, 5 got EFAULT from execve, on a
# virtual machine with two processors; of as many by fork, none. (The switch is in subprocess's documentation.)
subprocess._USE_VFORK = False  # type: ignore[misc]
