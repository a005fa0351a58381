"""The fixture `lua`, as a person's own test suite gets it: a real pytest run in a directory of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import reference_server

# Each test starts a pytest of its own.
pytestmark = pytest.mark.slow


def run(directory: Path, ini: str, code: str) -> str:
    (directory / "pytest.ini").write_text("[pytest]\n" + ini)
    (directory / "test_module.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True).stdout


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


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("timeout", "soon", "a number above 0"),
        ("timeout", "-1", "a number above 0"),
        ("cpu_limit", "-4", "a whole number above 0"),  # the shell would refuse it, and start the server without
        ("memory_limit", "50M", "a whole number above 0"),
        ("encoding", "utf-99", "an encoding of Python's, or bytes"),
        ("encoding", "rot13", "an encoding of Python's, or bytes"),
    ],
)
def test_wrong_option_is_said_in_words(tmp_path: Path, option: str, value: str, expected: str) -> None:
    output = run(tmp_path, f"luaproc_{option} = {value}\n", "def test_it(lua): pass\n")
    assert f"luaproc_{option} in the ini file: expected {expected}, got {value!r}" in output


def test_plugin_is_cheap_to_import() -> None:
    """pytest imports it on every run, for everyone who has luaproc installed."""
    code = (
        "import sys, pytest; old = set(sys.modules); import luaproc.host.pytest_plugin; "
        "print(*sorted(set(sys.modules) - old))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["luaproc", "luaproc.host", "luaproc.host.pytest_plugin"]
