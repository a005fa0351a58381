"""Modules that luaproc brings along in place of C modules: found last, loaded only when required."""

import subprocess
import sys
from pathlib import Path

import pytest

from luaproc.lua51.modules import MODULES
from tests.responder.conftest import LUAPROC

RUNTIMES = ("lua51", "luajit21")


def lua(runtime: str, code: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a line of Lua in `luaproc lua`."""
    words = [sys.executable, "-m", "luaproc", "lua", "--runtime", runtime, "-e", code]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, cwd=cwd)


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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout == "false\terror loading module 'data':\n\tNo module named 'luaproc.nowhere'\n"


# What `luaproc lua` may not import before a script asks for it. A start is to take at most twice bare Python's time;
# collections, re and enum are 3 to 5 ms each, click is 40.
LATE = {
    *MODULES.values(), "luaproc.commands", "luaproc.lua51.repl", "luaproc.nflua", "click", "phpserialize",
    "collections", "collections.abc", "contextlib", "dataclasses", "enum", "functools", "importlib", "inspect",
    "pathlib", "re", "signal", "socket", "subprocess", "threading", "typing", "warnings",
}  # fmt: skip


def imported(*words: str) -> set[str]:
    """The modules that a command line imported, Python's own start included, when a line of Lua had run."""
    command = [LUAPROC[0], "-X", "importtime", *LUAPROC[1:], *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.slow  # starts interpreters
@pytest.mark.parametrize("words", [("lua",), ("lua", "--runtime", "luajit21")], ids=" ".join)
def test_a_start_imports_nothing_of_what_can_wait(words: tuple[str, ...]) -> None:
    """Neither the modules that a script may require, nor what only the prompt or the command line needs."""
    without = imported(*words, "-e", "x = 1")
    assert "luaproc.lua51.modules" in without
    assert not LATE & without
    assert {"luaproc.lua51.lfs", "luaproc.nflua.lua_data"} <= imported(*words, "-e", "require 'lfs' require 'data'")


@pytest.mark.slow  # starts several Pythons
def test_the_command_line_still_answers() -> None:
    """Help, and a missing word, are click's to tell."""
    for words, status, text in ((["--help"], 0, "Usage: luaproc lua "), (["--runtime"], 2, "requires an argument")):
        done = subprocess.run([*LUAPROC, "lua", *words], capture_output=True, text=True, timeout=300)
        assert (done.returncode, text in done.stdout + done.stderr) == (status, True)
