"""`luaproc session`: play PHP's part by hand, or let a script play it."""

from __future__ import annotations

import shlex
import shutil

import click

import luaproc
from luaproc.commands import server_options as options
from luaproc.commands import steps
from luaproc.commands.signals import servers_end_first
from luaproc.errors import UsageError
from luaproc.host.errors import ServerNotStarted
from luaproc.host.interpreter import default_server, shown
from luaproc.session.completion import complete
from luaproc.session.ops import TABLE
from luaproc.session.run import PromptLoop
from luaproc.session.session import Session
from luaproc.session.views import JsonView, TextView


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("script", required=False)
@options.server
@options.own_runtime
@options.timeout
@options.limits("Scribunto's own")
@click.option("--wire", is_flag=True, help="Show every frame, both ways; a script's steps too.")
@steps.options
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
    code: tuple[str, ...],
    interactive: bool,
    echo: bool,
    as_json: bool,
    keep_going: bool,
) -> None:
    """Play PHP's part to a Lua-side server: by hand, or with the steps in SCRIPT (- for stdin).

    Lua code is loaded and called, and its values shown; lines that start with a colon are ops, which :help
    lists. A SCRIPT that ends in .lua is a module: it is loaded, called, and the prompt says how to go on. Without
    SCRIPT and -e, on a terminal, there is a prompt; otherwise steps are read from stdin. The server has a wiki's
    limits: 7 s of CPU time, 50 MiB of memory.

    The exit status is 1 when a step failed; its line is on stderr.
    """
    words = _server(server, runtime)
    max_cpu, max_memory = options.as_in_a_wiki(max_cpu, max_memory)
    module = f":module {shlex.quote(script)}" if script is not None and script.endswith(".lua") else ""

    def opened(view: JsonView | TextView, conversation: PromptLoop[Session] | None) -> Session:
        session = Session(
            words,
            view,
            ask=conversation.ask if conversation else None,
            go_on=conversation.go_on if conversation else None,
            timeout=timeout or None,
            cpu_limit=max_cpu,
            memory_limit=max_memory,
        )
        session.wire = "on" if wire else "off"
        return session

    def banner(session: Session) -> str:
        return (
            f"luaproc {luaproc.__version__}, the server is {shown(words)}, "
            f"pid {session.interpreter.connection.pid},\n"
            f"with {options.limits_in_words(max_cpu, max_memory)}.\n"
            "Type Lua, or :help; Ctrl-D leaves."
        )

    given = steps.Steps(script, code, interactive, echo or wire, as_json, keep_going, module)
    given.drive(ctx, TABLE, opened, complete, "session", banner)


def _server(command: str | None, runtime: str | None) -> list[str]:
    if command is None:
        return default_server() + (["--runtime", runtime] if runtime else [])
    if runtime:
        raise UsageError("--runtime is for our own server; with --server, its command says which Lua it runs")
    words = options.server_words(command)
    if words and shutil.which(words[0]) is None:  # the shell that sets the limits would start
        raise ServerNotStarted(f"the server {command!r} cannot be started: there is no program {words[0]}")
    return words
