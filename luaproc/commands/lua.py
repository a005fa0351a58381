"""`luaproc lua`: the standalone interpreter, for those who have no link of that name."""

import os
import sys

import click

from luaproc import lua51
from luaproc.responder.options import chosen_runtime

# Our own options, which come first; how many words each takes. From the first other word on, all is lua's.
OWN = {"--runtime": 2, "--run-script": 1, "--help": 1}


class LuaCommand(click.Command):
    """A command whose words after its own options reach lua as they are, `--` and `--help` among them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = 0
        while own < len(args) and (count := OWN.get(args[own], args[own].startswith("--runtime="))):
            own += count
        return super().parse_args(ctx, [*args[:own], "--", *args[own:]] if own <= len(args) else args)


@click.command(
    cls=LuaCommand,
    context_settings={"help_option_names": ["--help"]},
    options_metavar="[--runtime lua51|luajit21] [--run-script]",
)
@click.option("--runtime", metavar="NAME", help="lua51 (default) or luajit21; LUAPROC_RUNTIME means the same.")
@click.option("--run-script", is_flag=True, help="Really run Scribunto's mw_main.lua, instead of serving in its place.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[LUA OPTIONS] [SCRIPT [ARGS]...]")
def command(runtime: str | None, run_script: bool, words: tuple[str, ...]) -> None:
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
    start = f"{sys.executable} -m luaproc" if os.path.basename(sys.argv[0]) == "__main__.py" else sys.argv[0]
    # Scripts start their interpreter again by arg[-1], so that must be the whole of what started this one.
    program = f"{start} lua" + (f" --runtime {runtime}" if runtime else "")
    argv = [program, *words]
    if not run_script and lua51.wants_responder(argv):
        from luaproc.entry import run

        run(["luaproc", *words], ("--runtime", runtime) if runtime else ())
    else:
        lua51.main(argv, runtime or chosen_runtime())
