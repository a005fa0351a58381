"""Several threads on one `Interpreter`, arguments of wrong types, files and modules from Python."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import luaproc.host
from luaproc.host import Interpreter, LuaError, ServerDied


@pytest.mark.slow  # waits
def test_other_threads_wait() -> None:
    """Frames of two threads never mix: each gets its own answers, with callbacks between."""
    with Interpreter() as lua:
        lua.register_library("php", {"double": lambda n: 2 * n})
        code = "local n = ...\nfor i = 1, 20 do n = php.double(n) - n end\nreturn n"
        twice = lua.load_string(code)
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda n: twice(n)[0], range(200))) == list(range(200))
            assert [f()[0] for f in pool.map(lambda n: lua.load_string(f"return {n}"), range(100))] == list(range(100))


def test_a_callback_may_call_lua_again() -> None:
    with Interpreter() as lua:
        inner = lua.load_string("return ... + 1")
        lua.register_library("php", {"inner": lambda n: inner(n)[0]})
        assert lua.load_string("return php.inner(php.inner(1))")() == [3]


def test_a_server_can_be_ended_from_another_thread() -> None:
    """Without waiting for the call that never ends, which says how the server died."""
    with Interpreter() as lua:
        entered = threading.Event()
        lua.register_library("php", {"entered": entered.set})
        endless = lua.load_string("php.entered() while true do end")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(endless)
            assert entered.wait(300)
            lua.terminate()
            with pytest.raises(ServerDied):
                waiting.result(30)
        with pytest.raises(ServerDied):
            lua.get_status()


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda lua: lua.load_string(5), "text: expected Lua code as str or bytes, got int"),
        (lambda lua: lua.load_string("return 1", 5), "chunk_name: expected str or bytes, got int"),
        (lambda lua: lua.load_file(5), "path: expected str or a path, got int"),
        (lambda lua: lua.call("f"), "function: expected a LuaFunction, as load_string gives it, got str"),
        (lambda lua: lua.register_library(5, {}), "name: expected str, got int"),
        (
            lambda lua: lua.register_library("a", [print]),
            "functions: expected a mapping of names to callables",
        ),
        (lambda lua: lua.register_library("a", {"b": 5}), "functions['b']: expected a callable or None, got int"),
        (lambda lua: lua.wrap_php_function(5), "function: expected a callable or None, got int"),
        (lambda lua: lua.wrap_php_function(print, 5), "name: expected str, got int"),
        (lambda lua: lua.set_loader({"m": "return 1"}), "loader: expected a callable, got dict"),
        (lambda lua: lua.request_body("{}"), "body: expected an expression as bytes, got str"),
        (lambda _: Interpreter("lua5.1 main.lua"), "server: expected the words of a command"),
    ],
)
def test_wrong_types_name_the_argument(call: "object", said: str) -> None:
    with Interpreter() as lua:
        with pytest.raises(TypeError) as caught:
            call(lua)  # type: ignore[operator]
        assert said in str(caught.value)
        assert lua.load_string("return 'alive'")() == ["alive"]


def test_files_and_modules(tmp_path: Path) -> None:
    """require is answered from Python; each module is loaded once, and errors have its name."""
    (tmp_path / "main.lua").write_text("local m = require('m')\nreturn m.f(2), require('m') == m\n")
    asked: list[str] = []

    def load(name: str) -> str | None:
        asked.append(name)
        modules = {"m": "return { f = function(n) return n * 2 end }", "bad": "error('here')", "broken": "x = = 1"}
        modules |= {"one": "require('other')", "other": "require('one')", "7": "return 'seven'"}
        return modules.get(name)

    with Interpreter() as lua:
        lua.set_loader(load)
        assert lua.load_file(tmp_path / "main.lua")() == [4, True]
        assert asked == ["m"]
        with pytest.raises(LuaError, match="module 'none' not found") as caught:
            lua.load_string("require('none')", "=Module:A")()
        assert (caught.value.module, caught.value.line) == ("Module:A", 1)
        with pytest.raises(LuaError, match="here") as caught:
            lua.load_string("require('bad')")()
        assert caught.value.module == "bad"
        assert lua.load_string("return require(7)")() == ["seven"]
        with pytest.raises(LuaError, match=r"bad argument #1 to 'require' .string expected, got table"):
            lua.load_string("require({})")()
        with pytest.raises(LuaError, match="loop or previous error loading module 'one'") as caught:
            lua.load_string("require('one')")()
        assert (caught.value.module, caught.value.line) == ("other", 1)
        with pytest.raises(LuaError, match="unexpected symbol near '='"):
            lua.load_string("require('broken')")()
    with pytest.raises(FileNotFoundError):
        Interpreter().load_file(tmp_path / "none.lua")


@pytest.mark.slow  # starts Pythons
def test_threads_need_no_asyncio() -> None:
    """Which takes longer to import than all of ours."""
    code = "import sys; from luaproc.host import Interpreter; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_dir_lists_the_public_names() -> None:
    assert dir(luaproc.host) == sorted(luaproc.host.__all__)
    assert "LocalProtocolError" in dir(luaproc.host)
