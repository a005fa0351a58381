"""The click command line: one small file a command, each imported only when it is called."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

import luaproc
from luaproc.commands.lazy import LazyGroup
from luaproc.errors import LuaprocError, readable

# Each is a module of this package, whose click command is called `command`; in the order of `--help`.
COMMANDS = (
    "serve",
    "link",
    "lua",
    "wiki",
    "nflua",
    "session",
    "bench",
    "doctor",
    "record",
    "replay",
    "show",
    "compare",
    "profile",
)


class _Group(LazyGroup):
    """Ends a `LuaprocError` in one line."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Streams that are closed are empty, those that do not wait are made to wait, and one that cannot be written
        any more is told in a line."""
        _let_streams_wait()
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:
                setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
        try:
            try:
                return super().main(*args, **options)
            finally:
                sys.stdout.flush()
        except OSError as error:
            if error.filename is not None:
                raise  # nothing of a stream's
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), sys.stdout.fileno())  # for what is left in the buffer
            if error.errno != errno.EPIPE:
                # No stream says ENOENT; getcwd() does, for paths that are relative.
                gone = error.errno == errno.ENOENT
                what = "the current directory is gone" if gone else f"the output cannot be written: {error.strerror}"
                sys.stderr.write(f"luaproc: {what}\n")
            sys.exit(1)

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with _filtered():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with _filtered():
                return super().invoke(ctx)
        except LuaprocError as error:
            click.echo(f"luaproc: {readable(str(error))}", err=True)
            ctx.exit(error.exit_status)


def _let_streams_wait() -> None:
    # Whoever started us may have set O_NONBLOCK for what it shares with us. Python's streams take "nothing yet" for the
    # end of the input, and what does not fit into a pipe for an error. A shell does the same to its stdin.
    for number in range(3):
        try:
            if not os.get_blocking(number):
                os.set_blocking(number, True)
        except (OSError, AttributeError):  # it is closed; Windows before Python 3.12
            pass


@contextmanager
def _filtered() -> Iterator[None]:
    """click's own errors quote the words of the command line: names of files, which others may have chosen."""
    try:
        yield
    except click.UsageError as error:
        raise click.UsageError(readable(error.format_message()), error.ctx) from None


@click.group(cls=_Group, package=__name__, names=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(luaproc.__version__, "--version", message="luaproc %(version)s")
def cli() -> None:
    """The Lua side of MediaWiki Scribunto's LuaStandalone protocol.

    A wiki starts it as its Lua interpreter: put the path of this executable into LocalSettings.php,

    \b
        $wgScribuntoDefaultEngine = 'luastandalone';
        $wgScribuntoEngineConf['luastandalone']['luaPath'] = '/path/to/luaproc';

    and Scribunto's modules run on it. The commands below are for people.
    """
