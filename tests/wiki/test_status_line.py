"""The line that shows how far something is, on terminals of every width."""

import fcntl
import os
import select
import struct
import termios
from pathlib import Path

import pytest

from luaproc.wiki.status_line import StatusLine, clipped


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("[1/3] Module:A", 9, "[1/3] Mod"),
        ("[1/3]", 9, "[1/3]"),
        ("モジュール", 5, "モジ"),
        ("cafe\u0301s", 4, "cafe\u0301"),
        ("x", 0, ""),
    ],
)
def test_what_fits(text: str, columns: int, shown: str) -> None:
    """A line that is wider than its terminal would become two, of which the first stays for ever."""
    assert clipped(text, columns) == shown


def test_a_narrow_terminal() -> None:
    """The width is that of the stream itself: standard output may be a file."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 20, 12, 0, 0))
    attributes = termios.tcgetattr(theirs)
    attributes[1] &= ~termios.OPOST  # no \r before \n, which comes when the terminal likes
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    with open(theirs, "w") as terminal:
        line = StatusLine(terminal)
        assert line
        line.show("10 of 300 pages")
        line.hide()
        line.hide()
        line.show("short")
        line.keep()
        expected = "\r\x1b[K10 of 300 p\r\x1b[K\r\x1b[Kshort\n"
        written = ""
        while len(written) < len(expected) and select.select([ours], [], [], 60)[0]:
            written += os.read(ours, 1000).decode()
    os.close(ours)
    assert written == expected


def test_a_file_gets_nothing(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        line = StatusLine(file)
        assert not line
        line.show("x")
        line.keep()
    assert (tmp_path / "file").read_text() == ""
