"""A server's end: its last words, the limits that it has, and how a session goes on."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.session.conftest import Run

pytestmark = pytest.mark.slow  # starts a session for each test

MANY_LINES = "i=1; while [ $i -le 300 ]; do echo line $i of a warning that a wrapper has >&2; i=$((i+1)); done"
WARNING = "".join(f"    line {number} of a warning that a wrapper has\n" for number in range(1, 301))


@pytest.mark.parametrize(
    ("then", "words", "what"),
    [
        ("exit 3", (), "the interpreter exited with status 3"),
        ("kill -9 $$", (), "the interpreter received signal 9 (SIGKILL)"),
        ("exec sleep 60", ("--timeout", "1"), "the interpreter did not answer within 1 seconds, and was ended"),
        ("echo no frame, at all; exec sleep 60", (), "frame at byte 0: expected a header"),
    ],
)
def test_all_that_a_server_said_is_shown(run: Run, then: str, words: tuple[str, ...], what: str) -> None:
    """However it ended, and not only the last of its lines."""
    server = ("--server", f"sh -c '{MANY_LINES}; {then}'")
    done = run("", *server, *words, "-e", "1")
    assert done.returncode == 1
    first, _, rest = done.stderr.partition("\n")
    assert first.startswith(f"-e:1: {what}")
    assert first.endswith("; its last words:")
    assert rest == WARNING
    told = json.loads(run("", "--json", *server, *words, "-e", "1").stdout)
    assert told["error"]["stderr"] == "\n".join(line.strip() for line in WARNING.splitlines())


def test_a_single_line_is_no_list(run: Run) -> None:
    done = run("", "--server", "sh -c 'echo why >&2; exit 3'", "-e", "1")
    assert done.stderr == "-e:1: the interpreter exited with status 3 - why\n"


@pytest.mark.slow  # a second of CPU time
def test_where_the_cpu_time_went_is_shown(run: Run, tmp_path: Path) -> None:
    """The stack that the responder writes before it is ended."""
    (tmp_path / "m.lua").write_text("local p = {}\nfunction p.spin()\n  while true do end\nend\nreturn p\n")
    done = run("m.spin()\n", "--max-cpu", "1", "m.lua")
    assert done.stderr.startswith("<stdin>:1: The time allocated for running scripts has expired")
    assert "Module:m:3: in function 'spin'" in done.stderr
    assert done.stderr.endswith("\n--max-cpu SECONDS sets another limit, 0 none\n")


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="this system has no /proc/PID/limits")
@pytest.mark.parametrize(
    ("words", "cpu", "memory"),
    [
        ((), ["7", "8"], "52428800"),
        (("--max-cpu", "0", "--max-memory", "0"), None, None),
        (("--max-cpu", "9"), ["9", "10"], "52428800"),
    ],
)
def test_a_server_has_a_wikis_limits(words: tuple[str, ...], cpu: list[str] | None, memory: str | None) -> None:
    """What a module may do here is what it may do there, unless something else is asked for."""
    command = [sys.executable, "-m", "luaproc", "session", "--json", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdin
        assert session.stdout
        print(":status", file=session.stdin, flush=True)
        pid = json.loads(session.stdout.readline())["status"]["pid"]

        def limits(name: str | int) -> list[str]:
            text = Path(f"/proc/{name}/limits").read_text()
            rows = {line[:26].strip(): line[26:].split() for line in text.splitlines()}
            return [*rows["Max cpu time"][:2], *rows["Max address space"][:1]]

        found, own = limits(pid), limits("self")
        session.stdin.close()
    assert found == [*(cpu or own[:2]), memory or own[2]]


def test_restart_loads_modules_anew(run: Run, tmp_path: Path) -> None:
    """A module that ended its server is there again, as it stands in the file by then."""
    (tmp_path / "m.lua").write_text("return { f = function() return 'here' end }\n")
    done = run(":testquit\n:restart\nm.f()\n", "m.lua")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith('; loaded anew: m.lua\n"here"\n')


def test_libraries_of_a_wiki_are_missed_with_a_way_to_them(run: Run) -> None:
    """Most modules use one, and a person who tries a module here need not look for it."""
    for code, name in (("return mw.html.create()", "mw"), ("require('Module:A')", "require")):
        done = run("", "-e", code)
        assert f"a session has no {name}: `luaproc wiki` runs modules with a wiki's libraries\n" in done.stderr
    assert "luaproc wiki" not in run("", "-e", "ms.html.create()").stderr


def test_which_step_of_the_command_line_failed(run: Run) -> None:
    assert run("", "-e", "x = 1", "-e", "x.y.z()").stderr.startswith("-e 2:1: ")


def test_files_with_the_mark_of_utf_8_are_modules(run: Run, tmp_path: Path) -> None:
    """As editors of Windows write them; Lua itself takes the mark for a syntax error."""
    (tmp_path / "m.lua").write_bytes(b"\xef\xbb\xbflocal p = {}\r\nfunction p.f()\r\n  return 1\r\nend\r\nreturn p\r\n")
    assert run("m.f()\n", "m.lua").stdout.endswith("1\n")


def test_prompts_into_a_pipe(run: Run) -> None:
    """`-i` from a pipe asks as `lua -i` does, and warns of nothing."""
    done = run("x + 1\n", "-e", "x = 1", "-i")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("lua> 2\nlua> \n")
    assert "with a wiki's limits, 7 s of CPU time and 50 MiB of memory (--max-cpu, --max-memory)." in done.stdout


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_knows_no_escape_sequences_gets_none(tmp_path: Path, term: str) -> None:
    """A screen reader's user asks for one; what is typed is read line by line then."""
    import pexpect

    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}  # pytest's
    child = pexpect.spawn(
        sys.executable, ["-m", "luaproc", "session"], encoding="utf-8", timeout=300, dimensions=(24, 40),
        env={**environment, "TERM": term, "XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip
    shown = ""
    for step in ("error('x')", ":help load", "local string = 1"):
        child.expect_exact("lua> ")
        shown += child.before
        child.sendline(step)
    child.expect_exact("lua> ")
    shown += child.before
    child.sendeof()
    child.expect(pexpect.EOF)
    shown += child.before
    child.close()
    assert child.exitstatus == 0
    assert "input 1:1: x" in shown
    assert "\x1b" not in shown
    assert max(map(len, shown.split("\r\n"))) <= 40


@pytest.mark.parametrize("plain", [False, True], ids=["prompt-toolkit", "plain"])
def test_no_colour_where_none_is_wanted(tmp_path: Path, plain: bool) -> None:
    """NO_COLOR takes the colours and leaves the editing."""
    import pexpect

    without = "import sys; sys.modules['prompt_toolkit'] = None; from luaproc.entry import main; main()"
    child = pexpect.spawn(
        sys.executable, [*(("-c", without) if plain else ("-m", "luaproc")), "session"], encoding="utf-8", timeout=300,
        env={**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1", "XDG_STATE_HOME": str(tmp_path)},
    )  # fmt: skip
    child.expect_exact("Ctrl-D leaves.")
    child.expect_exact("lua>")
    child.send("error('x')\r")
    child.expect_exact("input 1:1: x")
    shown = child.before
    child.expect_exact("lua>")
    shown += child.before
    child.sendeof()
    child.expect(pexpect.EOF)
    shown += child.before
    child.close()
    assert set(re.findall(r"\x1b\[([0-9;]*)m", shown)) <= {"", "0"}
