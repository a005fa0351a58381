"""For every test."""

import gc
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import parts

# Containers set PYTHONDONTWRITEBYTECODE. Each worker would rewrite the asserts of all tests, and each process of a test
# compile what it imports: a third of what the fast lane takes.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Thousands of tests are collected and stay. Python's collector would look through them over and over meanwhile, and
# later at each gc.collect() of a test.
gc.disable()

# No timed tests: an example may wait for a busy machine as long as it likes. The examples are the same in each run, so
# that a run of CI does not fail by luck; LUAPROC_LONG_TESTS=1 tries others each time.
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not parts.LONG
)
settings.load_profile("untimed")
settings.register_profile("fast", settings.get_profile("untimed"), max_examples=parts.FAST_EXAMPLES)

# The files that take longest, in this order. Workers of pytest-xdist take files from the head of the list: a long file
# that one worker began last would leave the other worker idle.
LONG_FILES = {
    name: number
    for number, name in enumerate(
        (
            "mediawiki/test_pages.py",
            "hostile/test_corpus.py",
            "lua51/test_suites.py",
            "faults/test_generated.py",
            "hostile/test_random.py",
            "responder/test_differential.py",
            "doctor/test_command.py",
            "host/test_pytest_plugin.py",
            "faults/test_signals.py",
            "faults/test_soak.py",
            "install/test_limited_api.py",
            "bench/test_command.py",
            "hostile/test_other_limits.py",
            "doctor/test_server.py",
            "doctor/test_system.py",
            "faults/test_collector.py",
        )
    )
}
TESTS = Path(__file__).parent
_MARKED_AS_A_WHOLE = re.compile(r"^pytestmark = .*\bmark\.(?:slow|real)\b", re.MULTILINE)


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis try few examples in the fast lane, and the workers take files in the order of the tests."""
    parts.in_fast_lane = "not slow" in config.getoption("markexpr")
    if parts.in_fast_lane:
        settings.load_profile("fast")
    if hasattr(config.option, "loadscopereorder"):  # pytest-xdist's own order: the files with the most tests first
        config.option.loadscopereorder = False


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The fast lane imports no file whose tests it would all leave out."""
    if config.getoption("markexpr") != "not slow and not real" or collection_path.suffix != ".py":
        return None
    return _MARKED_AS_A_WHOLE.search(collection_path.read_text(encoding="utf-8")) is not None or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first. Rows of LuaJIT are slow: the fast lane tries on Lua 5.1 alone what is tried on each runtime."""
    items.sort(key=lambda item: LONG_FILES.get(_below_tests(item.path), len(LONG_FILES)))
    for item in items:
        parameters = (
            item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
        )
        if "luajit21" in parameters:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """From here on Python's collector runs as ever, for what tests make."""
    gc.freeze()
    gc.enable()


def _below_tests(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tell `parts.need` which test asks."""
    parts.running[:] = [(item.nodeid, item.get_closest_marker("real") is not None)]


@pytest.fixture(scope="session")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of locales as localedef writes it, and one 8-bit locale beside it."""
    parts.need("locales")
    place = tmp_path_factory.mktemp("locales")
    (place / "usr" / "lib" / "locale").mkdir(parents=True)
    german = ["-i", "de_DE", "-f", "ISO-8859-1"]
    subprocess.run(["localedef", f"--prefix={place}", *german, "de_DE.ISO-8859-1"], check=True)
    subprocess.run(["localedef", "--no-archive", *german, str(place / "de_DE.ISO-8859-1")], check=True)
    return place


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
