"""The environment that modules see (docs/protocol.md), without any MediaWiki on the machine: serve() names none."""

from collections.abc import Iterator

import pytest

from luaproc.host import Interpreter, LuaError
from tests.responder.conftest import RUNTIMES, Start, serve

GLOBALS = (
    "_G _VERSION assert debug error getfenv getmetatable ipairs math next os pairs pcall rawequal rawget rawset select "
    "setfenv setmetatable string table tonumber tostring type unpack xpcall"
)
# Library -> its names on both runtimes, and what one of them has besides.
LIBRARIES = {
    "debug": ("traceback", {}),
    "os": ("clock date difftime time", {}),
    "string": ("byte char find format gmatch gsub len lower match rep reverse sub upper", {"lua51": "gfind"}),
    "table": (
        "concat foreach foreachi getn insert maxn remove sort", {"lua51": "setn", "luajit21": "move"},
    ),
    "math": (
        "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min modf pi pow rad "
        "random randomseed sin sinh sqrt tan tanh", {"lua51": "mod"},
    ),
}  # fmt: skip

LIST = "local r = {} for k in next, ... do r[#r + 1] = k end table.sort(r) return table.concat(r, ' ')"


@pytest.fixture(scope="module", params=RUNTIMES)
def shared(request: pytest.FixtureRequest) -> Iterator[Interpreter]:
    """One interpreter a runtime for tests that leave nothing behind."""
    with Interpreter(serve(request.param), timeout=300) as interpreter:
        interpreter.register_library("php", {"f": lambda *args: args})
        yield interpreter


def run(lua: Interpreter, code: str) -> list[object]:
    return lua.load_string(code, "=M")()


def error_of(lua: Interpreter, code: str) -> str:
    with pytest.raises(LuaError) as caught:
        lua.load_string(code, "=M")()
    assert isinstance(caught.value.value, str)
    return caught.value.value


# Names


def test_globals_are_the_whitelist(lua: Interpreter) -> None:
    assert lua.load_string(LIST.replace("...", "_G"))() == [GLOBALS]


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_names(lua: Interpreter, runtime: str, library: str) -> None:
    both, some = LIBRARIES[library]
    names = sorted([*both.split(), *some.get(runtime, "").split()])
    assert lua.load_string(LIST.replace("...", library))() == [" ".join(names)]


def test_version_is_lua_5_1(shared: Interpreter) -> None:
    """Modules branch on it; LuaJIT says the same."""
    assert run(shared, "return _VERSION, _G._G == _G, math.pi > 3, math.huge") == ["Lua 5.1", True, True, float("inf")]


def test_strings_index_the_table_string(shared: Interpreter) -> None:
    assert run(shared, "return getmetatable('').__index == string, ('x'):rep(2)") == [True, "xx"]


def test_table_and_math_are_copies(start: Start) -> None:
    """What a module writes into its libraries reaches nothing of ours: the server goes on serving."""
    lua = start()
    lua.register_library("php", {"f": lambda *args: args})
    lua.load_string(
        "for _, t in pairs({table, math, os, debug, string}) do for k in pairs(t) do t[k] = error end end\n"
        "local G, next = _G, next for k in next, G do if k ~= 'php' then G[k] = nil end end"
    )()
    assert lua.load_string("return php.f(1, {[2.5] = {'x', nil, 'y'}}, 'z')")() == [1, {"2.5": {1: "x", 3: "y"}}, "z"]
    with pytest.raises(LuaError, match="attempt to call global 'error'"):
        lua.load_string("error('x')")()
    assert lua.get_status()
    lua.cleanup_chunks()
    lua.register_library("a.b", {"f": lambda: "still"})
    assert lua.load_string("return a.b.f()")() == ["still"]


# pairs and ipairs


