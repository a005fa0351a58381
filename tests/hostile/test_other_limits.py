"""Limits by `--max-memory` and LUAPROC_MAX_MEMORY, where no ulimit sets them (macOS, Windows, a start by hand): the
same behaviour as with Scribunto's ulimit. CPU limits by every way: tests/faults/test_signals.py."""

import pytest

from luaproc.host import LuaError
from tests.hostile import host
from tests.hostile.attack import BOTH, Limits

# Each test fills the memory of several processes, or waits for a CPU limit.
pytestmark = pytest.mark.slow

NO_ULIMIT = Limits(memory=None, cpu=None)

WAYS = {
    "strings doubling": "local s = 'x' while true do s = s .. s end",
    "tables": "local t = {} while true do t = {t} end",
    "short strings": "local t = {} for i = 1, 1e9 do t[i] = 'k' .. i end",
    "in a callback": "php.call(function() local s = 'x' while true do s = s .. s end end)",
    "a result too large": "local s = ('x'):rep(4e6) local t = {} for i = 1, 1000 do t[i] = s end return t",
    "answers from PHP": "local t = {} for i = 1, 1e9 do t[i] = php.huge(1e6, i) end",
}


@pytest.mark.parametrize("way", ["option", "environment"])
@pytest.mark.parametrize("size", ["51200K", "20M"])
@pytest.mark.parametrize("runtime", BOTH)
def test_memory(runtime: str, size: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to run out ends in `not enough memory`, one after the other in one process, which stays itself."""
    options: tuple[str, ...] = ("--max-memory", size)
    if way == "environment":
        options = ()
        monkeypatch.setenv("LUAPROC_MAX_MEMORY", size)
    with host.start(runtime, NO_ULIMIT, *options) as interpreter:
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
