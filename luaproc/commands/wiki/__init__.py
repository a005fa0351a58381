"""`luaproc wiki`: modules and templates without a wiki; one small file a command, imported when it is called."""

import click

from luaproc.commands.lazy import LazyGroup

COMMANDS = ("expand", "invoke", "eval", "dump", "console", "test", "check", "doctor", "fetch", "mw")


@click.group(cls=LazyGroup, package=__name__, names=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Expand pages and run modules without a wiki: Scribunto's own Lua library, and PHP's half of it in Python.

    Settings of all subcommands also stand in luaproc.toml, or in [tool.luaproc.wiki] of pyproject.toml.

    \b
    Exit status: 0; 1 where a module failed or a test did; 2 for a usage error; 5 where there was no test.
    """
