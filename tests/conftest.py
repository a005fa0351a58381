"""For every test."""

import os
import signal
import subprocess
import threading

import hypothesis
import pytest
from hypothesis import HealthCheck, settings

from tests import parts

# No timed tests: an example may wait for a busy machine as long as it likes.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

hypothesis.settings.register_profile("fast", max_examples=parts.FAST_EXAMPLES)


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis try few examples in the fast lane."""
    parts.in_fast_lane = "not slow" in config.getoption("markexpr")
    if parts.in_fast_lane:
        hypothesis.settings.load_profile("fast")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark rows of LuaJIT slow: what is tried on each runtime is tried on Lua 5.1 alone in the fast lane."""
    for item in items:
        parameters = (
            item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
        )
        if "luajit21" in parameters:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tell `parts.need` which test asks."""
    parts.running[:] = [(item.nodeid, item.get_closest_marker("real") is not None)]


class _Alone:
    """True while there is one thread."""

    def __bool__(self) -> bool:
        return threading.active_count() == 1


# Several tests start processes from threads. Of 7,000 that were started so by vfork, 5 got EFAULT from execve, on a
# virtual machine with two processors; of 20,000 by fork, none. (The switch is in subprocess's documentation.)
subprocess._USE_VFORK = _Alone()  # type: ignore[misc, assignment]

# A worker of pytest-xdist ignores SIGINT, which its controller handles. What the tests start would inherit that, and
# Ctrl-C is among what they try.
if "PYTEST_XDIST_WORKER" in os.environ and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
