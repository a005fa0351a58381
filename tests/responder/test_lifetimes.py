"""What the responder lets go of: values that no module holds any more are garbage, also where something failed; and
nothing of a module's runs where the responder works on tables that the module can reach.

A module sees it by a table of weak values, once it has made garbage enough for a collection or two.
"""

from contextlib import suppress

import pytest

from luaproc.host import Interpreter, LuaError
from tests.responder.conftest import Start

CHURN = "local function churn() for i = 1, 300 do local t = {} for j = 1, 1000 do t[j] = {} end end end "
WATCH = "weak = setmetatable({}, {__mode = 'v'}) "


def test_arguments_are_the_modules_alone(lua: Interpreter) -> None:
    """While it runs: a module that drops what it was given has the memory."""
    function = lua.call(lua.load_string(CHURN + WATCH + """
        return function(first, second)
            weak[1], weak[2] = first, second
            first, second = nil, nil
            churn()
            return weak[1] == nil, weak[2] == nil
        end"""))[0]  # fmt: skip
    assert lua.call(function, {"a": 1}) == [True, True]
    assert lua.call(function, {"a": 1}, {"b": 2}) == [True, True]
    assert lua.call(function, {"a": 1}, None) == [True, True]


def test_arguments_do_not_outlive_the_call(lua: Interpreter) -> None:
    keep = lua.call(lua.load_string(WATCH + "return function(value, more) weak[1] = value end"))[0]
    look = lua.load_string(CHURN + "churn() return weak[1] == nil")
    lua.call(keep, {"a": 1})
    assert lua.call(look) == [True]
    lua.call(keep, {"a": 1}, 2, {"b": 1})
    assert lua.call(look) == [True]


@pytest.mark.slow  # repeats thousands of times
@pytest.mark.parametrize(
    "passes",
    [
        "php.f({t})",
        "pcall(php.f, {t, [true] = 1})",
        "pcall(php.f, {t, {[true] = 1}})",
        "pcall(php.f, setmetatable({}, {__pairs = function() return function() error('no') end end}), {t})",
        "local u = {t} u.u = u pcall(php.f, u) u = nil",
    ],
)
def test_values_on_their_way_to_php_are_let_go(lua: Interpreter, passes: str) -> None:
    """Also those that cannot be passed: a module may catch that and go on."""
    lua.register_library("php", {"f": lambda *args: None})
    code = f"{CHURN}{WATCH} local t = {{}} weak[1] = t {passes} t = nil churn() return weak[1] == nil"
    assert lua.call(lua.load_string(code)) == [True]


@pytest.mark.slow  # repeats thousands of times
@pytest.mark.parametrize(
    "returns", ["{t}", "{t, [true] = 1}", "{t, {[true] = 1}}", "error({t})", "error({t, [true] = 1})"]
)
def test_results_and_errors_are_let_go(lua: Interpreter, returns: str) -> None:
    function = lua.load_string(f"{WATCH} local t = {{}} weak[1] = t return {returns}")
    with suppress(LuaError):
        lua.call(function)
    assert lua.call(lua.load_string(CHURN + "churn() return weak[1] == nil")) == [True]


def test_php_functions_are_let_go(lua: Interpreter) -> None:
    """Those that a module drops: PHP registers libraries anew for each of its frames."""
    lua.register_library("php", {"f": lambda: None})
    code = f"{CHURN}{WATCH} weak[1] = php.f php.f = nil churn() return weak[1] == nil"
    assert lua.call(lua.load_string(code)) == [True]


@pytest.mark.parametrize("spelled", [b"", b'{["op"]="cleanupChunks",["ids"]={[99]=true}}'])
def test_a_dropped_chunk_that_comes_back_has_a_new_id(lua: Interpreter, spelled: bytes) -> None:
    """Its old one is nobody's any more; whichever way the list of ids is read."""
    lua.call(lua.load_string("function kept() return 'kept' end"))
    first = lua.call(lua.load_string("return kept"))[0]
    number = first.id
    del first
    if spelled:
        lua.request_body(spelled)
    else:
        lua.cleanup_chunks()
    again = lua.call(lua.load_string("return kept"))[0]
    assert again.id != number
    assert lua.call(again) == ["kept"]


# Tables that a module can reach

REACHED = [
    # A library's table, which a module has put a metatable on; then one below it, and the environment itself.
    ("setmetatable(lib, {__newindex = hit, __index = hit})", "lib"),
    ("setmetatable(lib, {__newindex = hit, __index = hit})", "lib.below"),
    ("setmetatable(_G, {__newindex = hit, __index = hit})", "other"),
    ("setmetatable(_G, {__newindex = hit, __index = hit})", "other.below"),
]


@pytest.mark.parametrize(("plant", "name"), REACHED)
def test_a_library_is_registered_whatever_metatable_lies_there(lua: Interpreter, plant: str, name: str) -> None:
    """Nothing of the module's runs meanwhile, and the functions are there."""
    lua.register_library("lib", {"f": lambda: "first"})
    lua.call(lua.load_string(f"hits = 0 local function hit() hits = hits + 1 end {plant}"))
    lua.register_library(name, {"g": lambda: "second"})
    assert lua.call(lua.load_string("return hits, rawget(_G, 'hits')"))[1] == 0
    assert lua.call(lua.load_string(f"return {name}.g()")) == ["second"]


def test_a_metatable_whose_own_metatable_calls_php(lua: Interpreter) -> None:
    """Where the codec looks for __pairs a module's code may run, and another encoding begin and end."""
    lua.register_library("php", {"f": lambda *_: None})
    code = """
        local asks = setmetatable({}, {__index = function(_, key) php.f({'other', {1, 2, 3}}) return nil end})
        return {'before', setmetatable({'inside'}, asks), 'after'}"""
    assert lua.call(lua.load_string(code)) == [["before", ["inside"], "after"]]


def test_functions_of_phps_keep_their_environment(lua: Interpreter) -> None:
    lua.register_library("php", {"f": lambda: "f"})
    wrapped = lua.wrap_php_function(lambda: "wrapped")
    code = "local f = ... local ok, why = pcall(setfenv, f, {}) return ok, why, f()"
    for function, result in ((lua.call(lua.load_string("return php.f"))[0], "f"), (wrapped, "wrapped")):
        refused = [False, "'setfenv' cannot be called on a protected function", result]
        assert lua.call(lua.load_string(code), function) == refused


def test_no_number_is_a_level_of_the_environment_of_ours(lua: Interpreter) -> None:
    """0 would be it, and a comparison with nan is false whichever way it is asked."""
    for level in ("0", "-1", "0/0", "-1/0"):
        code = f"return pcall(setfenv, {level}, {{}})"
        assert lua.call(lua.load_string(code)) == [
            False, "'setfenv' cannot set the global environment, it is protected",
        ]  # fmt: skip


def test_the_log_is_read_past_metatables(start: Start) -> None:
    """And what a function of that name raises is let be: the error is what PHP wants."""
    lua = start(
        "--function-class", r"MediaWiki\Extension\Scribunto\Engines\LuaStandalone\LuaStandaloneInterpreterFunction"
    )
    lua.call(lua.load_string("hits = 0 setmetatable(_G, {__index = function() hits = hits + 1 return {} end})"))
    for code in ("error('why')", "mw = setmetatable({}, {__index = function() hits = hits + 1 end}) error('why')",
                 "mw = {getLogBuffer = function() error('no') end} error('why')"):  # fmt: skip
        with pytest.raises(LuaError, match="why"):
            lua.call(lua.load_string(code))
    assert lua.call(lua.load_string("return rawget(_G, 'hits')")) == [0]
