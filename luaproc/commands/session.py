"""`luaproc session`: play PHP's part by hand, or let a script play it."""

import io
import shlex
import shutil
import sys
from collections.abc import Iterable
from typing import IO, TextIO

import click

import luaproc
from luaproc.commands import server_options as options
from luaproc.commands.signals import servers_end_first
from luaproc.errors import NotReadError, UsageError, readable
from luaproc.host.errors import ServerNotStarted
from luaproc.host.interpreter import default_server, shown
from luaproc.host.printing import wants_colour, wrapped
from luaproc.install import files
from luaproc.session.lines import bounded
from luaproc.session.run import PromptLoop, run_script
from luaproc.session.session import Session
from luaproc.session.views import JsonView, TextView


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("script", required=False)
@options.server
@options.own_runtime
@options.timeout
@options.limits("Scribunto's own")
@click.option("-e", "code", metavar="CODE", multiple=True, help="Do this step (Lua or an op) first; repeatable.")
@click.option("-i", "interactive", is_flag=True, help="Prompt after -e and SCRIPT, as `lua -i` does.")
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
    code: tuple[str, ...],
    interactive: bool,
    wire: bool,
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
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        _reconfigure(stream)
    is_module = script is not None and script.endswith(".lua")
    max_cpu, max_memory = options.as_in_a_wiki(max_cpu, max_memory)
    names = ["-e"] if len(code) == 1 else [f"-e {number}" for number in range(1, len(code) + 1)]
    given: list[tuple[str, Iterable[str]]] = [(name, [text]) for name, text in zip(names, code, strict=True)]
    if script is not None:
        given.append((script, [f":module {shlex.quote(script)}"] if is_module else bounded(_open(script))))
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    goes_on = interactive or is_module or not given
    prompted = goes_on and not as_json and (terminal or interactive)
    if goes_on and not prompted:
        given.append(("<stdin>", bounded(sys.stdin)))

    colour = wants_colour(sys.stdout)
    columns = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None
    view: JsonView | TextView
    if as_json:
        view = JsonView(sys.stdout, sys.stderr)
    else:
        err = None if prompted else sys.stderr
        shows_steps = not prompted and (echo or wire)
        view = TextView(sys.stdout, err, colour=colour, echo=shows_steps, columns=columns)

    conversation: PromptLoop | None = None
    if prompted:
        from luaproc.session.prompts import open_prompt

        conversation = PromptLoop(open_prompt(lambda: session), view)
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
    with session:
        if conversation is not None:
            pid = session.interpreter.connection.pid
            banner = (
                f"luaproc {luaproc.__version__}, the server is {shown(words)}, pid {pid},\n"
                f"with {options.limits_in_words(max_cpu, max_memory)}.\n"
                "Type Lua, or :help; Ctrl-D leaves."
            )
            banner = readable(banner)
            click.echo(wrapped(banner, columns) if columns else banner)
        good = True
        try:
            for view.source, lines in given:
                good = run_script(session, lines, view, keep_going) and good
                if session.leaving or not (good or keep_going or prompted):
                    break
        except KeyboardInterrupt:
            if conversation is None:
                ctx.exit(130)
        if conversation is not None and not session.leaving:
            conversation.run(session)
            return
        ctx.exit(0 if good else 1)


def _server(command: str | None, runtime: str | None) -> list[str]:
    if command is None:
        return default_server() + (["--runtime", runtime] if runtime else [])
    if runtime:
        raise UsageError("--runtime is for our own server; with --server, its command says which Lua it runs")
    words = options.server_words(command)
    if words and shutil.which(words[0]) is None:  # the shell that sets the limits would start
        raise ServerNotStarted(f"the server {command!r} cannot be started: there is no program {words[0]}")
    return words


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
