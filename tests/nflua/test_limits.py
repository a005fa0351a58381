"""Limits hold against scripts that fight them, on each runtime; one state reaches nothing but itself."""

import pytest

from luaproc.nflua import Control, Data, NfluaError, Refused, SocketError
from tests.nflua.conftest import RUNTIMES, Start

# What must meet the limit of instructions, and how.
TRAPS = {
    "a loop": "while true do end",
    "pcall loops": "local function loop() while true do end end while true do pcall(loop) end",
    "nested pcall loops": "local function f() pcall(f) while true do pcall(f) end end f()",
    "coroutines": "local function f() while true do end end coroutine.wrap(f)()",
    "coroutines that are made": "while true do coroutine.resume(coroutine.create(function() end)) end",
    "coroutines that make coroutines": (
        "local function f() coroutine.resume(coroutine.create(f)) while true do end end f()"
    ),
    "a wrapped loop that is caught": "while true do pcall(coroutine.wrap(function() while true do end end)) end",
    "a message handler": "xpcall(function() while true do end end, function() while true do end end)",
    "a message handler that fails": "while true do xpcall(error, function() error() end) end",
    "a reader": "load(function() while true do end end)",
    "readers that are caught": "while true do pcall(load, function() while true do end end) end",
    "a sort": (
        "local t = {} for i = 1, 500 do t[i] = i end while true do pcall(table.sort, t, function() return true end) end"
    ),
    "gsub": "while true do ('x'):rep(1000):gsub('.', function() end) end",
    "tostring": "local t = setmetatable({}, { __tostring = function() while true do end end }) tostring(t)",
    "metamethods": (
        "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) "
        "pcall(function() return t[1] end) while true do end"
    ),
    "thousands of values": (
        "local t = {} for i = 1, 5000 do t[i] = i end while true do pcall(unpack or table.unpack, t) end"
    ),
    "an error with a loop in it": "error(setmetatable({}, { __tostring = function() while true do end end }))",
}  # fmt: skip


# A limit that trips near the end of a stack is told by the stack's error.
TRIPPED = ("instruction limit", "overflow", "error in error handling")


