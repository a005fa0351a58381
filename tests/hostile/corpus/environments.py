"""getfenv and setfenv: every level, every function, every kind of call."""

from tests.hostile.attack import PUC, SURVIVES, Attack, fails, returns

# Any environment that is not the module's own, seen from anywhere, is a way out.
_HUNT = (
    "local found, G = {}, _G local function look(get) for _, n in next, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, "
    "20, 30, 1.5, 0.5, 0.1, 1e-300, 2^31 - 1, 2^31, 2^32 - 1, 2^32, 2^32 + 1, 2^53, 2^63, 1e300, 1/0, 0/0, -1, "
    "-2^31, -1/0} do local ok, env = get(getfenv, n) if ok and env ~= nil and env ~= G and type(env) == 'table' then "
    "found[#found + 1] = n end end end "
)
_WRITE = (
    "local count = 0 local function put(set) for _, n in next, {0, -1, -2^31, -1/0, 0/0, 0.5, 11, 11.5, 12, 2^31 - "
    "1, 2^31, 2^32 - 1, 2^32, 2^32 + 1, 2^53, 2^63, 1e300, 1/0, '0', '1', true, {}} do if set(setfenv, n, {}) then "
    "count = count + 1 end end end "
)

ROWS = [
    Attack("getfenv at every level", _HUNT + "look(pcall) return #found", returns(0)),
    Attack(
        "getfenv at every level below PHP",
        _HUNT + "php.call(function() look(pcall) php.call(function() look(pcall) end) end) return #found",
        returns(0),
    ),
    Attack(
        "getfenv at every level in an error handler",
        _HUNT + "xpcall(function() error('x') end, function() look(pcall) end) return #found",
        returns(0),
    ),
    Attack(
        "getfenv at every level in the handler of a host error",
        _HUNT + "xpcall(function() php.fail('x') end, function() look(pcall) end) return #found",
        returns(0),
    ),
    Attack(
        "getfenv at every level in __pairs",
        _HUNT + "php.echo(setmetatable({}, {__pairs = function() look(pcall) return next, {}, nil end})) return #found",
        returns(0),
    ),
    Attack(
        "getfenv at every level in __tostring",
        _HUNT + "tostring(setmetatable({}, {__tostring = function() look(pcall) return '' end})) return #found",
        returns(0),
    ),
    Attack(
        "getfenv at every level in a gsub callback",
        _HUNT + "string.gsub('x', 'x', function() look(pcall) end) return #found",
        returns(0),
    ),
    Attack(
        "getfenv at every level in a comparator",
        _HUNT + "table.sort({2, 1}, function() look(pcall) return false end) return #found",
        returns(0),
    ),
    Attack(
        "getfenv called by C itself",
        _HUNT + "look(function(f, n) local r local ok = "
        "pcall(string.gsub, 'x', 'x', "
        "function() r = f(n) end) return ok, r end) return #found",
        returns(0),
    ),
    Attack(
        "getfenv as an iterator and a metamethod",
        _HUNT + "for _, n in next, {1, 2, 3, 4, 5} do pcall(function() for env in getfenv, n do "
        "if env ~= G then found[1] = n end break end end) "
        "local t = setmetatable({}, {__index = function(_, k) return getfenv(k) end}) "
        "local ok, env = pcall(function() return t[n] end) if ok and env and env ~= G then "
        "found[1] = n end end "
        "return #found",
        returns(0),
    ),
    Attack(
        "getfenv of every function there is",
        "local seen, bad = {}, 0 local function walk(t) if seen[t] then return end seen[t] = true for _, v in next, "
        "t do if type(v) == 'table' then walk(v) elseif type(v) == 'function' then local env = getfenv(v) if env ~= "
        "nil and env ~= _G then bad = bad + 1 end end end end walk(_G) walk(getmetatable('')) return bad",
        returns(0),
    ),
    Attack(
        "setfenv of every function there is",
        "local seen, done = {}, 0 local function walk(t) if seen[t] then return end seen[t] = true for _, v in next, "
        "t do if type(v) == 'table' then walk(v) elseif type(v) == 'function' then if pcall(setfenv, v, {}) then "
        "done = done + 1 end end end end walk(_G) walk(getmetatable('')) return done",
        returns(0),
    ),
    Attack("setfenv at every odd level", _WRITE + "put(pcall) return count", returns(0)),
    Attack(
        "setfenv at every odd level, below PHP", _WRITE + "php.call(function() put(pcall) end) return count", returns(0)
    ),
    Attack(
        "setfenv at every odd level, in a handler",
        _WRITE + "xpcall(function() php.fail('x') end, function() put(pcall) end) return count",
        returns(0),
    ),
    Attack(
        "setfenv on the levels of the host",
        "local hits = 0 php.call(function() for n = 1, 10 do local ok = pcall(setfenv, n, _G) if ok then hits = hits "
        "+ 1 end end end) return hits >= 0",
        returns(True),
    ),
    Attack(
        "setfenv on pcall's own level",
        "local ok, why = pcall(setfenv, 1, {}) return ok, why",
        returns(False, b"'setfenv' cannot set the requested environment, it is protected"),
        runtimes=PUC,
    ),
    Attack("setfenv(0)", "setfenv(0, {})", fails("m:1: 'setfenv' cannot set the global environment, it is protected$")),
    Attack(
        "setfenv(11)", "setfenv(11, {})", fails("m:1: 'setfenv' cannot set an environment at a level greater than 10$")
    ),
    Attack(
        "setfenv of a PHP function",
        "setfenv(php.echo, {})",
        fails("m:1: 'setfenv' cannot be called on a protected function$"),
    ),
    Attack(
        "setfenv of a C function",
        "setfenv(string.rep, {})",
        fails("m:1: 'setfenv' cannot set the requested environment, it is protected$"),
    ),
    Attack(
        "setfenv of our function",
        "setfenv(pairs, {})",
        fails("m:1: 'setfenv' cannot set the requested environment, it is protected$"),
    ),
    Attack(
        "setfenv of a wrapped PHP function",
        "setfenv(php.wrapped(), {})",
        fails("m:1: 'setfenv' cannot be called on a protected function$"),
    ),
    Attack("setfenv with no function", "setfenv(nil, {})", fails("m:1: 'setfenv' can only be called with a function")),
    Attack("setfenv to what is no table", "setfenv(1, 5)", fails(".*bad argument #2 to")),
    Attack("getfenv(0)", "getfenv(0)", fails(".*'getfenv' cannot get the global environment$")),
    Attack("getfenv of a PHP function", "return getfenv(php.echo)", returns(None)),
    Attack("getfenv of a C function", "return getfenv(string.rep)", returns(None)),
    Attack("getfenv of our function", "return getfenv(getfenv)", returns(None)),
    Attack(
        "getfenv through a tail call",
        "local function f() return getfenv(2) end local function g() return f() end g()",
        fails(".*no function environment for tail call at level"),
        runtimes=PUC,
    ),
    Attack(
        "an environment that lies about itself",
        "setfenv(1, setmetatable({}, {__index = _G, __metatable = 'x', __eq = function() return true end})) return "
        "getfenv(1) == _G, php.echo(1)",
        SURVIVES,
    ),
    Attack(
        "a module without globals goes on",
        "local f = setfenv(function() return x end, {x = 5}) setfenv(1, {}) return f()",
        returns(5),
    ),
]
