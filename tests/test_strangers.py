"""Files and texts of strangers, at every command: nothing hangs, nothing is read without an end, nothing reaches a
terminal that it would obey, and no file of anybody's is lost."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from luaproc.host.process import SCRIBUNTO_MEMORY_LIMIT
from tests.parts import missing

LUAPROC = [sys.executable, "-m", "luaproc"]
EXAMPLE = Path(__file__).parents[1] / "examples" / "greeting.jsonl"
HOSTILE = "\x1b[2J \x9b2J \u202egnp \u2066 \x07"
SHOWN = r"\x1b[2J \xc2\x9b2J \xe2\x80\xaegnp \xe2\x81\xa6 \x07"


def luaproc(*words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run the command line, with nobody typing; a traceback is a failure whatever was asked for."""
    done = subprocess.run(
        [*LUAPROC, *words],
        **{"capture_output": True, "text": True, "timeout": 600, "stdin": subprocess.DEVNULL, **options},
    )
    assert "Traceback" not in str(done.stderr), done.stderr
    return done


def is_printable(text: str) -> bool:
    return all(char.isprintable() or char in "\n\t" for char in text)


# Reading

READERS = [
    (["show", "{}"], 1),
    (["replay", "{}"], 1),
    (["compare", "--server", "a", "--server", "b", "{}"], 1),
    (["profile", "{}"], 1),
    (["session", "{}"], 2),
    (["session", "{}.lua"], 1),
    (["session", "-e", ":load {}"], 1),
    (["session", "-e", ":module {} m"], 1),
    (["nflua", "execute", "state", "{}"], 2),
    (["wiki", "eval", "1", "--site", "{}"], 2),
    (["wiki", "eval", "1", "--pages", "{}"], 2),
]


