"""`--profile` and `--coverage`: what is written, by whom it survives, and that a module notices nothing."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from luaproc.host import Interpreter, ServerDied
from luaproc.responder import records
from tests.responder.conftest import LUAPROC, serve
from tests.responder.session import Session
from tests.responder.sessions import rows

MODULE = """local p = {}
local function twice( n )
	local s = 0
	for i = 1, n do s = s + i % 3 end
	return s
end
function p.main( n )
	local a = twice( n )
	local b = twice( n )
	return a + b
end
function p.inside( n )
	local r
	r = ( 'x' ):gsub( '.', function () local s = twice( n ) return s end )
	return r
end
function p.never()
	return 1
end
function p.forever()
	while true do
		local s = twice( 1000 )
	end
end
return p
"""


def started(*options: str, runtime: str = "lua51", cpu_limit: int | None = None) -> Interpreter:
    return Interpreter(serve(runtime, *options), timeout=120, cpu_limit=cpu_limit)


def call(lua: Interpreter, name: str, *args: int) -> None:
    module = lua.load_string(MODULE, "=Module:T;x y")()[0]
    module[name](*args)


def stacks(file: Path) -> dict[str, int]:
    """A folded file's stacks with the sum of their microseconds."""
    found: dict[str, int] = {}
    for line in file.read_text("utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        found[stack] = found.get(stack, 0) + int(count)
    return found


def test_a_profile_names_functions_with_module_and_line(runtime: str, tmp_path: Path) -> None:
    """Root first, no frame of luaproc's; what parts frames in the file is in no name. LuaJIT's compiled code calls no
    hook, so its compiler is off."""
    file = tmp_path / "wiki.folded"
    with started("--profile", str(file), runtime=runtime) as lua:
        call(lua, "main", 3_000_000)
        call(lua, "inside", 3_000_000)
    found = stacks(file)
    twice = "twice (Module:T,x y:2)"
    assert found[f"? (Module:T,x y:7);{twice}"] > 0
    inside = [stack for stack in found if stack.startswith("? (Module:T,x y:12);gsub [C];") and stack.endswith(twice)]
    assert inside
    assert not any("luaproc/" in stack for stack in found)
    assert stat_mode(file) == 0o600


def stat_mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


@pytest.mark.slow  # starts several servers
def test_processes_share_a_profile_and_a_killed_one_leaves_its_own(tmp_path: Path) -> None:
    """PHP ends a server with SIGTERM after its page; the processes of a wiki are many."""
    file = tmp_path / "wiki.folded"
    with started("--profile", str(file)) as one, started("--profile", str(file)) as other:
        call(one, "main", 2_000_000)
        call(other, "inside", 2_000_000)
        os.kill(one.connection.pid, signal.SIGKILL)
        call(other, "inside", 2_000_000)
    roots = {stack.partition(";")[0] for stack in stacks(file)}
    assert {"? (Module:T,x y:7)", "? (Module:T,x y:12)"} <= roots


@pytest.mark.slow  # waits for a CPU limit
def test_the_cpu_limit_leaves_profile_coverage_and_the_stack(tmp_path: Path) -> None:
    """One hook serves all three."""
    profile, coverage = tmp_path / "p", tmp_path / "c"
    lua = started("--profile", str(profile), "--coverage", str(coverage), cpu_limit=1)
    with lua, pytest.raises(ServerDied) as caught:
        call(lua, "forever")
    assert caught.value.signal == signal.SIGXCPU
    assert "of 1 seconds of CPU time are used up" in caught.value.stderr
    assert "Module:T;x y:" in caught.value.stderr
    assert sum(stacks(profile).values()) > 0
    counted = {line.split("\t")[1] for line in coverage.read_text("utf-8").splitlines()}
    assert {"0", "2", "20"} <= counted


def test_coverage_counts_by_function_and_line(tmp_path: Path) -> None:
    """The file has the chunk, the function's first and last line, and the lines that ran."""
    file = tmp_path / "c"
    with started("--coverage", str(file)) as lua:
        call(lua, "main", 5)
        lua.load_string("return 1", "@library.lua")()
        assert lua.quit() == 0
    found = {tuple(line.split("\t")[:3]): line.split("\t")[3] for line in file.read_text("utf-8").splitlines()}
    place = "Module:T;x y"
    assert set(found) == {(place, "0", "0"), (place, "2", "6"), (place, "7", "11")}
    assert set(found[place, "7", "11"].split(",")) == {"8:1", "9:1", "10:1"}
    assert {"3:2", "5:2"} <= set(found[place, "2", "6"].split(","))


def test_coverage_is_of_lua51(tmp_path: Path) -> None:
    """LuaJIT's bytecode has other lines."""
    done = subprocess.run(serve("luajit21", "--coverage", str(tmp_path / "c")), capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b"--coverage counts lines as lua51 runs them, and this is luajit21" in done.stderr


NOTICED = {
    "local function r() return r() + 1 end local ok, e = pcall(r) return ok, e": "luajit21",
}
"""Sessions that differ, and where: on LuaJIT the text of a stack overflow has no position while a hook is set."""


@pytest.mark.slow  # two processes a session
def test_a_module_notices_nothing(runtime: str, tmp_path: Path) -> None:
    """The same replies, callbacks, positions and traces with the hooks as without them."""
    options = ["--profile", str(tmp_path / "p")] + (["--coverage", str(tmp_path / "c")] if runtime == "lua51" else [])
    sessions = rows()
    names = [name for number, name in enumerate(sessions) if number % 16 == 0 or "r() return r()" in name]
    assert len(names) > 20
    for name in names:
        if NOTICED.get(name) == runtime:
            continue
        plain = Session(serve(runtime), runtime == "lua51").run(sessions[name])
        assert Session(serve(runtime, *options), runtime == "lua51").run(sessions[name]) == plain, name


@pytest.mark.parametrize("option", ["--profile", "--coverage"])
def test_a_file_that_cannot_be_opened_is_a_line(option: str, tmp_path: Path) -> None:
    """The page is served; through nobody's link."""
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("mine")
    link.symlink_to(victim)
    with started(option, str(link)) as lua:
        call(lua, "main", 200_000)
        assert lua.quit() == 0
        told = lua.connection.stderr_tail()
    assert f"luaproc: no {option[2:]}, " in told
    assert victim.read_text() == "mine"


def test_a_full_file_is_left_as_it_is(tmp_path: Path) -> None:
    """A profile that somebody forgot ends by itself: nothing is appended, and no hook is set."""
    file = tmp_path / "wiki.folded"
    with open(file, "wb") as stream:
        stream.truncate(records.MOST)
    with started("--profile", str(file)) as lua:
        call(lua, "main", 1_000_000)
        assert lua.quit() == 0
        assert lua.connection.stderr_tail() == ""
    assert file.stat().st_size == records.MOST


@pytest.mark.slow  # fills a file
def test_a_file_that_becomes_full_is_said_once(tmp_path: Path) -> None:
    """The process that meets the bound says so, and goes on."""
    file = tmp_path / "wiki.folded"
    with open(file, "wb") as stream:
        stream.truncate(records.MOST - 1)
    with started("--profile", str(file)) as lua:
        call(lua, "main", 3_000_000)
        assert lua.quit() == 0
        assert lua.connection.stderr_tail().count("the profile ends here, its file has 64 MB") == 1
    assert file.stat().st_size == records.MOST - 1


def test_without_the_options_nothing_of_it_is_imported() -> None:
    """What nobody asked for costs no start-up time; /dev/null turns a launcher's option off."""
    for words in (["serve"], ["serve", "--profile", "/dev/null"]):
        done = subprocess.run(
            [LUAPROC[0], "-X", "importtime", *LUAPROC[1:], *words], input=b"", capture_output=True, timeout=60
        )
        assert done.returncode == 0
        assert (b"luaproc.responder.records" in done.stderr) == (len(words) > 1)