@pytest.mark.parametrize(
    ("code", "results"),
    [
        ("local r = 0 for k, v in pairs({1, 2, x = 3}) do r = r + v end return r", [6]),
        ("for k, v in pairs(custom(function() return next, {a = 1} end)) do return k, v end", ["a", 1]),
        ("return select('#', pairs(custom(function() return 1, 2, 3, 4 end)))", [3]),
        ("return pairs(custom(function() return 1, 2, 3, 4 end))", [1, 2, 3]),
        ("local r = {} for i, v in ipairs({5, 6, nil, 8}) do r[i] = v end return r", [[5, 6]]),
        ("for i, v in ipairs(custom(function() return next, {7} end)) do return i, v end", [1, 7]),
        ("local got local p = custom(function(self) got = self return next, {} end) pairs(p) return got == p", [True]),
        ("local _, s = pairs({9}) return s", [[9]]),
    ],
)
def test_pairs_and_ipairs_honour_their_metamethods(shared: Interpreter, code: str, results: list[object]) -> None:
    custom = "local function custom(f) return setmetatable({}, {__pairs = f, __ipairs = f}) end "
    assert run(shared, custom + code) == results


# Errors of wrappers: the reference's texts, with a file:line: position before those of C functions.


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("local x = pairs(nil)", "bad argument #1 to 'old_pairs' (table expected, got nil)"),
        ("local x = pairs()", "bad argument #1 to 'old_pairs' (table expected, got nil)"),
        ("local x = ipairs(5)", "bad argument #1 to 'old_ipairs' (table expected, got number)"),
        ("local x = unpack(nil)", "bad argument #1 to 'old_unpack' (table expected, got nil)"),
        ("local x = unpack('x')", "bad argument #1 to 'old_unpack' (table expected, got string)"),
        ("local x = getfenv(99)", "bad argument #1 to 'old_getfenv' (invalid level)"),
        ("local x = setfenv(1, nil)", "bad argument #2 to 'old_setfenv' (table expected, got nil)"),
        ("local x = setfenv(function() end, 5)", "bad argument #2 to 'old_setfenv' (table expected, got number)"),
    ],
)
def test_texts_of_bad_arguments_to_wrappers(lua: Interpreter, runtime: str, code: str, text: str) -> None:
    if runtime == "luajit21" and "unpack" in code:
        # On LuaJIT a tail call leaves nothing of the wrapper behind: name and position are the module's own.
        assert error_of(lua, code) == "M:1: " + text.replace("old_", "")
        return
    # Scribunto's own tests match positions with ^%S+:%d+:
    position, _, message = error_of(lua, code).partition(": ")
    assert message == text
    name, _, line = position.rpartition(":")
    assert line.isdigit()
    assert name
    assert " " not in name


@pytest.mark.parametrize("name", ["gsub", "lower", "sub"])
def test_strings_functions_are_called_as_they_were(lua: Interpreter, name: str) -> None:
    """On LuaJIT some are ours: none of it shows in what they say of missing arguments."""
    text = f"M:1: bad argument #1 to '{name}' (string expected, got no value)"
    assert error_of(lua, f"local x = string.{name}()") == text


# setfenv and getfenv


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("local x = setfenv(0, {})", "'setfenv' cannot set the global environment, it is protected"),
        ("local x = setfenv(-3, {})", "'setfenv' cannot set the global environment, it is protected"),
        ("local x = setfenv(0.9, {})", "'setfenv' cannot set the global environment, it is protected"),
        ("local x = setfenv(0/0, {})", "'setfenv' cannot set the global environment, it is protected"),
        ("local x = setfenv(11, {})", "'setfenv' cannot set an environment at a level greater than 10"),
        ("local x = setfenv(1/0, {})", "'setfenv' cannot set an environment at a level greater than 10"),
        ("local x = setfenv(pairs, {})", "'setfenv' cannot set the requested environment, it is protected"),
        ("local x = setfenv(setfenv, {})", "'setfenv' cannot set the requested environment, it is protected"),
        ("local x = setfenv(string.rep, {})", "'setfenv' cannot set the requested environment, it is protected"),
        ("local x = setfenv(php.f, {})", "'setfenv' cannot be called on a protected function"),
        ("local x = setfenv('x', {})", "'setfenv' can only be called with a function or integer as the first argument"),
        ("local x = setfenv(nil, {})", "'setfenv' can only be called with a function or integer as the first argument"),
        ("local x = setfenv({}, {})", "'setfenv' can only be called with a function or integer as the first argument"),
    ],
)
def test_setfenv_refuses(shared: Interpreter, code: str, text: str) -> None:
    """At the position of the module's line."""
    assert error_of(shared, code) == f"M:1: {text}"


