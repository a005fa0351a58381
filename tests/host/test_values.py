"""Values through a real server and back."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luaproc.host import Interpreter, LuaFunction
from luaproc.wire.errors import LocalProtocolError
from tests.host.conftest import Start
from tests.parts import examples

ECHO = "return ..."


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, 0, -1, 2**53 - 1, -(2**53), 0.5, 1e300, math.inf, -math.inf, 1e-320),
        *("", "text", 'nul \0, quote ", backslash \\, line\r\nend', "Ελληνικά 😀", "lone \udcff byte"),
        *([1], [1, [2, ["x"]]], {}, {"a": 1}, {"a": {"b": [True]}}, {2: "b", -1: "x"}, {0: 1, 1: 2}, ["a", False]),
    ],
)
def test_value_comes_back_equal(interpreter: Interpreter, value: object) -> None:
    result = interpreter.load_string(ECHO, "=echo")(value)
    assert result == [value]
    assert type(result[0]) is type(value)


def test_fractional_key_comes_back_as_php_has_it(interpreter: Interpreter) -> None:
    """PHP's arrays have no such keys; the text is Lua's."""
    assert interpreter.load_string(ECHO)({1.5: "x"}) == [{"1.5": "x"}]


def test_nan_comes_back(interpreter: Interpreter) -> None:
    assert math.isnan(interpreter.load_string(ECHO)(math.nan)[0])


def test_nils_keep_their_places(interpreter: Interpreter) -> None:
    """Counted on the wire, not sent: at the ends above all."""
    assert interpreter.load_string(ECHO)(None, 1, None, "x", None) == [None, 1, None, "x", None]
    assert interpreter.load_string("return select('#', ...)")(None, None) == [2]
    assert interpreter.load_string("return nil")() == [None]
    assert interpreter.load_string("return")() == []


def test_bytes_are_sent_as_they_are(interpreter: Interpreter) -> None:
    assert interpreter.load_string("return #..., ...")(b"\xc3\xa9\xff\n") == [4, "\u00e9\udcff\n"]


def test_strings_stay_bytes_when_asked(start: Start) -> None:
    interpreter = start(encoding=None)
    assert interpreter.load_string(ECHO)("é", {"k": b"\xff"}) == ["é".encode(), {b"k": b"\xff"}]


def test_tables_stay_dicts_when_asked(start: Start) -> None:
    assert start(lists=False).load_string(ECHO)(["a", ["b"]]) == [{1: "a", 2: {1: "b"}}]


def test_tuples_and_lists_are_tables_from_one(interpreter: Interpreter) -> None:
    assert interpreter.load_string("local t = ... return t[1], t[2][1], #t")(("a", ["b"])) == ["a", "b", 2]


@pytest.mark.slow  # sends megabytes
def test_big_values_both_ways(interpreter: Interpreter) -> None:
    """Several times what a pipe holds, each way."""
    text = "0123456789\\\n" * 100_000
    table = [{"a": index, "b": str(index)} for index in range(5000)]
    assert interpreter.load_string(ECHO)(text, table) == [text, table]


_text = st.text(max_size=10) | st.binary(max_size=10).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
_values = st.recursive(
    st.booleans()
    | st.integers(-(2**53), 2**53 - 1)
    | st.floats(allow_nan=False).filter(lambda x: x != int(x) if abs(x) < 1e18 else True)
    | _text,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(st.text("abcé\\\n", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)


@pytest.mark.slow  # generates hundreds of values
@given(values=st.lists(st.none() | _values, max_size=4))
@settings(
    deadline=None,
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_values_come_back(interpreter: Interpreter, values: list[object]) -> None:
    assert interpreter.load_string(ECHO)(*values) == values


def test_functions_are_objects_to_call_and_to_pass(interpreter: Interpreter) -> None:
    add, apply = interpreter.load_string(
        "return function(a, b) return a + b end, function(f, ...) return f(...) end", "=two"
    )()
    assert isinstance(add, LuaFunction)
    assert add(2, 3) == [5]
    assert apply(add, 20, 22) == [42]
    assert interpreter.call(add, 1, 1) == [2]
    assert "LuaFunction" in repr(add)


def test_same_function_is_the_same_object(interpreter: Interpreter) -> None:
    f, g = interpreter.load_string("local f = function() end return f, { f = f }")()
    assert g["f"] is f
    assert interpreter.load_string(ECHO)(f) == [f]


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize("value", [object(), 1j, {1, 2}, 2**63, {None: 1}, {"x": {"y": object()}}, print])
def test_value_that_lua_has_not_is_refused_and_nothing_is_lost(interpreter: Interpreter, value: object) -> None:
    echo = interpreter.load_string(ECHO)
    with pytest.raises(LocalProtocolError):
        echo(value)
    assert echo("still here") == ["still here"]


def test_value_inside_itself_is_refused(interpreter: Interpreter) -> None:
    value: dict[str, object] = {}
    value["x"] = value
    with pytest.raises(LocalProtocolError, match="inside itself"):
        interpreter.load_string(ECHO)(value)


def test_function_of_another_interpreter_is_refused(start: Start) -> None:
    """Its number means another function there."""
    one, two = start(), start()
    f = one.load_string(ECHO)
    g = two.load_string(ECHO)
    for function, args in ((f, []), (g, [f]), (g, [[{"x": f}]])):
        with pytest.raises(LocalProtocolError, match="another interpreter"):
            two.call(function, *args)
    assert g(1) == [1]
