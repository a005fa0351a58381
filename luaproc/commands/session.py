"""`luaproc session`: play PHP's part by hand, or let a script play it."""

import os
import shutil
import sys
from pathlib import Path
from typing import IO, TextIO

import click

import luaproc
from luaproc.commands import server_options as options
from luaproc.commands.signals import servers_end_first
from luaproc.errors import UsageError
from luaproc.host.interpreter import default_server, shown
from luaproc.session.run import Conversation, run_script
from luaproc.session.session import Session
from luaproc.session.views import JsonView, TextView


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("script", required=False)
@options.server
@options.own_runtime
@options.timeout
@options.limits("none")
@click.option("--wire", is_flag=True, help="Show every frame, both ways; a script's steps too.")
@click.option("--echo", is_flag=True, help="Show a script's steps before what they give.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a step, on a line of its own; no prompts.")
@click.option("--keep-going", is_flag=True, help="Do not end a script at the first step that fails.")
@click.pass_context
@servers_end_first()
def command(
    ctx: click.Context,
    script: str | None,
    server: str | None,
    runtime: str | None,
    timeout: float,
    max_cpu: int | None,
    max_memory: int | None,
    wire: bool,
    echo: bool,
    as_json: bool,
    keep_going: bool,
) -> None:
    """Play PHP's part to a Lua-side server: by hand, or with the steps in SCRIPT (- for stdin).

    Lua code is loaded and called, and its values shown; lines that start with a colon are ops, which :help
    lists. Without SCRIPT, on a terminal, there is a prompt; otherwise steps are read from stdin.

    The exit status is 1 when a step failed; its line is on stderr.
    """
    words = _server(server, runtime)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        _reconfigure(stream)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
    prompted = script is None and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    source = "<stdin>" if script in (None, "-") else str(script)
    view: JsonView | TextView
    if as_json:
        view = JsonView(sys.stdout, sys.stderr, source=source)
    else:
        err = None if prompted else sys.stderr
        shows_steps = not prompted and (echo or wire)
        view = TextView(sys.stdout, err, source=source, colour=colour, echo=shows_steps, width=width)

    conversation: Conversation | None = None
    if prompted:
        from luaproc.session.prompts import open_prompt

        conversation = Conversation(open_prompt(lambda: session), view)
    lines: IO[str] | None = None if prompted else sys.stdin if source == "<stdin>" else _open(source)
    session = Session(
        words,
        view,
        ask=conversation.ask if conversation else None,
        go_on=conversation.go_on if conversation else None,
        timeout=timeout or None,
        cpu_limit=max_cpu or None,
        memory_limit=max_memory or None,
    )
    session.wire = "on" if wire else "off"
    with session:
        if conversation is not None:
            pid = session.interpreter.connection.pid
            click.echo(f"luaproc {luaproc.__version__}, the server is {shown(words)}, pid {pid}.")
            click.echo("Type Lua, or :help; Ctrl-D leaves.")
            conversation.run(session)
            return
        assert lines is not None
        try:
            good = run_script(session, lines, view, keep_going)
        except KeyboardInterrupt:
            ctx.exit(130)
        ctx.exit(0 if good else 1)


def _server(command: str | None, runtime: str | None) -> list[str]:
    if command is None:
        return default_server() + (["--runtime", runtime] if runtime else [])
    if runtime:
        raise UsageError("--runtime is for our own server; with --server, its command says which Lua it runs")
    return options.server_words(command)


def _open(path: str) -> IO[str]:
    try:
        return Path(path).open(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _reconfigure(stream: TextIO) -> None:
    """Bytes that are no text come in and are never a reason to stop."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="surrogateescape" if stream is sys.stdin else "backslashreplace")
