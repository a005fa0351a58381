"""Every way to run out of memory, at Scribunto's default and at the limit of its own memory test.

A row at the default limit fills ten times the memory of a row at the lower one, and meets the same code of ours. CI
tries those that take seconds on one runtime, or not at all; LUAPROC_LONG_TESTS=1 tries all.
"""

from tests.hostile.attack import (
    BOTH,
    LUAJIT,
    NO_MEMORY,
    PUC,
    STAYS_FULL,
    SURVIVES,
    Attack,
    Limits,
    Outcome,
    fails,
    returns,
)
from tests.parts import LONG

# Scribunto's memory, and more time than its 7 seconds: full memory is collected again and again, which took 4 to 6
# seconds of a quiet machine, and what is tried here is the memory.
DEFAULT, TIGHT = Limits(cpu=30), Limits(memory=19531, cpu=30)

_RUN_OUT = {
    "strings doubling": "local s = 'x' while true do s = s .. s end",
    "a string growing": "local s, x = '', ('x'):rep(1e6) while true do s = s .. x end",
    # They differ where Lua hashes, every 32nd byte: or each is compared with all others, for seconds.
    "strings kept": "local t = {} for i = 1, 1e9 do t[i] = ('%09d'):format(i):rep(111) end",
    "short strings kept": "local t = {} for i = 1, 1e9 do t[i] = 'k' .. i end",
    "tables kept": "local t = {} while true do t = {t} end",
    "tables in a list": "local t = {} for i = 1, 1e9 do t[i] = {} end",
    "one table of numbers": "local t = {} for i = 1, 1e9 do t[i] = i end",
    "one table of keys": "local t = {} for i = 1, 1e9 do t[i + 0.5] = true end",
    "closures kept": "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
    "PHP functions kept": "local t = {} for i = 1, 1e9 do t[i] = {php.wrapped} t[i][2] = function() return t end end",
    "string.rep": "return ('x'):rep(2^29)",
    "gsub growing": "local s = 'x' while true do s = s:gsub('.', '%0%0%0%0%0%0%0%0') end",
    "gsub with a function": "local s = ('x'):rep(1000) while true do s = s:gsub('.', function(c) return s end) end",
    "table.concat": "local t, s = {}, ('x'):rep(1e5) for i = 1, 1000 do t[i] = s end return table.concat(t, ',')",
    "string.format": "local s = ('x'):rep(1e6) while true do s = string.format('%s%s%q', s, s, s) end",
    "string.upper": "local t = {} for i = 1, 1e9 do t[i] = (i .. ('x'):rep(1e6)):upper() end",
    "deep recursion": "local x = ('x'):rep(50000) local function f(n) local a, b, c, d, e = {}, {}, {}, {}, x .. n "
    "return f(n + 1) .. e end f(1)",
    "varargs": "local function f(...) return f('x', ...) .. 'y' end f()",
    "a result too large to serialize": "local s = ('x'):rep(4e6) local t = {} for i = 1, 1000 do t[i] = s end return t",
    "an argument too large to serialize": "local s = ('x'):rep(4e6) local t = {} for i = 1, 1000 do "
    "t[i] = s end "
    "php.echo(t)",
    "an error too large to serialize": "local s = ('x'):rep(4e6) local t = {} for i = 1, 1000 do t[i] = s end error(t)",
    "a result of many small values": "local t = {} for i = 1, 3e6 do t[i] = i end return t",
    "in a callback": "php.call(function() local s = 'x' while true do s = s .. s end end)",
    "in a callback of a callback": "php.call(function() php.call(function() local t = {} while true "
    "do t = {t} end "
    "end) end)",
    "in __pairs": "return setmetatable({}, {__pairs = function() local s = 'x' while true do s = s .. s end end})",
    "in an error handler": "xpcall(error, function() local s = 'x' while true do s = s .. s end end) "
    "local s = 'x' while true do s = s .. s end",
    "in a comparator": "table.sort({1, 2, 3}, function() local t = {} while true do t = {t} end end)",
    "in __index": "local t = setmetatable({}, {__index = function() local t = {} while true do t = "
    "{t} end end}) "
    "return t.x",
    "a huge answer from PHP": "return #php.huge(MORE)",
    "answers from PHP kept": "local t = {} for i = 1, 1e9 do t[i] = php.huge(1e6, i) end",
    "tables from PHP kept": "local t = {} for i = 1, 1e9 do t[i] = php.tab(2000) end",
    "the traceback of it": "local function f(n) return f(n + 1) + 1 end local s = ('x'):rep(1e6) "
    "while true do "
    "local ok = pcall(f, 1) s = s .. debug.traceback(s) end",
}
# At the default limit these take half a second each and more.
_LONG_AT_DEFAULT = ("short strings kept", "tables from PHP kept")
# The trace or the handler may fail first for lack of memory, or the stack overflow before it.
_OTHER: dict[str, Outcome] = {
    "in a callback": fails("(m:1: )?not enough memory$"),
    "in a callback of a callback": fails("(m:1: )*not enough memory$"),
    "varargs": fails("not enough memory$|.*(stack overflow|too many)"),
    "in an error handler": fails("not enough memory$|error in error handling"),
    "a huge answer from PHP": fails("not enough memory$"),
}

