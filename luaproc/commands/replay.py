"""`luaproc replay`: PHP's part of a transcript again, and whether the server does as the recorded one."""

import click

from luaproc.commands.options import known_runtime, server_words
from luaproc.errors import UsageError
from luaproc.transcripts.reader import read
from luaproc.transcripts.replay import replay
from luaproc.transcripts.report import report


@click.command()
@click.option("--server", metavar="CMD", help="The server's command, quoted as for a shell; by default our own.")
@click.option("--runtime", metavar="NAME", callback=known_runtime,
              help="The Lua of our own server: lua51 (default) or luajit21.")  # fmt: skip
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=0.001), default=60, show_default=True,
              help="How long the server may take for one message.")  # fmt: skip
@click.option("--cpu-limit", metavar="SECONDS", type=click.IntRange(min=0), help="[default: as recorded; 0: none]")
@click.option("--memory-limit", metavar="BYTES", type=click.IntRange(min=0), help="[default: as recorded; 0: none]")
@click.option("--differences", "most", type=click.IntRange(min=0), default=5, show_default=True, help="Shown at most.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
def command(
    ctx: click.Context,
    server: str | None,
    runtime: str | None,
    timeout: float,
    cpu_limit: int | None,
    memory_limit: int | None,
    most: int,
    files: tuple[str, ...],
) -> None:
    """Play PHP's part of a transcript to a server, and compare its replies with the recorded ones, as structures.

    \b
        luaproc replay page.jsonl
        luaproc replay page.jsonl --server 'lua5.1 .../mw_main.lua .../Scribunto/includes 0 8'

    The numbers of functions, the order of tables and what getStatus measured do not count. Exit status 1 for any
    difference.
    """
    if server is not None and runtime is not None:
        raise UsageError("replay takes --server or --runtime, not both")
    same = True
    for file in files:
        transcript = read(file)
        result = replay(
            transcript,
            None if server is None else server_words(server),
            runtime=runtime,
            timeout=timeout,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
        )
        for line in report(result, most):
            click.echo(line)
        if transcript.cut:
            click.echo(f"luaproc: {transcript.cut}", err=True)
        same = same and result.same and transcript.cut is None
    ctx.exit(0 if same else 1)
