"""What was typed in earlier sessions: a file in the state directory of the XDG specification.

One entry a line, the oldest first; a newline within an entry is ``\\n``, a backslash ``\\\\``. A history that
cannot be read or written is no reason to refuse a session.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from luaproc.errors import NotReadError, NotWrittenError
from luaproc.install import files
from luaproc.responder.log import open_file

LIMIT = 2000
"""Entries that are kept."""


def path(name: str) -> Path:
    """``$XDG_STATE_HOME/luaproc/NAME_history``, by default below ``~/.local/state``.

    name: ``session`` or ``console``.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    # The specification wants a relative path ignored.
    base = Path(state) if os.path.isabs(state) else Path("~/.local/state").expanduser()
    return base / "luaproc" / f"{name}_history"


def load(file: Path) -> list[str]:
    """The entries, the oldest first; none where there is no such file."""
    try:
        text = files.read(file, files.TEXT).decode("utf-8", "surrogateescape")
    except NotReadError:
        return []
    entries = [re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], e) for e in text.split("\n") if e]
    if len(entries) > LIMIT:
        entries = entries[-LIMIT:]
        with suppress(NotWrittenError):
            files.write(file, "".join(map(_line, entries)).encode("utf-8", "surrogateescape"), 0o600)
    return entries


def append(file: Path, entry: str) -> None:
    """Remember an entry. Other users must not read what is typed: the file has the mode 0600."""
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(open_file(str(file)), "ab") as stream:
            stream.write(_line(entry).encode("utf-8", "surrogateescape"))


def _line(entry: str) -> str:
    return entry.replace("\\", "\\\\").replace("\n", "\\n") + "\n"
