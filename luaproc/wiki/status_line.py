"""How far something is, in the last line of a terminal."""

from __future__ import annotations

import os
import unicodedata
from typing import TextIO


class StatusLine:
    """One line of a terminal that is written over, and gone when something else is printed.

    stream: shows nothing where it is no terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._terminal = stream if stream.isatty() else None
        self._shown = False

    def __bool__(self) -> bool:
        """Whether there is a terminal."""
        return self._terminal is not None

    def show(self, text: str) -> None:
        """Put a text in the line's place; a terminal that is narrower shows its beginning."""
        if self._terminal is not None:
            self._write(f"\r\x1b[K{clipped(text, _columns(self._terminal) - 1)}")
            self._shown = True

    def hide(self) -> None:
        """Make room for another line."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def keep(self) -> None:
        """Leave the line as it is, above what comes next."""
        if self._shown:
            self._write("\n")
            self._shown = False

    def _write(self, text: str) -> None:
        assert self._terminal is not None
        self._terminal.write(text)
        self._terminal.flush()


def clipped(text: str, columns: int) -> str:
    """As much of a text as so many columns show: a wide character takes two, a combining one none."""
    left = columns
    for at, char in enumerate(text):
        if not unicodedata.combining(char):
            left -= 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if left < 0:
            return text[:at]
    return text


def _columns(terminal: TextIO) -> int:
    """Of this very stream: another one may be a file."""
    try:
        return os.get_terminal_size(terminal.fileno()).columns or 80
    except OSError:
        return 80
