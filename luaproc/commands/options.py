"""What options mean that several commands have: a server's command, and the Lua of our own server."""

import shlex

import click

from luaproc.errors import UsageError
from luaproc.responder.runtime import VERSIONS


def server_words(command: str) -> list[str]:
    """The words of a server's command, as a shell would cut it. Raises UsageError for quotes without their end."""
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--server: the words of {command!r} cannot be told apart: {str(error).lower()}") from None


def known_runtime(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """A callback for ``--runtime``: no server is started for a Lua that does not exist. Raises UsageError."""
    if value is not None and value not in VERSIONS:
        raise UsageError(f"unknown runtime {value!r}: expected one of {', '.join(VERSIONS)}")
    return value
