"""Error objects: whatever fails in the host, pcall sees a plain Lua value; and handlers that "
"misbehave."""

from tests.hostile.attack import PUC, SURVIVES, Attack, fails, returns

ROWS = [
    *(
        Attack(
            f"PHP's error with {kind}",
            f"local ok, e = pcall(php.fail, '{kind}') return ok, type(e)",
            returns(False, of),
        )
        for kind, of in {
            "nil": b"nil",
            "huge": b"string",
            "table": b"table",
            "number": b"string",
            "true": b"boolean",
            "false": b"boolean",
            "function": b"function",
        }.items()
    ),
    # LuaJIT has it one level further out, as under the reference server: so there is a function around the call.
    Attack(
        "PHP's error carries a position",
        "local function f() php.fail('why') return 1 end return pcall(function() local x = f() return x end)",
        returns(False, b"m:1: why"),
    ),
    Attack(
        "an error of every kind",
        "local out = {} for i, v in next, {1, 'x', true, false, {}, php.echo, 0/0, 1/0} do local ok, e = "
        "php.pcall(function() error(v, 0) end) out[i] = ok end return #out",
        returns(8),
    ),
    Attack("an error of nil", "error()", SURVIVES),
    Attack("an error of nil, below PHP", "return php.pcall(function() error() end)", returns(False, None)),
    Attack(
        "an error with __tostring", "error(setmetatable({5}, {__tostring = function() error('again') end}))", SURVIVES
    ),
    Attack(
        "an error with __pairs", "error(setmetatable({5}, {__pairs = function() error('again') end}))", fails(".*again")
    ),
    Attack(
        "an error with __pairs that raises itself",
        "local t t = setmetatable({5}, {__pairs = function() error(t) end}) error(t)",
        SURVIVES,
    ),
    Attack(
        "an error with __pairs that calls PHP",
        "return php.pcall(function() error(setmetatable({5}, {__pairs = function() return next, {php.echo(6)}, nil "
        "end})) end)",
        returns(False, [6]),
    ),
    Attack("a huge error", "error(('x'):rep(5e6), 0)", fails("xxx")),
    Attack(
        "a handler that raises", "return (xpcall(function() error('a') end, function() error('b') end))", returns(False)
    ),
    Attack(
        "a handler that raises through PHP",
        "return (xpcall(function() error('a') end, function() php.fail('b') end)), php.echo(1)",
        returns(False, 1),
    ),
    Attack(
        "a handler that calls PHP",
        "return xpcall(function() error('a', 0) end, function(e) return php.echo(e .. 'b') end)",
        returns(False, b"ab"),
    ),
    Attack(
        "a handler that calls PHP in a stack overflow",
        "local function f() return 1 + f() end return (xpcall(f, function(e) return php.echo('seen') end)), "
        "php.echo(1)",
        returns(False, 1),
    ),
    Attack(
        "a handler that overflows",
        "local function f() return 1 + f() end return (xpcall(f, f)), php.echo(1)",
        returns(False, 1),
    ),
    Attack(
        "a handler that is no function",
        "return (pcall(xpcall, function() error('x') end, nil)), (pcall(xpcall, function() error('x') end, {})), "
        "(pcall(xpcall, function() error('x') end, 5))",
        SURVIVES,
    ),
    Attack(
        "a handler that is a PHP function",
        "return xpcall(function() error('a', 0) end, php.echo)",
        returns(False, b"a"),
    ),
    Attack(
        "a handler for PHP's error that calls PHP",
        "local function f() php.fail('a') return 1 end "
        "return xpcall(function() local x = f() return x end, function(e) return php.echo(e) end)",
        returns(False, b"m:1: a"),
    ),
    Attack(
        "pcall of pcall of PHP", "return pcall(pcall, pcall, php.fail, 'table')", returns(True, True, False, {b"a": 1})
    ),
    Attack(
        "error levels",
        "local out = 0 for _, n in next, {0, 1, 2, 3, 10, 100, -1, 2^31, 2^32 + 1, 0/0, 1/0, 1.5} do local ok, e = "
        "pcall(error, 'x', n) if not ok and type(e) == 'string' then out = out + 1 end end return out",
        returns(12),
    ),
    Attack(
        "a host error cannot be told by type",
        "local seen = {} for _, f in next, {function() php.echo({[{}] = 1}) end, function() php.fail('nil') end, "
        "function() php.many(1e5) end, function() php.echo(('x'):rep(1e8)) end, function() unpack({}, 0, 1e9) end, "
        "function() local function f() return 1 + f() end f() end} do local ok, e = pcall(f) seen[type(e)] = true "
        "end return seen.string, seen['nil'], seen.userdata, seen.thread, seen.table",
        returns(True, True, None, None, None),
    ),
    Attack(
        "traceback with odd arguments",
        "local n = 0 for _, a in next, {{}, {1}, {'m', 1}, {'m', 100}, {{}}, {true}, {php.echo}, {nil, 5}, "
        "{('x'):rep(1e6)}, {'m', 'x'}, {'m', {}}} do if type(debug.traceback) == 'function' then "
        "pcall(debug.traceback, unpack(a, 1, 2)) n = n + 1 end end return n",
        returns(11),
    ),
    Attack(
        "traceback while PHP calls",
        "return (php.call(function() return (php.call(function() return type(debug.traceback('x', 1)) end)) end))",
        returns(b"string"),
    ),
    Attack(
        "traceback of a deep stack",
        "local function f(n) if n == 0 then return #debug.traceback() < 1e5 end return (f(n - 1)) end return f(15000)",
        returns(True),
    ),
    Attack(
        "trace of a deep stack",
        "local function f(n) if n == 0 then error('deep', 0) end return (f(n - 1)) end f(15000)",
        fails("deep$"),
    ),
    Attack("chunk gone while it runs", "return php.forget(function() return php.echo(5) end)", returns(5)),
    Attack("unknown function ids", "return php.stale()", returns(False, b"function id 123456 does not exist")),
    Attack(
        "error in the middle of nested calls, at every depth",
        "local function go(n) if n == 0 then error('bottom', 0) end local ok, e = pcall(php.call, go, n - 1) if n % "
        "2 == 0 then error(e, 0) end return e end return pcall(go, 20)",
        SURVIVES,
    ),
    Attack("assert with odd values", "return pcall(assert, false, {1}), pcall(assert, nil), (pcall(assert))", SURVIVES),
    Attack(
        "tail calls into PHP for ever that fail",
        "local n = 0 local function f() n = n + 1 if n > 2000 then return n end pcall(php.fail, 'x') return f() end "
        "return f()",
        returns(2001),
        runtimes=PUC,
    ),
]
