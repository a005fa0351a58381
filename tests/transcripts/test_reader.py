"""What is written comes back, and what is wrong with a file is said with its line."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luaproc.transcripts.errors import TranscriptError
from luaproc.transcripts.reader import End, Loose, RecordedFrame, read
from luaproc.transcripts.writer import PIECE, Writer
from luaproc.wire.framing import encode_frame
from tests.transcripts.making import HEADER, luaproc, write

EXAMPLE = Path(__file__).parents[2] / "examples" / "greeting.jsonl"
FRAME = {"t": 0.5, "from": "host", "body": "x"}
END = {"t": 1, "end": "exited", "status": 0}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reader")


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), st.binary(max_size=20), st.integers(1, 40))
def test_no_byte_is_lost_however_it_arrives(bodies: list[bytes], tail: bytes, cut: int) -> None:
    """Frames are cut out of any pieces of the stream; what is left over, or is no frame, is kept too."""
    stream = b"".join(map(encode_frame, bodies)) + tail
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/t.jsonl"
        writer = Writer(path)
        writer.header(["lua"], 1, 0.0)
        for at in range(0, len(stream), cut):
            writer.data("host", stream[at : at + cut], at / 1e6)
        writer.data("host", b"", 1.0)
        writer.end(1.0, 0)
        writer.close()
        transcript = read(path)
    assert [frame.body for frame in transcript.frames][: len(bodies)] == bodies
    loose = b"".join(event.data for event in transcript.events if isinstance(event, Loose))
    if tail[:1] and tail[:1] not in b"0123456789abcdef":
        assert loose == tail


@pytest.mark.slow  # reads large bodies
@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
@pytest.mark.parametrize("character", [b"a", "é".encode(), "日".encode(), b"\xff"])
def test_large_bodies_come_in_pieces(size: int, character: bytes, tmp_path: Path) -> None:
    """They are put together again, and a piece of text stays text: it does not end inside a character."""
    body = (b"-" + character * size)[:size]
    path = tmp_path / "t.jsonl"
    writer = Writer(str(path))
    writer.header(["lua"], 1, 0.0)
    writer.data("responder", encode_frame(body), 0.1)
    writer.frame("host", body, 0.2)
    writer.end(0.3, -15)
    transcript = read(path)
    assert [(frame.side, frame.body == body) for frame in transcript.frames] == [("responder", True), ("host", True)]
    lines = path.read_text().splitlines()
    assert max(map(len, lines)) < 2 * PIECE
    whole = len(body.decode(errors="ignore").encode()) == len(body)
    if whole:
        assert not any('"encoding"' in line for line in lines if '"responder"' in line)


def test_a_frame_cut_short_is_shown_as_such(tmp_path: Path) -> None:
    """A server that dies in the middle of a frame leaves the bytes that it wrote."""
    writer = Writer(str(tmp_path / "t.jsonl"))
    writer.header(["lua"], 1, 0.0)
    writer.data("responder", encode_frame(b"abcdef")[:-2], 0.1)
    writer.end(0.3, -9)
    [event] = read(tmp_path / "t.jsonl").events
    assert isinstance(event, Loose)
    assert (event.data, event.reason) == (b"abcd", "the frame is not complete: 4 of 6 bytes")


# What is in the lines, and what is said about the line with the number.
WRONG: list[tuple[list[Any], int, str]] = [
    (["no json", END], 2, "expected a JSON object: Expecting value in column 1"),
    ([[1, 2], END], 2, "expected a JSON object, got [1, 2]"),
    (["[" * 100_000, END], 2, "expected a JSON object: "),
    (['{"t":NaN}', END], 2, "NaN is no JSON"),
    ([FRAME | {"t": None}, END], 2, 'expected "t", seconds since the start, got nothing'),
    ([FRAME | {"t": 10**400}, END], 2, 'expected "t", seconds since the start, got 1000'),
    ([FRAME, FRAME | {"t": 0.25}, END], 3, 'expected "t" of 0.500000 or more, as on the lines before, got 0.250000'),
    ([FRAME | {"from": "php"}, END], 2, 'expected "from", "host" or "responder", got "php"'),
    ([FRAME | {"from": ["host"]}, END], 2, 'expected "from", "host" or "responder", got ["host"]'),
    ([FRAME | {"body": 7}, END], 2, 'expected "body", a text, got 7'),
    ([FRAME | {"body": ""}, END], 2, 'expected "body" of one byte or more, got an empty one'),
    ([FRAME | {"body": "\ud800"}, END], 2, 'expected "body" in UTF-8, got "\\ud800"'),
    ([FRAME | {"body": "?", "encoding": "base64"}, END], 2, 'expected "body" in base64, got "?"'),
    ([FRAME | {"encoding": "rot13"}, END], 2, 'expected no "encoding" but "base64", got "rot13"'),
    ([{"t": 0.5, "from": "host"}, END], 2, 'expected one of "body", "unframed", "closed" and "end"'),
    ([FRAME | {"size": 3, "at": 0}, FRAME, END], 3, "expected the next piece of a frame of 3 bytes, got another frame"),
    ([FRAME | {"size": 3, "at": 0}, FRAME | {"size": 3, "at": 2}, END], 3, "expected the piece at 1 of a frame of 3"),
    ([FRAME | {"size": 1, "at": 0, "body": "ab"}, END], 2, "expected the pieces to make 1 bytes, got 2"),
    ([FRAME | {"size": "3"}, END], 2, 'expected "size", a number from 1 to 2147483648, got "3"'),
    ([FRAME | {"size": 0, "at": 0, "body": ""}, END], 2, 'expected "size", a number from 1 to 2147483648, got 0'),
    ([FRAME | {"size": 3, "at": 2}, END], 2, 'expected "at", 0, got 2'),
    ([FRAME | {"size": 3}, END], 2, 'expected "at", 0, got nothing'),
    ([{"t": 1, "end": "killed", "signal": 0}], 2, 'expected "signal", a number from 1 to 127, got 0'),
    ([END | {"end": "vanished"}], 2, 'expected "end" to be "exited", "killed" or "unseen", got "vanished"'),
    ([END | {"status": 256}], 2, 'expected "status", a number from 0 to 255, got 256'),
    ([END, FRAME], 3, "expected nothing after the line with the end"),
]


@pytest.mark.parametrize(("lines", "number", "text"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_said_with_its_line(lines: list[Any], number: int, text: str, tmp_path: Path) -> None:
    """A file edited by hand: file, line, what was expected and what came."""
    path = write(tmp_path / "t.jsonl", lines)
    with pytest.raises(TranscriptError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{number}: {text}")


@pytest.mark.slow  # starts each command in turn
@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("", "expected a JSON object"),
        ('{"luaproc-transcript":2}', "expected a transcript of version 1, got version 2"),
        ('{"log":1}', "expected the header of a transcript"),
        (json.dumps(HEADER | {"command": "lua"}), 'expected "command", a list of words, in the header, got "lua"'),
        (json.dumps(HEADER | {"pid": "1"}), 'expected "started", a time, and "pid", a number'),
        (json.dumps(HEADER | {"cpu_limit": "7"}), 'expected "cpu_limit" and "memory_limit" to be numbers'),
        ("\xff", "expected a JSON object"),
    ],
)
@pytest.mark.parametrize("command", ["show", "replay"])
def test_commands_refuse_what_is_no_transcript(header: str, text: str, command: str, tmp_path: Path) -> None:
    """Another version, another kind of file: one line on stderr, exit status 1."""
    path = tmp_path / "t.jsonl"
    path.write_text(header + "\n")
    done = luaproc(command, str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"luaproc: {path}:1: {text}")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", None])
def test_files_that_cannot_be_read(content: bytes | None, tmp_path: Path) -> None:
    """Nothing in it, not UTF-8, not there."""
    path = tmp_path / "t.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TranscriptError):
        read(path)


@pytest.mark.slow  # reads a file a thousand times
def test_a_file_cut_anywhere_is_read_up_to_there(place: Path) -> None:
    """Every cut is either noticed as a cut or, inside the header, as no transcript; and all before it is there."""
    whole = EXAMPLE.read_bytes()
    frames = read(EXAMPLE).frames
    path = place / "cut.jsonl"
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:length])
        lines = whole[:length].count(b"\n")
        if lines == 0:
            with pytest.raises(TranscriptError):
                read(path)
            continue
        transcript = read(path)
        assert transcript.frames == frames[: max(0, lines - 1)]
        assert transcript.end is None
        between = whole[:length].endswith(b"\n")
        where = "after this line" if between else "in the middle of a line"
        line = lines if between else lines + 1
        assert str(transcript.cut).startswith(f"{path}:{line}: the transcript is cut off {where}")


def test_show_prints_what_is_there_and_says_where_it_stops(tmp_path: Path) -> None:
    """The transcript so far is worth most when something went wrong."""
    path = tmp_path / "cut.jsonl"
    path.write_bytes(EXAMPLE.read_bytes()[:1500])
    done = luaproc("show", str(path))
    assert done.returncode == 1
    assert "loadString Module:Greeting, 10 lines" in done.stdout
    assert done.stderr.startswith(f"luaproc: {path}:")
    assert "the transcript is cut off in the middle of a line" in done.stderr


def test_ends(tmp_path: Path) -> None:
    """Each way to end has its own line, and nobody may have seen it."""
    for returncode in (0, 42, -15, None):
        path = tmp_path / f"{returncode}.jsonl"
        writer = Writer(str(path))
        writer.header(["lua"], 1, 0.0, (7, None))
        writer.end(2.5, returncode)
        transcript = read(path)
        assert transcript.end == End(2, 2.5, returncode)
        assert (transcript.cpu_limit, transcript.memory_limit) == (7, None)


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    """A later writer may add some."""
    path = write(tmp_path / "t.jsonl", [FRAME | {"colour": "red"}, END])
    assert read(path).events == [RecordedFrame(2, 0.5, "host", b"x")]
