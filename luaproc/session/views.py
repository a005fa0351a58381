"""How a session looks: as text for a person, or as one JSON object a step."""

from __future__ import annotations

import json
import re
from typing import IO, Any, Protocol

from luaproc.errors import readable, visible
from luaproc.host import printing
from luaproc.host.errors import TIME_EXPIRED, LuaError, ServerDied
from luaproc.session.failures import error_data, error_text
from luaproc.session.lines import Step
from luaproc.session.op_table import Outcome
from luaproc.session.session import Watcher
from luaproc.session.syntax import encode
from luaproc.wire.framing import encode_frame
from luaproc.wire.messages import Side

_WIDTH = 100  # characters of a line, where no terminal says how many it has

STYLES = {"dim": "2", "error": "31", "host": "36", "responder": "35", "call": "33", "step": "1"}


# What a module of a wiki has beyond Lua's own libraries: there, Scribunto's Lua makes it.
_OF_A_WIKI = re.compile(r"attempt to (?:index|call) global '(mw|require)' \(a nil value\)")


def _hint(error: Exception) -> str:
    """What to do about an error that a session's newcomers meet; empty for any other."""
    if isinstance(error, ServerDied) and error.cause == TIME_EXPIRED:
        return "\n--max-cpu SECONDS sets another limit, 0 none"
    match = _OF_A_WIKI.fullmatch(error.message) if isinstance(error, LuaError) else None
    return f"\na session has no {match[1]}: `luaproc wiki` runs modules with a wiki's libraries" if match else ""


class View(Watcher, Protocol):
    """Shows steps; `Watcher` has what happens during one."""

    def begin(self, step: Step) -> None:
        """A step is about to be done."""

    def done(self, step: Step, outcome: Outcome) -> None:
        """It was."""

    def failed(self, step: Step, error: Exception, words: str = "") -> None:
        """It was not. words: what the server said on stderr before it went, where it went by this."""


class TextView:
    """For a person.

    out: values, and all that happens. err: where failures go, with the script's name and line before them;
    None for a terminal, where they stand with the rest. colour: with a terminal's colours. echo: show the
    steps too. columns: of the terminal, where there is one: lines break between words then.
    """

    def __init__(
        self,
        out: IO[str],
        err: IO[str] | None = None,
        *,
        source: str = "",
        colour: bool = False,
        echo: bool = False,
        columns: int | None = None,
    ) -> None:
        self.out, self.err, self.source, self.colour, self.echo, self.columns = out, err, source, colour, echo, columns
        self.width = columns or _WIDTH
        unicode = str(getattr(out, "encoding", "")).lower().replace("-", "").startswith("utf")
        self._arrow = {"host": "PHP → Lua" if unicode else "PHP -> Lua"}
        self._arrow["responder"] = "PHP ← Lua" if unicode else "PHP <- Lua"
        self._first = True

    def begin(self, step: Step) -> None:
        if self.echo:
            first, *rest = step.text.split("\n")
            shown = "\n".join(["> " + readable(first), *("  " + readable(line) for line in rest)])
            self._print(("" if self._first else "\n") + self._styled("step", shown))
            self._first = False

    def frame(self, side: Side, body: bytes, cut: int | None) -> None:
        header = encode_frame(body)[:16].decode()
        text = visible(body if cut is None else body[: cut * 4])
        if cut is not None and len(text) > cut:
            text = text[:cut] + f"… ({len(body):,} bytes)"
        self._print(f"{self._styled(side, f'{self._arrow[side]} {header[:8]} {header[8:]}')} {text}")

    def printed(self, text: str) -> None:
        self._print(readable(text))

    def noted(self, text: str) -> None:
        self._print(self._styled("dim", self._prose(text)))

    def called(self, name: str, args: tuple[Any, ...], depth: int) -> None:
        shown = printing.values(args, self.width - len(name) - 20)
        self._print(self._indented("call", depth, f"Lua calls {visible(name)}({shown})"))

    def answered(self, depth: int, values: tuple[Any, ...] | None, error: Any = None, *, typed: bool = False) -> None:
        if typed:
            return
        if values is None:
            text = "answered with the error " + printing.values([error], self.width - 30)
        else:
            text = "answered " + (printing.values(values, self.width - 20) if values else "nothing")
        self._print(self._indented("call", depth, text))

    def done(self, step: Step, outcome: Outcome) -> None:
        if outcome.values:
            self._print(printing.values(outcome.values, self.width))
        if outcome.output:
            self._print(readable(outcome.output))
        if outcome.text:
            self._print(self._prose(outcome.text))

    def failed(self, step: Step, error: Exception, words: str = "") -> None:
        text = error_text(error)
        death = error if isinstance(error, ServerDied) else None
        if "\n" in words or (words and not death):  # a single line stands in a death's own text
            cause = death.cause if death else text
            cause += " Its last words:" if cause.endswith(".") else "; its last words:"
            text = "\n".join([cause, *("    " + line for line in words.split("\n"))])
        text += _hint(error)
        if self.err is None:
            self._print(self._styled("error", self._prose(text)))
        else:
            text = readable(text)
            self.out.flush()
            self.err.write(f"{visible(self.source)}:{step.line}: {text}\n")
            self.err.flush()

    def _prose(self, text: str) -> str:
        text = readable(text)
        return printing.wrapped(text, self.columns) if self.columns else text

    def _indented(self, style: str, depth: int, text: str) -> str:
        margin = "  " * depth
        first, *rest = text.split("\n")
        return self._styled(
            style, "\n".join([f"{margin}[{depth}] {first}", *(margin + "    " + line for line in rest)])
        )

    def _styled(self, style: str, text: str) -> str:
        return printing.coloured(text, STYLES[style]) if self.colour else text

    def _print(self, text: str) -> None:
        self.out.write(text + "\n")
        self.out.flush()


