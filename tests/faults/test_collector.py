"""The collector in nearly full memory: garbage is no live data, and a collection that cannot finish is helped."""

from contextlib import suppress

import pytest

from luaproc.host import LuaError
from tests.hostile import host
from tests.hostile.attack import BOTH, Limits

# Each test fills the memory of a process. More time than Scribunto's: what is tried here is the memory.
pytestmark = pytest.mark.slow
LIMITS = Limits(cpu=60)

# 30 MB of strings stay alive, while a module makes several times that of garbage. (Digits all over, since PUC hashes
# one character in 126 of such a string, and equal hashes make it slow.)
LIVE = "local keep = {} for i = 1, 30 * 250 do keep[i] = ('%04d'):format(i):rep(1000) end "
GARBAGE = {
    "small tables": "for i = 1, 1e6 do local s = {i} end",
    "strings": "for i = 1, 20000 do local s = ('%05d'):format(i):rep(800) end",
    "strings of 1 MB": "for i = 1, 60 do local s = ('g'):rep(1e6 - 10) .. i end",
    "growing tables": "for i = 1, 2000 do local t = {} for j = 1, 1000 do t[j] = j end end",
}


@pytest.mark.parametrize("runtime", BOTH)
def test_30_mb_stay_alive_beside_garbage(runtime: str) -> None:
    """Of Scribunto's 51,200 KB. Lua's own pace leaves 12 to 28 MB, by the kind of garbage."""
    for name, garbage in GARBAGE.items():
        with host.start(runtime, LIMITS, timeout=300) as interpreter:
            module = interpreter.load_string(LIVE + garbage + " return #keep", "=m")
            assert interpreter.call(module) == [7500], name
            host.check_health(interpreter)


@pytest.mark.parametrize("runtime", BOTH)
def test_a_call_of_php_in_each_comparison_of_a_sort(runtime: str) -> None:
    """A million numbers, whose table takes 16 MB, and a message both ways for each comparison: garbage of another kind.
    Done after some thousand, as no time limit would let it."""
    code = (
        "local t, left = {}, 4000 for i = 1, 1e6 do t[i] = i * 7919 % 1000003 end "
        "return pcall(table.sort, t, function(a, b) left = left - 1 if left < 0 then error('enough', 0) end "
        "local x, y = php.echo(a, ('g'):rep(4000) .. left) return x < b end)"
    )
    with host.start(runtime, LIMITS, timeout=300) as interpreter:
        assert interpreter.call(interpreter.load_string(code, "=m")) == [False, b"enough"]
        host.check_health(interpreter)


def test_a_collection_that_finds_no_block_for_the_table_of_strings() -> None:
    """Memory full of short strings, of which one in a thousand stays: the end of the sweep wants a block of 1 MB, and
    there are holes only. It failed for ever, also when all of it was garbage; now later calls have their memory.
    """
    with host.start("lua51", Limits(memory=30000, cpu=60), timeout=300) as interpreter:
        fill = interpreter.load_string(
            "kept = {} local n = 0 pcall(function() while true do n = n + 1 kept[n] = 'k' .. n end end) "
            "for i = 1, n do if i % 1000 ~= 0 then kept[i] = nil end end return n",
            "=m",
        )
        work = interpreter.load_string("for i = 1, 1e5 do local t = ('x'):rep(100) .. i end return 1", "=m")
        forget = interpreter.load_string("kept = nil", "=m")
        for step in (fill, work):  # while the strings are there, no memory is no wonder
            with suppress(LuaError):
                interpreter.call(step)
        interpreter.call(forget)
        assert interpreter.call(work) == [1]
        assert interpreter.call(work) == [1]
        host.check_health(interpreter)
