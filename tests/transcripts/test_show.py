"""A transcript in the terminal."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from luaproc.transcripts.summary import brief, duration, size
from luaproc.wire.messages import Call, Error, GetStatus, LoadString, Return
from luaproc.wire.values import FunctionRef
from tests.transcripts.making import LUAPROC, Said, conversation, luaproc

EXAMPLE = Path(__file__).parents[2] / "examples" / "greeting.jsonl"


@pytest.mark.slow  # starts a command
def test_example_as_a_conversation() -> None:
    """Line, time, what passed since, size, who speaks, indented by depth, and what is said."""
    done = luaproc("show", str(EXAMPLE))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{EXAMPLE}: luaproc serve"
    said = [line[39:] for line in lines[4:23]]
    assert said[:12] == [
        "PHP registerLibrary php: exists",
        "Lua return",
        "PHP loadString Module:Greeting, 10 lines",
        "Lua return 1",
        "PHP call Module:Greeting()",
        "Lua return {greet = chunks[2]}",
        "PHP cleanupChunks keeps 2",
        "Lua return",
        'PHP call Module:Greeting: greet("Zürich")',
        'Lua   call php.exists("Zürich")',
        "PHP   return true",
        said[11],
    ]
    assert said[11].startswith('Lua return "Hello, Zürich!", 7  [')
    assert any(line.endswith("the server was ended by SIGTERM, as PHP ends one that it does not need any more")
               for line in lines)  # fmt: skip
    assert any(line.endswith("  php.exists") for line in lines), "the PHP functions that took most"


@pytest.mark.slow  # starts the command several times
@pytest.mark.parametrize("options", [(), ("--full",), ("--color", "--full")])
def test_no_control_byte_reaches_the_terminal(options: tuple[str, ...], tmp_path: Path) -> None:
    """Whatever stands in a module, a name, an error or the header: it is escaped."""
    said: list[Said] = [
        ("host", LoadString(b"return '" + b"\x1b[2J\n\ttext" + b"'", b"=\x1b[2Jname")),
        ("responder", Return((FunctionRef(1),))),
        ("host", Call(1, ("\x1b]0;title\x07\x9b2J\u202egnp.exe\r\n\x00\x7f", {"\x1b[1m": "\x1b[1m"}))),
        ("responder", Call(b"\x1b[2Jid", ("\x1b[2J",))),
        ("host", Error("\x1b[2J\n\x1b[2J")),
        ("responder", Error("\x1b[2J", ({b"short_src": b"\x1b[2J", b"name": b"\x07", b"namewhat": b"\x07"},))),
        ("host", b"\x1b[2J"),
    ]
    path = Path(conversation(tmp_path / "t.jsonl", said))
    path.write_text(path.read_text().replace('"lua5.1"', '"\\u001b[2J\\ud800"').replace("2026", "\\u001b[2J", 1))
    done = subprocess.run([*LUAPROC, "show", *options, str(path)], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for role in ("2", "36", "33", "31;1", "1", "0"):
        text = text.replace(f"\x1b[{role}m", "" if "--color" in options else "?")
    assert not [character for character in text if not character.isprintable() and character not in "\n\t"]


@pytest.mark.slow  # draws on a terminal
def test_colours_on_a_terminal_only() -> None:
    """A pipe gets none, a terminal does unless NO_COLOR is set."""

    def shown(**environment: str) -> bytes:
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [*LUAPROC, "show", str(EXAMPLE)], stdout=follower, env={**os.environ, "NO_COLOR": "", **environment}
        )
        os.close(follower)
        output = b""
        try:
            while data := os.read(leader, 65536):
                output += data
        except OSError:  # how Linux says that nobody has the terminal open any more
            pass
        os.close(leader)
        assert process.wait(300) == 0
        return output

    assert b"\x1b[" in shown()
    assert b"\x1b[" not in shown(NO_COLOR="1")
    assert "\x1b[" not in luaproc("show", str(EXAMPLE)).stdout
    assert "\x1b[" in luaproc("show", "--color", str(EXAMPLE)).stdout


@pytest.mark.slow  # starts several Pythons
def test_full_shows_every_message() -> None:
    """The module's text with its lines, and the trace as Lua prints one."""
    text = luaproc("show", "--full", str(EXAMPLE)).stdout
    assert '        error("no such page: " .. name)' in text
    assert "Module:Greeting:5: in function <Module:Greeting:3>" in text


@pytest.mark.slow  # starts many processes
def test_lines_keep_their_width(tmp_path: Path) -> None:
    """However large or deep a message is."""
    deep: object = "x"
    for _ in range(90):
        deep = {"key": deep, "other": ["é" * 300] * 5}
    said: list[Said] = [
        ("host", GetStatus()),
        ("responder", Return((deep,))),
        ("host", Call(1, (b"\0" * 5000,))),
        *[("responder", Call(b"f" * 300, ())), ("host", Call(1))] * 30,
    ]
    text = luaproc("show", "--width", "100", conversation(tmp_path / "t.jsonl", said)).stdout
    frames = text.splitlines()[4 : 4 + len(said)]
    assert len(frames) == 63
    assert max(map(len, frames)) <= 130  # at a depth of 20 and more, 20 characters of content are left
    assert max(map(len, frames[:3])) <= 100


def test_brief_takes_only_what_it_shows() -> None:
    """A large value costs no more than its beginning."""

    class Counted(dict[int, int]):
        seen = 0

        def items(self):  # type: ignore[no-untyped-def]
            for item in super().items():
                Counted.seen += 1
                yield item

    text = brief((Counted(dict.fromkeys(range(1, 100_000), 7)),), 30)
    assert text == "{7, 7, 7, 7, 7, 7, 7, 7, 7, 7…"
    assert Counted.seen < 50


def test_sizes_and_durations() -> None:
    """In the units that are easiest to compare."""
    assert [size(n) for n in (0, 999, 1000, 33_100, 5_000_000)] == ["0 B", "999 B", "1.0 kB", "33.1 kB", "5.0 MB"]
    assert [duration(s) for s in (0, 0.000012, 0.00123, 2.5)] == ["0 µs", "12 µs", "1.23 ms", "2.50 s"]


@pytest.mark.slow  # starts the command several times
def test_from_stdin_and_to_stdout() -> None:
    """``-``, as elsewhere."""
    done = luaproc("show", "-", input=EXAMPLE.read_text())
    assert done.stdout.split("\n", 1)[1] == luaproc("show", str(EXAMPLE)).stdout.split("\n", 1)[1]
    assert done.stdout.startswith("<stdin>: ")
    assert luaproc("show", "--html", "-", str(EXAMPLE)).stdout.startswith("<!doctype html>")
    assert luaproc("show", "-", input="no json\n").stderr.startswith("luaproc: <stdin>:1: expected a JSON object")
