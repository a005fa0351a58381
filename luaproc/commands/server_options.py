"""The options that several commands have, and what they mean: which server, its limits, how long to wait for it."""

import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from luaproc.errors import UsageError
from luaproc.host.process import HAS_LIMITS, SCRIBUNTO_CPU_LIMIT, SCRIBUNTO_MEMORY_LIMIT
from luaproc.responder.options import OPTIONS
from luaproc.responder.runtime import must_be_known

FC = TypeVar("FC", bound=Callable[..., Any])


def server_words(command: str) -> list[str]:
    """The words of a server's command, as a shell would cut it. Raises UsageError for quotes without their end."""
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--server: the words of {command!r} cannot be told apart: {str(error).lower()}") from None


def known_runtime(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """A callback for ``--runtime``: no server is started for a Lua that does not exist. Raises UsageError."""
    if value is not None:
        must_be_known(value)
    return value


def _limit(_ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A value that the responder's own option of that name would read; or 0, for none."""
    if value is None or value == "0":
        return None if value is None else 0
    _, read, expected, _ = OPTIONS[param.opts[0].removeprefix("--")]
    try:
        return int(read(value))
    except (ValueError, IndexError):
        raise click.BadParameter(f"expected {expected}, or 0 for none; got {value!r}") from None


server = click.option("--server", metavar="CMD", help="The server's command, quoted as for a shell; default: our own.")
own_runtime = click.option(
    "--runtime", metavar="NAME", callback=known_runtime, help="The Lua of our own server: lua51 (default) or luajit21."
)


def _seconds(_ctx: click.Context, _param: click.Parameter, value: float) -> float:
    if value != value:
        raise click.BadParameter("expected seconds, or 0; got nan")
    return value


timeout = click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    callback=_seconds,
    default=60,
    show_default=True,
    help="How long a server may take for one message; 0: for ever.",
)
differences = click.option(
    "--differences",
    "most",
    metavar="N",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Shown at most.",
)


def limits(default: str) -> Callable[[FC], FC]:
    """``--max-cpu`` and ``--max-memory``, as int or None. default: what None means, for the help."""
    cpu = click.option(
        "--max-cpu",
        metavar="SECONDS",
        callback=_limit,
        help=f"CPU time of a server, by ulimit; 0: no limit. [default: {default}]",
    )
    memory = click.option(
        "--max-memory",
        metavar="BYTES",
        callback=_limit,
        help=f"Memory of a server, by ulimit; K, M and G are understood, 0: no limit. [default: {default}]",
    )
    return lambda command: cpu(memory(command))


def as_in_a_wiki(max_cpu: int | None, max_memory: int | None) -> tuple[int | None, int | None]:
    """The limits of a server where those of a wiki are the default: Scribunto's own, which sets them on Linux alone."""
    default = (SCRIBUNTO_CPU_LIMIT, SCRIBUNTO_MEMORY_LIMIT) if HAS_LIMITS else (None, None)
    cpu, memory = (own if given is None else given for own, given in zip(default, (max_cpu, max_memory), strict=True))
    return cpu or None, memory or None


def limits_in_words(cpu: int | None, memory: int | None) -> str:
    """The limits of a server for its user, with what changes them."""
    words = [f"{cpu} s of CPU time"] if cpu else []
    words += [f"{memory / (1 << 20):.4g} MiB of memory"] if memory else []
    if not words:
        return "no limits"
    whose = "a wiki's limits, " if (cpu, memory) == (SCRIBUNTO_CPU_LIMIT, SCRIBUNTO_MEMORY_LIMIT) else ""
    return f"{whose}{' and '.join(words)} (--max-cpu, --max-memory)"