@pytest.mark.slow  # starts each command
@pytest.mark.parametrize(
    ("words", "status"), READERS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_pipe_is_not_waited_for_and_a_device_not_read(words: list[str], status: int, tmp_path: Path) -> None:
    """One line each. A pipe that nobody writes to would be waited for, /dev/zero fill the memory."""
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.lua")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "zero.lua").symlink_to("/dev/zero")
    for name, what in (("pipe", "pipe"), ("zero", "device")):
        done = luaproc(*(word.format(tmp_path / name) for word in words))
        assert done.returncode == status
        assert done.stderr.count("\n") == 1
        assert f"expected a file, and this is a {what}" in done.stderr or "neither a folder nor a file" in done.stderr


@pytest.mark.slow  # starts commands that read much
@pytest.mark.parametrize("words", [["show", "-"], ["session", "-"], ["session"]], ids=" ".join)
def test_an_endless_input_has_an_end(words: list[str]) -> None:
    with open("/dev/zero", "rb") as zero:
        done = luaproc(*words, stdin=zero)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


@pytest.mark.slow  # starts many processes
def test_a_shells_own_pipe_is_read() -> None:
    """``show <(zcat page.jsonl.gz)``: nobody else could have put that there."""
    line = '"$@" show --no-color <(cat ' + str(EXAMPLE) + ")"
    done = subprocess.run([shutil.which("bash") or "sh", "-c", line, "sh", *LUAPROC], capture_output=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Hello, Z" in done.stdout


@pytest.mark.slow  # starts commands
def test_steps_that_hold_steps_or_values_in_values_end_in_a_line() -> None:
    """3,000 of anything that nests."""
    deep = 3000
    steps = [":fails " * deep + "error('x')", ":call 1 " + "{" * deep + "}" * deep, "return " + "{" * deep + "}" * deep,
             "local t = {} for i = 1, 3000 do t = {t} end return t", ":lua " * deep + "1",
             ":raw " + '{["op"]=' * deep, ":register a " + "b=call(" * deep]  # fmt: skip
    done = luaproc("session", "--keep-going", input="\n".join(steps) + "\n", stdin=None)
    assert done.returncode == 1
    assert "expected a step that can fail after :fails, got :fails again" in done.stderr
    assert luaproc("session", "--keep-going", "--json", input="\n".join(steps) + "\n", stdin=None).returncode == 1


# Servers for what strangers recorded


def transcript(path: Path, header: dict[str, Any], code: str) -> str:
    """A transcript in which PHP loads a module and calls it."""
    returned = 'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:%d;s:6:"values";a:%d:{%s}}'
    bodies = [
        f'{{["op"]="loadString",["text"]="{code}",["chunkName"]="=x"}}',
        returned % (1, 1, "i:1;i:1;"),
        '{["op"]="call",["id"]=1,["nargs"]=0,["args"]={}}',
        returned % (0, 0, ""),
    ]
    rows = [{"luaproc-transcript": 1, "started": "2026-11-20T10:11:12.0Z", "pid": 1, "command": ["lua"], **header}]
    rows += [
        {"t": number, "from": ("host", "responder")[number % 2], "body": body} for number, body in enumerate(bodies)
    ]
    rows.append({"t": 9, "end": "exited", "status": 0})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.slow  # starts servers under limits
def test_a_strangers_recording_is_played_under_limits(tmp_path: Path) -> None:
    """Those that it names, else Scribunto's own; and which ones these are is said."""
    fills = "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(4000) .. i end"
    done = luaproc("replay", transcript(tmp_path / "t", {}, fills))
    said = f"limits: 7 s of CPU time (Scribunto's own), {SCRIBUNTO_MEMORY_LIMIT:,} bytes of memory (Scribunto's own)\n"
    assert said in done.stdout
    assert "not enough memory" in done.stdout
    path = transcript(tmp_path / "t", {"cpu_limit": 1, "memory_limit": 60_000_000}, "while true do end")
    done = luaproc("replay", path)
    assert "limits: 1 s of CPU time (as recorded), 60,000,000 bytes of memory (as recorded)\n" in done.stdout
    assert "time allocated for running scripts has expired" in done.stdout
    server = " ".join([*LUAPROC, "serve"])
    assert said in luaproc("compare", "--server", server, "--server", server, str(EXAMPLE)).stdout
    done = luaproc("replay", transcript(tmp_path / "t", {"cpu_limit": 10**30}, "return"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


# Writing


@pytest.mark.slow  # starts commands in a mount namespace
def test_a_full_disk_destroys_no_earlier_report(tmp_path: Path) -> None:
    """A page, JSON, a script of a session: whole or not at all, and nothing is left beside it."""
    script = """
        mount -t tmpfs -o size=64k none "$1" || exit 99
        cd "$1" && echo old >report && echo old >steps && dd if=/dev/zero of=filler bs=4k count=14 2>/dev/null
        shift
        "$@" show --html report EXAMPLE
        echo "$?"
        "$@" session -e "local s = [[$(head -c 9000 filler | tr '\\0' x)]]" -e ':save steps' </dev/null
        echo "$?"
        cat report steps; ls -A
    """.replace("EXAMPLE", str(EXAMPLE))
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(tmp_path), *LUAPROC],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode == 99 or "unshare" in done.stderr:
        missing("mount namespaces: needs root")
    told = done.stderr.splitlines()
    assert done.stdout.split() == ["1", "1", "old", "old", "filler", "report", "steps"]
    assert told == [
        "luaproc: cannot write report: No space left on device",
        "-e 2:1: cannot write steps: No space left on device",
    ]


@pytest.mark.slow  # starts many processes
def test_what_is_written_goes_through_nobodys_link(tmp_path: Path) -> None:
    """A report, a launcher, a session's script: what somebody planted at the name is replaced, its aim untouched."""
    victim = tmp_path / "victim"
    commands = [
        ["show", "--html", "{}", str(EXAMPLE)],
        ["session", "-e", ":save {}"],
        ["record", "--launcher", "{}", "--force", "--dir", str(tmp_path / "recordings"), "--", "lua5.1"],
    ]
    for number, words in enumerate(commands):
        victim.write_text("precious")
        victim.chmod(0o600)
        path = tmp_path / str(number)
        path.symlink_to(victim)
        assert luaproc(*(word.format(path) for word in words)).returncode == 0
        assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("precious", 0o600)
        assert path.is_file()
        assert not path.is_symlink()


@pytest.mark.slow  # runs doctor
def test_a_report_does_not_wait_for_a_planted_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report")
    done = luaproc("show", "--html", str(tmp_path / "report"), str(EXAMPLE))
    assert (done.returncode, done.stderr) == (1, f"luaproc: cannot write {tmp_path}/report: nobody reads this pipe\n")


# What reaches a terminal


def on_a_terminal(*words: str) -> str:
    """Both streams of a command on a terminal of its own, as text; with the colours left out."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [*LUAPROC, *words], stdin=its, stdout=its, stderr=its, env={**os.environ, "NO_COLOR": "1"}
    )
    os.close(its)
    told = b""
    try:
        while part := os.read(ours, 65536):
            told += part
    except OSError:  # EIO: the command has closed it
        pass
    process.wait(300)
    os.close(ours)
    return told.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


WORDS = [
    ["show", f"/{HOSTILE}"],
    [f"--{HOSTILE}"],
    [HOSTILE],
    ["show", "a", HOSTILE],
    ["session", f"/{HOSTILE}"],
    ["session", "-e", f"error([==[{HOSTILE}]==], 0)"],
    ["session", "-e", f"return [==[{HOSTILE}]==]", "--echo"],
    ["session", "-e", f":load /{HOSTILE}"],
    ["session", "--server", HOSTILE, "-e", "1"],
    ["replay", str(EXAMPLE), "--server", f"/{HOSTILE}"],
    ["compare", str(EXAMPLE), "--server", f"/{HOSTILE}", "--server", "b"],
    ["link", f"/nowhere/{HOSTILE}", "--force"],
    ["profile", f"/nowhere/{HOSTILE}"],
    ["link", f"/nowhere/{HOSTILE}", "--runtime", HOSTILE],
    ["record", "-o", "/dev/null", "--", HOSTILE],
    ["record", "--launcher", f"/nowhere/{HOSTILE}", "--dir", "/tmp", "--", "lua"],
    ["serve", "--log", HOSTILE, "--runtime", HOSTILE],
    ["bench", "--only", HOSTILE],
    ["bench", "--json", f"/nowhere/{HOSTILE}"],
    ["doctor", "--lua", f"/nowhere/{HOSTILE}", "--mediawiki", f"/nowhere/{HOSTILE}"],
    ["doctor", "--lua", f"/nowhere/{HOSTILE}", "--mediawiki", f"/nowhere/{HOSTILE}", "--json"],
    ["nflua", "execute", "state", f"/{HOSTILE}"],
    ["wiki", "eval", "1", "--site", f"/{HOSTILE}"],
    ["wiki", "eval", "1", "--pages", f"/{HOSTILE}"],
    ["wiki", "eval", "1", "--now", HOSTILE],
]


@pytest.mark.slow  # starts each command
@pytest.mark.parametrize("words", WORDS, ids=lambda words: ascii(" ".join(words)[:30]))
def test_no_control_characters_reach_a_terminal(words: list[str]) -> None:
    told = on_a_terminal(*words)
    assert told
    assert is_printable(told), told


@pytest.mark.slow  # starts commands
def test_none_of_a_recordings_either(tmp_path: Path) -> None:
    """Its name, its command, its module's name and error, and PHP's texts, where a replay finds a difference."""
    path = tmp_path / HOSTILE.replace("/", "")
    text = transcript(path, {"command": [HOSTILE], "started": HOSTILE}, f"error('{HOSTILE}', 0)")
    for words in (
        ["show"],
        ["show", "--full"],
        ["replay"],
        ["compare", *["--server", " ".join([*LUAPROC, "serve"])] * 2],
    ):
        told = on_a_terminal(*words, text)
        assert is_printable(told), told
        assert "\\x1b[2J" in told


@pytest.mark.slow  # starts a server
def test_a_page_reaches_a_terminal_without_and_a_pipe_with_all_its_characters(tmp_path: Path) -> None:
    (tmp_path / "Module").mkdir()
    (tmp_path / "Module" / "M.lua").write_text(f"return {{ f = function() return '{HOSTILE[4:-1]}' end }}")
    words = ["wiki", "invoke", "--pages", str(tmp_path), "M", "f"]
    done = luaproc(*words)
    if done.returncode:
        missing("Scribunto's Lua library")
    assert done.stdout == HOSTILE[4:-1] + "\n"  # the first and last, of C0, MediaWiki replaces
    assert on_a_terminal(*words) == SHOWN[7:-4] + "\n"
