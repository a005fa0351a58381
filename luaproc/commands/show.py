"""`luaproc show`: a transcript for the eyes, in the terminal or as a page."""

import shutil
import sys
from pathlib import Path

import click

from luaproc.host.printing import wants_colour
from luaproc.install import files
from luaproc.transcripts.conversation import follow
from luaproc.transcripts.reader import read
from luaproc.transcripts.show import coloured, lines, plain


@click.command()
@click.option(
    "--html", metavar="OUT", help="Write one self-contained page instead: timeline, times, every message; - is stdout."
)
@click.option("--full", is_flag=True, help="Every message as a whole, below its line.")
@click.option("--width", type=click.IntRange(min=60), help="Characters in a line. [default: the terminal's, or 120]")
@click.option("--color/--no-color", default=None, help="Colours. [default: on a terminal, unless NO_COLOR is set]")
@click.argument("file")
def command(file: str, html: str | None, full: bool, width: int | None, color: bool | None) -> None:
    """Show a transcript (- is stdin) as a conversation, indented by depth, with times and sizes."""
    transcript = read(file)
    conversation = follow(transcript)
    if html is not None:
        from luaproc.transcripts.page import page

        text = page(conversation)
        if html == "-":
            click.echo(text, nl=False)
        else:
            files.write(Path(html), text.encode())
    else:
        if color is None:
            color = wants_colour(sys.stdout)
        width = width or (shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120)
        for line in lines(conversation, width=width, full=full, paint=coloured if color else plain):
            click.echo(line, color=color)
    if transcript.cut:
        raise transcript.cut
