"""How much of Scribunto's 51,200 KB a module has: measured as a module can, by taking until no more is given.

Figures in KB (Debian 12, x86-64, CPython 3.11, lupa 2.8): started lean, as `luaproc link` does; by pip's console
script; and the reference server on Debian's Lua. docs/memory.md has them for other Pythons.

    what a module can hold                lua51: lean  script  lua5.1   luajit21: lean  script  luajit
    strings of 4 KB                              35544   33888   46016           35068   33408   44984
    strings of 1 KB                              34092   32768   42805           34127   32691       0
    one string, of string.rep                    11600   10650   14100           16350   16350   16350
    used before the module (vsize)               14368   16036    4272           14956   16636    4176

32,768 strings of 1 KB are where a table's array doubles: it wants 1 MB at once then. string.rep has its text three
times over while it grows. The reference on luajit leaves nothing: memory that runs out ends it.
"""

import pytest

from luaproc.responder.memory import BALLAST
from tests import forks
from tests.hostile import host
from tests.hostile.attack import BOTH, DEFAULT

# Each test fills the memory of several processes.
pytestmark = pytest.mark.slow

AIM = 33 * 1024
ONE_STRING = 10 * 1024

# No two strings are equal: Lua keeps equal ones once. They differ in the bytes that Lua hashes, every 128th, too: or
# each is compared with all others.
_STRINGS = (
    "local t, n = {}, 0 pcall(function() while true do "
    "t[n + 1] = ('%07d'):format(n):rep(581) n = n + 1 end end) t = nil return n * 4"
)


@pytest.mark.parametrize("runtime", BOTH)
def test_a_module_can_hold_33_mb(runtime: str) -> None:
    """The largest total, in KB, of 4 KB strings in a table before `not enough memory`."""
    with host.start(runtime, DEFAULT, command=forks.started) as interpreter:
        (kilobytes,) = interpreter.call(interpreter.load_string(_STRINGS, "=m"))
        host.check_health(interpreter)
    assert kilobytes >= AIM


@pytest.mark.parametrize("runtime", BOTH)
def test_a_module_whose_reply_was_lost_has_no_more_than_before(runtime: str) -> None:
    """PHP's reply does not fit: the reserve, which that takes, is held again when the module gets the error."""
    with host.start(runtime, DEFAULT, command=forks.started) as interpreter:
        interpreter.register_library("php", {"big": lambda: "x" * 40_000_000})
        lose = "local ok, reason = pcall( php.big ) return ok, reason, ( function () " + _STRINGS + " end )()"
        ok, reason, after = interpreter.call(interpreter.load_string(lose, "=m"))
        assert (ok, reason) == (False, b"not enough memory")
        (usual,) = interpreter.call(interpreter.load_string(_STRINGS, "=m"))
        host.check_health(interpreter)
    assert after < usual + BALLAST // 1024 // 2


@pytest.mark.parametrize("runtime", BOTH)
def test_a_module_can_make_a_string_of_10_mb(runtime: str) -> None:
    """The largest string, in KB, that string.rep makes in a fresh process."""
    low, high = 0, DEFAULT.memory or 0
    while high - low > 1024:
        middle = (low + high) // 2
        with host.start(runtime, DEFAULT, command=forks.started) as interpreter:
            made, text = interpreter.call(
                interpreter.load_string("local ok, s = pcall(string.rep, 'x', ...) return ok, ok or s", "=m"),
                middle * 1024,
            )
            assert made or text == b"not enough memory"
            low, high = (middle, high) if made else (low, middle)
    assert low >= ONE_STRING


@pytest.mark.parametrize("runtime", BOTH)
def test_a_fork_has_the_memory_of_a_start(runtime: str) -> None:
    """Most tests that fill memory do it in forks (tests/forks.py): 0.13 MB less there."""
    used = []
    for command in (forks.started, forks.started, forks.forked):  # the first may have to compile luaproc, in 0.3 MB
        with host.start(runtime, DEFAULT, command=command) as interpreter:
            status = interpreter.get_status()
            assert status is not None
            assert status.vsize is not None
            used.append(status.vsize // 1024)
    assert abs(used[1] - used[2]) < 300, used
