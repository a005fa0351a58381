"""Text that is not UTF-8, as `errors` has it, and the lines of Lua code that errors show."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from luaproc.host import AsyncInterpreter, Interpreter, LocalProtocolError, LuaError
from luaproc.host.sources import Sources


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ("surrogateescape", "caf\udce9"),
        ("replace", "caf\ufffd"),
        ("ignore", "caf"),
        ("backslashreplace", "caf\\xe9"),
    ],
)
def test_invalid_bytes_become_what_errors_says(errors: str, expected: str) -> None:
    """In results, keys and arguments of callables; what is lost by default is nothing."""
    seen: list[Any] = []
    with Interpreter(errors=errors) as lua:
        lua.register_library("php", {"see": seen.append})
        assert lua.load_string(r"local s = 'caf\233' php.see(s) return s, {[s] = s}")() == [
            expected,
            {expected: expected},
        ]
        assert seen == [expected]
        if errors == "surrogateescape":
            assert lua.load_string(r"return ... == 'caf\233'")(expected) == [True]


def test_strict_raises_and_the_server_goes_on() -> None:
    """From the call whose result or argument it is, and for text that cannot be sent."""
    with Interpreter(errors="strict") as lua:
        with pytest.raises(UnicodeDecodeError):
            lua.load_string(r"return 'caf\233'")()
        lua.register_library("php", {"see": print})
        with pytest.raises(UnicodeDecodeError):
            lua.load_string(r"php.see('caf\233')")()
        with pytest.raises(LuaError, match="caf"):
            lua.load_string(r"error('caf\233')")()
        with pytest.raises(LocalProtocolError, match="cannot be utf-8"):
            lua.load_string("return ...")("caf\udce9")
        with pytest.raises(LocalProtocolError, match="cannot be utf-8"):
            lua.load_string("return ...")({"caf\udce9": 1})
        assert lua.load_string("return ...")("café") == ["café"]


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"errors": "sometimes"}, LookupError, "unknown error handler name 'sometimes'"),
        ({"errors": None}, TypeError, "errors: expected str, got NoneType"),
        ({"encoding": "utf-99"}, LookupError, "unknown encoding: utf-99"),
        ({"encoding": 8}, TypeError, "encoding: expected str, or None for bytes, got int"),
        ({"timeout": "5"}, TypeError, "timeout: expected a number or None, got str"),
        ({"cpu_limit": 7.5}, TypeError, "cpu_limit: expected a number or None, got float"),
        ({"fallback": 5}, TypeError, "fallback: expected a callable or None, got int"),
        ({"on_frame": "f"}, TypeError, "on_frame: expected a callable or None, got str"),
        ({"stderr": -3}, TypeError, "stderr: expected a path or None, got int"),
        ({"env": ["A=1"]}, TypeError, "env: expected a mapping or None, got list"),
        ({"timeout": True}, TypeError, "timeout: expected a number or None, got bool"),
        ({"memory_limit": "50M"}, TypeError, "memory_limit: expected a number or None, got str"),
    ],
)
def test_wrong_options_are_named_before_a_server_is_started(options: Any, kind: type[Exception], said: str) -> None:
    for interpreter in (Interpreter, AsyncInterpreter):
        with pytest.raises(kind) as caught:
            interpreter(["/no/such/server"], **options)
        assert said in str(caught.value)


def test_an_error_shows_its_line_of_code(tmp_path: Path) -> None:
    """Of text from Python, of a file, and of a module that `require` loaded; and it can be pickled with it."""
    file = tmp_path / ("long" * 20 + ".lua")
    file.write_text("local m = require('m')\nreturn function()\n  m.fail()\nend\n")
    with Interpreter() as lua:
        lua.set_loader(lambda name: "return {\n  fail = function() error('no such page') end\n}")
        [run] = lua.load_file(file)()
        with pytest.raises(LuaError) as caught:
            run()
        error = pickle.loads(pickle.dumps(caught.value))
        assert (error.module, error.line, error.source_line) == ("m", 2, "fail = function() error('no such page') end")
        assert [entry.source_line for entry in error.trace[:2]] == [
            "fail = function() error('no such page') end",
            "m.fail()",
        ]
        assert "m.fail()" in error.report
        with pytest.raises(LuaError) as caught:
            lua.load_string("x = = 1", "a chunk without a name")
        assert caught.value.source_line == "x = = 1"
        assert caught.value.report.splitlines()[1] == "    x = = 1"


def test_names_are_found_as_lua_shortens_them() -> None:
    """Lua 5.1 and LuaJIT shorten at different places."""
    sources = Sources()
    sources.add(b"=" + b"m" * 80, b"one")
    sources.add(b"@" + b"dir/" * 30 + b"file.lua", b"two\nthree")
    sources.add(b"return 'a rather long chunk whose text is its name'\nreturn", b"four")
    assert sources.line("m" * 59, 1) == "one"
    assert sources.line("..." + ("dir/" * 30 + "file.lua")[-45:], 2) == "three"
    assert sources.line("dir/" * 30 + "file.lua", 1) == "two"
    assert sources.line('[string "return \'a rather long chunk whose text is it..."]', 1) == "four"
    assert [sources.line("m", 1), sources.line(None, None), sources.line("m" * 59, 7)] == [None, None, None]


def test_texts_are_kept_up_to_a_size() -> None:
    """The oldest goes first; a name that is loaded again counts once."""
    sources = Sources()
    for number in range(3000):
        sources.add(b"=again", b"%d" % number + b" " * 2000)
        sources.add(b"=%d" % number, b"%d" % number + b" " * 2000)
    assert sources.line("2999", 1) == sources.line("again", 1) == "2999"
    assert sources.line("0", 1) is None
    assert sources._size == sum(map(len, sources._texts.values())) <= 4_000_000