# What memory is full of when the host has to work in it.
_FILL = {
    "large strings": "local x = ('x'):rep(1e5) for i = 1, 1e9 do t[i] = x .. i end",
    "strings of 1 KB": "for i = 1, 1e9 do t[i] = ('%09d'):format(i):rep(111) end",
    "short strings": "for i = 1, 1e9 do t[i] = 'k' .. i end",
    "empty tables": "while true do t[1] = {t[1]} end",
    "closures": "while true do local o = t[1] t[1] = function() return o end end",
}
# Then, with whatever was left, in the smallest steps.
_TO_THE_BRIM = (
    "local t, u = {}, {} local function fill() %s end local function strings() for i = 1, 1e9 do u[i] = 'b' .. i end "
    "end local function tables() while true do u[0] = {u[0]} end end pcall(fill) pcall(strings) pcall(tables) "
)
# What a module does in full memory; it must stay in step with PHP, whatever it gets.
_WORK = {
    "PHP called": "pcall(php.echo, i)",
    "PHP called back": "pcall(php.call, function() return 1 end)",
    "PHP failing": "pcall(php.fail, 'table')",
    "PHP called with much": "pcall(php.echo, t)",
    "PHP answering much": "pcall(php.huge, 60000) pcall(php.huge, 3e5)",
    "PHP answering very much": "if i < 4 then pcall(php.huge, 3e6) end",
    "PHP loading code": "pcall(php.load, 'return 1')",
    "PHP asking for the status": "pcall(php.status)",
    "PHP registering": "pcall(php.register, 'late' .. i)",
    "PHP cleaning up": "pcall(php.cleanup)",
    "memory running out below PHP": "pcall(php.call, function() local s = 'x' while true do s = s .. s end end)",
}
# Functions that make strings, called from each of 40 depths where no block is left for what they make; the count of
# errors that are not "not enough memory", and whether there was one of these. LuaJIT's own write the error among the
# frames in use, which ends the process or makes a module's call return what it should not.
_FAIL_AT_EVERY_DEPTH = """
local function deep(n, f, ...) if n == 0 then local r = f(...) return r end local r = deep(n - 1, f, ...) return r end
local failed, wrong = false, 0
local function try(...)
	for n = 1, 40 do
		local ok, e = pcall(deep, n, ...)
		if e == 'not enough memory' then failed = true elseif type(e) ~= 'string' or not ok then wrong = wrong + 1 end
	end
end
"""
_FULL_OF_LARGE = (
    "local s, t = ('x'):rep(1e7), {} pcall(function() for i = 1, 1e5 do t[i] = ('%09d'):format(i):rep(400) end end) "
)
_FULL_OF_SMALL = "local t pcall(function() while true do t = {t} end end) "
_MAKERS = {
    "lower": _FULL_OF_LARGE + "try(string.lower, s)",
    "upper": _FULL_OF_LARGE + "try(string.upper, s)",
    "reverse": _FULL_OF_LARGE + "try(string.reverse, s)",
    "sub": _FULL_OF_LARGE + "try(string.sub, s, 2)",
    "the metatable's upper": _FULL_OF_LARGE + "try(function(s) local u = s:upper() return u end, s)",
    "rep": _FULL_OF_LARGE + "try(string.rep, s, 2)",
    "gsub": _FULL_OF_LARGE + "try(string.gsub, s, 'x', 'yy')",
    "format": _FULL_OF_LARGE + "try(string.format, '%s%s', s, s)",
    "concat": _FULL_OF_LARGE + "try(table.concat, {s, s})",
    "tostring": _FULL_OF_SMALL + "try(tostring, 1234567890.125)",
    "char": _FULL_OF_SMALL + "try(string.char, 1, 2, 3, 4, 5, 6)",
}