@pytest.mark.parametrize("argument", ["0", "-1", "'x'", "nil", "{}"])
def test_getfenv_refuses(shared: Interpreter, argument: str) -> None:
    assert error_of(shared, f"local x = getfenv({argument})").endswith(": 'getfenv' cannot get the global environment")


@pytest.mark.parametrize(
    ("code", "results"),
    [
        ("return getfenv(1) == _G, getfenv(1.9) == _G", [True, True]),
        ("return getfenv(pairs), getfenv(string.rep), getfenv(php.f), getfenv(getfenv)", [None] * 4),
        ("local function f() return 1 end return getfenv(f) == _G", [True]),
        ("local f = setfenv(function() return x end, {x = 5}) return f(), getfenv(f).x", [5, 5]),
        ("setfenv(1, {y = 2}) return y, x", [2, None]),
        ("local env = {} local f = function() z = 1 end setfenv(f, env) f() return z, env.z", [None, 1]),
    ],
)
def test_setfenv_and_getfenv_of_what_is_the_modules(shared: Interpreter, code: str, results: list[object]) -> None:
    assert run(shared, code) == results


def test_setfenv_of_a_level(shared: Interpreter) -> None:
    """Level 2 is the caller, which loses its globals at once."""
    code = "local function f() local r = setfenv(2, {}) return r end local g = f() return type(g)"
    assert error_of(shared, code) == "M:1: attempt to call global 'type' (a nil value)"


def test_pcall_occupies_a_protected_level(shared: Interpreter) -> None:
    """Level 2 below a function in pcall is pcall itself, whose environment is protected."""
    protected = "'setfenv' cannot set the requested environment, it is protected"
    found = run(shared, "local ok, e = pcall(function() local x = setfenv(2, {}) end) return ok, e")
    assert found == [False, f"M:1: {protected}"]
    assert run(shared, "local ok, env = pcall(function() local e = getfenv(2) return e end) return ok, env") == [
        True,
        None,
    ]
    found = run(shared, "local ok, env = pcall(function() local e = getfenv(3) return e == _G end) return ok, env")
    assert found == [True, True]


@pytest.mark.parametrize("level", range(2, 11))
def test_no_level_is_an_environment_of_ours(shared: Interpreter, level: int) -> None:
    """However deep: nil, the module's own, or an error; setting is refused."""
    code = f"local ok, e = pcall(getfenv, {level}) return ok and e ~= nil and e ~= _G"
    assert run(shared, code) == [False]
    code = f"local function f() local x = getfenv({level}) return x end local ok, e = pcall(f) "
    assert run(shared, code + "return not ok or e == nil or e == _G") == [True]
    if level > 3:  # f, pcall (refused as well), the module
        code = f"local function f() local x = setfenv({level}, {{}}) end local ok, e = pcall(f) return ok, e"
        ok, text = run(shared, code)
        assert ok is False
        assert any(reason in str(text) for reason in ("protected", "invalid level", "tail call"))


def test_getfenv_through_a_tail_call(start: Start, runtime: str) -> None:
    """PUC counts the level and has no function for it; LuaJIT has no such level."""
    lua = start()
    code = (
        "local function f() local e = getfenv(2) return e end local function g() return f() end "
        "local x = g() return x == _G"
    )
    if runtime == "lua51":
        with pytest.raises(LuaError) as caught:
            lua.load_string(code)()
        assert caught.value.value.endswith("no function environment for tail call at level 3")
    else:
        assert lua.load_string(code)() == [True]


# tostring, os.clock, unpack


