"""`luaproc replay`: PHP's part of a transcript again, and whether the server does as the recorded one."""

import click

from luaproc.commands import server_options as options
from luaproc.commands.signals import servers_end_first
from luaproc.errors import UsageError, readable, visible
from luaproc.transcripts.findings import report
from luaproc.transcripts.reader import read
from luaproc.transcripts.replay import replay


@click.command()
@options.server
@options.own_runtime
@options.timeout
@options.limits("as recorded, else Scribunto's")
@options.differences
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
@servers_end_first()
def command(
    ctx: click.Context,
    server: str | None,
    runtime: str | None,
    timeout: float,
    max_cpu: int | None,
    max_memory: int | None,
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
            None if server is None else options.server_words(server),
            runtime=runtime,
            timeout=timeout or None,
            cpu_limit=max_cpu,
            memory_limit=max_memory,
        )
        for line in report(result, most):
            click.echo(readable(line))
        if transcript.cut:
            click.echo(visible(f"luaproc: {transcript.cut}"), err=True)
        same = same and result.same and transcript.cut is None
    ctx.exit(0 if same else 1)
