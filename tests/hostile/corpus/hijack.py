"""Overwriting what the host might use later: library members, metatables of strings, of tables, of "
"_G."""

from tests.hostile.attack import LUAJIT, PUC, SURVIVES, Attack, fails, returns

# Every function of a library, replaced: by one that errors, one that lies, one that calls PHP.
_REPLACE = "for _, lib in ipairs{string, table, math, os, debug} do for name in next, lib do lib[name] = %s end end "
_META = (
    "local mt = getmetatable('') for _, e in ipairs{'__index', '__newindex', '__call', '__concat', '__add', '__sub', "
    "'__mul', '__div', '__mod', '__pow', '__unm', '__len', '__eq', '__lt', '__le', '__tostring', '__pairs', "
    "'__ipairs', '__gc', '__mode', '__metatable', '__name'} do mt[e] = %s end "
)
_GLOBALS = "for name in next, _G do if name ~= '_G' then rawset(_G, name, %s) end end "
# What the host does next: encode values, call PHP, encode an error with its trace.
_THEN = "return {1, two = 'x', [3.5] = true}, php.echo('a\\nb', 1.25, {'t'})"
_SAME = returns({1: 1, b"two": b"x", b"3.5": True}, b"a\nb", 1.25, [b"t"])

ROWS = [
    Attack("libraries that raise", _REPLACE % "function() error('hijacked') end" + _THEN, _SAME),
    Attack("libraries that lie", _REPLACE % "function() return 'hijacked' end" + _THEN, _SAME),
    Attack("libraries that are nil", _REPLACE % "nil" + _THEN, _SAME),
    Attack("libraries that are tables", _REPLACE % "{}" + _THEN, _SAME),
    Attack("libraries that never return", _REPLACE % "function() while true do end end" + _THEN, _SAME),
    Attack(
        "libraries that call PHP", "local php = php " + _REPLACE % "function() return php.echo(1) end" + _THEN, _SAME
    ),
    Attack(
        "libraries that call Lua again",
        "local php = php " + _REPLACE % "function() return php.call(function() return 1 end) end" + _THEN,
        _SAME,
    ),
    Attack("string metatable that raises", _META % "function() error('hijacked') end" + _THEN, _SAME),
    Attack("string metatable that lies", _META % "function() return 'hijacked' end" + _THEN, _SAME),
    Attack("string metatable of false", _META % "false" + _THEN, _SAME),
    Attack("string metatable that never returns", _META % "function() while true do end end" + _THEN, _SAME),
    Attack(
        "string metatable gets a metatable",
        "setmetatable(getmetatable(''), {__index = function() error('hijacked') end}) " + _THEN,
        _SAME,
    ),
    Attack("string metatable emptied", "local m = getmetatable('') for k in next, m do m[k] = nil end " + _THEN, _SAME),
    Attack(
        "string library with a metatable",
        "setmetatable(string, {__index = function() error('hijacked') end, __newindex = function() error('hijacked') "
        "end}) " + _THEN,
        _SAME,
    ),
    Attack(
        "globals gone",
        "local php, next, rawset = php, next, rawset " + _GLOBALS % "nil" + "_G.php = php " + _THEN,
        _SAME,
    ),
    Attack(
        "globals that raise, and stay so",
        "local next, rawset, error = next, rawset, error " + _GLOBALS % "function() error('hijacked', 0) end" + "php()",
        fails("hijacked"),
    ),
    Attack(
        "_G refuses every access",
        "local php = php setmetatable(_G, {__index = function() error('hijacked') end, __newindex = function() "
        "error('hijacked') end, __metatable = false, __pairs = error}) " + _THEN,
        _SAME,
    ),
    Attack(
        "_G.mw with a log that raises",
        "mw = {getLogBuffer = function() error('hijacked') end} error('x', 0)",
        fails("x$"),
    ),
    Attack(
        "_G.mw with a log that calls PHP",
        "local php = php mw = {getLogBuffer = function() php.echo(1) return {} end} error('x', 0)",
        fails("x$"),
    ),
    Attack(
        "_G.mw with a metatable",
        "mw = setmetatable({}, {__index = function() error('hijacked') end}) error('x', 0)",
        fails("x$"),
    ),
    Attack("errors after a hijack", _REPLACE % "nil" + _META % "false" + "error('x', 0)", fails("x$")),
    Attack(
        "error position after a hijack",
        _REPLACE % "nil" + _META % "false" + "local t = nil; t.x = 1",
        fails("m:1: attempt to index local 't'"),
    ),
    Attack(
        "string.format of LuaJIT calls __tostring",
        "return string.format('%s', setmetatable({}, {__tostring = function() return php.echo('called') end}))",
        returns(b"called"),
        runtimes=LUAJIT,
    ),
    Attack(
        "getmetatable of everything else",
        "local t = {} for _, v in ipairs{1, true, print or 1, php.echo, getfenv} do t[#t + 1] = getmetatable(v) end "
        "return #t, getmetatable(nil)",
        returns(0, None),
    ),
    Attack(
        "metatables set from outside are refused",
        "return pcall(setmetatable, '', {})",
        returns(False, b"bad argument #1 to '?' (table expected, got string)"),
        runtimes=PUC,
    ),
    Attack("metatables of functions are refused", "return (pcall(setmetatable, php.echo, {}))", returns(False)),
    Attack(
        "a library registered over the libraries' names",
        "string.sub = nil table.concat = nil return php.register('string'), php.register('table'), string.probe(), "
        "table.probe(), #tostring(php)",
        returns(1, 1, b"probe", b"probe", 5),
    ),
    Attack(
        "hijack, then a library is registered",
        _REPLACE % "nil" + _META % "error" + "return php.register('a.b.c'), a.b.c.probe()",
        returns(1, b"probe"),
    ),
    Attack(
        "hijacked while PHP answers",
        "local r = php.call(function() string.format, string.match = nil, nil table.concat = nil return {1.5, [2.5] "
        "= 1} end) return r, {[1e300] = 1}",
        SURVIVES,
    ),
]
