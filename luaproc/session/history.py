"""What was typed in earlier sessions: a file in the state directory of the XDG specification.

One entry a line, the oldest first; a newline within an entry is ``\\n``, a backslash ``\\\\``. A history that
cannot be read or written is no reason to refuse a session.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

LIMIT = 2000
"""Entries that are kept."""


def path() -> Path:
    """``$XDG_STATE_HOME/luaproc/session_history``, by default below ``~/.local/state``."""
    state = os.environ.get("XDG_STATE_HOME", "")
    # The specification wants a relative path ignored.
    base = Path(state) if os.path.isabs(state) else Path("~/.local/state").expanduser()
    return base / "luaproc" / "session_history"


def load(file: Path) -> list[str]:
    """The entries, the oldest first; none where there is no such file."""
    try:
        # newline: a carriage return that was typed is no line end.
        with open(file, encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            text = stream.read()
    except OSError:
        return []
    entries = [re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], e) for e in text.split("\n") if e]
    if len(entries) > LIMIT:
        entries = entries[-LIMIT:]
        _write(file, "".join(_line(entry) for entry in entries), "w")
    return entries


def append(file: Path, entry: str) -> None:
    """Remember an entry."""
    _write(file, _line(entry), "a")


def _line(entry: str) -> str:
    return entry.replace("\\", "\\\\").replace("\n", "\\n") + "\n"


def _write(file: Path, text: str, mode: str) -> None:
    try:
        # What is typed here may be nobody else's business.
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(file, mode, encoding="utf-8", errors="surrogateescape", newline="\n", opener=_private) as stream:
            stream.write(text)
    except OSError:
        pass


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
