"""Stacks nearly exhausted: Lua's own, C's (200 levels), and nesting through PHP. PHP and Lua must "
"stay in step."""

from tests.hostile.attack import BOTH, LUAJIT, PUC, SURVIVES, TIGHT, Attack, fails, returns

# n levels of Lua, then f.
_DIG = "local function dig(n, f) if n == 0 then return f() end return (dig(n - 1, f)) end "
# n nested pcalls, then f.
_PCALLS = (
    "local function dig(n, f) if n == 0 then return f() end local ok, v = pcall(dig, n - 1, f) if not ok then "
    "error(v, 0) end return v end "
)
# n levels of C: a gsub with a callback each.
_GSUBS = (
    "local function dig(n, f) if n == 0 then return f() end local v string.gsub('a', 'a', function() v = dig(n - 1, "
    "f) end) return v end "
)

ROWS = [
    Attack("endless recursion", "local function f() return 1 + f() end f()", fails(".*stack overflow")),
    Attack(
        "endless recursion, caught a hundred times",
        "local function f() return 1 + f() end local n = 0 for i = 1, 100 do if not pcall(f) then n = n + 1 end end "
        "return n, php.echo(1)",
        returns(100, 1),
    ),
    Attack(
        "endless recursion in PHP's call",
        "return php.pcall(function() local function f() return 1 + f() end f() end)",
        SURVIVES,
    ),
    Attack(
        "endless recursion through a metamethod",
        "local t t = setmetatable({}, {__index = function(t, k) return t[k .. 'x'] end}) return (pcall(function() "
        "return t.a end)), php.echo(1)",
        returns(False, 1),
    ),
    Attack(
        "endless recursion with many arguments",
        "local function f(...) return 1 + f(1, ...) end return (pcall(f)), php.echo(1)",
        returns(False, 1),
    ),
    *(
        Attack(
            f"{what} with {room} levels left",
            _DIG + "local full = 0 pcall(function() dig(1e6, function() end) end) "
            "local low, high = 1, 300000 while high - low > 1 do local m = math.floor((low + "
            "high) / 2) "
            "if pcall(dig, m, function() end) then low = m else high = m end end "
            f"for room = {room}, {room + 14} do pcall(dig, low - room, function() {code} end) "
            "if php.echo(room) ~= room then return 'out of step' end end return php.echo(1)",
            returns(1),
            runtimes=on,
        )
        for room in (0, 15, 30, 60, 120)
        for what, code, on in (
            ("PHP called", "php.echo(1)", BOTH),
            ("PHP called back", "php.call(function() return php.echo({1}) end)", BOTH),
            ("PHP failing", "php.fail('table')", BOTH),
        )
    ),
    Attack(
        "PHP called with 8,000 arguments in a full stack",
        _DIG + "local t = {} for i = 1, 5000 do t[i] = i end local n = 0 for d = 15000, 19990, "
        "500 do pcall(dig, "
        "d, function() "
        "php.echo(unpack(t)) end) if php.echo(d) == d then n = n + 1 end end return n",
        returns(10),
    ),
    *(
        Attack(
            f"PHP called in {n} nested pcalls",
            _PCALLS + f"local ok = pcall(dig, {n}, function() return php.echo(5) end) return php.echo(6)",
            returns(6),
        )
        for n in (150, 180, *range(184, 202))
    ),
    *(
        Attack(
            f"PHP calling back in {n} nested pcalls",
            _PCALLS + f"pcall(dig, {n}, function() return php.call(function() return php.echo(5) "
            f"end) end) "
            "return php.echo(6)",
            returns(6),
        )
        for n in (150, 180, *range(184, 202))
    ),
    *(
        Attack(
            f"PHP failing in {n} nested pcalls",
            _PCALLS + f"pcall(dig, {n}, function() return php.fail('huge') end) return php.echo(6)",
            returns(6),
        )
        for n in (186, 190, *range(193, 200))
    ),
    *(
        Attack(
            f"serialization failing in {n} nested pcalls",
            _PCALLS + f"pcall(dig, {n}, function() return php.echo({{[{{}}] = 1}}) end) return php.echo(6)",
            returns(6),
        )
        for n in (190, *range(193, 200))
    ),
    *(
        Attack(
            f"PHP called in {n} nested gsubs",
            _GSUBS + f"pcall(dig, {n}, function() return php.echo(5) end) return php.echo(6)",
            returns(6),
        )
        for n in (90, 180, *range(190, 202))
    ),
    Attack("endless pcalls", "local function f() return pcall(f) end f() return php.echo(1)", returns(1), runtimes=PUC),
    Attack(
        "endless xpcalls", "local function f() return xpcall(f, f) end f() return php.echo(1)", returns(1), runtimes=PUC
    ),
    Attack(
        "endless pcalls in PHP's call",
        "php.pcall(function() local function f() local a, b = pcall(f) return a, b end return f() end) return "
        "php.echo(1)",
        returns(1),
    ),
    Attack(
        "150 levels PHP and Lua in turn",
        "local function f(n) if n == 0 then return 'bottom' end return (php.call(f, n - 1)) end return f(150)",
        returns(b"bottom"),
    ),
    Attack(
        "PHP and Lua in turn for ever",
        "local function f() return (php.call(f)) end f()",
        fails(".*(stack overflow|syntax levels|not enough memory|no deeper)"),
    ),
    Attack(
        "PHP and Lua in turn for ever, caught",
        "local depth = 0 local function f() depth = depth + 1 return (php.pcall(f)) end f() return depth >= 150, "
        "php.echo(1)",
        returns(True, 1),
    ),
    Attack(
        "PHP and Lua in turn for ever, in 19,531 KB",
        "local depth = 0 local function f() depth = depth + 1 return (php.pcall(f)) end f() return depth >= 150, "
        "php.echo(1)",
        returns(True, 1),
        TIGHT,
    ),
    Attack(
        "PHP called in a gsub in PHP's call, in turn",
        "local function f(n) if n == 0 then return 'x' end local v string.gsub('a', 'a', function() v = php.call(f, "
        "n - 1) end) return v end return f(60)",
        returns(b"x"),
    ),
    Attack(
        "PHP called in a comparator in PHP's call, in turn",
        "local function f(n) if n == 0 then return 'x' end local v table.sort({1, 2}, function() v = v or "
        "php.call(f, n - 1) return false end) return v end return f(60)",
        returns(b"x"),
    ),
    Attack(
        "PHP called in __pairs, in turn",
        "local function P(n) return setmetatable({}, {__pairs = function() return next, {n > 0 and php.depth(P(n - "
        "1)) or 0}, nil end}) end return php.depth(P(40))",
        returns(1),
    ),
    Attack(
        "PHP called in a deep message",
        "return pcall(php.deep, 150), (pcall(php.deep, 199)), (pcall(php.deep, 250)), php.echo(1)",
        SURVIVES,
    ),
    Attack("a message too deep for the compiler", "return pcall(php.deep, 300)", SURVIVES),
    Attack(
        "deep recursion in a handler that calls PHP",
        "local function f() return 1 + f() end for i = 1, 20 do xpcall(f, function() php.echo(1) local function g() "
        "return 1 + g() end g() end) end return php.echo(1)",
        returns(1),
    ),
    Attack(
        "a million tail calls",
        "local function f(n) if n == 0 then return php.echo(1) end return f(n - 1) end return f(1e6)",
        returns(1),
    ),
    Attack(
        "recursive __tostring of LuaJIT's format",
        "local t t = setmetatable({}, {__tostring = function() return string.format('%s', t) end}) return "
        "(pcall(tostring, t)), php.echo(1)",
        SURVIVES,
        runtimes=LUAJIT,
    ),
]
