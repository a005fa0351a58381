"""What all commands do alike: with streams that are closed or full, and when they are told to end."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from luaproc.commands import cli

LUAPROC = [sys.executable, "-m", "luaproc"]
EXAMPLE = str(Path(__file__).parents[1] / "examples" / "greeting.jsonl")
COMMANDS = (["--help"], ["show", EXAMPLE], ["session"], ["replay", EXAMPLE], ["session", "--json"])


def shell(words: list[str], redirections: str) -> "subprocess.CompletedProcess[str]":
    """A command as a shell runs it, its input a step of a session."""
    line = f"echo 1 | {shlex.join([*LUAPROC, *words])} {redirections}"
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=300)


def _commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            yield (*words, name)
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from _commands(command, (*words, name))


def test_each_command_has_help_that_names_it() -> None:
    """Its module is there, and its options have words."""
    for words in _commands(cli):
        done = CliRunner().invoke(cli, [*words, "--help"], prog_name="luaproc")
        assert done.exit_code == 0, (words, done.output)
        assert done.output.startswith(f"Usage: luaproc {' '.join(words)} "), done.output
        assert "Options:" in done.output


@pytest.mark.slow  # starts commands
@pytest.mark.parametrize("words", [["wiki", "eval", "1"], ["lua", "--mw", "-e", ""], ["link", "lua"]], ids=" ".join)
def test_a_directory_that_is_gone_is_said_in_a_line(words: list[str], tmp_path: Path) -> None:
    """These look for a configuration, or name a file, by the current directory. (It was told as a full disk.)"""
    (tmp_path / "gone").mkdir()
    line = f"cd {tmp_path}/gone && rmdir {tmp_path}/gone && exec {shlex.join([*LUAPROC, *words])}"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "luaproc: the current directory is gone\n")


@pytest.mark.slow  # starts commands
def test_streams_that_do_not_wait_are_waited_for() -> None:
    """A parent's O_NONBLOCK: the steps after the first were lost without a word, and so was all but 64 KB of output."""
    (read_end, steps), (output, write_end) = os.pipe(), os.pipe()
    for end in (read_end, write_end):
        os.set_blocking(end, False)
    with subprocess.Popen([*LUAPROC, "session"], stdin=read_end, stdout=write_end, stderr=subprocess.PIPE) as process:
        os.close(read_end)
        os.close(write_end)
        with open(steps, "wb", buffering=0) as stdin, open(output, "rb") as stdout:
            for step, shown in ((b"6 * 7", b"42"), (b"print(('x'):rep(3e5))", b"x" * 300_000), (b"'end'", b'"end"')):
                time.sleep(0.5)  # it asks for the step before the step is there
                stdin.write(step + b"\n")
                assert stdout.readline() == shown + b"\n"
        assert process.wait(300) == 0
        assert process.stderr
        assert process.stderr.read() == b""


@pytest.mark.slow  # starts each command in turn
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_is_said_in_a_line(words: list[str]) -> None:
    done = shell(words, ">/dev/full")
    assert (done.returncode, done.stderr) == (1, "luaproc: the output cannot be written: No space left on device\n")


@pytest.mark.slow  # starts each command in turn
@pytest.mark.parametrize("redirections", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_closed_streams_are_empty(words: list[str], redirections: str) -> None:
    done = shell(words, redirections)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow  # starts each command in turn
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reader_that_has_enough_is_no_failure_to_tell(words: list[str]) -> None:
    assert shell(words, "| true").stderr == ""


def alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.slow  # starts each command in turn
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["session", "replay"])
def test_a_signal_ends_the_server_too(command: str, number: int, tmp_path: Path) -> None:
    """A server that loops would do so for ever: in a session of its own, it hears of no terminal that is closed."""
    server = tmp_path / "server"
    server.write_text(
        # Once it was spoken to: before that, its starter may not know it yet, and the end of its input ends a server.
        f"#!/bin/sh\nhead -c 1 >{tmp_path}/first\n"
        f"echo $$ >{tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid\nexec sleep 1000\n"
    )
    server.chmod(0o755)
    words = [EXAMPLE] if command == "replay" else []
    process = subprocess.Popen(
        [*LUAPROC, command, "--server", str(server), *words],
        stdin=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # these tests may run under nohup
    )
    try:
        assert process.stdin
        process.stdin.write(b"while true do end\n")
        process.stdin.flush()
        deadline = time.monotonic() + 300
        while not (tmp_path / "pid").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        pid = int((tmp_path / "pid").read_text())
        assert alive(pid)
        process.send_signal(number)
        assert process.wait(300) == -number
        assert not alive(pid)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow  # starts several Pythons
def test_an_ignored_signal_stays_ignored() -> None:
    """nohup's SIGHUP: the session goes on."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"trap '' HUP; exec {shlex.join([*LUAPROC, 'session'])}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(b"1\n")
    assert process.stdout.readline() == b"1\n"
    process.send_signal(signal.SIGHUP)
    process.stdin.write(b"2\n")
    assert process.stdout.readline() == b"2\n"
    process.communicate(timeout=300)
    assert process.returncode == 0
