"""Sessions that two servers are given: data. Each row is a name and steps (see session.Session)."""
# ruff: noqa: E501 - a table is read row by row, so a row is a line.

from tests.responder.conftest import call_body, load_body

STATUS = '{["op"]="getStatus"}'


def keep(*ids: int) -> str:
    return '{["op"]="cleanupChunks",["ids"]={' + ",".join(f"[{i}]=true" for i in ids) + "}}"


def register(name: str, **functions: str) -> str:
    listed = ",".join(f'["{key}"]="{value}"' for key, value in functions.items())
    return f'{{["op"]="registerLibrary",["name"]="{name}",["functions"]={{{listed}}}}}'


WRAP = '{["op"]="wrapPhpFunction",["id"]="echo"}'

# One line of module code a row; the row's name is the code.
CODES = r"""
return
return nil
return nil, nil, 3, nil
return true, false
return 1, -1, 0.5, 1e300, 1e15, 0.1, 1e-5, -0.0
return 2^53, 2^53 - 1, -2^53, -2^53 - 2, 2^31, -2^31, 2^63, -2^63
return 1/0, -1/0, 0/0
return "a\nb\r\\\0c", "", "\\n", "ä", "\255"
return {}, {1, 2, nil, 4}, {a = {b = {c = 1}}}
return {[1.5] = 1}, {[1e15] = 1, [2^53] = 2, [2^62] = 3}, {[-1] = 1, [0] = 2}
return {["0"] = 1, ["-10"] = 2}, {["00"] = 1, ["01"] = 2, ["0.0"] = 3, ["-0"] = 4, ["+1"] = 5, [" 1"] = 6, ["1 "] = 7}
return {["9223372036854775807"] = 1}, {["-9223372036854775808"] = 2}, {["99999999999999999999"] = 3}
return {["9223372036854775808"] = 1}, {["-9223372036854775809"] = 2}
return {[2^63] = 1}, {[-2^63] = 2}, {[9223372036854774784] = 3}
return {[1/0] = 1}
return {[-1/0] = 1, [1/0] = 2}
return {["1e5"] = 1, [1e5] = 2, [0] = 3}
return {[1.5] = 1, ["1.5"] = 2}
return {[1] = 1, ["1"] = 2}
return {[0] = 1, ["0"] = 2}
return {[true] = 1}
return {[{}] = 1}
return {[print or pairs] = 1}
local t = {} t.t = t return t
local t = {} return t, t
local t = {} return {t, t}
return function() end, pairs, string.rep, function() end
local f = function() end return f, f, {f}
return setmetatable({}, {__pairs = function() return next, {a = 1, b = 2} end})
return setmetatable({1, 2}, {__pairs = function() return function() end end})
return setmetatable({}, {__metatable = false, __pairs = function() return next, {1} end})
return setmetatable({}, {__metatable = "x"})
return setmetatable({}, {__index = {a = 1}, __tostring = function() return "x" end})
return setmetatable({}, {__pairs = function() return next, {[1] = 1, ["1"] = 2} end})
return setmetatable({}, {__pairs = function() return next, {[true] = 1} end})
local n = 0 return setmetatable({}, {__pairs = function() return function() n = n + 1 if n < 3 then return "k", n end end end})
return setmetatable({}, {__pairs = 5})
error("x")
error("x", 0)
error("x", 1)
error("x", 2)
error("x", 3)
error(5)
error(5.5)
error({a = 1})
error({value = "v", trace = "t"})
error(true)
error(function() end)
error(setmetatable({}, {__tostring = function() return "x" end}))
error({[{}] = 1})
error("")
error(nil)
error()
error(false)
error(0/0)
error("a:1: b")
assert(false)
assert(nil, "reason")
assert(false, {1})
assert(1 == 2, 5)
local function f() error("deep") end local function g() f() end g()
local function f() error("deep") end local function g() f() return 1 end local t = {m = function(self) g() return 2 end} t:m()
local function f() error("tail") end return f()
local function f() error("tail") end local function g() return f() end return g()
local function f() error("level", 2) end local function g() f() return 1 end g()
local function f() error("level", 3) end local function g() f() return 1 end local function h() g() return 1 end h()
x.y.z = 1
local s = nil .. "x"
return #nil
return {} < {}
return 1 < "x"
return {} + 1
return -{}
return ("x") + 1
return ("x"):bad()
local t = {} t.a.b()
local t = {} t.a()
undefined()
undefined.field()
(nil)()
return string.find("a", "[a")
return string.rep()
return string.rep("x", -1), ("x"):rep(3)
return ("x"):rep({})
return string.format("%d", "x")
return string.format("%s", nil)
return string.format("%s")
return table.concat({1, {}, 3})
return table.concat({1, 2, 3}, ", ")
return table.insert(nil, 1)
return table.insert({}, 1, 2, 3, 4)
table.sort({3, 1, 2}, function(a, b) error("in sort") end)
return (string.gsub("abc", "b", function() error("in gsub") end))
return string.gsub("hello", "l", {l = "L"})
return math.floor("x"), math.max()
return math.floor(-1.5), math.huge, math.pi
return select(-5, 1)
return select("#"), select("#", nil, nil), select(2, "a", "b", "c")
return tonumber("0x10"), tonumber("z", 36), tonumber("1e1"), tonumber(""), tonumber(" 5 "), tonumber("5x")
return tonumber()
return tonumber("1", 99)
return rawequal({}, {}), rawget({a = 1}, "a"), rawset({}, "a", 1)
return rawget(nil, 1)
return next({}), next({a = 1})
return next({}, "x")
return next()
return type()
return type(nil), type(print), type(string), type("")
return tostring(nil), tostring(1), tostring("x"), tostring(true), tostring({}), tostring(pairs), tostring(1e100)
return tostring(setmetatable({}, {__tostring = function() return 5 end}))
return tostring()
return tostring(setmetatable({}, {__tostring = function() error("in tostring") end}))
pairs(nil)
pairs()
ipairs()
ipairs(5)
for k, v in pairs(5) do end
for k in pairs(setmetatable({}, {__pairs = function() error("in pairs") end})) do end
local r = {} for k, v in pairs(setmetatable({}, {__pairs = function() return next, {7, 8} end})) do r[#r + 1] = v end return r
local r = {} for k, v in ipairs(setmetatable({}, {__ipairs = function() return ipairs({7, 8}) end})) do r[#r + 1] = v end return r
return select("#", pairs({}))
return pairs({a = 1})
for i in 5 do end
for i = "x", 2 do end
for i = 1, 2, 0 do return i end
return getmetatable("").__index == string, getmetatable({}), getmetatable(setmetatable({}, {__metatable = 5}))
setmetatable(setmetatable({}, {__metatable = 5}), {})
setmetatable({}, 5)
setmetatable(1, {})
return setmetatable({}, {__index = function(t, k) error("in index " .. k) end}).x
setmetatable({}, {__newindex = function(t, k) error("in newindex " .. k) end}).x = 1
return setmetatable({}, {__add = function() error("in add") end}) + 1
return setmetatable({}, {__call = function(self, a) return a end})(5)
return setmetatable({}, {__call = function(self, a) error("in call") end})(5)
return setmetatable({}, {__concat = function() return "c" end}) .. "x"
return setmetatable({}, {__eq = function() return true end}) == {}
return pcall(error)
return pcall(error, nil)
return pcall(error, "m", 0), pcall(error, "m", 1), pcall(error, "m", 2)
return pcall(error, {a = 1})
return pcall()
return pcall(nil)
return pcall(pcall, error, "x")
return pcall(pcall, pcall)
return pcall(function() local x = nil; x() end)
return xpcall(function() error("a") end, function(e) return e .. "!" end)
return xpcall(function() error("a") end, function(e) error("b") end)
return xpcall(function() return 1, nil, 3 end, error)
return xpcall()
return xpcall(nil, function(e) return e end)
xpcall(function() error("a") end, function(e) return debug.traceback(e) end)
return unpack({1, 2, 3})
return unpack({1, 2, 3}, 2), unpack({1, 2, 3}, 2, 3), unpack({}, 1, 3)
return unpack(nil)
return unpack({}, 1, 10000)
return unpack({}, 1, 8001)
return unpack({}, -1, 8000)
return select("#", unpack({}, 1, 7000))
return unpack({1, 2}, 1, 2^31)
return unpack({}, -2^31, 2^31 - 1)
return unpack({1, 2}, "a")
return unpack({1, 2}, 0/0)
local function r() return r() + 1 end local ok, e = pcall(r) return ok, e
return unpack({1, 2}, 2, 1)
local t = {} for i = 1, 7000 do t[i] = i end return unpack(t)
return getfenv(1) == _G, getfenv() == _G
return getfenv(2)
return getfenv(3)
return getfenv(9)
return getfenv(99)
return getfenv("x")
return getfenv(-1)
return getfenv(0)
return getfenv(0.5)
return getfenv(1.7) == _G
return pcall(getfenv, 1)
return pcall(getfenv, 2)
return getfenv(string.rep), getfenv(php.echo), getfenv(pairs), getfenv(getfenv)
return getfenv(setfenv(function() end, {q = 1})).q
local function f() return getfenv(2) == _G end local a = f() return a
local function f() return getfenv(2) == _G end return f()
setfenv(1, {})
setfenv(1, {}) return x
setfenv(2, {})
setfenv(3, {})
setfenv(10, {})
setfenv(11, {})
setfenv(50, {})
return setfenv(0, {})
return setfenv(-1, {})
return setfenv(0.5, {})
return setfenv(1)
return setfenv("x", {})
return setfenv(nil, {})
return setfenv(pairs, {})
return setfenv(tostring, {})
return setfenv(setfenv, {})
return setfenv(string.rep, {})
return setfenv(php.echo, {})
return setfenv(function() end, 5)
local f = setfenv(function() return x end, {x = 5}) return f()
local function f() setfenv(2, {y = 6}) end f() return y
return pcall(setfenv, 1, {})
return pcall(setfenv, 2, {})
return pcall(function() setfenv(2, {}) end)
x = 1 return x, _G.x, _G._G == _G, rawget(_G, "x")
return _VERSION
return io, package, require, module, load, loadstring, loadfile, dofile, collectgarbage, newproxy, coroutine, gcinfo, python, jit, ffi
return debug.getinfo, debug.sethook, debug.getregistry, os.execute, os.exit, os.getenv, os.remove, string.dump
local r = {} for k in pairs(_G) do r[#r + 1] = k end table.sort(r) return table.concat(r, " ")
local r = {} for k in pairs(string) do r[#r + 1] = k end table.sort(r) return table.concat(r, " ")
local r = {} for k in pairs(table) do r[#r + 1] = k end table.sort(r) return table.concat(r, " ")
local r = {} for k in pairs(math) do r[#r + 1] = k end table.sort(r) return table.concat(r, " ")
local r = {} for k in pairs(os) do r[#r + 1] = k end table.sort(r) return table.concat(r, " ")
local r = {} for k in pairs(debug) do r[#r + 1] = k end table.sort(r) return table.concat(r, " ")
return os.time{year = 2000, month = 1, day = 1, hour = 0}, os.date("!%Y-%m-%d", 86400), os.difftime(5, 3)
return os.date("!*t", 0)
return os.date("%")
return os.time({})
local c = os.clock() * 50000 return math.abs(c - math.floor(c + 0.5)) < 1e-6
return (debug.traceback("x"):gsub("\n\t%(tail call%).*", ""):gsub("\n\t%[C%]: in function 'xpcall'.*", ""))
return (debug.traceback("x"):gsub("\n.*", ""))
return debug.traceback({}), debug.traceback(nil)
string.upper = nil return ("x").upper, pcall(function() return ("x"):upper() end)
string.find, string.format, string.match = nil return {1.5, ["1"] = 2}
table.concat, math.floor, type, next, error, pcall = nil return {1.5, a = {1}}
rawset(_G, "tostring", error) return {[1.5] = 1}
setmetatable(_G, {__index = function(t, k) return k end}) return undefined
return php.echo()
return php.echo(1, nil, "x", nil)
return php.echo(true, {1, {2}}, "a\nb\\\0", 0.1, 1/0)
return php.echo(pairs)
local r = {php.echo(function() end)} return type(r[1]), r[1]
local f = function() return "called back" end return php.echo(f) == f
return php.holes()
return select("#", php.holes())
return php.nothing()
return select("#", php.nothing())
php.fail("m")
local x = php.fail("m") return x
local function f() php.fail("in f") return 1 end f()
php.fail({a = 1})
php.fail(5)
php.fail(true)
return pcall(php.fail, "m")
local ok, e = pcall(function() php.fail("inner") return 1 end) return ok, e
local t = {f = php.fail} t.f("through a field")
return xpcall(function() php.fail("x") return 1 end, function(e) return e .. "!" end)
return php.fail("tail call")
local function f() local x = php.fail("a line below") return x end local y = f() return y
local function f() return php.fail("by a tail call below") end local y = f() return y
local x = "m" .. setmetatable({}, {__concat = php.fail}) return x
local x = setmetatable({}, {__index = function(t, k) local v = php.fail(k) return v end}).key return x
local x = setmetatable({}, {__index = function(t, k) return php.fail(k) end}).key return x
local x = tostring(setmetatable({}, {__tostring = function() local s = php.fail("shown") return s end})) return x
setmetatable({}, {__newindex = function(t, k, v) php.fail(v) return nil end}).key = "set"
local x = setmetatable({}, {__call = function(self, text) local y = php.fail(text) return y end})("called") return x
local x = setmetatable({}, {__unm = function() local y = php.fail("minus") return y end}) return -x
for x in php.fail, "iterator" do end
for k, v in pairs(setmetatable({}, {__pairs = function() local x = php.fail("pairs") return x end})) do end
local x = (select(1, php.fail("an argument"))) return x
local x = string.gsub("text", ".*", php.fail) return x
table.sort({"b", "a"}, php.fail)
return pcall(pcall, php.fail, "m")
return pcall(pcall(php.fail, "m") or php.fail, "after a caught one")
local ok, e = pcall(function() return php.fail("tail call below pcall") end) return ok, e
return xpcall(function() return php.fail("x") end, function(e) return e .. "!" end)
return select(2, xpcall(php.fail, tostring))
local x = php.apply(php.fail, "directly applied") return x
local x = php.apply(function(s) return php.fail(s) end, "tail call below a callback") return x
php.echo({[{}] = 1})
local r = php.echo({[{}] = 1}) return r
return pcall(php.echo, {[{}] = 1})
return pcall(php.echo, {[1] = 1, ["1"] = 2})
local ok, e = pcall(function() local t = {} t.t = t local x = php.echo(t) return x end) return ok, e
return php.echo(setmetatable({}, {__pairs = function() return next, {a = 1} end}))
return php.apply(function(a, b) return a + b, nil, "x" end, 1, 2)
return php.apply(function() error("in apply") end)
return php.apply(function() error({code = 5}) end)
local ok, e = pcall(function() return (php.apply(function() error("in apply") end)) end) return ok, e
local x = php.apply(function() local y = php.fail("two down") return y end) return x
return php.apply(function(...) return php.apply(function(...) return php.echo(...) end, ...) end, 1, nil, 3)
local function f(n) if n == 0 then return "bottom" end local r = php.apply(f, n - 1) return r end return f(20)
local function f(n) if n == 0 then error("up") end local r = php.apply(f, n - 1) return r end return f(3)
local function f() local function g() error("here") end g() end local x = php.apply(f) return x
local x = php.apply(string.rep, "x", 3) return x
local x = php.apply(string.rep) return x
local x = php.apply(error, "direct") return x
return php.apply(php.echo, 1, 2)
local x = php.load("error('in the other')") x()
local x = php.load("return ...") return x(1, 2)
local x = php.load("syntax error here") return x
return pcall(php.load, "x =", "=bad")
local x = php.load("local t = ... return t.a.b", "@a file.lua") return x({})
local t = setmetatable({}, {__index = php.echo}) return t.field == nil
local t = setmetatable({}, {__tostring = php.nothing}) return tostring(t)
return string.gsub("abc", "%w", php.echo)
return pcall(string.gsub, "abc", "%w", php.fail)
return pcall(table.sort, {3, 2, 1}, php.fail)
goto = 1
local goto = 1 return goto
return 0x10, 1e2, 'a', [[b]], [==[c]==]
return "\65\066\x41"
""".strip("\n").split("\n")  # fmt: skip

