"""Bytecode crashes and escapes any Lua 5.1: no way in may take it. PHP's loadString is the only "
"compiler there is."""

from tests.hostile.attack import SURVIVES, Attack, returns

_REFUSED = b"cannot load code with a Lua binary chunk marker escape sequence in it"
_COMPILERS = "'loadstring', 'load', 'loadfile', 'dofile', 'require', 'module', 'package', 'newproxy'"

ROWS = [
    Attack("PUC's marker", r"return php.load('\27Lua' .. ('x'):rep(50))", returns(_REFUSED)),
    Attack("LuaJIT's marker", r"return php.load('\27LJ\2\8' .. ('x'):rep(50))", returns(_REFUSED)),
    Attack(
        "the marker at any offset",
        r"local out = {} for i = 0, 20 do out[php.load(('-'):rep(i) .. '\27Lua')] = true out[php.load((' '):rep(i) "
        r".. '\27LJ')] = true out[php.load(('\n'):rep(i) .. '\27LJ')] = true end local n = 0 for _ in next, out do n "
        r"= n + 1 end return n, (next(out))",
        returns(1, _REFUSED),
    ),
    Attack(
        "behind a shebang line",
        r"return php.load('#!/usr/bin/lua\n\27Lua'), php.load('#\n\27LJ\2')",
        returns(_REFUSED, _REFUSED),
    ),
    Attack("in a string of the code", r"return php.load('return \"\27Lua\"')", returns(_REFUSED)),
    Attack(
        "the escape character alone",
        r"return #php.load('\27Lu') > 0, #php.load('\27') > 0, #php.load('\27\27Lu') > 0",
        returns(True, True, True),
    ),
    Attack(
        "half a marker at the end", r"return #php.load('\27L') > 0, php.load('return 1 --\27L')", returns(True, b"")
    ),
    Attack(
        "through the chunk's name",
        r"return php.load('return 1', '\27Lua'), php.load('error()', '\27LJ')",
        SURVIVES,
    ),
    Attack(
        "no compiler is there",
        "local t = {} for _, n in next, {" + _COMPILERS + "} do t[#t + 1] = rawget(_G, n) end return #t, string.dump",
        returns(0, None),
    ),
    Attack(
        "a chunk name of every byte",
        "local s = {} for i = 0, 255 do s[#s + 1] = string.char(i) end return #php.load('error(', table.concat(s)) > 0",
        returns(True),
    ),
    Attack("a chunk name of a megabyte", "return #php.load('error(', ('n'):rep(1e6)) > 0", returns(True)),
    Attack(
        "nested too deep for the compiler",
        "return #php.load('return ' .. ('('):rep(1e4) .. (')'):rep(1e4)) > 0, #php.load(('do '):rep(1e4)) > 0, "
        "#php.load('x=' .. ('{'):rep(1e4)) > 0, #php.load('return ' .. ('- '):rep(1e5) .. '1') > 0, "
        "#php.load('return ' .. ('not '):rep(1e5) .. '1') > 0, #php.load('return ' .. ('a..'):rep(1e5) .. '1') > 0, "
        "#php.load('return ' .. ('2^'):rep(1e5) .. '1') > 0, #php.load(('function f() '):rep(1e4)) > 0, "
        "#php.load(('a.'):rep(1e5)) > 0",
        returns(*[True] * 9),
    ),
    Attack(
        "more locals, upvalues, constants than fit",
        "local t = {} for i = 1, 300 do t[i] = 'local a' .. i .. '=' .. i end local u = {} for i = 1, 300 do u[i] = "
        "'a' .. i end local k = {} for i = 1, 140000 do k[i] = i + 0.5 end return #php.load(table.concat(t, ' ')) > "
        "0, #php.load('return {' .. table.concat(k, ',') .. '}') >= 0, #php.load('local ' .. table.concat(u, ',')) > "
        "0",
        returns(True, True, True),
    ),
    Attack(
        "more jumps than fit",
        "return #php.load('while true do ' .. ('x=1 '):rep(70000) .. ' end') >= 0, #php.load('if x then ' .. ('x=1 "
        "'):rep(150000) .. ' end') >= 0",
        SURVIVES,
    ),
]
