"""The table: command lines that ours and the real interpreter must answer alike.

A row is: what it shows, the words, stdin, the environment. Run in tests/lua51/scripts.
"""

from typing import NamedTuple


class Row(NamedTuple):
    shows: str
    words: tuple[str, ...]
    stdin: bytes = b""
    env: dict[str, str] = {}  # noqa: RUF012 -- never changed


LIB = {"LUA_PATH": "./lib/?.lua;./lib/?/init.lua", "LUA_CPATH": "./lib/?.so"}

# Both interpreters, each against its own original.
BOTH = [
    # -e
    Row("a string", ("-e", "print(1 + 1)")),
    Row("a string in the same word", ("-eprint(1 + 1)",)),
    Row("several strings share globals", ("-e", "a = 1", "-e", "print(a)", "-ea=a+1", "-e", "print(a)")),
    Row("a string sees no arguments", ("-e", "print(select('#', ...), ...)")),
    Row("an empty string", ("-e", "")),
    Row("-e without a string", ("-e",)),
    Row("a string that errors ends it", ("-e", "error('x')", "-e", "print('not reached')")),
    Row("a syntax error in a string", ("-e", "x =")),
    Row("a string with bytes above 127", ("-e", "print(#'\udce9\udcff', '\udce9')")),
    Row("a string that needs a newline", ("-e", "print('a')\nprint('b')\nerror('c')")),
    Row("-e before a script", ("-e", "x = 5", "-e", "print(x)", "show_args.lua", "one")),
    Row("no script after -e, stdin unread", ("-e", "print('only')"), b"print('from stdin')"),
    # -l
    Row("a library", ("-l", "greeter", "-e", "print(package.loaded.greeter.hello('you'))"), env=LIB),
    Row("a library in the same word", ("-lgreeter", "-e", "print(type(package.loaded.greeter))"), env=LIB),
    Row("a library that is nowhere", ("-l", "nowhere"), env=LIB),
    Row("a library below a directory that is nowhere", ("-l", "nowhere.below"), env=LIB),
    Row("a library with a syntax error", ("-l", "broken"), env=LIB),
    Row("a library that raises", ("-l", "raises", "-e", "print('not reached')"), env=LIB),
    Row("-l without a name", ("-l",)),
    Row("-l without require", ("-e", "require = nil", "-l", "greeter"), env=LIB),
    # -v, --, -, usage
    Row("-- ends options", ("--", "show_args.lua", "-e", "x")),
    Row("-- alone reads stdin", ("--",), b"print('from stdin', ...)"),
    Row("-- and then a file called -", ("--", "-"), b"print('from stdin')"),
    Row("- reads stdin", ("-",), b"print('from stdin', ..., arg[0])"),
    Row("- with arguments", ("-", "a", "-b"), b"print(..., arg[-1] ~= nil, arg[2])"),
    Row("-e and -", ("-e", "print(1)", "-"), b"print(2)"),
    Row("an unknown option", ("-x",)),
    Row("an unknown long option", ("--version",)),
    Row("-i with a tail", ("-ix",)),
    Row("-v with a tail", ("-vv",)),
    Row("an unknown option after a good one", ("-e", "print('not run')", "-q")),
    # scripts
    Row("arg and ... of a script", ("show_args.lua", "one", "", "three four", "-v")),
    Row("arg with options before", ("-e", "print(1)", "-e", "local x", "show_args.lua", "one")),
    Row("arg without arguments", ("show_args.lua",)),
    Row("300 arguments", ("show_args.lua", *map(str, range(300)))),
    Row("a shebang line, and lines counted", ("shebang.lua",)),
    Row("a script without a last newline", ("no_newline.lua",)),
    Row("an empty script", ("empty.lua",)),
    Row("a shebang alone", ("only_shebang.lua",)),
    Row("a script that is not there", ("no_such_script.lua", "x")),
    Row("a script that is a directory", ("lib",)),
    Row("a syntax error in a script", ("syntax_error.lua",)),
    Row("a string error at depth", ("fails_deep.lua", "thing")),
    Row("an error with the wrong type of argument", ("fails_deep.lua",)),
    Row("a script in a directory", ("./lib/greeter.lua",)),
    Row("a script that returns values", ("-e", "print(pcall(dofile, 'lib/deep/init.lua'))"), env=LIB),
    Row("arg changed by -e", ("-e", "arg = arg or {}; arg[1] = 'changed'", "show_args.lua", "one")),
    # stdin
    Row("a script from stdin", (), b"print('hello', ...)\nprint(arg == nil or arg[0])"),
    Row("an error from stdin", (), b"print(1)\nerror('from stdin')"),
    Row("a syntax error from stdin", (), b"print(1\n"),
    Row("a shebang from stdin", (), b"#!/usr/bin/lua\nprint(debug.getinfo(1).short_src)\nerror('line 3')"),
    Row("an empty stdin", ()),
    Row("a script that reads stdin", ("stdin_lines.lua",), b"one\ntwo\nwithout end"),
    Row("a script from stdin that reads the rest", ("-",), b"print(io.read('*a'))"),
    Row("a string that reads stdin", ("-e", "print(io.read('*n', '*l', 3, '*a', '*a', '*l'))"), b"12 x\nabcdef\ng"),
    # errors
    Row("error without position", ("-e", "error('plain', 0)")),
    Row("error at the caller", ("-e", "local function f() error('up', 2) end\nf()")),
    Row("error with a table", ("-e", "error({})")),
    Row("error with nil", ("-e", "error()")),
    Row("error with nil as a value", ("-e", "error(nil)")),
    Row("error with a number", ("-e", "error(42)")),
    Row("error with false", ("-e", "error(false)")),
    Row("error with __tostring", ("-e", "error(setmetatable({}, {__tostring = function() return 'shown' end}))")),
    Row("error with a NUL inside", ("-e", "error('a\\0b', 0)")),
    Row("error in __tostring of an error", ("-e", "error(setmetatable({}, {__tostring = error}))")),
    Row("arithmetic on nil", ("-e", "local t = {}; print(t.a.b)")),
    Row("a call of a field that is nil", ("-e", "string.nothing()")),
    Row("a bad argument", ("-e", "('x'):rep({})")),
    Row("assert", ("-e", "assert(false)")),
    Row("assert with a message", ("-e", "assert(nil, 'asserted')")),
    Row("stack overflow", ("-e", "local function f() return 1 + f() end print(pcall(f))")),
    Row("an error in a coroutine", ("-e", "coroutine.wrap(function() error('inside') end)()")),
    Row("a yield outside", ("-e", "coroutine.yield(1)")),
    Row("debug.traceback gone", ("-e", "debug.traceback = nil", "-e", "error('no trace')")),
    Row("debug gone", ("-e", "debug = nil", "-e", "error('no trace')")),
    Row(
        "debug.traceback replaced", ("-e", "debug.traceback = function(m) return 'own: ' .. m end", "-e", "error('x')")
    ),
    Row("print replaced", ("-e", "print = nil", "-e", "print(1)")),
    # exit
    Row("os.exit of nothing", ("-e", "io.write('x') os.exit()")),
    Row("os.exit of 3", ("at_exit.lua", "3")),
    Row("os.exit of 0", ("at_exit.lua", "0")),
    Row("os.exit of 256", ("at_exit.lua", "256")),
    Row("os.exit of -1", ("at_exit.lua", "-1")),
    Row("a normal end: output flushed, objects collected", ("at_exit.lua",)),
    Row("os.exit inside pcall", ("-e", "print(pcall(os.exit, 5))")),
    Row("os.exit in a coroutine", ("-e", "io.write('y') coroutine.wrap(function() os.exit(6) end)()")),
    Row("os.exit in -e before a script", ("-e", "os.exit(4)", "show_args.lua")),
    # LUA_INIT
    Row("LUA_INIT", ("-e", "print(x)"), env={"LUA_INIT": "x = 'initial'"}),
    Row("LUA_INIT of a file", ("-e", "print(from_init)"), env={"LUA_INIT": "@init.lua"}),
    Row("LUA_INIT and a script", ("show_args.lua", "a"), env={"LUA_INIT": "print('init', ...)"}),
    Row("LUA_INIT that errors", ("-e", "print('not reached')"), env={"LUA_INIT": "error('init')"}),
    Row("LUA_INIT with a syntax error", (), b"print(1)", {"LUA_INIT": "x ="}),
    Row("LUA_INIT of a missing file", ("-e", "print(1)"), env={"LUA_INIT": "@no_such_file.lua"}),
    Row("LUA_INIT, empty", ("-e", "print(1)"), env={"LUA_INIT": ""}),
    Row("LUA_INIT before a wrong option", ("-x",), env={"LUA_INIT": "print('init')"}),
    # libraries
    Row("files", ("files.lua",)),
    Row("require by LUA_PATH", ("-e", "print(require('deep'), require('deep.leaf'), require('deep'))"), env=LIB),
    Row("module and package.seeall", ("-e", "require 'old' print(old.twice(4), old._NAME)"), env=LIB),
    Row("package.preload", ("-e", "package.preload.p = function(...) return ... end print(require('p'))")),
    Row("package.path of a wrong type", ("-e", "package.path = nil require 'x'")),
    Row("package.cpath of a wrong type", ("-e", "package.path = '' package.cpath = {} print(pcall(require, 'x'))")),
    Row("a template with a percent sign", ("-e", "package.path = './%a?' package.cpath = '%1?' require 'x%y'")),
    Row("LUA_PATH alone", ("-e", "print(package.path)"), env={"LUA_PATH": "/a/?.lua;/b%1/?"}),
    Row(
        "libraries there",
        ("-e", "for _, n in ipairs{'io','os','debug','package','coroutine'} do print(type(_G[n])) end"),
    ),
    Row("io's members", ("-e", "local t = {} for k in pairs(io) do t[#t+1] = k end table.sort(t) print(unpack(t))")),
    Row("os's members", ("-e", "local t = {} for k in pairs(os) do t[#t+1] = k end table.sort(t) print(unpack(t))")),
    Row("dofile and loadfile", ("-e", "dofile('show_args.lua') print(loadfile('syntax_error.lua'))", "empty.lua")),
    Row("a closed stdout", ("-e", "io.stdout:close() print('gone')")),
    Row("bytecode", ("-e", "print(loadstring(string.dump(function() return 'from bytecode' end))())")),
    Row("the locale is C's", ("-e", "print(os.setlocale(), ('\\233'):find('%a'))"), env={"LC_ALL": "C.UTF-8"}),
    Row("the environment is not Python's", ("-e", "print(os.getenv('LC_CTYPE')) os.execute('echo $LC_CTYPE')")),
    Row("SIGPIPE is not ignored", ("-e", "os.execute('grep -i sigign /proc/self/status')")),
    # -i on a pipe
    Row("a prompt", ("-i",), b"x = 1\n=x\n= 1, nil, 'a'\nprint(x)\n"),
    Row("a prompt: lines go on", ("-i",), b"for i = 1, 2 do\nprint(i)\nend\n=(\n1\n)\n"),
    Row("a prompt: errors do not end it", ("-i",), b"error('one')\nx =\n= =\n=nil .. 1\nerror({})\nerror()\n=2"),
    Row("a prompt: input ends inside a chunk", ("-i",), b"for i = 1, 2 do\n"),
    Row("a prompt: a script first", ("-i", "show_args.lua", "a"), b"=arg[1]\n"),
    Row("a prompt: a script that fails first", ("-i", "shebang.lua"), b"=1\n"),
    Row("a prompt: -e first", ("-e", "y = 3", "-i"), b"=y\n"),
    Row("a prompt: _PROMPT", ("-e", "_PROMPT, _PROMPT2 = 'in: ', 7", "-i"), b"=1\nprint(\n2)\n"),
    Row("a prompt: _PROMPT of a wrong type", ("-e", "_PROMPT = {}", "-i"), b"=1\n"),
    Row("a prompt: print fails", ("-i",), b"print = nil\n=1\nprint = function() error('own') end\n=1\n"),
    Row("a prompt: os.exit", ("-i",), b"=1\nos.exit(9)\n=2\n"),
    Row("a prompt: __tostring", ("-i",), b"=setmetatable({}, {__tostring = function() return 'T' end})\n"),
    Row("a prompt: many results", ("-i",), b"return 1, 2, 3\n=...\n"),
]

