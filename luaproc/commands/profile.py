"""`luaproc profile`: where the CPU time of a wiki's modules went, from what `--profile` wrote."""

from pathlib import Path

import click

from luaproc.errors import UsageError, visible
from luaproc.install import files
from luaproc.profiling import flame, folded
from luaproc.responder.records import MOST


@click.command()
@click.option("--html", metavar="OUT", help="Write a flame graph: one self-contained page.")
@click.option("--folded", "folded_out", metavar="OUT", help="Write each stack once, for flamegraph.pl or speedscope.")
@click.option("--most", metavar="N", type=click.IntRange(min=1), default=20, show_default=True, help="Functions shown.")
@click.argument("names", nargs=-1, required=True, metavar="FILE...")
def command(names: tuple[str, ...], html: str | None, folded_out: str | None, most: int) -> None:
    """Show the functions that took the CPU time, of files of folded stacks: those of a launcher's --profile, or others.

    own: while the function itself ran; total: with what it called.
    """
    stacks: folded.Stacks = {}
    for name in names:
        for frames, count in folded.read(files.read(name, MOST + 1), name).items():
            stacks[frames] = stacks.get(frames, 0) + count
    if not stacks:
        raise UsageError(f"{' and '.join(names)}: no page took enough time yet for a sample (a millisecond of Lua)")
    if html is not None:
        files.write(Path(html), flame.page(stacks, ", ".join(names)).encode("utf-8", "surrogateescape"))
    if folded_out is not None:
        files.write(Path(folded_out), folded.text(stacks).encode("utf-8", "surrogateescape"))
    total = sum(stacks.values())
    click.echo(f"{flame.time(total)} of CPU time")
    click.echo(f"{'own':>10} {'':7} {'total':>10} {'':7}  function")
    for use in folded.uses(stacks)[:most]:
        shares = flame.percent(use.own, total), flame.percent(use.total, total)
        click.echo(
            f"{flame.time(use.own):>10} {shares[0]:>7} {flame.time(use.total):>10} {shares[1]:>7}  {visible(use.name)}"
        )
