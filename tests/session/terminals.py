"""A person at a real pseudo-terminal: what `luaproc session` and `luaproc wiki console` are tested with."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pexpect

# Without prompt-toolkit: as on a machine where it is not installed, not by a switch of our own.
WITHOUT = "import sys; sys.modules['prompt_toolkit'] = None; from luaproc.entry import main; main()"

COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x1b\][^\x07]*\x07")


class Terminal:
    """A session in a terminal, and what a person does there.

    kind: ``prompt-toolkit``, ``plain`` (without it), or ``dumb`` (a terminal that understands no escape sequences).
    command: luaproc's.
    """

    def __init__(self, kind: str, home: Path, *words: str, command: Sequence[str] = ("session",)) -> None:
        self.kind = kind
        program = ["-c", WITHOUT] if kind == "plain" else ["-m", "luaproc"]
        term = "dumb" if kind == "dumb" else "xterm"
        self.child: Any = pexpect.spawn(
            sys.executable,
            [*program, *command, *words],
            cwd=str(home),
            encoding="utf-8",
            timeout=300,
            dimensions=(60, 200),
            env={**os.environ, "TERM": term, "XDG_STATE_HOME": str(home / "state"), "PROMPT_TOOLKIT_NO_CPR": "1"},
        )

    def wait(self, text: str) -> str:
        """Until the text has appeared; all that came before it, without colours."""
        self.child.expect_exact(text)
        return COLOURS.sub("", str(self.child.before))

    def type(self, text: str, then: str = "lua>") -> str:
        """A line, and what it shows up to the next prompt."""
        self.child.send(text + "\r")
        return self.wait(then)

    def interrupt(self) -> None:
        """Ctrl-C at a prompt with a key typed: readline misses a signal between two keys until the next one."""
        self.child.send("@")
        self.wait("@")
        self.child.sendintr()

    def end(self) -> int:
        """Ctrl-D; the exit status."""
        self.child.sendeof()
        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus)
