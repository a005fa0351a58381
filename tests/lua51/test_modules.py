"""Modules that luaproc brings along in place of C modules: found last, loaded only when required."""

import subprocess
import sys
from pathlib import Path

import pytest

from luaproc.lua51.modules import MODULES

RUNTIMES = ("lua51", "luajit21")


def lua(runtime: str, code: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a line of Lua in `luaproc lua`."""
    words = [sys.executable, "-m", "luaproc", "lua", "--runtime", runtime, "-e", code]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=cwd)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_one_is_there_without_a_file(runtime: str) -> None:
    """`require` gives the same table twice, and the loaders are as many as lua's."""
    done = lua(runtime, "local d = require 'data' print(type(d.new), d == require 'data', #package.loaders)")
    assert (done.stdout, done.stderr) == ("function\ttrue\t4\n", "")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_file_of_that_name_wins(runtime: str, tmp_path: Path) -> None:
    """Whoever has a module of their own by that name keeps it."""
    (tmp_path / "data.lua").write_text("return 'mine'")
    assert lua(runtime, "print(require 'data')", tmp_path).stdout == "mine\n"
    preloaded = "package.preload.data = function() return 'preloaded' end print(require 'data')"
    assert lua(runtime, preloaded, tmp_path).stdout == "preloaded\n"


def test_a_module_that_cannot_be_loaded_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of Python's import arrives as the error of a C module that cannot be loaded."""
    code = (
        "import sys; from luaproc.lua51 import main, modules; modules.MODULES['data'] = 'luaproc.nowhere'; "
        "main(['lua', '-e', 'print(pcall(require, [[data]]))'], 'lua51')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "false\terror loading module 'data':\n\tNo module named 'luaproc.nowhere'\n"


def imported(code: str) -> list[str]:
    """What Python has imported when a line of Lua has run."""
    watched = (
        "import os, sys; from luaproc.lua51 import main; leave = os._exit; "
        "os._exit = lambda status: (print(*sys.modules), sys.stdout.flush(), leave(status)); "
        f"main(['lua', '-e', {code!r}], 'lua51')"
    )
    done = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, timeout=60)
    return done.stdout.split()


def test_nothing_of_a_module_is_imported_before() -> None:
    """The start of `luaproc lua` pays for no module that the script does not require."""
    without = imported("x = 1")
    assert "luaproc.lua51.modules" in without
    assert not {*MODULES.values(), "luaproc.nflua", "socket"} & set(without)
    assert "luaproc.nflua.lua_data" in imported("require 'data'")
