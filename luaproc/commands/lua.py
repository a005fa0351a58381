"""`luaproc lua`: the standalone interpreter, for those who have no link of that name.

`luaproc.entry` answers it without click, which would double its start; here are the help and the complaints.
"""

import click

from luaproc import lua51
from luaproc.entry import run


class LuaCommand(click.Command):
    """A command whose words after its own options reach lua as they are, `--` and `--help` among them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = lua51.own_words(args)
        return super().parse_args(ctx, [*args[:own], "--", *args[own:]] if own <= len(args) else args)


@click.command(
    cls=LuaCommand,
    context_settings={"help_option_names": ["--help"]},
    options_metavar="[--runtime lua51|luajit21] [--run-script] [--mw]",
)
@click.option("--runtime", metavar="NAME", help="lua51 (default) or luajit21; LUAPROC_RUNTIME means the same.")
@click.option("--run-script", is_flag=True, help="Really run Scribunto's mw_main.lua, instead of serving in its place.")
@click.option(
    "--mw", is_flag=True, help="Scribunto's mw for the script; pages by luaproc.toml. LUAPROC_MW means the same."
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[LUA OPTIONS] [SCRIPT [ARGS]...]")
def command(runtime: str | None, run_script: bool, mw: bool, words: tuple[str, ...]) -> None:
    """Run Lua as `lua5.1` does, or as `luajit`, option for option.

    \b
    -e STAT   execute a string
    -l NAME   require a library
    -i        enter interactive mode after the script
    -v        show the version
    --        stop handling options
    -         execute stdin

    A link to this executable by the name lua, lua5.1 or luajit is the same without the word "lua".
    """
    marks = [mark for mark, given in (("--run-script", run_script), ("--mw", mw)) if given]
    run(["luaproc", "lua", *(["--runtime", runtime] if runtime else []), *marks, *words])