SYNTAX = [
    "x =", "return return", "for", "local function", "x = = 1", "'unfinished", "[[unfinished", "--[[unfinished", "end", "if x then",
    "return 1 2", "x = 'a\nb'", "break", "return ...", "function f() return ... end", "x = \"\\300\"", "f(\n)\n(g)", "@", "\0", "return 1 --",
    "local " + ", ".join(f"a{i}" for i in range(201)), "return " + "(" * 250 + "1" + ")" * 250, "x = 1 =", "return 08x", "\n\n\nx y",
]  # fmt: skip

CHUNK_NAMES = [
    "=Module:A", "@Module:A", "Module:A", "=", "@", "", "a\nb", "=" + "x" * 100, "@" + "/x" * 50, "x" * 100, "=[string \"y\"]", "=Modul:Größe",
    "return 1 -- text as its own name",
]  # fmt: skip

MESSAGES = {
    "ids count up": (load_body("return 1"), load_body("return 1"), load_body("x ="), load_body("return 2")),
    "a dropped chunk": (load_body("return 1"), keep(), call_body(1)),
    "a kept chunk": (load_body("return 'kept'"), load_body("return 2"), keep(1), call_body(1), call_body(2)),
    "a fresh id after cleanup": (load_body("f = function() end return f"), call_body(1), call_body(1), keep(1), call_body(1)),
    "ids that were never there": (call_body(99), call_body(-1), call_body(0)),
    "cleanup of what is not there": (keep(5, 6, 7), load_body("return 1")),
    "cleanup below a callback": (load_body("php.apply(function() end) return pairs"), call_body(1), keep(1), call_body(1)),
    "a chunk that is cleaned up while it runs": (load_body("local x = php.load('return 1') return x"), call_body(1), keep(), call_body(1)),
    "status": (STATUS, STATUS),
    "register and call": (register("lib", a="echo", b="fail"), "return lib.a(1), lib.b == nil", "lib.b('x')"),
    "register again adds": (register("lib", a="echo"), register("lib", b="echo"), "return lib.a(1), lib.b(2)"),
    "register again replaces": (register("lib", a="echo"), "old = lib.a", register("lib", a="nothing"), "return old(1), lib.a(2)"),
    "register into a library of Lua's": (register("table", php="echo"), "return table.php(1), table.concat({1})"),
    "register into a module's table": ("mine = {x = 1}", register("mine", f="echo"), "return mine.x, mine.f(2)"),
    "register nothing": ('{["op"]="registerLibrary",["name"]="empty",["functions"]={}}', "return empty"),
    "register function names that are no names": ('{["op"]="registerLibrary",["name"]="odd",["functions"]={["a b"]="echo",[1]="echo"}}', "return odd['a b'](1), odd[1](2)"),
    "wrap": (WRAP, call_body(1, "5"), call_body(1), WRAP, call_body(2, "nil", "6", "nil")),
    "wrap and fail": (WRAP.replace("echo", "fail"), call_body(1, '"direct"'), load_body("local f = ... local x = f('called') return x"), call_body(2, "chunks[1]"), load_body("local f = ... return f('tail call')"), call_body(3, "chunks[1]"), load_body("local f = ... return pcall(f, 'below pcall')"), call_body(4, "chunks[1]")),
    "fail in a function of a module": (load_body("return function(text)\n  local x = php.fail(text)\n  return x\nend"), call_body(1), call_body(2, '"called by PHP"'), load_body("local f = ...\nlocal x = f('called by a module')\nreturn x", "=Module:Two"), call_body(3, "chunks[2]")),
    "wrap and pass": (WRAP, load_body("local f = ... return f(7)"), call_body(2, "chunks[1]")),
    "arguments": (load_body("return select('#', ...), ..."), call_body(1), call_body(1, "nil"), call_body(1, "nil", "nil", "3", "nil"), call_body(1, '"s"', "{[1]=1}", "true", "(0/0)", "(1/0)", "(-1/0)", "1e300")),
    "arguments that are chunks": (load_body("return ...") , load_body("local f = ... return f, f(8)"), call_body(2, "chunks[1]"), call_body(1, "{[1]=chunks[2],[2]=chunks[1]}"), call_body(1, "chunks[77]")),
    "a count above the arguments": (load_body("return select('#', ...)"), '{["op"]="call",["id"]=1,["nargs"]=5,["args"]={[1]=1}}', '{["op"]="call",["id"]=1,["nargs"]=0,["args"]={[1]=1}}'),
    "large keys as strings": (load_body("local t = ... return t, type(next(t))"), call_body(1, '{["9007199254740993"]=1}')),
    "raw bytes in strings": (load_body("local s = ... return s, #s"), call_body(1, '"\x01\x7f\t\x0b\udc80\udcff é"')),
    "escapes in strings": (load_body("local s = ... return s, #s"), call_body(1, '"\\\\n \\n \\r \\000 \\0001 \\" \\\\"')),
    "escapes in code": (load_body('return "\\\\", "\\n", "\n\\\n", \'"\', "\\0", "\\r\\t", [[\r\n]]'), call_body(1)),
    "a spelling of loadString that PHP does not write": ('{["chunkName"]="=c", ["text"]=\'return "\\65"\', ["op"]="loadString"}', '{["op"]="loadString",["text"]="return 1",["chunkName"]="=c",["more"]=1}', call_body(1), call_body(2)),
    "code that looks like the end of the message": (load_body('return "\\",[\\"chunkName\\"]=\\"=x\\"}"', "=y"), call_body(1)),
    "binary chunks": (load_body("\x1bLuaQ"), load_body("return '\x1bLua'"), load_body("return '\\27Lua'"), call_body(1)),
    "LuaJIT's bytecode": (load_body("\x1bLJ\x02"), load_body("return '\x1bLJ'")),
    "a dotted name": (register("a.b", f="echo"), "return type(a), a and type(a.b), a and a.b.f(1)"),
    "state between calls": (load_body("n = (n or 0) + 1 return n"), call_body(1), call_body(1), load_body("return n"), call_body(2)),
    "an error leaves the server as it was": (load_body("error('x')"), call_body(1), load_body("return 1"), call_body(2), call_body(1)),
    "environment of chunks": (load_body("setfenv(1, {a = 1})"), load_body("return a, b"), call_body(1), call_body(2), load_body("b = 2"), call_body(3), call_body(2)),
    "setfenv on a chunk": (load_body("return a"), load_body("local f = ... setfenv(f, {a = 9}) return f()"), call_body(2, "chunks[1]"), call_body(1)),
    "many results": (load_body("return unpack({}, 1, 7000)"), call_body(1)),
    "a long string": (load_body("return ('x'):rep(100000), ('\\n\\\\'):rep(1000)"), call_body(1)),
    "a large table": (load_body("local t = {} for i = 1, 300 do t[i] = {i, 'v' .. i, i / 2} end return t"), call_body(1)),
    "two lines of trace": (load_body("local function f()\n\n  error('on three')\nend\n\nlocal function g(n)\n  f()\nend\ng()"), call_body(1)),
    "trace through methods": (load_body("local o = {}\nfunction o:m()\n  return self.nothing.here\nend\nfunction o.p()\n  local x = o:m()\nend\no.p()"), call_body(1)),
    "trace through metamethods": (load_body("local mt = {__index = function(t, k)\n  error('no ' .. k, 2)\nend}\nlocal t = setmetatable({}, mt)\nlocal x = t.key"), call_body(1)),
    "trace through pcall": (load_body("local ok, e = pcall(function()\n  error('caught')\nend)\nerror(e)"), call_body(1)),
    "trace through gsub": (load_body("local x = string.gsub('a', 'a', function()\n  local y = nil + 1\nend)"), call_body(1)),
    "trace of an upvalue and a global": (load_body("local up = function() error('up') end\nfunction glob() up() end\nglob()"), call_body(1)),
    "trace of a C function that PHP calls": (load_body("return string.rep, table.concat"), call_body(1), call_body(2), call_body(3, "5")),
    "trace over two modules": (load_body("return function(f)\n  f()\nend", "=Module:One"), load_body("local run = ...\nrun(function()\n  error('two')\nend)", "=Module:Two"), call_body(1), call_body(2, "chunks[3]")),
    "position in a callback's caller": (load_body("local function f()\n\n  local r = php.fail('line three')\n  return r\nend\nlocal x = f()"), call_body(1)),
    "trace of a callback below a callback": (load_body("local function inner()\n  php.fail('deep')\nend\nlocal r = php.apply(function()\n  inner()\nend)"), call_body(1)),
    "loads below a callback": (load_body("local f = php.load('return ...')\nreturn f('loaded')"), call_body(1)),
}  # fmt: skip


def rows() -> dict[str, tuple[str, ...]]:
    """Name -> steps, of all sessions."""
    found: dict[str, tuple[str, ...]] = {code: (code,) for code in CODES}
    for text in SYNTAX:
        found[f"syntax: {text[:60]!r}"] = (load_body(text),)
    for name in CHUNK_NAMES:
        found[f"chunk name: {name[:60]!r}"] = (load_body("\nerror('x')", name), call_body(1), load_body("x =", name))
    for name, steps in MESSAGES.items():
        found[f"messages: {name}"] = steps
    return found
