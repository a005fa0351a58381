"""Library functions with arguments that crash or never end in a real Lua 5.1 or LuaJIT, or that "
"they take oddly."""

import signal

from tests.hostile.attack import LUAJIT, PUC, SURVIVES, Attack, Limits, ends, fails, returns

_ODD = (
    "0, -0, 1, -1, 0.5, 2^31 - 1, 2^31, -2^31, -2^31 - 1, 2^32, 2^53, -2^53, 2^63, -2^63, 1e300, -1e300, 1/0, -1/0, 0/0"
)

ROWS = [
    Attack(
        "unpack with every pair of bounds",
        f"local o, n = {{{_ODD}}}, 0 for _, i in next, o do "
        f"for _, j in next, "
        f"o do "
        "pcall(unpack, {}, i, j) n = n + 1 end end return n",
        returns(361),
    ),
    Attack("unpack( {}, -2^31, 2^31 - 1 )", "unpack({}, -2^31, 2^31 - 1)", fails("m:1: too many results to unpack$")),
    Attack("unpack to NaN", "unpack({}, 1, 0/0)", fails("m:1: too many results to unpack$")),
    Attack("unpack from NaN", "unpack({}, 0/0, 2^31 - 1)", fails("m:1: too many results to unpack$")),
    Attack("unpack with strings as bounds", "return unpack({1, 2}, '1', '2')", returns(1, 2)),
    Attack(
        "unpack with a string metatable that lies",
        "getmetatable('').__sub = function() return 0 end return (pcall(unpack, {}, 'x', 'y')), (pcall(unpack, {}, "
        "'-2147483648', '2147483647'))",
        returns(False, False),
    ),
    Attack(
        "unpack of a table that lies about its length",
        "return (pcall(unpack, setmetatable({}, {__len = function() return 2^31 end, __sub = error, __le = "
        "function() return true end})))",
        SURVIVES,
    ),
    Attack(
        "unpack with tables as bounds",
        "local t = setmetatable({}, {__le = function() return true end, __lt = function() return false end, __sub = "
        "function() return 0 end}) return (pcall(unpack, {}, t, t))",
        returns(False),
    ),
    *(
        Attack(
            f"string.{name} with odd numbers",
            f"local o, n = {{{_ODD}}}, 0 for _, i in next, o do for _, j in next, o do pcall(string.{name}, 'abc', "
            f"i, j) n = n + 1 end end return n",
            returns(361),
        )
        for name in ("byte", "sub", "find", "match", "gmatch", "rep", "format")
        if name != "rep"
    ),
    *(
        Attack(
            f"table.{name} with odd numbers",
            f"local o, n = {{0, -0, 1, -1, 0.5, 1e300, 1/0, 0/0}}, 0 for _, i in next, o do for _, j in next, o do "
            f"pcall(table.{name}, {{1, 2, 3}}, {second}, j) n = n + 1 end end return n",
            returns(64),
        )
        for name, second in (("concat", "'', i"), ("remove", "i"), ("maxn", "i"), ("getn", "i"), ("sort", "i"))
    ),
    *(
        Attack(
            f"math.{name} with odd numbers",
            f"local o, n = {{{_ODD}}}, 0 for _, i in next, o do for _, j in next, o do pcall(math.{name}, i, j) n = "
            f"n + 1 end end return n",
            returns(361),
        )
        for name in ("random", "fmod", "ldexp", "pow", "randomseed", "frexp", "modf", "max")
    ),
    *(
        Attack(
            f"{name} with odd numbers",
            f"local o, n = {{{_ODD}}}, 0 for _, i in next, o do for _, j in next, o do pcall({name}, i, j) n = n + 1 "
            f"end end return n",
            returns(361),
        )
        for name in (
            "select",
            "tonumber",
            "next",
            "rawget",
            "rawset",
            "ipairs",
            "setmetatable",
            "tostring",
            "type",
            "rawequal",
            "os.difftime",
            "os.time",
        )
    ),
    Attack(
        "string.rep of a gigabyte",
        "return (pcall(string.rep, 'x', 2^30)), (pcall(string.rep, 'x', 2^31)), (pcall(string.rep, ('x'):rep(1e5), "
        "1e5)), (pcall(string.rep, 'xyz', 2^32 / 3))",
        SURVIVES,
    ),
    Attack(
        "string.rep with odd counts",
        "return #string.rep('x', -1), #string.rep('x', 0/0), #string.rep('x', -2^31), #string.rep('', 1000), "
        "#string.rep('x', 0.9)",
        SURVIVES,
    ),
    Attack(
        "string.rep that overflows a size",
        "return (pcall(string.rep, ('x'):rep(65536), 2^48)), (pcall(string.rep, ('x'):rep(65536), 65536)), "
        "(pcall(string.rep, 'xx', 2^31 - 1, 'sep'))",
        SURVIVES,
    ),
    Attack(
        "string.rep of nothing for ever",
        "return ('').rep('', 2^31 - 1)",
        ends(signal.SIGXCPU),
        Limits(cpu=1),
        runtimes=PUC,
    ),
    Attack(
        "string.format's every conversion",
        "local n = 0 for c = 0, 255 do for _, p in next, {'', '-', '+', ' ', '#', '0', '99', '.99', '99.99', '100', "
        "'.100', '-+ #0', '*', '.*', '1$', 'l', 'll', 'h', '%'} do for _, v in next, {1, -1, 1e308, -1e308, 2^63, "
        "0/0, 1/0, 'x', ('x'):rep(600), true, {}} do pcall(string.format, '%' .. p .. string.char(c), v) n = n + 1 "
        "end end end return n",
        returns(256 * 19 * 11),
    ),
    Attack(
        "string.format without an argument",
        "return (pcall(string.format, '%s')), (pcall(string.format, '%d %d', 1)), (pcall(string.format, '%')), "
        "(pcall(string.format))",
        returns(False, False, False, False),
    ),
    Attack(
        "string.format of many conversions", "return #string.format(('%s'):rep(100), unpack({}, 1, 100)) > 0", SURVIVES
    ),
    Attack(
        "string.format('%q') of every byte",
        "local s = {} for i = 0, 255 do s[#s + 1] = string.char(i) end return #string.format('%q', "
        "table.concat(s):rep(100)) > 0",
        returns(True),
    ),
    Attack(
        "string.char with odd numbers",
        "return (pcall(string.char, 256)), (pcall(string.char, -1)), (pcall(string.char, 1e300)), "
        "(pcall(string.char, 0/0))",
        SURVIVES,
    ),
    Attack(
        "patterns that end early",
        "local n = 0 for _, p in next, {'%', '[', '[^', '[]', '[a', '[%', '[a-', '%b', '%bx', '%f', '%f[', '%1', "
        "'%0', '%9', '(', ')', '()', '((', '(()', '(%1)', '%g', '^', '$', '[%z', '.-', '*', '%f[%', '[a-%', '[z-a]', "
        "'%b\\0\\0', '\\0', '[^%]', '(.-)%1%2'} do for _, f in next, {string.find, string.match, string.gsub} do "
        "pcall(f, 'aaa', p, '') pcall(f, '', p, '%1') pcall(f, 'a\\0b', p, {}) n = n + 1 end pcall(function() for _ "
        "in string.gmatch('aaa', p) do end end) end return n",
        returns(99),
    ),
    Attack(
        "gsub with odd replacements",
        "local n = 0 for _, r in next, {'%', '%0', '%1', '%2', '%9', '%x', '', {}, {a = {}}, {a = true}, {a = "
        "false}, function() end, function() return {} end, function() return true end, 5, true} do "
        "pcall(string.gsub, 'aaa', 'a', r) pcall(string.gsub, 'aaa', '()', r) n = n + 1 end return n",
        returns(16),
    ),
    Attack(
        "gsub whose table runs code",
        "return pcall(string.gsub, 'abc', '.', setmetatable({}, {__index = function(_, k) return php.echo(k .. k) "
        "end}))",
        returns(True, b"aabbcc", 3),
    ),
    Attack("gsub with 33 captures", "return (pcall(string.gsub, ('a'):rep(40), ('(a)'):rep(33), ''))", returns(False)),
    Attack(
        "gsub recursive, through PHP",
        "local function f(n) if n == 0 then return 'x' end return (string.gsub('a', 'a', function() return "
        "(php.call(f, n - 1)) end)) end return f(30)",
        returns(b"x"),
    ),
    Attack(
        "gsub recursive, 190 levels",
        "local function f(n) if n == 0 then return 'x' end return (string.gsub('a', 'a', function() return f(n - 1) "
        "end)) end return f(100)",
        returns(b"x"),
    ),
    Attack(
        "gsub recursive for ever",
        "local function f() return (string.gsub('a', 'a', f)) end f()",
        fails(".*C stack overflow"),
    ),
    Attack(
        "gsub recursive for ever by a table's __index",
        "local t t = setmetatable({}, {__index = function() return (string.gsub('a', 'a', t)) end}) "
        "for i = 1, 20 do pcall(t) end return (pcall(string.gsub, 'a', 'a', t)), php.echo(1)",
        returns(False, 1),
    ),
    Attack(
        "gsub callbacks that fail, ten thousand times",
        "for i = 1, 1e4 do pcall(string.gsub, 'a', 'a', error) end return (('abc'):gsub('b', string.upper))",
        returns(b"aBc"),
    ),
    Attack(
        "gsub callbacks that fail, in a deep stack",
        "local function dig(n) if n == 0 then for i = 1, 1000 do pcall(string.gsub, 'a', 'a', error) end "
        "return (('abc'):gsub('b', string.upper)) end return (dig(n - 1)) end return dig(5000)",
        returns(b"aBc"),
    ),
    Attack(
        "patterns of ten thousand items",
        "return (string.find(('a'):rep(10000), ('a?'):rep(10000) .. ('a'):rep(10)))",
        SURVIVES,
    ),
    Attack(
        "a match of half a megabyte",
        "return #string.match(('a'):rep(5e5), '.-b?$'), #string.match(('a'):rep(5e5), 'a*')",
        returns(500000, 500000),
    ),
    Attack("captures of every position", "return #string.gsub(('a'):rep(1e5), '()(a)()', '%1%2%3') > 0", returns(True)),
    Attack("%b over a megabyte", "return #string.match(('('):rep(5e5) .. (')'):rep(5e5), '%b()')", returns(1000000)),
    Attack(
        "sort with comparators that lie",
        "local n = 0 for _, f in next, {function() return true end, function() return false end, function() return "
        "nil end, function(a, b) return a ~= b end, function(a, b) return a <= b end, math.random, function() "
        "error('x') end, function() return php.echo(true) end} do local t = {} for i = 1, 200 do t[i] = (i * 7919) % "
        "211 end pcall(table.sort, t, f) n = n + 1 end return n",
        returns(8),
    ),
    Attack(
        "sort whose comparator changes the table",
        "local t = {} for i = 1, 300 do t[i] = i % 17 end return (pcall(table.sort, t, function(a, b) for i = 1, 300 "
        "do t[i] = nil end t[500] = 1 return true end)), (pcall(table.sort, t, function(a, b) t[#t + 1] = 1 return "
        "(a or 0) < (b or 0) end))",
        SURVIVES,
    ),
    Attack(
        "sort of mixed kinds",
        "return (pcall(table.sort, {1, 'x', {}, true, 2})), (pcall(table.sort, {{}, {}}))",
        returns(False, False),
    ),
    Attack(
        "sort recursive",
        "local function f(n) if n > 0 then table.sort({2, 1}, function(a, b) f(n - 1) return a < b end) end end "
        "return (pcall(f, 500)), php.echo(1)",
        SURVIVES,
    ),
    Attack(
        "concat with odd elements",
        "return (pcall(table.concat, {1, {}, 3})), (pcall(table.concat, {1, nil, 3}, '', 1, 3)), "
        "(pcall(table.concat, {}, '', 1, 2^31 - 1)), (pcall(table.concat, {}, '', -2^31, 1))",
        returns(False, False, False, False),
    ),
    Attack(
        "concat of a lying string metatable",
        "getmetatable('').__concat = function() return 'x' end return table.concat({1, 'a'}), 'a' .. 'b'",
        returns(b"1a", b"ab"),
    ),
    Attack("insert far away", "local t = {} table.insert(t, 2^30, 1) table.insert(t, 1, 2) return t[2^30]", SURVIVES),
    Attack(
        "insert far below",
        "local t = {1} return (pcall(table.insert, t, -1e9, 1))",
        ends(signal.SIGXCPU),
        Limits(cpu=1),
    ),
    Attack(
        "setn, getn, foreach",
        "return (pcall(table.setn, {}, 2^31)), (pcall(table.foreach, {1}, error)), (pcall(table.foreachi, {1}, "
        "error)), table.getn({1, 2})",
        SURVIVES,
    ),
    Attack(
        "move with odd bounds",
        "local o, n = {0, 1, -1, 0.5, 100, -100}, 0 for _, i in next, o do pcall(table.move, {1, 2}, i, i, i) n = n "
        "+ 1 end return n",
        returns(6),
        runtimes=LUAJIT,
    ),
    Attack("move of 2^31 nils", "table.move({}, 1, 2^31 - 1, 2)", ends(signal.SIGXCPU), Limits(cpu=1), runtimes=LUAJIT),
    Attack(
        "traceback from a level 2^31 below",
        "return #debug.traceback('m', -2^31)",
        ends(signal.SIGXCPU),
        Limits(cpu=1),
        runtimes=PUC,
    ),
    Attack(
        "traceback from odd levels",
        "local n = 0 for _, l in next, {0, 1, 2.5, 100, 2^31 - 1, 0/0, -5, 1/0} do pcall(debug.traceback, 'm', l) n "
        "= n + 1 end return n",
        SURVIVES,
        runtimes=LUAJIT,
    ),
    Attack(
        "next with a foreign key",
        "return (pcall(next, {}, 1)), (pcall(next, {1}, 0/0)), (pcall(next, {1}, {}))",
        returns(False, False, False),
    ),
    Attack(
        "next while the table changes",
        "local t = {} for i = 1, 100 do t[i] = i end return (pcall(function() for k in next, t do t[k] = nil for i = "
        "1, 50 do t[k + i * 1000] = i end if k > 1e6 then break end end end)), php.echo(1)",
        SURVIVES,
    ),
    Attack(
        "os.date with every conversion",
        "local n = 0 for c = 1, 255 do pcall(os.date, '%' .. string.char(c)) pcall(os.date, '!%' .. string.char(c), "
        "0) pcall(os.date, '%E' .. string.char(c)) pcall(os.date, '%O' .. string.char(c)) pcall(os.date, '%_9999' .. "
        "string.char(c)) n = n + 1 end return n",
        returns(255),
    ),
    Attack(
        "os.date with odd formats",
        "return (pcall(os.date, '%')), (pcall(os.date, ('%c'):rep(10000))), (pcall(os.date, '%99999999Y')), "
        "(pcall(os.date, '')), (pcall(os.date, '!')), (pcall(os.date, '*')), (pcall(os.date, '!*t')), "
        "(pcall(os.date, '%%%')), (pcall(os.date, '\\0%c')), (pcall(os.date, ('x'):rep(1e6)))",
        SURVIVES,
    ),
    Attack(
        "os.date with odd times",
        f"local n = 0 for _, v in next, {{{_ODD}}} do pcall(os.date, "
        f"'*t', v) "
        "pcall(os.date, '!*t', v) pcall(os.date, '%c', v) pcall(os.date, '!%c', v) n = n + 1 end "
        "return n",
        returns(19),
    ),
    Attack(
        "os.time with odd tables",
        f"local n = 0 for _, v in next, {{{_ODD}, 'x', '5', true, "
        f"{{}}}} do for _, k in "
        f"next, "
        "{'year', 'month', 'day', 'hour', 'min', 'sec', 'isdst'} do local t = {year = 2000, "
        "month = 1, day = 1} "
        "t[k] = v "
        "pcall(os.time, t) n = n + 1 end end return n",
        returns(23 * 7),
    ),
    Attack(
        "os.time whose table runs code",
        "return pcall(os.time, setmetatable({}, {__index = function(_, k) return php.echo(k == 'isdst' and nil or 1) "
        "end}))",
        SURVIVES,
    ),
    Attack(
        "tonumber of odd texts",
        "local n = 0 for _, s in next, {'0x', '0x1p4', '1e999999', ('9'):rep(1e5), '0x' .. ('f'):rep(1e5), '1e', ' 1 "
        "', '1\\0', 'nan', 'inf', '0b11', '12LL', '1i', '-0x1', '1e-999999999999'} do pcall(tonumber, s) for b = 2, "
        "36 do pcall(tonumber, s, b) end n = n + 1 end return n",
        returns(15),
    ),
    Attack(
        "tostring that returns no string",
        "return (pcall(string.rep, tostring(setmetatable({}, {__tostring = function() return {} end}))))",
        returns(False),
    ),
    Attack(
        "tostring that never returns",
        "local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) return (pcall(tostring, t))",
        ends(signal.SIGXCPU),
        Limits(cpu=1),
    ),
    Attack(
        "tostring that recurses",
        "local t t = setmetatable({}, {__tostring = function() return 'x' .. tostring(t) end}) return "
        "(pcall(tostring, t)), php.echo(1)",
        returns(False, 1),
    ),
    Attack(
        "__index chains of 150 and for ever",
        "local t = {} for i = 1, 150 do t = setmetatable({}, {__index = t}) end local u = {} setmetatable(u, "
        "{__index = u}) return (pcall(function() return t.x end)), (pcall(function() return u.x end)), php.echo(1)",
        SURVIVES,
    ),
    Attack(
        "comparisons that run code",
        "local m = {__eq = function() return php.echo(true) end, __lt = function() return php.echo(true) end, __le = "
        "function() return php.echo(true) end} local a, b = setmetatable({}, m), setmetatable({}, m) return a == b, "
        "a < b, a <= b",
        returns(True, True, True),
    ),
    Attack(
        "__concat, __unm, __len, __call that run PHP",
        "local m = {__concat = function() return php.echo('c') end, __unm = function() return php.echo('u') end, "
        "__call = function() return php.echo('f') end} local a = setmetatable({}, m) return a .. 'x', 'x' .. a, -a, "
        "a()",
        returns(b"c", b"c", b"u", b"f"),
    ),
    Attack(
        "__mode and __gc",
        "for i = 1, 1000 do setmetatable({}, {__mode = 'kv', __gc = function() php.echo('gc') end}) end local s = {} "
        "for i = 1, 1e5 do s[i % 100] = {} end return 1",
        returns(1),
    ),
    Attack(
        "weak tables with PHP functions",
        "local w = setmetatable({}, {__mode = 'k'}) w[php.echo] = 1 for i = 1, 1e5 do local t = {i} end return "
        "w[php.echo]",
        returns(1),
    ),
    Attack(
        "__newindex and __index that recurse",
        "local t = setmetatable({}, {}) local m = getmetatable(t) m.__index = function(t, k) return t[k] .. 'x' end "
        "m.__newindex = function(t, k, v) t[k] = v .. 'x' end return (pcall(function() return t.a end)), "
        "(pcall(function() t.a = '' end)), php.echo(1)",
        returns(False, False, 1),
    ),
]
