"""What can go wrong on PHP's side: Lua's own errors, and the ways in which a server ends."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from typing import Any

from luaproc.errors import LuaprocError
from luaproc.wire.values import Table

TIME_EXPIRED = "The time allocated for running scripts has expired."
"""What MediaWiki shows for a server that died of SIGXCPU, and for that alone."""

# PHP's own pattern; only that it stops at line ends, and Lua's messages may have several lines.
_POSITION = re.compile(r"([^\n]*?):(\d+): (.*)", re.DOTALL)


class HostError(LuaprocError):
    """Root of the errors of `luaproc.host`, those of the wire aside."""


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One level of the stack when error() was called, as debug.getinfo() describes it.

    `what` is ``Lua``, ``C``, ``main`` or ``tail``; lines are -1 where there are none.
    """

    short_src: str
    what: str
    current_line: int
    line_defined: int
    name_what: str
    name: str | None
    source_line: str | None = None
    """The line of code, where the interpreter that reports the error loaded it."""

    @classmethod
    def from_table(cls, table: Table) -> TraceEntry:
        """The entry of a `trace` field.

        Fields that are missing or odd are empty: a trace is there to be shown.
        """

        def text(key: bytes) -> str:
            value = table.get(key, b"")
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""

        def line(key: bytes) -> int:
            value = table.get(key)
            return int(value) if isinstance(value, (int, float)) and value == value else -1

        return cls(
            text(b"short_src"),
            text(b"what"),
            line(b"currentline"),
            line(b"linedefined"),
            text(b"namewhat"),
            text(b"name") or None,
        )

    def __str__(self) -> str:
        """The line that Lua 5.1's debug.traceback() prints for it, without indentation."""
        position = f"{self.current_line}: " if self.current_line > 0 else " "
        if self.name_what and self.name:
            where = f"in function '{self.name}'"
        elif self.what == "main":
            where = "in main chunk"
        elif self.what in ("C", "tail"):
            where = "?"
        else:
            where = f"in function <{self.short_src}:{self.line_defined}>"
        return f"{self.short_src}:{position}{where}"


class LuaError(HostError):
    """Lua code raised an error; or raise it in a Python callable, and Lua code gets it.

    value: what was given to Lua's error(), converted like any value; a str nearly always.
    trace: the stack at that moment, innermost first; empty where the server gave none.
    log: the module's log text (Scribunto REL1_46 and newer), or None.
    source_line: the line of code that the message names, where this interpreter loaded it.

    Raised by a Python callable, `message` (or a `value` that is no text) goes to the Lua code that called it,
    which adds its own position.
    """

    def __init__(self, value: Any, trace: tuple[TraceEntry, ...] = (), log: str | None = None) -> None:
        super().__init__(value)
        self.value = value
        self.trace = trace
        self.log = log
        self.source_line: str | None = None
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        match = _POSITION.fullmatch(text) if isinstance(text, str) else None
        self.message: str = match[3] if match else _describe(text)
        self.module: str | None = match[1] if match else None
        self.line: int | None = int(match[2]) if match else None

    def __str__(self) -> str:
        """As Lua prints it: ``module:line: message``."""
        return self.message if self.module is None else f"{self.module}:{self.line}: {self.message}"

    @property
    def traceback(self) -> str:
        """The error and its trace in the words of Lua 5.1's debug.traceback()."""
        lines = "".join(f"\n\t{entry}" for entry in self.trace)
        return f"{self}\nstack traceback:{lines}" if lines else str(self)

    @property
    def report(self) -> str:
        """The error and its trace, and below each level its line of code where that is known."""
        lines = [str(self)]
        if self.source_line is not None and all(entry.source_line != self.source_line for entry in self.trace[:2]):
            lines.append(f"    {self.source_line}")
        if self.trace:
            lines.append("stack traceback:")
        for entry in self.trace:
            lines.append(f"  {entry}")
            if entry.source_line is not None:
                lines.append(f"    {entry.source_line}")
        return "\n".join(lines)


def _describe(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.14g}"
    names = {type(None): "nil", bool: "boolean", dict: "table", list: "table"}
    return f"(error object is a {names.get(type(value), 'function')} value)"


class ServerNotStarted(HostError):
    """The server's command cannot be executed at all."""


class ServerDied(HostError):
    """The server is gone. ``str()`` says how, in PHP's words.

    status: the exit status; None when a signal ended it. signal: the number of the signal; None when it
    exited. As PHP does, a status from 128 is taken for a shell's way to report the signal status-128. returncode:
    as subprocess has it. stderr: what the server wrote there (the end of much), where `Connection` keeps it. cause: how
    it ended, without the line of stderr that ``str()`` adds.
    """

    def __init__(self, returncode: int, stderr: str = "") -> None:
        # A returncode is negative for a signal: subprocess's way.
        number = -returncode if returncode < 0 else returncode - 128 if returncode & 0x80 else None
        self.signal = number
        self.status = returncode if number is None else None
        self.returncode = returncode
        self.stderr = stderr
        self.cause = _cause(returncode, number)
        super().__init__(self.cause + _reason(stderr))


def _cause(status: int, number: int | None) -> str:
    if number is None:
        return f"the interpreter exited with status {status}"
    if number == getattr(signal, "SIGXCPU", None):
        return TIME_EXPIRED
    try:
        return f"the interpreter received signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"the interpreter received signal {number}"


def _reason(stderr: str) -> str:
    """The line of stderr that tells most: Python's own end, the line before a Lua traceback, or the last; but no log
    line of a message."""
    lines = [line for line in stderr.splitlines() if line and not line.startswith(("RX <== ", "TX ==> "))]
    if "stack traceback:" in lines[1:]:
        del lines[lines.index("stack traceback:", 1) :]
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return f" - {[*lines, *fatal][-1]}" if lines else ""


class ServerCancelled(HostError):
    """A call was cancelled while the server worked at it, and the server was ended: its next frame would have been that
    call's. The call itself raises asyncio's CancelledError; later calls raise this error."""

    def __init__(self) -> None:
        super().__init__("a call was cancelled while the interpreter worked, and the interpreter was ended")


class PoolClosed(HostError):
    """The pool was closed, and hands out no interpreters any more."""


class PoolTimeout(HostError):
    """Every interpreter of the pool is in use, and none came back in time."""


class ServerTimeout(HostError):
    """The server did not answer (or did not take its message) in time, and was ended.

    `seconds`: how long that was.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the interpreter did not answer within {seconds:g} seconds, and was ended")
        self.seconds = seconds
