"""Nothing of Python inside, no C modules, and what a C program would find in its process."""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lua51.conftest import SCRIPTS, Outcome, execute
from tests.parts import need


@pytest.mark.real
def test_no_python_can_be_reached(run_both: Callable[..., tuple[Outcome, Outcome]], name: str) -> None:
    """A walk over globals, registry, metatables, environments, upvalues and the call stack finds what lua has."""
    ours, real = run_both(name, ("python_free.lua",))
    assert ours == real
    assert ours.stdout.endswith(b"nil\tnil\n")


@pytest.mark.slow  # a Python for each row
@pytest.mark.parametrize(
    "code",
    [
        # The C function below the script, which debug.traceback shows, called by hand.
        "local f for i = 1, 9 do f = (debug.getinfo(i, 'f') or {}).func or f end print(pcall(f, f, f))",
        # The functions behind io.popen and os.tmpname.
        "for i = 1, 9 do local n, f = debug.getupvalue(io.popen, i) if f then pcall(f, {}, print) end end",
        "for i = 1, 9 do local n, f = debug.getupvalue(io.popen, i) if n == 'popen' then print(pcall(f)) end end",
        "local p = io.popen('true') local c = debug.getfenv(p).__close p:close() print(c(1), c(newproxy()), c(p))",
        # The message handler and the interrupting function, from the registry.
        "for _, f in pairs(debug.getregistry()) do if type(f) == 'function' then pcall(f, {}) end end print('alive')",
    ],
)
def test_functions_of_ours_that_debug_can_find_do_no_harm(stand_ins: dict[str, Path], code: str) -> None:
    """Called in ways that nothing but malice or curiosity would, they return; the process lives."""
    ours = execute(str(stand_ins["lua5.1"]), [str(stand_ins["lua5.1"]), "-e", code + " print('end')"], b"", {})
    assert ours.status == 0, ours
    assert ours.stdout.endswith(b"end\n")


def test_a_c_module_is_refused_in_words(stand_ins: dict[str, Path], name: str, tmp_path: Path) -> None:
    """By require, below a root, and by package.loadlib."""
    (tmp_path / "lpeg.so").write_bytes(b"\x7fELF")
    code = "print(pcall(require, 'lpeg')) print(pcall(require, 'lpeg.sub')) print(package.loadlib('x.so', 'luaopen_x'))"
    program = str(stand_ins[name])
    ours = execute(program, [program, "-e", code], b"", {"LUA_CPATH": f"{tmp_path}/?.so"})
    assert ours.stdout.decode().splitlines() == [
        f"false\terror loading module 'lpeg' from file '{tmp_path}/lpeg.so':",
        "\tluaproc loads no C modules; take one written in Lua",
        f"false\terror loading module 'lpeg.sub' from file '{tmp_path}/lpeg.so':",
        "\tluaproc loads no C modules; take one written in Lua",
        "nil\tluaproc loads no C modules; take one written in Lua\tabsent",
    ]


@pytest.mark.real
def test_errors_in_functions_of_ours_are_told_as_in_luas_own(
    run_both: Callable[..., tuple[Outcome, Outcome]], tmp_path: Path
) -> None:
    """The message, and one line of the trace for one function, though its place has a number."""
    (tmp_path / "lpeg.so").write_bytes(b"\x7fELF")
    for code in ("io.popen(nil)", "io.popen({}, 'r')", "package.loadlib()", "package.loadlib('x.so', nil)"):
        ours, real = run_both("lua5.1", ("-e", code))
        assert re.sub(rb"luaproc:\d+:", b"[C]:", ours.stderr) == real.stderr
    ours, real = run_both("lua5.1", ("-e", "require 'lpeg'"), env={"LUA_CPATH": f"{tmp_path}/?.so"})
    assert ours.stderr.count(b"\n") == real.stderr.count(b"\n")


@pytest.mark.real
def test_what_python_reads_from_the_environment_changes_nothing(
    run_both: Callable[..., tuple[Outcome, Outcome]], name: str
) -> None:
    """PYTHONINSPECT would have Python go on after the end, with a traceback."""
    ours, real = run_both(name, ("-e", "print(1)"), env={"PYTHONINSPECT": "1"})
    assert ours == real
    assert run_both(name, ("-e", "error()"), env={"PYTHONINSPECT": "1"})[0].status == 1


@pytest.mark.slow  # starts interpreters under limits
def test_little_memory_is_no_reason_to_fail(stand_ins: dict[str, Path], name: str) -> None:
    """A thread's stack of 8 MB, for Ctrl-C alone, would not fit; where even a small one does not, it goes without.
    In the C locale, since an archive of locales does not fit beside Python there (tests/responder/test_restart.py)."""
    program = str(stand_ins[name])
    for kilobytes in (24_000, 20_000):
        words = ["sh", "-c", f'ulimit -v {kilobytes}; exec "$@"', "sh", program, "-e", "print(1)"]
        assert execute("/bin/sh", words, b"", {"LC_ALL": "C"}) == Outcome(b"1\n", b"", 0)


@pytest.mark.slow  # starts interpreters
def test_a_broken_pipe_ends_it_as_it_ends_lua(stand_ins: dict[str, Path], name: str) -> None:
    """Of SIGPIPE, not of a Python exception."""
    program = str(stand_ins[name])
    with subprocess.Popen([program, "-e", "while true do print('y') end"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(300) == -signal.SIGPIPE


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_is_buffered_and_in_order(stand_ins: dict[str, Path], unbuffered: str) -> None:
    """stdout and a child's output interleave as with lua, with PYTHONUNBUFFERED in the environment too."""
    code = (
        "io.write('1') io.stderr:write('2') os.execute('printf 3') "
        "io.stdout:flush() os.execute('printf 4') io.write('5')"
    )
    done = subprocess.run(
        [str(stand_ins["lua5.1"]), "-e", code],
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        cwd=SCRIPTS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    assert done.stdout == b"23145"


@pytest.mark.real
@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_streams(stand_ins: dict[str, Path], name: str, closed: str) -> None:
    """What is written to nowhere is gone; nothing of ours takes the place of a closed stream."""
    code = (
        "print(1) io.stderr:write(2) print(io.read()) io.write(('x'):rep(9000)) "
        "for i = 1, 1e5 do local x end error('end')"
    )
    program = str(stand_ins[name])
    outcomes = [
        execute("/bin/sh", ["sh", "-c", f'exec "$@" {closed}', "sh", executable, "-e", code], b"in", {})
        for executable in (program, need(name))
    ]
    ours, real = outcomes
    assert (ours.stdout, ours.status) == (real.stdout, real.status)
    assert ours.stderr.replace(program.encode(), b"") == real.stderr.replace(need(name).encode(), b"")
