"""Limits by `--max-memory` and LUAPROC_MAX_MEMORY, where no ulimit sets them (macOS, Windows, a start by hand): the
same behaviour as with Scribunto's ulimit. CPU limits by every way: tests/faults/test_signals.py."""

import resource

import pytest

from luaproc.host import LuaError
from tests import forks
from tests.hostile import host
from tests.hostile.attack import BOTH, Limits
from tests.parts import LONG

# Each test fills the memory of several processes, or waits for a CPU limit.
pytestmark = pytest.mark.slow

NO_ULIMIT = Limits(memory=None, cpu=None)

SIZES = ("20M", "51200K") if LONG else ("20M",)

WAYS = {
    "strings doubling": "local s = 'x' while true do s = s .. s end",
    "tables": "local t = {} while true do t = {t} end",
    "short strings": "local t = {} for i = 1, 1e9 do t[i] = 'k' .. i end",
    "in a callback": "php.call(function() local s = 'x' while true do s = s .. s end end)",
    "a result too large": "local s = ('x'):rep(4e6) local t = {} for i = 1, 1000 do t[i] = s end return t",
    "answers from PHP": "local t = {} for i = 1, 1e9 do t[i] = php.huge(1e6, i) end",
}


@pytest.mark.parametrize("way", ["option", "environment"])
@pytest.mark.parametrize("size", [51200, 20480])
@pytest.mark.parametrize("runtime", BOTH)
def test_the_limit(runtime: str, size: int, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel has it, in bytes, and below it Lua has its own."""
    options: tuple[str, ...] = ("--max-memory", f"{size}K")
    if way == "environment":
        options = ()
        monkeypatch.setenv("LUAPROC_MAX_MEMORY", f"{size}K")
    with host.start(runtime, NO_ULIMIT, *options, command=forks.started) as interpreter:
        host.check_health(interpreter)
        limit = resource.prlimit(interpreter.connection.pid, resource.RLIMIT_AS)
        assert limit == (size * 1024, size * 1024)
        with pytest.raises(LuaError, match="not enough memory"):
            interpreter.call(interpreter.load_string(WAYS["strings doubling"], "=m"))


@pytest.mark.parametrize(("runtime", "size"), [(runtime, size) for runtime in BOTH for size in SIZES])
def test_memory(runtime: str, size: str) -> None:
    """Every way to run out ends in `not enough memory`, one after the other in one process, which stays itself."""
    with host.start(runtime, NO_ULIMIT, "--max-memory", size) as interpreter:
        for name, code in WAYS.items():
            with pytest.raises(LuaError) as error:
                interpreter.call(interpreter.load_string(code, "=m"))
            assert error.value.value in (b"not enough memory", b"m:1: not enough memory"), name
            host.check_health(interpreter)
        status = interpreter.get_status()
    assert status is not None
    assert status.vsize is not None
    assert status.vsize <= 51200 * 1024


@pytest.mark.parametrize("runtime", BOTH)
def test_without_any_limit(runtime: str) -> None:
    """A module may have a hundred megabytes then."""
    with host.start(runtime, NO_ULIMIT) as interpreter:
        assert interpreter.call(interpreter.load_string("return #('x'):rep(1e8)", "=m")) == [100_000_000]
        host.check_health(interpreter)