class JsonView:
    """For programs: one object a step, on a line of its own.

    Members: ``line``, ``step`` (its text), ``ok``; ``values`` where Lua gave some; ``printed`` (lines of its `print`);
    ``notes`` (what the session had to say); ``calls`` (``name``, ``args``,
    ``depth``, and ``values`` or ``error``) where Lua called PHP; ``frames`` (``from``, ``header``, ``body``)
    where the wire is shown; ``error`` (``kind`` is ``lua``, ``server`` or ``session``; ``message``; ``stderr`` of a
    server that is gone; …) where something failed; and what the op tells besides, as members of its own or as
    ``text``. Failures stand on `err` too.
    """

    def __init__(self, out: IO[str], err: IO[str], *, source: str = "") -> None:
        self.out, self.err, self.source = out, err, source
        self._calls: list[dict[str, Any]] = []
        self._open: list[dict[str, Any]] = []
        self._frames: list[dict[str, Any]] = []
        self._printed: list[Any] = []
        self._notes: list[str] = []

    def begin(self, step: Step) -> None:
        self._calls, self._open, self._frames, self._printed, self._notes = [], [], [], [], []

    def frame(self, side: Side, body: bytes, cut: int | None) -> None:
        header = encode_frame(body)[:16].decode()
        self._frames.append({"from": side, "header": header, "body": printing.text_for_json(body)})

    def printed(self, text: str) -> None:
        self._printed.append(printing.text_for_json(encode(text)))

    def noted(self, text: str) -> None:
        self._notes.append(text)

    def called(self, name: str, args: tuple[Any, ...], depth: int) -> None:
        self._open.append({"name": name, "args": printing.for_json(args), "depth": depth})
        self._calls.append(self._open[-1])

    def answered(self, depth: int, values: tuple[Any, ...] | None, error: Any = None, *, typed: bool = False) -> None:
        given = {"error": printing.for_json(error)} if values is None else {"values": printing.for_json(values)}
        self._open.pop().update(given)

    def done(self, step: Step, outcome: Outcome) -> None:
        values = {} if outcome.values is None else {"values": printing.for_json(outcome.values)}
        text = {"text": outcome.text} if outcome.text and outcome.data is None else {}
        self._write(step, True, {**values, **text, **(outcome.data or {})})

    def failed(self, step: Step, error: Exception, words: str = "") -> None:
        said = {"stderr": printing.text_for_json(encode(words))} if words else {}
        self._write(step, False, {"error": {**error_data(error), **said}})
        self.err.write(f"{visible(self.source)}:{step.line}: {readable(str(error))}\n")
        self.err.flush()

    def _write(self, step: Step, ok: bool, more: dict[str, Any]) -> None:
        text = printing.text_for_json(encode(step.text))
        record = {"line": step.line, "step": text, "ok": ok, **more}
        lists = {"printed": self._printed, "notes": self._notes, "calls": self._calls, "frames": self._frames}
        record.update({name: rows for name, rows in lists.items() if rows})
        self.out.write(json.dumps(record) + "\n")
        self.out.flush()
