"""`luaproc record`: write down what passes between PHP and a server, now or for every page of a live wiki."""

import click

from luaproc.errors import UsageError, visible


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("-o", "--output", metavar="PATH", help="The file; or a directory (with a / at its end, if it is new).")
@click.option("--dir", "directory", metavar="DIR", help="A directory: one file per process in it. [default: here]")
@click.option("--launcher", metavar="PATH", help="Record nothing now: write a launcher for a wiki's luaPath.")
@click.option("--force", is_flag=True, help="With --launcher: overwrite what is there.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD...")
def command(
    output: str | None, directory: str | None, launcher: str | None, force: bool, command: tuple[str, ...]
) -> None:
    """Stand between PHP and the server that CMD starts, and write down what passes, both ways, with times.

    The process becomes the server itself: its pid, limits, exit status and signals are the server's own.

    \b
        luaproc record -o page.jsonl -- lua5.1 .../mw_main.lua .../Scribunto/includes 0 8
        luaproc record --launcher /usr/local/bin/recording-lua -o /var/tmp/transcripts -- lua5.1

    The second one is for a live wiki: PHP's arguments come after CMD, and each process has a file of its own. The user
    that PHP runs as has to be able to write into the directory.
    """
    if output and directory:
        raise UsageError("record takes -o or --dir, not both")
    if launcher:
        from luaproc.transcripts.recording_launcher import write_launcher

        write_launcher(launcher, command, directory or output or ".", force)
        click.echo(visible(f"{launcher} records {' '.join(command)} into {directory or output or '.'}"))
        return
    import os

    from luaproc.transcripts.errors import TranscriptError
    from luaproc.transcripts.tap import record

    place = output or f"{directory or '.'}/"
    if place.endswith("/"):
        try:
            os.makedirs(place, exist_ok=True)
        except OSError as error:
            raise TranscriptError(place, None, f"cannot be made: {error.strerror}") from None
    record(command, place)
