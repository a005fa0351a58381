"""What the codec meets: tables that run code, change under its hands, never end, or cannot be "
"passed."""

import signal

from tests.hostile.attack import LUAJIT, PUC, SURVIVES, Attack, Limits, ends, fails, returns

_P = "local function P(f) return setmetatable({1}, {__pairs = f}) end "

ROWS = [
    Attack(
        "__pairs that calls PHP, which encodes meanwhile",
        _P + "return {1, P(function(t) php.echo({9, {8}}) return next, {a = php.echo('b')}, nil end), 2}",
        returns([1, {b"a": b"b"}, 2]),
    ),
    Attack(
        "an iterator that calls PHP at every step",
        _P + "return {P(function(t) return function(_, k) k = (k or 0) + 1 if k < 4 then "
        "return k, php.echo({k}) end end end)}",
        returns([[[1], [2], [3]]]),
    ),
    Attack(
        "__pairs in an argument of a call, calling PHP",
        _P + "return php.echo(P(function() "
        "return next, {php.echo(P(function() return next, {php.echo(7)}, nil end))}, nil end))",
        returns([[7]]),
    ),
    Attack("__pairs that raises", _P + "return P(function() error('mine', 0) end)", fails("mine$")),
    Attack(
        "__pairs that raises our own text",
        _P + "pcall(php.echo, {[{}] = 1}) return P(function() "
        "error('Cannot use table as an array key when passing data from Lua to PHP', 0) end)",
        fails("Cannot use table as an array key"),
    ),
    Attack(
        "__pairs that raises a table", _P + "return pcall(php.echo, P(function() error({5}) end))", returns(False, [5])
    ),
    Attack(
        "__pairs that raises nil", _P + "return pcall(php.echo, P(function() error(nil) end))", returns(False, None)
    ),
    Attack(
        "__pairs that raises while PHP calls us",
        _P + "local function f() php.fail('deep') return 1 end "
        "return php.pcall(function() return P(function() local x = f() return x end) end)",
        returns(False, b"m:1: deep"),
    ),
    Attack(
        "__pairs that gives itself",
        _P + "local t t = P(function() return next, {t}, nil end) return t",
        fails("Cannot pass circular reference to PHP"),
    ),
    Attack(
        "__pairs that makes new tables for ever",
        _P + "local f f = function() return next, {P(f)}, nil end return P(f)",
        fails("Cannot pass a table nested deeper than|.*stack overflow"),
    ),
    Attack(
        "__pairs that never ends",
        _P
        + "local x = ('x'):rep(1e5) return P(function() local n = 0 return function() n = n + 1 return n, x end end)",
        fails("not enough memory$"),
    ),
    Attack(
        "__pairs that repeats a key",
        _P + "return P(function() return function() return 1, 1 end end)",
        fails("Collision for array key 1 when"),
    ),
    Attack(
        "__pairs that repeats a key in disguise",
        _P + "return P(function() local k = {1, '1'} local n = 0 return function() n = n + 1 return k[n], 1 end end)",
        fails("Collision for array key 1 when"),
    ),
    Attack(
        "__pairs with keys of every kind",
        _P + "local out = {} for _, k in next, {true, {}, "
        "php.echo, 0/0, '', "
        "1e300} do "
        "local n = 0 local ok, e = pcall(php.echo, P(function() return function() n = n + 1 "
        "if n == 1 then return k, 1 end end end)) out[#out + 1] = tostring(ok) end return "
        "table.concat(out, ' ')",
        SURVIVES,
    ),
    Attack("__pairs that is no function", "return setmetatable({}, {__pairs = 5})", fails(".*attempt to call")),
    Attack("__pairs that returns nothing", _P + "return P(function() end)", fails(".*attempt to call")),
    Attack(
        "__pairs whose iterator is a callable table",
        _P + "return P(function() return setmetatable({}, {__call = function(_, _, k) "
        "if not k then return 'a', 1 end end}) end)",
        returns({b"a": 1}),
    ),
    Attack(
        "__pairs found through __index of the metatable",
        "local mt = setmetatable({}, {__index = function(_, k) php.echo({1, 2}) if k == '__pairs' then return "
        "function() return next, {'x'}, nil end end end}) return {1, setmetatable({}, mt), 2}",
        returns([1, [b"x"], 2]),
    ),
    Attack(
        "a metatable whose __index raises",
        "local mt = setmetatable({}, {__index = function(_, k) error('no ' .. k, 0) end}) return setmetatable({}, mt)",
        fails("no __pairs"),
    ),
    Attack(
        "a metatable whose __index loops",
        "local mt = {} for i = 1, 200 do mt = setmetatable({}, {__index = mt}) end return setmetatable({1}, mt)",
        SURVIVES,
    ),
    Attack(
        "__metatable stands for the metatable",
        "return setmetatable({1}, {__metatable = {__pairs = function() return next, {2}, nil end}})",
        returns([2]),
    ),
    Attack(
        "__metatable of other kinds",
        "local out = {} for i, v in next, {1, 'x', true, false, php.echo} do out[i] = php.echo(setmetatable({i}, "
        "{__metatable = v})) end return out",
        returns([[1], [2], [3], [4], [5]]),
    ),
    Attack(
        "__index, __len, __eq, __tostring, __call are not asked",
        "local e = function() error('asked') end return setmetatable({1, 2}, {__index = e, __newindex = e, __len = "
        "e, __eq = e, __tostring = e, __call = e, __ipairs = e, __concat = e, __lt = e, __le = e, __unm = e})",
        returns([1, 2]),
    ),
    Attack(
        "the table grows while it is encoded",
        _P + "local t = {} for i = 1, 20 do t[i] = i end t[10] = P(function() for i = 1, 2000 do "
        "t['k' .. i] = i "
        "end "
        "return next, {}, nil end) t.tail = 1 return pcall(php.echo, t)",
        SURVIVES,
    ),
    Attack(
        "the table shrinks while it is encoded",
        _P + "local t = {} for i = 1, 2000 do t['k' .. i] = i end t[1] = P(function() for k in "
        "next, t do t[k] = "
        "nil end "
        "return next, {}, nil end) return (pcall(php.echo, t))",
        SURVIVES,
    ),
    Attack(
        "a metatable appears while the table is encoded",
        _P + "local inner = {5} return {P(function() setmetatable(inner, {__pairs = function() "
        "error('late', 0) "
        "end}) "
        "return next, {}, nil end), inner}",
        SURVIVES,
    ),
    Attack("circular", "local t = {} t[1] = t return t", fails("Cannot pass circular reference to PHP")),
    Attack(
        "circular in an error value", "local t = {} t[1] = t error(t)", fails("Cannot pass circular reference to PHP")
    ),
    Attack(
        "circular in an argument",
        "local t = {} t[1] = t php.echo(t)",
        fails("m:1: Cannot pass circular reference to PHP"),
    ),
    Attack("nested 180 levels", "local t = {} for i = 1, 179 do t = {t} end return php.depth(t)", returns(180)),
    Attack(
        "nested 100,000 levels",
        "local t = {} for i = 1, 1e5 do t = {t} end return t",
        fails("Cannot pass a table nested deeper than"),
    ),
    Attack(
        "nested 100,000 levels in an error",
        "local t = {} for i = 1, 1e5 do t = {t} end error(t)",
        fails("Cannot pass a table nested deeper than"),
    ),
    Attack("keys that collide", "return {[1] = 1, ['1'] = 2}", fails("Collision for array key 1 when")),
    Attack(
        "keys that print alike", "return {[0.1] = 1, [0.1 + 1e-17] = 2, [1e15 + 0.3] = 3, [1e15 + 0.4] = 4}", SURVIVES
    ),
    Attack(
        "keys that pretend to be PHP's text",
        "return php.echo({['s:1:\"x\";}'] = 'i:1;', ['\\0'] = '\\0\\r\\n\\\\', ['O:8:\"stdClass\":0:{}'] = 1})",
        returns({b's:1:"x";}': b"i:1;", b"\0": b"\0\r\n\\", b'O:8:"stdClass":0:{}': 1}),
    ),
    Attack(
        "values that pretend to be functions",
        "return php.echo({interpreterId = 0, id = 1}, 'chunks[1]', 'O:42:\"x\"')",
        returns({b"interpreterId": 0, b"id": 1}, b"chunks[1]", b'O:42:"x"'),
    ),
    Attack(
        "the same error text as ours, raised by the module",
        "local ok, e = pcall(php.echo, {[{}] = 1}) error(e, 0)",
        fails("Cannot use table as an array key"),
    ),
    Attack(
        "a function a thousand times over",
        "local t = {} for i = 1, 1000 do t[i] = php.echo end return #t, t[1] ~= nil",
        returns(1000, True),
    ),
    Attack(
        "an endless __pairs that allocates nothing",
        "return setmetatable({}, {__pairs = function() while true do end end})",
        ends(signal.SIGXCPU),
        Limits(cpu=1),
    ),
    Attack(
        "twenty thousand references to one string",
        "local s = ('x'):rep(1e4) local t = {} for i = 1, 2e4 do t[i] = s end return t",
        fails("not enough memory$"),
    ),
    Attack(
        "more values than Lua can return",
        "local t = {} for i = 1, 8001 do t[i] = 1 end return unpack(t)",
        fails(".*too many results to unpack|.*stack overflow"),
        runtimes=PUC,
    ),
    Attack(
        "as many values as Lua can return",
        "local t = {} for i = 1, 7000 do t[i] = i end return select('#', php.echo(unpack(t)))",
        returns(7000),
    ),
    Attack(
        "many values from PHP",
        "return select('#', php.many(7990)), (pcall(php.many, 7991)), (pcall(php.many, 100000))",
        returns(7990, False, False),
    ),
    Attack("cdata literals", "return 12LL", fails(".*"), runtimes=PUC),
    Attack(
        "cdata literals", "return pcall(php.echo, 12LL)", returns(False, b"Cannot pass cdata to PHP"), runtimes=LUAJIT
    ),
]
