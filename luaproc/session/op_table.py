"""A table of ops, of a session or of a wiki's console: how a step finds its row, and what ``:help`` says of them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from luaproc.errors import LuaprocError
from luaproc.session.errors import SessionError
from luaproc.session.lines import PREFIXES, Step, here_text, is_empty, missing_end, split_op


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step gave: Lua's values (None where it gives none), a text for a person, data for JSON.

    output: text that is shown as it is, and that no line break is added to: a page's.
    """

    values: tuple[Any, ...] | None = None
    text: str = ""
    data: dict[str, Any] | None = None
    output: str = ""


class Driven(Protocol):
    """What steps are done with: `luaproc.session.session.Session`, or `luaproc.session.console.Console`."""

    leaving: bool
    """Set when the session is to end after this step."""
    record: list[str]
    """The steps so far, as a script has them."""

    @property
    def alive(self) -> bool:
        """Whether there is a server to talk to."""

    @property
    def prompt(self) -> str:
        """What stands before the next step."""

    def prepare(self) -> str:
        """Called before each step; what there is to note, or ``""``."""

    def check_answered(self) -> None:
        """Raise SessionError if a call of this step had no answer."""

    def interrupted(self) -> str:
        """Called after Ctrl-C ended a step: what became of the server."""

    def lost(self) -> str:
        """Called at a prompt after a step in which the server was lost: what to do, or what was done, about it."""

    def last_words(self, error: LuaprocError) -> str:
        """What a server that is gone by this error has said on stderr, without its last line end."""


S = TypeVar("S", bound=Driven)


class Request(NamedTuple):
    """One use of an op: what stands after its name, the text that came with it, and the line of the step."""

    argument: str
    text: str | None
    line: int


@dataclass(frozen=True, slots=True)
class SessionOp(Generic[S]):
    """One row of a table.

    usage: what stands after the name. help: the first line says what it does. server: whether it needs a
    living one. nested: whether it may be used while Lua waits for an answer. saved: whether ``:save`` writes it.
    here: whether a text may come with it by ``<<WORD``.
    """

    run: Callable[[S, Request], Outcome]
    usage: str
    help: str
    server: bool = True
    nested: bool = True
    saved: bool = True
    here: bool = False


@dataclass(frozen=True, slots=True)
class OpTable(Generic[S]):
    """The ops by name, in the order in which ``:help`` lists them, and what it says above them. `lua` is among them."""

    ops: Mapping[str, SessionOp[S]]
    about: tuple[str, ...] = field(default=())

    def execute(self, session: S, step: Step, nested: bool = False) -> Outcome:
        """Do one step.

        nested: whether Lua waits for an answer meanwhile. Raises what the session's methods raise.
        """
        name, argument = split_op(step.text)
        if not name and step.text.lstrip().startswith(":"):
            raise SessionError("expected the name of an op after the colon; :help lists them")
        text = None
        if name not in ("", *PREFIXES):
            if end := missing_end(step.text):
                raise SessionError(f"expected a line {end} after the text, and the script ends")
            argument, text = here_text(argument)
        name = name or "lua"
        op = self.ops.get(name)
        if op is None:
            raise self._no_op(name)
        if nested and not op.nested:
            raise SessionError(f":{name} has to wait: Lua waits for an answer")
        if op.server and not session.alive:
            raise SessionError("the server is gone; :restart starts a fresh one")
        if text is not None and not op.here:
            raise SessionError(f":{name} takes no text by <<")
        outcome = op.run(session, Request(argument, text, step.line))
        if not nested:
            session.check_answered()
        return outcome

    def is_saved(self, step: Step) -> bool:
        """Whether a script of this session has the step."""
        op = self.ops.get(split_op(step.text)[0] or "lua")
        return op is not None and op.saved

    def help(self, _session: S, request: Request) -> Outcome:
        """The op ``:help``."""
        if not request.argument:
            width = max(len(f"{name} {op.usage}") for name, op in self.ops.items()) + 1
            rows = [
                f"  :{name} {op.usage}".ljust(width + 4) + op.help.partition("\n")[0] for name, op in self.ops.items()
            ]
            return Outcome(text="\n".join([*self.about, *rows]))
        wanted = request.argument.removeprefix(":")
        if wanted in self.ops:
            names = [wanted]
        else:
            names = [name for name in self.ops if name.startswith(wanted)] or self._alike(wanted)
        if not names:
            raise self._no_op(wanted)
        return Outcome(text="\n\n".join(f":{name} {self.ops[name].usage}\n{self.ops[name].help}" for name in names))

    def _alike(self, name: str) -> list[str]:
        return get_close_matches(name, self.ops, n=2)

    def _no_op(self, name: str) -> SessionError:
        near = [op for op in self.ops if name and op.startswith(name)] or self._alike(name)
        meant = f"did you mean {' or '.join(':' + op for op in near)}? " if near else ""
        return SessionError(f"there is no op :{name}; {meant}:help lists them")


def words_of(text: str) -> list[str]:
    """An op's argument as words, as a shell cuts it. Raises SessionError."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise SessionError(f"the words cannot be told apart: {str(error).lower()}") from None


def code_of(request: Request, name: str) -> str:
    """The Lua code that an op needs. Raises SessionError where there is none."""
    if is_empty(request.argument):
        raise SessionError(f"expected Lua code after :{name}")
    return request.argument
