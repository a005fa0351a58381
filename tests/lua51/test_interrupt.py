"""Ctrl-C: what a signal that arrives while Lua runs does, compared with the real interpreters."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.lua51.conftest import SCRIPTS, Outcome, aside
from tests.parts import need

READY = "io.stdout:write('ready\\n') io.stdout:flush()\n"

# What it shows -> the script, how many signals, stdin after them (None: none is needed).
CASES: dict[str, tuple[str, int, bytes | None]] = {
    "a loop in the main chunk": (READY + "while true do local x = 1 end", 1, None),
    "a loop in functions": (
        "local function spin() while true do local x = 1 end end\nlocal function outer() spin() end\n"
        + READY
        + "outer()",
        1,
        None,
    ),
    "a loop of calls to C functions": (READY + "while true do math.floor(1.5) end", 1, None),
    "pcall catches it, once": (
        "local function spin() while true do local x = 1 end end\n"
        + READY
        + "print(pcall(spin))\nprint(debug.gethook())",
        1,
        None,
    ),
    "a script with a hook of its own": (
        "debug.sethook(function() end, 'l')\n" + READY + "while true do local x = 1 end",
        1,
        None,
    ),
    "a loop in a coroutine takes two, in PUC Lua": (
        READY + "coroutine.wrap(function() while true do local x = 1 end end)()",
        2,
        None,
    ),
    "a C function that never ends takes two": (READY + "string.find(('a'):rep(60), ('a*'):rep(30) .. 'b')", 2, None),
    "a read that waits": (READY + "print(io.read())\nfor i = 1, 1e9 do local x = i end", 1, b"typed\n"),
}

# Where the error lies is chance, or one instruction later than with the real one (luaproc.lua51.interrupt).
ANYWHERE = ("a loop of calls to C functions", "a read that waits")


def interrupted(executable: str, program: str, script: Path, case: tuple[str, int, bytes | None]) -> Outcome:
    """Run a script, send SIGINT once it is ready, once more if one does not do."""
    _, signals, stdin = case
    # LuaJIT does not look at hooks in compiled code: there, the interpreter is what Ctrl-C reaches.
    words = [program, *(["-joff"] if "luajit" in program else []), str(script)]
    with subprocess.Popen(
        words,
        executable=executable,
        cwd=SCRIPTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.3)  # for the script to be in its loop
            process.send_signal(signal.SIGINT)
            if signals == 2:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(1)
                process.send_signal(signal.SIGINT)
            if stdin is not None:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(0.5)
            else:
                process.wait(300)  # with stdin open: its end would end a read too
            out, err = process.communicate(stdin, timeout=300)
        finally:
            process.kill()
    return Outcome(aside(out), aside(err), process.returncode)


@pytest.mark.real
@pytest.mark.parametrize("shows", CASES)
def test_a_signal_does_what_it_does_to_the_real_one(
    stand_ins: dict[str, Path], name: str, shows: str, tmp_path: Path
) -> None:
    """stdout, stderr with the traceback, exit status or signal."""
    text, signals, stdin = CASES[shows]
    if name == "luajit" and "coroutine" in shows:
        signals = 1  # Its hooks are those of all coroutines.
    case = text, signals, stdin
    script = tmp_path / "script.lua"
    script.write_text(text)
    program = str(stand_ins[name])
    ours = interrupted(program, program, script, case)
    real = interrupted(need(name), program, script, case)
    if shows in ANYWHERE:
        assert b"interrupted!\nstack traceback:\n" in ours.stderr
        ours, real = ours._replace(stderr=b""), real._replace(stderr=b"")
    assert ours == real