@pytest.mark.slow  # burns instructions until a limit
@pytest.mark.parametrize("flags", ["", "d"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_instructions(start: Start, runtime: str, flags: str) -> None:
    """Each trap is refused, and the state is as usable as before; a hang would end the server."""
    with Control(server=start(runtime, "--max-seconds", "8"), timeout=300) as control:
        control.create("s", 100_000, 1 << 20, flags)
        for name, code in TRAPS.items():
            with pytest.raises(Refused) as caught:
                control.execute("s", code)
            assert any(text in caught.value.reason for text in TRIPPED), name
            control.execute("s", "x = (x or 0) + 1")
        control.execute("s", f"assert(x == {len(TRAPS)})")


def test_each_call_begins_at_zero(any_server: str) -> None:
    with Control(server=any_server, timeout=300) as control:
        control.create("s", 20_000, 1 << 20)
        for _ in range(10):
            control.execute("s", "for i = 1, 3000 do end")


def test_memory(any_server: str) -> None:
    """Upstream's own figures: 32 KiB do not fit in 32 KiB, and do in 128; what fails is collected."""
    with Control(server=any_server, timeout=300) as control:
        control.create("small", 0, 32768)
        control.create("large", 0, 131072)
        with pytest.raises(Refused, match="not enough memory"):
            control.execute("small", "x = string.rep('a', 32 * 1024)")
        control.execute("large", "x = string.rep('a', 32 * 1024)")
        with pytest.raises(Refused, match="not enough memory"):
            control.execute("small", "local t = {} for i = 1, 1e6 do t[i] = {} end")
        control.execute("small", "local ok, e = pcall(string.rep, 'a', 1e6) assert(not ok)")
        control.execute("small", "x = 'still here'")
        [small, large] = control.list()
        assert small.curralloc < 16_000 < 20_000 < large.curralloc
        with pytest.raises(Refused, match="MIN_ALLOC"):
            control.create("tiny", 0, 32767)


@pytest.mark.parametrize("flags", ["", "d"])
def test_a_state_reaches_nothing_else(any_server: str, flags: str) -> None:
    """No file, process, server, Python or other state; no finalizers, no bytecode; the debug library only with d."""
    with Control(server=any_server, timeout=300) as control:
        control.create("s", 0, 1 << 20, flags)
        control.create("t", 0, 1 << 20)
        control.execute("t", "secret = 1 string.secret = 1")
        control.execute(
            "s",
            """
            for _, name in ipairs{
                'io', 'python', 'dofile', 'loadfile', 'newproxy', 'jit', 'ffi', 'module', 'secret', 'gcinfo',
            } do
                assert(_G[name] == nil, name)
            end
            for _, name in ipairs{ 'execute', 'exit', 'getenv', 'remove', 'rename', 'tmpname', 'setlocale' } do
                assert(os[name] == nil, name)
            end
            assert(string.dump == nil and string.secret == nil)
            assert(not pcall(require, 'io') and not pcall(require, 'python'))
            assert(not (loadstring or load)('\\27Lua'))
            """,
        )
        control.execute("s", f"assert((debug ~= nil) == {'true' if flags else 'false'})")
        control.execute("s", "assert(not pcall(setmetatable, {}, { __gc = print }) or not utf8)")
        if flags:
            control.execute("s", "assert(debug.getregistry == nil and debug.gethook == nil or debug.gethook() == nil)")


# With flag d: what would reach the hook, the functions that hold it, or what lupa left.
ATTACKS = """
for _, name in ipairs{
    'sethook', 'getregistry', 'getuservalue', 'setuservalue', 'setfenv', 'getfenv', 'upvaluejoin', 'debug',
} do
    assert(debug[name] == nil, name)
end
local ours = { pcall, xpcall, coroutine.create, coroutine.resume, coroutine.wrap, print, require, load, setmetatable,
    timer.create, nf.netlink, data.new, debug.getinfo, debug.traceback, math.random, os.time, string.rep }
for index, func in ipairs(ours) do
    assert(not pcall(debug.getupvalue, func, 1), index)
    assert(not pcall(debug.setupvalue, func, 1, print), index)
end
local seen = 0
for level = 0, 50 do
    local info = debug.getinfo(level, 'Snf')
    if not info then break end
    seen = seen + 1
    for index = 1, 30 do
        local ok, name, value = pcall(debug.getlocal, level, index)
        if ok and name then
            assert(type(value) ~= 'userdata' and value ~= print or info.source == '@theirs', name)
        end
    end
end
assert(seen > 2)
assert(debug.getmetatable(data.new(1)) == nil and not pcall(debug.setmetatable, data.new(1), {}))
assert(not pcall(debug.setmetatable, print, {}) and not pcall(debug.setmetatable, nil, {}))
assert(not pcall(debug.setmetatable, {}, { __gc = print }) )
local metatable = debug.getmetatable('')
assert(metatable == nil or metatable.__index == string)
"""


@pytest.mark.slow  # attacks each runtime
def test_the_debug_library_reaches_nothing_of_ours(any_server: str) -> None:
    with Control(server=any_server, timeout=300) as control:
        control.create("s", 100_000, 1 << 20, "d")
        control.execute("s", ATTACKS, "@theirs")
        with pytest.raises(Refused, match="instruction limit"):
            control.execute("s", "while true do pcall(debug.traceback) end", "@theirs")


@pytest.mark.slow  # waits for a time limit
def test_a_call_that_no_hook_can_stop_ends_the_server(start: Start) -> None:
    """Clients get Connection refused, and do not wait until their own time is over."""
    address = start("lua53", "--max-seconds", "1")
    with Control(server=address, timeout=300) as control:
        control.create("s", 1000, 1 << 20)
        with pytest.raises((SocketError, NfluaError)) as caught:
            control.execute("s", "(('a'):rep(40)):find(('a?'):rep(40) .. ('a'):rep(40) .. 'b')")
        assert str(caught.value).startswith("Connection refused")
    assert start.processes[0].wait(300) == 1  # type: ignore[attr-defined]


@pytest.mark.slow  # fills states
def test_data_and_timers(any_server: str) -> None:
    with Control(server=any_server, timeout=300) as control, Data(server=any_server, timeout=300) as data:
        control.create("s", 0, 1 << 20)
        control.execute(
            "s",
            "nf = require 'nf' timer = require 'timer' function __receive_callback(port, d) "
            "t = timer.create(20, function() nf.netlink(port, nil, 'late ' .. tostring(d)) end) end",
        )
        data.send("s", b"hello")
        assert data.receive() == (b"late hello", b"s")
        control.execute("s", "t = timer.create(100000, print)")
        with pytest.raises(Refused, match="timer is pending"):
            control.destroy("s")
        control.execute("s", "assert(timer.destroy(t))")
        control.destroy("s")
        data.send("s", b"gone")
        with pytest.raises(Refused, match="lua state not found"):
            data.receive()


@pytest.mark.slow  # burns instructions up to a limit
def test_what_does_not_fight_is_not_refused(any_server: str) -> None:
    """A coroutine pays for what it runs, not for a thousand instructions; a message handler that fails is caught."""
    with Control(server=any_server, timeout=300) as control:
        control.create("s", 100_000, 1 << 20)
        control.execute("s", "for i = 1, 400 do assert(coroutine.wrap(function() return i end)() == i) end")
        control.execute(
            "s",
            "assert(not xpcall(error, nil)) "
            "local ok, why = xpcall(error, function() error('in the handler') end) "
            "assert(not ok and why:find('in the handler')) "
            "ok, why = xpcall(function() error('x', 0) end, function(message) return message .. '!' end) "
            "assert(not ok and why == 'x!')",
        )
        control.execute(
            "s",
            "local unpack = unpack or table.unpack "
            "assert(select('#', unpack{ 1, 2, 3 }) == 3 and unpack({ 1, 2, 3 }, 2) == 2) "
            "assert(select('#', unpack({}, 2, 1)) == 0 and not pcall(unpack) and not pcall(unpack, {}, 'x'))",
        )
        # Lua 5.1 keeps a hook of each address that was a coroutine's.
        control.create("t", 4_000_000_000, 1 << 17)
        for _ in range(3):
            control.execute(
                "t",
                "local keep = {} for i = 1, 60 do keep[i] = coroutine.create(print) end keep = nil for i = 1, 10000 do "
                "local f = coroutine.wrap(function() coroutine.yield() end) f() if i % 2 == 0 then f() end "
                "local text = ('x'):rep(i % 200) end collectgarbage()",
            )
        assert control.list()[-1].curralloc < 40_000
