"""The fixture `lua`, as a person's own test suite gets it: a real pytest run in a directory of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import luaproc
from tests.parts import reference_server

# Each test starts a pytest of its own.
pytestmark = pytest.mark.slow


# Of all plugins that are installed here ours alone is a fifth of the price.
OURS = ("-p", "luaproc.host.pytest_plugin")


def run(directory: Path, ini: str, code: str, *words: str, installed: bool = False) -> str:
    """What pytest prints. installed: as it is for everyone, who have the plugin by its entry point."""
    (directory / "pytest.ini").write_text("[pytest]\n" + ini)
    (directory / "test_module.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(() if installed else OURS), *words]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "" if installed else "1"}
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, env=environment).stdout


def test_fixture_is_a_fresh_interpreter_for_each_test(tmp_path: Path) -> None:
    code = """
def test_one(lua):
    lua.load_string("x = 1")()
    assert lua.load_string("return x")() == [1]

def test_two(lua):
    assert lua.load_string("return x")() == [None]
"""
    assert "2 passed" in run(tmp_path, "", code)


@pytest.mark.real
def test_options_come_from_the_ini_file(tmp_path: Path) -> None:
    server = " ".join(reference_server())
    code = f"""
from pathlib import Path

def test_options(lua):
    assert lua.connection.server == {reference_server()!r}
    assert lua.connection.timeout == 12.5
    assert lua.load_string("return 'x'")() == [b"x"]
    limits = Path(f"/proc/{{lua.connection.pid}}/limits").read_text()
    assert "Max cpu time 9 10" in " ".join(limits.split())
"""
    ini = f"luaproc_server = {server}\nluaproc_timeout = 12.5\nluaproc_cpu_limit = 9\nluaproc_encoding = bytes\n"
    assert "1 passed" in run(tmp_path, ini, code)


WRONG = [
    ("timeout", "soon", "a number above 0"),
    ("timeout", "-1", "a number above 0"),
    ("cpu_limit", "-4", "a whole number above 0"),  # the shell would refuse it, and start the server without
    ("memory_limit", "50M", "a whole number above 0"),
    ("encoding", "utf-99", "an encoding of Python's, or bytes"),
    ("encoding", "rot13", "an encoding of Python's, or bytes"),
    ("errors", "sometimes", "a handler of errors of Python's"),
]


def test_wrong_option_is_said_in_words(tmp_path: Path) -> None:
    """In the ini file, or as a test's parameter; nothing of ours is shown but the sentence."""
    output = run(tmp_path, "luaproc_timeout = soon\n", "def test_it(lua): pass\n")
    assert "luaproc_timeout in the ini file: expected a number above 0, got 'soon'" in output
    assert "pytest_plugin" not in output
    marks = "".join(
        f"@pytest.mark.parametrize('luaproc_{option}', [{value!r}], indirect=True)\ndef test_{number}(lua): pass\n"
        for number, (option, value, _) in enumerate(WRONG)
    )
    more = """
@pytest.mark.parametrize("luaproc_server", [["/no/such/server"]])
def test_server(lua): pass

@pytest.mark.parametrize("luaproc_timeout", ["5"])
def test_type(lua): pass
"""
    output = run(tmp_path, "", f"import pytest\n{marks}{more}")
    for option, value, expected in WRONG:
        assert f"luaproc_{option} as a parameter: expected {expected}, got {value!r}" in output
    assert "the fixture lua: the server '/no/such/server' cannot be started" in output
    assert "the fixture lua: timeout: expected a number or None, got str" in output
    assert "pytest_plugin" not in output


