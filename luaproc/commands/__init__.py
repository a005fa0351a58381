"""The click command line: one small file a command, each imported only when it is called."""

from importlib import import_module

import click

import luaproc
from luaproc.errors import LuaprocError

# Each is a module of this package, whose click command is called `command`; in the order of `--help`.
COMMANDS = ("serve", "link", "lua", "session", "bench", "doctor", "record", "replay", "show", "compare")


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for, and ends a `LuaprocError` in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except LuaprocError as error:
            click.echo(f"luaproc: {error}", err=True)
            ctx.exit(error.exit_status)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(luaproc.__version__, "--version", message="luaproc %(version)s")
def cli() -> None:
    """The Lua side of MediaWiki Scribunto's LuaStandalone protocol.

    A wiki starts it as its Lua interpreter: put the path of this executable into LocalSettings.php,

    \b
        $wgScribuntoDefaultEngine = 'luastandalone';
        $wgScribuntoEngineConf['luastandalone']['luaPath'] = '/path/to/luaproc';

    and Scribunto's modules run on it. The commands below are for people.
    """
