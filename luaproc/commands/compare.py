"""`luaproc compare`: two servers, the same conversations."""

import click

from luaproc.commands import server_options as options
from luaproc.commands.signals import servers_end_first
from luaproc.errors import UsageError, readable, visible
from luaproc.transcripts.findings import comparison
from luaproc.transcripts.reader import read
from luaproc.transcripts.replay import replay


@click.command()
@click.option(
    "--server",
    "servers",
    metavar="CMD",
    multiple=True,
    required=True,
    help="A server's command, quoted as for a shell. Twice: A, and B.",
)
@options.timeout
@options.limits("as recorded, else Scribunto's")
@options.differences
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
@servers_end_first()
def command(
    ctx: click.Context,
    servers: tuple[str, ...],
    timeout: float,
    max_cpu: int | None,
    max_memory: int | None,
    most: int,
    files: tuple[str, ...],
) -> None:
    """Play PHP's part of transcripts to two servers, and compare their replies with each other.

    \b
        luaproc compare --server 'luaproc serve' --server 'lua5.1 .../mw_main.lua .../includes 0 8' *.jsonl

    Exit status 1 when they differ anywhere; how each of them fares against the recording is only said.
    """
    if len(servers) != 2:
        raise UsageError(f"compare takes two servers, --server A --server B, and got {len(servers)}")
    all_alike = True
    for name, server in zip("AB", servers, strict=True):
        click.echo(visible(f"{name}: {server}"))
    for file in files:
        transcript = read(file)
        one, two = (
            replay(
                transcript,
                options.server_words(server),
                timeout=timeout or None,
                cpu_limit=max_cpu,
                memory_limit=max_memory,
            )
            for server in servers
        )
        alike, lines = comparison(one, two, most)
        for line in lines:
            click.echo(readable(line))
        if transcript.cut:
            click.echo(visible(f"luaproc: {transcript.cut}"), err=True)
        all_alike = all_alike and alike and transcript.cut is None
    ctx.exit(0 if all_alike else 1)
