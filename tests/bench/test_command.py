"""`luaproc bench` as it is called: real servers, and users who err."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from tests import forks
from tests.parts import need, reference_server

# Each test measures real servers.
pytestmark = pytest.mark.slow

BENCH = [sys.executable, "-m", "luaproc", "bench"]


def bench(*words: str) -> "subprocess.CompletedProcess[str]":
    done = forks.run("bench", *words)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.real
def test_table_and_json(tmp_path: Path) -> None:
    """The same figures in both; nothing on stderr where nobody watches."""
    need("mediawiki")
    need("lua5.1")
    file = tmp_path / "figures.json"
    done = bench("--only", "echo", "--only", "bare", "--rounds", "2", "--json", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(file.read_text())
    assert [row["key"] for row in found["workloads"]] == ["bare", "echo"]
    echo = found["workloads"][1]
    assert list(echo["figures"]) == ["luaproc lua51", "lua5.1"]
    assert all(1e-6 < figure < 1e-2 for figures in echo["figures"].values() for figure in figures)
    assert [len(figures) for figures in echo["figures"].values()] == [2, 2]
    assert f"{echo['ratios']['lua5.1']['median']:.2f} (" in done.stdout
    assert "all processes on CPU" in done.stdout


@pytest.mark.real
def test_json_alone_on_stdout_and_three_servers() -> None:
    """For a pipe into another program; every --against is one more column."""
    lua, *arguments = reference_server(lua="luajit")
    complete = " ".join(f"'{word}'" for word in [lua, *arguments])
    done = bench(
        *("--runtime", "luajit21", "--against", complete, "--against", need("lua5.1")),
        *("--only", "status", "--rounds", "1", "--json", "-"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [server["name"] for server in found["servers"]] == ["luaproc luajit21", "luajit", "lua5.1"]
    assert found["servers"][0]["version"].startswith("LuaJIT 2.1")
    ours = found["servers"][0]["command"]
    again = subprocess.run([*ours[:-4], "-v"], capture_output=True, text=True, timeout=300)
    assert again.stdout.startswith("LuaJIT 2.1"), "a command that is still one"
    assert set(found["workloads"][0]["ratios"]) == {"luajit", "lua5.1"}


@pytest.mark.real
def test_markdown_is_a_table_by_itself() -> None:
    """Its lines can be pasted into README."""
    need("lua5.1")
    done = bench("--markdown", "--only", "virtual", "--rounds", "1")
    assert "| workload | luaproc lua51 | lua5.1 | ratio (quartiles) |\n| --- | ---: | ---: | ---: |\n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("| virtual memory after the first reply | ")


@pytest.mark.real
def test_progress_bar_on_a_terminal() -> None:
    """It tells what is being measured, and counts to the end."""
    need("lua5.1")
    child = pexpect.spawn(BENCH[0], [*BENCH[1:], "--only", "echo", "--rounds", "2"], encoding="utf-8", timeout=300)
    child.expect(r"\[-+\]  0/4")
    child.expect("1/4.*echo, lua5.1")
    child.expect("4/4")
    child.expect(r"`call` that echoes one number .* \(\d")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.real
def test_a_limit_that_is_lower_already() -> None:
    """Only root may raise it; the measurement goes on under it."""
    need("lua5.1")
    weak = ["setpriv", "--bounding-set=-sys_resource"] if os.geteuid() == 0 else []
    words = [*weak, "sh", "-c", 'ulimit -v 100000; exec "$@"', "sh", *BENCH, "--only", "echo", "--rounds", "1"]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real
def test_a_signal_leaves_nothing_behind(tmp_path: Path) -> None:
    """No launcher, no accounts, no wiki, and no server."""
    need("lua5.1")
    pid = tmp_path / "pid"
    lua = tmp_path / "lua"
    lua.write_text(f"#!/bin/sh\necho $$ >{pid}\nexec sleep 1000\n")
    lua.chmod(0o755)
    place = tmp_path / "tmp"
    place.mkdir()
    env = os.environ | {"TMPDIR": str(place)}
    with subprocess.Popen([*BENCH, "--against", f"{lua} x"], env=env, stderr=subprocess.DEVNULL) as process:
        while not (pid.exists() and pid.read_text().endswith("\n")):
            assert process.poll() is None
            time.sleep(0.05)
        assert list(place.iterdir()) != []
        process.terminate()
        assert process.wait(300) == -signal.SIGTERM
    assert list(place.iterdir()) == []
    deadline = time.monotonic() + 60
    while Path(f"/proc/{int(pid.read_text())}").exists():  # its new parent, init, has to wait for it
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_json_that_cannot_be_written_is_said_after_the_table() -> None:
    done = bench("--only", "echo", "--rounds", "1", "--json", "/dev/full")
    assert (done.returncode, done.stderr) == (1, "luaproc: cannot write /dev/full: No space left on device\n")
    assert "`call` that echoes" in done.stdout


def test_json_of_an_earlier_run_stays_where_this_one_fails(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("precious")
    assert bench("--json", str(old), "--against", "no-such-command x").returncode == 2
    assert old.read_text() == "precious"


@pytest.mark.real
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--only", "ecko"], 2, "--only expects one of start, bare, echo, "),
        (["--against", "no-such-command x"], 2, "no-such-command is not a command that can be executed"),
        (["--mediawiki", "/nowhere"], 2, "expected the directory of a MediaWiki that has extensions/Scribunto"),
        (["--against", "sh -c 'echo went wrong >&2; exit 9'"], 1, "exited with status 9 - went wrong"),
        (["--against", "cat /dev/null"], 1, "cat /dev/null cannot be measured: the interpreter exited with status 0"),
        (["--against", "echo 000000000000000g"], 1, "expected a header of 16 lower-case hexadecimal digits"),
        (["--json", "/nowhere/x"], 2, "--json expects a file in a directory that is there, and /nowhere is not"),
        (["--cpu", "4711"], 1, "expected a CPU out of 0"),
    ],
)
def test_errors_are_one_sentence(words: list[str], status: int, said: str) -> None:
    """No traceback, no table, and the status of the error tree."""
    need("mediawiki")
    need("lua5.1")
    done = bench("--only", "echo", "--rounds", "1", *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert done.stderr.startswith("luaproc: ")
    assert done.stderr.count("\n") == 1


def test_a_page_that_cannot_be_measured_says_why(tmp_path: Path) -> None:
    """Also the one row that has no server of its own."""
    own = f"{sys.executable} -m luaproc serve"
    command = [*BENCH, "--only", "page-wiki", "--rounds", "1", "--against", own]
    done = subprocess.run(
        command, env=os.environ | {"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no pages: " in done.stderr