@pytest.mark.parametrize(
    ("code", "results"),
    [
        ("return tostring(nil), tostring(true), tostring(1.5), tostring('x')", ["nil", "true", "1.5", "x"]),
        ("return tostring({}), tostring(function() end), tostring(pairs)", ["table", "function", "function"]),
        ("return tostring(setmetatable({}, {__tostring = function(t) return 'mine' end}))", ["mine"]),
        ("return tostring(setmetatable({}, {}))", ["table"]),
        ("return tostring()", ["nil"]),
    ],
)  # fmt: skip
def test_tostring_shows_no_addresses(shared: Interpreter, code: str, results: list[object]) -> None:
    assert run(shared, code) == results


def test_no_addresses_elsewhere(lua: Interpreter, runtime: str) -> None:
    """LuaJIT's string.format converts anything by itself, addresses shown: as on the reference (docs/lupa.md)."""
    for code in ("local x = {} .. ''", "error({} < 1)", "local x = #pairs", "local x = ('x'):rep({})"):
        assert "0x" not in error_of(lua, code)
    if runtime == "lua51":
        for value in ("{}", "pairs", "nil"):
            assert "string expected" in error_of(lua, f"local x = ('%s'):format({value})")


def test_clock_is_rounded_to_20_microseconds(shared: Interpreter) -> None:
    code = """
        local worst, count, seen = 0, 0, {}
        for i = 1, 2000 do
            local ticks = os.clock() * 50000
            worst = math.max( worst, math.abs( ticks - math.floor( ticks + 0.5 ) ) )
            if not seen[ticks] then
                seen[ticks] = true
                count = count + 1
            end
        end
        return worst, count, os.clock() > 0
    """
    worst, count, positive = run(shared, code)
    assert isinstance(worst, (int, float))
    assert worst < 1e-6
    assert isinstance(count, int)
    assert count < 1000
    assert positive is True


@pytest.mark.parametrize(
    "bounds",
    ["1, 8002", "-2^31, 2^31 - 1", "1, 2^31", "-2^40, -2^40", "1, 1/0", "-1/0, 1", "0/0, 1", "1, 0/0", "1, 1e300"],
)
def test_unpack_refuses_too_many_results(shared: Interpreter, bounds: str) -> None:
    """Some of these end Lua 5.1 itself by a segmentation fault."""
    assert error_of(shared, f"local x = unpack({{}}, {bounds})") == "M:1: too many results to unpack"


def test_unpack_refuses_a_table_that_is_too_long(shared: Interpreter) -> None:
    """As one with bounds: at the module's line, and not at one of ours."""
    code = "local t = {} for i = 1, 8002 do t[i] = i end local x = unpack(t)"
    assert error_of(shared, code) == "M:1: too many results to unpack"


@pytest.mark.parametrize(
    ("code", "results"),
    [
        ("return unpack({1, nil, 3}, 1, 3)", [1, None, 3]),
        ("return unpack({1, 2, 3}, 2)", [2, 3]),
        ("return unpack({1, 2}, 3)", []),
        ("return unpack({}, 5, 1)", []),
        ("return unpack({1, 2, 3}, '2', '3')", [2, 3]),
        ("return select('#', unpack({}, 1, 7900))", [7900]),
        ("return unpack({[2^31 - 1] = 'last'}, 2^31 - 1, 2^31 - 1)", ["last"]),
    ],
)
def test_unpack_of_what_fits(shared: Interpreter, code: str, results: list[object]) -> None:
    assert run(shared, code) == results


# What is not there


@pytest.mark.parametrize(
    "expression",
    ["io", "package", "require", "module", "load", "loadstring", "loadfile", "dofile", "collectgarbage", "newproxy",
     "gcinfo", "coroutine", "print", "python", "jit", "bit", "ffi", "arg", "string.dump", "os.execute", "os.exit",
     "os.getenv", "os.remove", "os.rename", "os.tmpname", "os.setlocale", "debug.getinfo", "debug.sethook",
     "debug.getregistry", "debug.setmetatable", "debug.getupvalue", "debug.debug", "mw"],
)  # fmt: skip
def test_what_is_not_there(shared: Interpreter, expression: str) -> None:
    assert run(shared, f"return {expression}") == [None]