# PUC alone: what LuaJIT has of its own version (texts, byte for byte) is not the same in two releases.
LUA51 = [
    Row("-v", ("-v",)),
    Row("-v and -e", ("-v", "-e", "print(_VERSION)")),
    Row("-v and a script", ("-v", "show_args.lua", "x")),
    Row("LuaJIT's options are none", ("-O3",)),
    Row("a package that is not there, by the default paths", ("-l", "nowhere.at.all")),
    Row("default paths", ("-e", "print(package.path) print(package.cpath) print(package.config)")),
    Row("LUA_PATH with the default inside", ("-e", "print(package.path)"), env={"LUA_PATH": "/a/?.lua;;/b/?.lua"}),
    Row("LUA_CPATH with the default inside", ("-e", "print(package.cpath)"), env={"LUA_CPATH": ";;"}),
    Row("pipes", ("pipes.lua",)),
    Row("debug, environments, coroutines", ("upvalues.lua", "a")),
    Row("an uncaught stack overflow", ("-e", "function f() return 1 + f() end f()")),
    Row("members of Lua 5.0", ("-e", "print(math.mod, table.setn, string.gfind, table.getn{1, 2}, gcinfo ~= nil)")),
    Row("globals", ("-e", "local t = {} for k in pairs(_G) do t[#t+1] = k end table.sort(t) print(unpack(t))")),
    Row("a hook sees lines", ("-e", "debug.sethook(function(_, l) io.write(l, ' ') end, 'l')", "no_newline.lua")),
    Row("os.exit of true", ("-e", "os.exit(true)")),
]

