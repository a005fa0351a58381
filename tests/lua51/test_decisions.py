"""Who answers a command line, and `luaproc lua`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from luaproc import lua51
from luaproc.errors import UsageError
from tests.lua51.conftest import SCRIPTS

LUAPROC = [sys.executable, "-m", "luaproc"]


@pytest.mark.parametrize(
    ("program", "runtime"),
    [
        ("/usr/bin/lua5.1", "lua51"),
        ("lua", ""),
        ("luajit", "luajit21"),
        ("/opt/x/luajit-2.1", "luajit21"),
        ("luaproc", None),
        ("/usr/bin/lua5.3", None),
        ("lua5.1-wrapper", None),
        ("luac", None),
    ],
)
def test_names(program: str, runtime: str | None) -> None:
    """An interpreter's name makes one; a name of a Lua that we do not have, or of another tool, does not."""
    assert lua51.is_lua_alias(program) is (runtime is not None)
    assert lua51.runtime_of(program) == (runtime or None)


@pytest.mark.slow  # starts interpreters
@pytest.mark.parametrize("name", ["lua", "lua5.1", "luaproc"])
def test_the_environment_chooses_for_names_that_do_not(name: str, tmp_path: Path) -> None:
    """LUAPROC_RUNTIME is for `lua` and `luaproc lua`; `lua5.1` says what it is. Other variables are not lua's."""
    program = tmp_path / name
    program.symlink_to(Path(sys.executable).with_name("luaproc"))
    words = [str(program), *(["lua"] if name == "luaproc" else []), "-e", "print(jit and 'jit' or 'puc')"]
    env = os.environ | {"LUAPROC_RUNTIME": "luajit21", "LUAPROC_MAX_MEMORY": "a lot"}
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout == ("puc\n" if name == "lua5.1" else "jit\n")


@pytest.mark.parametrize(
    ("words", "serves"),
    [
        (["lua5.1", "/x/mw_main.lua", "/x", "0", "8"], True),
        (["lua5.1", "mw_main.lua"], True),
        (["lua5.1", "--run-script", "/x/mw_main.lua"], False),
        (["lua5.1", "-e", "x=1", "/x/mw_main.lua"], False),
        (["lua5.1", "other.lua", "mw_main.lua"], False),
        (["lua5.1", "my_mw_main.lua"], False),
        (["lua5.1"], False),
    ],
)
def test_the_responder_serves_for_scribuntos_script_alone(words: list[str], serves: bool) -> None:
    """As PHP starts a Lua, and only so."""
    assert lua51.wants_responder(words) is serves


def test_an_unknown_runtime_names_those_there_are() -> None:
    """A person who mistypes sees what could have been meant."""
    with pytest.raises(UsageError, match="unknown runtime 'lua54': expected one of lua51, luajit21"):
        lua51.main(["lua", "-v"], "lua54")


def luaproc_lua(*words: str) -> "subprocess.CompletedProcess[str]":
    """`luaproc lua` with these words."""
    return subprocess.run([*LUAPROC, "lua", *words], cwd=SCRIPTS, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_the_command_hands_every_word_to_lua(runtime: str) -> None:
    """Options that click would take for its own, `--`, and the exit status."""
    done = luaproc_lua("--runtime", runtime, "-e", "print(jit and 'jit' or 'puc')", "--", "at_exit.lua", "7", "--help")
    assert done.stdout == ("jit\n" if runtime == "luajit21" else "puc\n") + "no newline at the end"
    assert done.returncode == 7


@pytest.mark.slow  # starts a dozen processes
def test_the_command_has_help_and_says_what_is_wrong() -> None:
    """--help before lua's words; a runtime that is none; --runtime without a name."""
    assert "as `lua5.1` does" in luaproc_lua("--help").stdout
    for name in ("lua54", "luajit20"):  # lupa has a LuaJIT 2.0, with which nothing else of luaproc works
        wrong = luaproc_lua("--runtime", name, "-v")
        assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert luaproc_lua("--runtime").returncode == 2


def test_arg_minus_one_starts_it_again(tmp_path: Path) -> None:
    """Test runners start their interpreter again by the negative indices of `arg`."""
    script = tmp_path / "again.lua"
    script.write_text(
        "if not arg[1] then os.execute(arg[-1] .. ' ' .. arg[0] .. ' child') else print('in a', arg[1]) end"
    )
    assert luaproc_lua(str(script)).stdout == "in a\tchild\n"
