"""Names that must not be there, in any form; what stands in their place gives nothing."""

from tests.hostile.attack import Attack, returns

_FORBIDDEN = [
    "newproxy",
    "collectgarbage",
    "gcinfo",
    "module",
    "require",
    "package",
    "io",
    "load",
    "loadstring",
    "loadfile",
    "dofile",
    "print",
    "coroutine",
    "jit",
    "ffi",
    "bit",
    "bit32",
    "python",
    "lupa",
    "arg",
    "luaproc",
    "chunks",
    "thread",
]
_MEMBERS = [
    "os.execute",
    "os.exit",
    "os.getenv",
    "os.remove",
    "os.rename",
    "os.tmpname",
    "os.setlocale",
    "string.dump",
    "string.buffer",
    "table.clear",
    "table.new",
    "debug.debug",
    "debug.getfenv",
    "debug.gethook",
    "debug.getinfo",
    "debug.getlocal",
    "debug.getmetatable",
    "debug.getregistry",
    "debug.getupvalue",
    "debug.setfenv",
    "debug.sethook",
    "debug.setlocal",
    "debug.setmetatable",
    "debug.setupvalue",
    "debug.upvalueid",
    "debug.upvaluejoin",
    "debug.getuservalue",
    "debug.setuservalue",
]

ROWS = [
    *(Attack(f"no {name}", f"return rawget(_G, '{name}'), {name}", returns(None, None)) for name in _FORBIDDEN),
    *(Attack(f"no {name}", f"return {name}", returns(None)) for name in _MEMBERS),
    Attack(
        "no name by another's metatable",
        "local mt = getmetatable('') return getmetatable(_G), getmetatable(mt), getmetatable(string), "
        "getmetatable(math), getmetatable(debug), getmetatable(os), getmetatable(table)",
        returns(*[None] * 7),
    ),
    Attack(
        "traceback shows no values",
        "local secret = {} local t = debug.traceback('x') return (t:find('0x', 1, true))",
        returns(None),
    ),
    Attack(
        "tostring shows no addresses",
        "local out = {} for i, v in next, {{}, print or tostring, php.echo, getfenv, string.rep, function() end} do "
        "out[i] = tostring(v) end return table.concat(out, ' ')",
        returns(b"table function function function function function"),
    ),
    Attack(
        "no address in any error",
        "local out = {} for i, f in next, {function() error({}) end, function() return {} .. '' end, function() "
        "return {} + 1 end, function() return #php.echo end, function() string.rep({}) end, function() return {} < "
        "{} end, function() ({})() end} do local _, e = pcall(f) if tostring(e):find('0x', 1, true) then out[#out + "
        "1] = i end end return #out",
        returns(0),
    ),
    Attack(
        "the clock is coarse",
        "for i = 1, 1000 do local c = os.clock() * 50000 if math.abs(c - math.floor(c + 0.5)) > 1e-3 then return c "
        "end end",
        returns(),
    ),
]