def test_options_are_parameters_and_fixtures_of_ones_own(tmp_path: Path) -> None:
    """Of one test, directly or indirectly, and of a module or class, as pytest has it for any fixture."""
    code = r"""
import pytest
from luaproc.host.interpreter import default_server

@pytest.fixture(params=["lua51", "luajit21"])
def luaproc_server(request):
    return [*default_server(), "--runtime", request.param]

def test_module(lua, luaproc_server):
    assert lua.connection.server == luaproc_server

@pytest.mark.parametrize("luaproc_encoding", ["latin-1", None])
def test_direct(lua, luaproc_encoding):
    assert lua.load_string(r"return '\233'")() == ["\u00e9" if luaproc_encoding else b"\xe9"]

@pytest.mark.parametrize("luaproc_encoding", ["bytes"], indirect=True)
@pytest.mark.parametrize("luaproc_timeout", [7.5, None], indirect=True)
def test_indirect(lua, luaproc_timeout):
    assert lua.connection.timeout == luaproc_timeout
    assert lua.load_string("return 'x'")() == [b"x"]

class TestClass:
    @pytest.fixture
    def luaproc_errors(self):
        return "replace"

    def test_class(self, lua):
        assert lua.connection.timeout == 20
        assert lua.load_string(r"return '\233'")() == ["\ufffd"]
"""
    assert "12 passed" in run(tmp_path, "luaproc_timeout = 20\n", code)


FAILING = r"""
import pytest
from luaproc.host import LuaError, ServerDied

MODULE = (
    "local m = {}\nfunction m.find(name)\n"
    '  error("no such page: " .. name)\n'
    "end\nreturn m"
)

def test_lua_error(lua):
    lua.set_loader(lambda name: MODULE)
    lua.load_string("local m = require('m')\nreturn (m.find('Nowhere'))", "=Module:Page")()

def test_callback(lua):
    def bug():
        raise KeyError("a bug in the callback")
    lua.register_library("php", {"bug": bug})
    lua.load_string("php.bug()")()

def test_died(lua):
    lua.load_string("io = nil")()
    lua.testquit()
    lua.load_string("return 1")()

def test_type(lua):
    lua.load_string(5)

def test_cause(lua):
    try:
        lua.load_string("error('underneath')", "=Module:Below")()
    except LuaError as error:
        raise ValueError("on top") from error

def test_passes(lua):
    assert lua.load_string("return 1")() == [1]
"""


@pytest.mark.parametrize("workers", [0, 1], ids=["alone", "xdist"])
def test_a_failure_shows_lua_and_none_of_our_frames(tmp_path: Path, workers: int) -> None:
    """Message, trace, and the line of code of each level; the same from a worker of pytest-xdist."""
    others = ("-p", "no:anyio", "-p", "no:hypothesispytest", "-n", str(workers))
    output = run(tmp_path, "", FAILING, *(others if workers else ()), installed=workers > 0)
    assert "5 failed, 1 passed" in output
    lua = output.partition("- Lua -")[2].partition("\n___")[0].split("\n", 1)[1]
    assert lua.splitlines()[:6] == [
        "m:3: no such page: Nowhere",
        "stack traceback:",
        "  m:3: in function 'find'",
        '    error("no such page: " .. name)',
        "  Module:Page:2: in main chunk",
        "    return (m.find('Nowhere'))",
    ]
    assert 'lua.load_string("local m = require' in output
    assert 'raise KeyError("a bug in the callback")' in output
    assert "luaproc.host.errors.ServerDied: the interpreter exited with status 42" in output
    assert "TypeError: text: expected Lua code as str or bytes, got int" in output
    assert "Module:Below:1: underneath" in output.partition("on top")[2]
    package = str(Path(luaproc.__file__).parent)
    assert [line for line in output.splitlines() if package in line or "luaproc/host/" in line] == []


def test_full_trace_shows_our_frames(tmp_path: Path) -> None:
    """Whoever looks for the fault in luaproc sees it."""
    output = run(tmp_path, "", FAILING, "--full-trace", "-k", "test_type")
    assert "luaproc/host/core.py" in output


def test_plugin_is_cheap_to_import() -> None:
    """pytest imports it on every run, for everyone who has luaproc installed."""
    code = (
        "import sys, pytest; old = set(sys.modules); import luaproc.host.pytest_plugin; "
        "print(*sorted(set(sys.modules) - old))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["luaproc", "luaproc.host", "luaproc.host.pytest_plugin"]
