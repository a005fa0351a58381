"""A session from its first step to its last: a script's, or a person's at a prompt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Generic, Protocol

from luaproc.errors import LuaprocError
from luaproc.host import printing
from luaproc.host.errors import LuaError
from luaproc.session.errors import SessionError
from luaproc.session.lines import Step, StepBuilder, is_empty, split_op, steps
from luaproc.session.op_table import OpTable, S
from luaproc.session.syntax import Answer, encode, parse_answer
from luaproc.session.views import View

# What people type to leave, or when they know nothing yet.
_WORDS = {"quit": ":quit", "exit": ":quit", "help": ":help", "?": ":help"}


Ready = Callable[[], Callable[[str], bool]]
"""Gives, for a new step, what takes its lines, one after the other, and says whether it may end there."""


class Prompt(Protocol):
    """A terminal that lines can be read from."""

    def read(self, prompt: str, ready: Ready) -> str:
        """Lines until they are ready. Raises EOFError and KeyboardInterrupt."""

    def say(self, text: str) -> None:
        """Show a line of the session's own."""

    def agreed(self, question: str) -> bool:
        """Whether the answer to a question is yes; Ctrl-C and the end of input are."""


def run_step(table: OpTable[S], session: S, step: Step, view: View, nested: bool = False) -> bool:
    """Do one step, show it and remember it for ``:save``; whether it went well."""
    answers_before = len(session.record)
    view.begin(step)
    try:
        try:
            if not nested and (note := session.prepare()):
                view.noted(note)
            outcome = table.execute(session, step, nested)
        except LuaError:
            session.check_answered()
            raise
    except KeyboardInterrupt:
        view.failed(step, SessionError(session.interrupted()))
        raise
    except LuaprocError as error:
        saved = isinstance(error, LuaError)
        # A script runs to the step after it, since it was expected to fail.
        text = step.text if split_op(step.text)[0] == "fails" else f":fails {step.text}"
        view.failed(step, error, session.last_words(error))
        good = False
    else:
        saved, text, good = table.is_saved(step), step.text, True
        view.done(step, outcome)
    if nested or not saved:
        del session.record[answers_before:]  # a script has no person who could do steps while Lua waits
    else:
        session.record.append(text)
    return good


def run_script(table: OpTable[S], session: S, lines: Iterable[str], view: View, keep_going: bool = False) -> bool:
    """Do the steps of a script up to the first that fails, or all of them; whether none failed.

    Raises KeyboardInterrupt, after the step was shown as failed.
    """
    good = True
    for step in steps(lines):
        if not run_step(table, session, step, view):
            good = False
            if not keep_going:
                break
        if session.leaving:
            break
    return good


class PromptLoop(Generic[S]):
    """A person at a prompt, with the ops of a table; `ask` and `go_on` are for a `Session`."""

    def __init__(self, table: OpTable[S], prompt: Prompt, view: View) -> None:
        self.table = table
        self.prompt = prompt
        self.view = view
        self.session: S | None = None
        self._step_began = 0.0

    def run(self, session: S) -> None:
        """Steps until the person leaves."""
        self.session = session
        number = 0
        while not session.leaving:
            try:
                text = self.prompt.read(session.prompt, _ready)
            except KeyboardInterrupt:
                continue
            except EOFError:
                break
            text = _WORDS.get(text.strip(), text)
            if is_empty(text):
                continue
            number += 1
            self._step_began = time.monotonic()
            was_alive = session.alive
            try:
                run_step(self.table, session, Step(number, text), self.view)
            except KeyboardInterrupt:
                pass  # it has been shown
            if was_alive and not session.alive and not session.leaving:
                self.view.noted(session.lost())

    def ask(self, name: str, depth: int) -> Answer:
        """The answer that the person gives to a call of Lua's; ops can be used first."""
        assert self.session is not None
        margin = "  " * depth
        while True:
            try:
                text = self.prompt.read(f"{margin}[{depth}] answer> ", _ready_answer).strip()
            except EOFError:
                text = f"error({printing.quote(encode(f'no answer for {name}'))})"
            except KeyboardInterrupt:
                if self.prompt.agreed("Lua waits for an answer. End the server?"):
                    raise
                continue
            if text.startswith(":"):
                try:
                    run_step(self.table, self.session, Step(0, text), self.view, nested=True)
                except KeyboardInterrupt:
                    pass  # it has been shown
                if not self.session.alive:
                    # Nobody waits any more; the death that was shown ends the step, too.
                    raise SessionError("the server is gone")
                continue
            try:
                answer = parse_answer(text)
                if answer.kind == "ask":
                    raise SessionError("it is you who is asked; :help answer tells what can be said")
            except SessionError as error:
                self.prompt.say(margin + str(error))
                continue
            self.session.record.append(f":answer {text}")
            return answer

    def go_on(self) -> bool:
        """Ctrl-C while the server works: whether to go on waiting."""
        seconds = time.monotonic() - self._step_began
        if self.prompt.agreed(f"The server has been working for {seconds:.0f} s. End it?"):
            return False
        self.prompt.say("Going on; Ctrl-C asks again.")
        return True


def _ready() -> Callable[[str], bool]:
    builder = StepBuilder()

    def add(line: str) -> bool:
        if builder.add(line):
            return True
        # Two empty lines end what our scan holds for unfinished Lua; in a text that an op announced they are its own.
        return builder.lua is not None and not "".join(builder.lines[-2:]).strip()

    return add


def _ready_answer() -> Callable[[str], bool]:
    add = _ready()
    lines: list[str] = []

    def add_answer(line: str) -> bool:
        lines.append(line)
        return add(line) or not lines[0].lstrip().startswith(":")

    return add_answer
