"""Lua's errors as Python exceptions, on both servers; positions and traces as Lua prints them."""

import pytest

from luaproc.errors import LuaprocError
from luaproc.host import Interpreter, LuaError
from luaproc.wire.framing import escape
from luaproc.wire.serialization import dumps
from tests.host.conftest import script


def error_of(interpreter: Interpreter, code: str, *args: object) -> LuaError:
    with pytest.raises(LuaError) as caught:
        interpreter.load_string(code, "=mod")(*args)
    return caught.value


def test_syntax_error(interpreter: Interpreter) -> None:
    with pytest.raises(LuaError) as caught:
        interpreter.load_string("return\n\n1 +", "=mod")
    assert str(caught.value) == "mod:3: unexpected symbol near '<eof>'"
    assert (caught.value.module, caught.value.line) == ("mod", 3)
    assert caught.value.trace == ()


def test_trace_has_every_level_of_the_module(interpreter: Interpreter) -> None:
    error = error_of(interpreter, "local function f()\n  local x = nil .. ''\nend\nlocal function g()\n  f()\nend\ng()")
    assert error.message == "attempt to concatenate a nil value"
    ours = [entry for entry in error.trace if entry.short_src == "mod"]
    assert [entry.current_line for entry in ours] == [2, 5, 7]
    assert [entry.line_defined for entry in ours] == [1, 4, 0]
    assert [entry.what for entry in ours] == ["Lua", "Lua", "main"]
    assert [entry.name for entry in ours[:2]] == ["f", "g"]
    assert error.traceback.startswith("mod:2: attempt to concatenate a nil value\nstack traceback:\n\t")


def test_traceback_reads_as_luas_own(interpreter: Interpreter) -> None:
    """The same stack, printed by us from the error's trace, and by Lua's debug.traceback at the same place."""
    printed: list[str] = []
    interpreter.register_library("py", {"see": printed.append})
    code = "local t = {}\nfunction t.f()\n  %s\nend\nlocal function g()\n  t.f()\n  return\nend\ng()"
    interpreter.load_string(code % "py.see(debug.traceback())", "=mod")()
    error = error_of(interpreter, code % "error('x')")
    theirs, ours = (
        [line for line in text.splitlines() if line.startswith("\tmod:")] for text in (printed[0], error.traceback)
    )
    assert ours == theirs == ["\tmod:3: in function 'f'", "\tmod:6: in function 'g'", "\tmod:9: in main chunk"]


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("error('plain', 0)", "plain", "plain"),
        ("error('two\\nlines')", "mod:1: two\nlines", "mod:1: two\nlines"),
        ("error({ code = 5 })", {"code": 5}, "(error object is a table value)"),
        ("error(12)", "mod:1: 12", "mod:1: 12"),
        ("error(true)", True, "(error object is a boolean value)"),
        ("error('\\255', 0)", "\udcff", "\udcff"),
        ("error('', 0)", "", ""),
    ],
)
def test_any_value_can_be_an_error(interpreter: Interpreter, code: str, value: object, text: str) -> None:
    error = error_of(interpreter, code)
    assert error.value == value
    assert str(error) == text


def test_nil_can_be_an_error() -> None:
    """On our server alone: the reference sends the trace as the value then."""
    with Interpreter() as interpreter:
        error = error_of(interpreter, "error()")
    assert error.value is None
    assert str(error) == "(error object is a nil value)"


def test_error_value_can_be_a_function(interpreter: Interpreter) -> None:
    error = error_of(interpreter, "error(function() return 'called' end)")
    assert error.value() == ["called"]


def test_what_cannot_be_sent_to_php_is_an_error(interpreter: Interpreter) -> None:
    assert "Cannot pass circular reference to PHP" in str(error_of(interpreter, "local t = {} t.t = t return t"))


def test_server_goes_on_after_an_error(interpreter: Interpreter) -> None:
    error_of(interpreter, "error('x')")
    assert interpreter.load_string("return 1")() == [1]


def test_log_of_the_newest_scribunto_is_there() -> None:
    """The field as REL1_46 sends it (`docs/protocol.md`)."""
    reply = escape(dumps({"op": "error", "value": "M:2: no", "log": "one\ntwo", "trace": [{"short_src": "M"}]}))
    with Interpreter(script(f"receive(); send({reply!r})")) as interpreter, pytest.raises(LuaError) as caught:
        interpreter.load_string("x")
    assert caught.value.log == "one\ntwo"
    assert caught.value.trace[0].short_src == "M"
    assert caught.value.trace[0].current_line == -1


def test_errors_are_in_the_one_tree() -> None:
    """A command ends them in one line."""
    assert issubclass(LuaError, LuaprocError)
    assert LuaError("m:1: x").exit_status == 1
