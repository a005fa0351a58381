"""What `luaproc session` and `luaproc wiki console` share: where steps come from, how they are shown, when it ends."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any, TextIO, TypeVar

import click

from luaproc.errors import NotReadError, UsageError, readable
from luaproc.host.printing import wants_colour, wrapped
from luaproc.install import files
from luaproc.session.lines import bounded
from luaproc.session.op_table import OpTable, S
from luaproc.session.run import PromptLoop, run_script
from luaproc.session.views import JsonView, TextView

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("-e", "code", metavar="CODE", multiple=True, help="Do this step (Lua or an op) first; repeatable."),
    click.option("-i", "interactive", is_flag=True, help="Prompt after -e and SCRIPT, as `lua -i` does."),
    click.option("--echo", is_flag=True, help="Show a script's steps before what they give."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object a step, on a line of its own; no prompts."),
    click.option("--keep-going", is_flag=True, help="Do not end a script at the first step that fails."),
)


def options(command: F) -> F:
    """The options about steps; `Steps` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Steps:
    """What the command line says about steps. script: a file of them, ``-`` for stdin, None for none."""

    script: str | None
    code: tuple[str, ...]
    interactive: bool
    echo: bool
    as_json: bool
    keep_going: bool
    first: str = ""
    """A step in place of those in the script."""

    def drive(
        self,
        ctx: click.Context,
        table: OpTable[S],
        session: Callable[[JsonView | TextView, PromptLoop[S] | None], AbstractContextManager[S]],
        complete: Callable[[S, str], tuple[int, list[str]]],
        history_name: str,
        banner: Callable[[S], str],
    ) -> None:
        """Do all steps, and end the command: status 1 where one failed, 130 at Ctrl-C.

        table: of the ops. session: opens one, for a view and, where there is one, the prompt. complete: candidates at
        the prompt. history_name: see `luaproc.session.history.path`. banner: what a person is told first.
        """
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            _reconfigure(stream)
        given = self._given()
        goes_on = self.interactive or bool(self.first) or not given
        prompted = goes_on and not self.as_json and (self.interactive or (sys.stdin.isatty() and sys.stdout.isatty()))
        if goes_on and not prompted:
            given.append(("<stdin>", bounded(sys.stdin)))
        columns = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None
        view = self._view(prompted, columns)
        opened: list[S] = []
        conversation: PromptLoop[S] | None = None
        if prompted:
            from luaproc.session.prompts import open_prompt

            prompt = open_prompt(lambda text: complete(opened[0], text), history_name)
            conversation = PromptLoop(table, prompt, view)
        with session(view, conversation) as driven:
            opened.append(driven)
            if conversation is not None:
                text = readable(banner(driven))
                click.echo(wrapped(text, columns) if columns else text)
            good = True
            try:
                for view.source, lines in given:
                    good = run_script(table, driven, lines, view, self.keep_going) and good
                    if driven.leaving or not (good or self.keep_going or prompted):
                        break
            except KeyboardInterrupt:
                if conversation is None:
                    ctx.exit(130)
            if conversation is not None and not driven.leaving:
                conversation.run(driven)
                return
            ctx.exit(0 if good else 1)

    def _given(self) -> list[tuple[str, Iterable[str]]]:
        names = ["-e"] if len(self.code) == 1 else [f"-e {number}" for number in range(1, len(self.code) + 1)]
        given: list[tuple[str, Iterable[str]]] = [(name, [text]) for name, text in zip(names, self.code, strict=True)]
        if self.script is not None:
            given.append((self.script, [self.first] if self.first else bounded(_open(self.script))))
        return given

    def _view(self, prompted: bool, columns: int | None) -> JsonView | TextView:
        if self.as_json:
            return JsonView(sys.stdout, sys.stderr)
        return TextView(
            sys.stdout,
            None if prompted else sys.stderr,
            colour=wants_colour(sys.stdout),
            echo=not prompted and self.echo,
            columns=columns,
        )


def _open(path: str) -> IO[str]:
    if path == "-":
        return sys.stdin
    try:
        content = io.BytesIO(files.read(path, files.TEXT))
    except NotReadError as error:
        raise UsageError(str(error)) from None
    return io.TextIOWrapper(content, encoding="utf-8", errors="surrogateescape")


def _reconfigure(stream: TextIO) -> None:
    """Bytes that are no text come in and are never a reason to stop."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="surrogateescape" if stream is sys.stdin else "backslashreplace")