LUAJIT = [
    Row("-j off", ("-joff", "-e", "print((jit.status()))")),
    Row("-j in two words", ("-j", "off", "-e", "print((jit.status()))")),
    Row("-j of an unknown command", ("-jnothing",)),
    Row("-j without a command", ("-j",)),
    Row("-O", ("-O0", "-e", "print(select('#', jit.status()) > 1)")),
    Row("-O of a level and flags", ("-O2,-fold,+cse", "-e", "print(1)")),
    Row("-O of an unknown flag", ("-Onothing",)),
    Row("-E ignores LUA_INIT and LUA_PATH", ("-E", "-e", "print(package.path:find('nowhere'))"),
        env={"LUA_INIT": "print('init')", "LUA_PATH": "nowhere"}),
    Row("-b after another option", ("-e", "x = 1", "-b", "x")),
    Row("arg in a string", ("-e", "print(arg[0], #arg, arg[-1] ~= nil)")),
    Row("bit", ("-e", "print(bit.band(6, 3), bit.tohex(255))")),
    Row("ffi", ("-e", "local ffi = require 'ffi' ffi.cdef 'int abs(int)' print(ffi.C.abs(-3), ffi.sizeof('int'))")),
    Row("xpcall passes arguments", ("-e", "print(xpcall(function(...) return ... end, print, 1, 2))")),
    Row("pipes", ("-e", "local p = io.popen('echo child') print(p:read('*a')) print(p:close())")),
    Row("escapes and numbers", ("-e", "print('\\x41\\z   B', 0x1p4, 12LL, 3i)")),
    Row("goto", ("-e", "do goto done end print('skipped') ::done:: print('done')")),
]  # fmt: skip