# PUC's own are without fault: with each of the two fillings one is enough.
_ON_BOTH = ("gsub", "tostring")

# At the default limit it takes seconds to fill all of it.
_AT_DEFAULT = (
    ("short strings", ("PHP called", "PHP called back", "PHP answering much", "PHP loading code"))
    if LONG
    else ("empty tables", ("PHP called",))
)
_KEPT_AT_DEFAULT = tuple(_FILL) if LONG else ("large strings",)


def _more(code: str, limits: Limits) -> str:
    """With its answer of PHP's larger than all of the memory."""
    return code.replace("MORE", str((limits.memory or 0) * 1060))


def _runtimes(limits: Limits) -> tuple[str, ...]:
    """Where a row is tried."""
    return BOTH if LONG or limits is TIGHT else PUC


ROWS = [
    *(
        Attack(
            f"{name}, {limits.memory} KB", _more(code, limits), _OTHER.get(name, NO_MEMORY), limits, _runtimes(limits)
        )
        for name, code in _RUN_OUT.items()
        for limits in (DEFAULT, TIGHT)
        if LONG or limits is TIGHT or name not in _LONG_AT_DEFAULT
    ),
    *(
        Attack(
            f"caught {times} times: {name}",
            f"local function run() {_more(_RUN_OUT[name], TIGHT)} end "
            f"for i = 1, {times} do pcall(run) end return php.echo(1)",
            returns(1),
            TIGHT,
        )
        for name, many in (
            ("strings doubling", 1000),
            ("string.rep", 300),
            ("table.concat", 10),
            ("in a callback", 500),
            ("in __pairs", 200),
            ("an argument too large to serialize", 200),
            ("gsub growing", 10),
            ("a huge answer from PHP", 5),
            ("tables in a list", 20),
            ("deep recursion", 20),
        )
        for times in (many if LONG else max(3, many // 20),)
    ),
    *(
        Attack(
            f"{work} in memory full of {what}, {limits.memory} KB",
            _TO_THE_BRIM.replace("pcall(fill)", f"local function work(i) {code} end pcall(fill)")
            % fill
            + f"for i = 1, {rounds} do pcall(work, i) end t, u = nil, nil "
            "return php.echo(1)",
            returns(1),
            limits,
            _runtimes(limits),
        )
        for what, fill in _FILL.items()
        for work, code in _WORK.items()
        for limits, rounds in ((TIGHT, 30 if LONG else 10), (DEFAULT, 5))
        if limits is TIGHT or (what == _AT_DEFAULT[0] and work in _AT_DEFAULT[1])
    ),
    *(
        Attack(
            f"memory full of {what} is kept, and the next messages come, {limits.memory} KB",
            "kept = {} "
            + (_TO_THE_BRIM % fill).replace("local t, u = {}, {}", "local t, u = kept, {} kept[0] = u", 1)
            + "return 1",
            STAYS_FULL,
            limits,
            _runtimes(limits),
        )
        for what, fill in _FILL.items()
        for limits in (DEFAULT, TIGHT)
        if limits is TIGHT or what in _KEPT_AT_DEFAULT
    ),
    *(
        Attack(
            f"{name} finds no memory, at any depth",
            f"{_FAIL_AT_EVERY_DEPTH} {code} s, t = nil, nil return failed, wrong",
            returns(True, 0),
            runtimes=BOTH if LONG or name in _ON_BOTH else LUAJIT,
        )
        for name, code in _MAKERS.items()
    ),
    Attack("an 8 MB chunk", "return php.load('return \"' .. ('x'):rep(8e6) .. '\"')", SURVIVES),
    Attack("an 8 MB chunk of code", "return php.load(('x=1 '):rep(2e6))", SURVIVES),
    Attack("an 8 MB chunk, in 19,531 KB", "return php.code(8e6)", SURVIVES, TIGHT),
    Attack("an 8 MB chunk of code, made by PHP", "return php.code(8e6)", SURVIVES),
    Attack("an 8 MB string in a chunk, made by PHP", "return php.text(8e6)", SURVIVES),
    Attack("a 30 MB string in a chunk, made by PHP", "return php.text(3e7)", SURVIVES),
    Attack(
        "a million functions handed out",
        "local t = {} for i = 1, 1e6 do t[i] = function() return i end end return t",
        SURVIVES,
    ),
]
