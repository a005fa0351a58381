"""`luaproc nflua`: named Lua states behind netlink, for people at a shell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from luaproc.errors import NotReadError, UsageError, visible
from luaproc.host.printing import json_text
from luaproc.install import files

if TYPE_CHECKING:
    from luaproc.nflua import Control, Data

_SOCKET = click.option(
    "--socket", "address", metavar="PROTOCOL:PORT", help="By default $LUAPROC_NFLUA_SOCKET, else 2:1313229909."
)
_RUNTIME = click.option(
    "--runtime", type=click.Choice(["lua53", "lua51", "luajit21"]), default="lua53", show_default=True
)
_TIMEOUT = click.option(
    "--timeout", type=click.FloatRange(min=0), default=10.0, show_default=True, help="Seconds to wait."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Lua states that live in a server of their own: created by name with limits, fed scripts and data, as NFLua's.

    \b
    Exit status: 0, and nothing is printed on success; 1 where the server refuses, with its reason; 2 for a usage error.
    """


@command.command()
@_SOCKET
@_RUNTIME
@click.option("--max-instructions", type=click.IntRange(1), help="Of a call, in states created without a limit.")
@click.option("--max-seconds", type=click.FloatRange(min=0.1), help="Of any call; then the server ends. [default: 10]")
@click.option("--log", metavar="FILE", help="Append log lines there instead of stderr.")
def serve(
    address: str | None, runtime: str, max_instructions: int | None, max_seconds: float | None, log: str | None
) -> None:
    """Be the server, until SIGTERM or Ctrl-C."""
    from luaproc.nflua import netlink, server, states

    server.serve(
        netlink.address(address),
        runtime,
        max_instructions or states.DEFAULT_INSTRUCTIONS,
        max_seconds or server.MAX_SECONDS,
        log,
    )


@command.command()
@_SOCKET
@_TIMEOUT
@click.option("--maxruns", type=click.IntRange(0, 2**32 - 1), default=0, help="Instructions a call; 0: the server's.")
@click.option("--maxalloc", type=click.IntRange(0, 2**32 - 1), default=32768, show_default=True, help="Bytes.")
@click.option("--flags", default="", help="d: with the debug library.")
@click.argument("name")
def create(name: str, maxruns: int, maxalloc: int, flags: str, address: str | None, timeout: float) -> None:
    """Make a state."""
    with _control(address, timeout) as control:
        control.create(name, maxruns, maxalloc, flags)


@command.command()
@_SOCKET
@_TIMEOUT
@click.argument("name")
def destroy(name: str, address: str | None, timeout: float) -> None:
    """Remove a state."""
    with _control(address, timeout) as control:
        control.destroy(name)


@command.command(name="list")
@_SOCKET
@_TIMEOUT
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_states(address: str | None, timeout: float, as_json: bool) -> None:
    """List the states."""
    with _control(address, timeout) as control:
        states = control.list()
    rows = [
        {
            "name": state.name.decode("utf-8", "backslashreplace"), "maxruns": state.maxruns,
            "maxalloc": state.maxalloc, "curralloc": state.curralloc, "flags": state.flags.decode("latin-1"),
        }
        for state in states
    ]  # fmt: skip
    if as_json:
        click.echo(json_text(rows))
        return
    click.echo(f"{'NAME':<24} {'MAXRUNS':>12} {'MAXALLOC':>12} {'CURRALLOC':>12} FLAGS")
    for row in rows:
        numbers = " ".join(f"{row[key]:>12}" for key in ("maxruns", "maxalloc", "curralloc"))
        click.echo(f"{visible(str(row['name'])):<24} {numbers} {row['flags']}".rstrip())


@command.command()
@_SOCKET
@_TIMEOUT
@click.option("-e", "code", metavar="CODE", help="The script itself.")
@click.argument("name")
@click.argument("script", required=False)
def execute(name: str, script: str | None, code: str | None, address: str | None, timeout: float) -> None:
    """Run a script in a state: a file, - for standard input, or -e CODE."""
    if (script is None) == (code is None):
        raise UsageError("expected a file, - or -e CODE, and one of them")
    text, chunk = (code.encode("utf-8", "surrogateescape"), "=(command line)") if code is not None else _read(script)
    with _control(address, timeout) as control:
        control.execute(name, text, chunk)


@command.command()
@_SOCKET
@_TIMEOUT
@click.option("--wait", type=click.FloatRange(min=0), metavar="SECONDS", help="Print what the state answers by then.")
@click.argument("name")
@click.argument("file", required=False)
def send(name: str, file: str | None, wait: float | None, address: str | None, timeout: float) -> None:
    """Send data to a state: a file, or standard input. 1 to 4,012 bytes. Ends when the state has handled it."""
    payload, _ = _read(file or "-")
    with _data(None, address, timeout) as data:
        data.send(name, payload)
        data.wait_until_handled()
        if wait is not None:
            _write(_received(data, wait))


@command.command()
@_SOCKET
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Messages to receive.")
@click.option("--timeout", type=click.FloatRange(min=0), help="Seconds to wait for each. [default: for ever]")
@click.argument("port", type=click.IntRange(1, 2**31 - 1))
def receive(port: int, count: int, timeout: float | None, address: str | None) -> None:
    """Print what states send to a port ID, a line each."""
    with _data(port, address, timeout) as data:
        for _ in range(count):
            _write(_received(data, timeout))


@command.command()
@_RUNTIME
@click.option(
    "--rounds", type=click.IntRange(1), default=5, show_default=True, help="Rounds, in which servers take turns."
)
@click.option("--seconds", type=click.FloatRange(min=0.01), default=1.0, show_default=True, help="Of each measurement.")
@click.option("--cpu", type=click.IntRange(0), help="The CPU to keep everything on; by default the last one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench(runtime: str, rounds: int, seconds: float, cpu: int | None, as_json: bool) -> None:
    """Measure what Lua and its limits cost beside the wire, and what a state costs at rest."""
    from luaproc.nflua.bench import measure

    figures = measure(runtime, rounds, seconds, cpu)
    if as_json:
        click.echo(json_text(figures._asdict()))
        return
    for text, value in (
        ("round trips a second: a bare netlink echo in Python", f"{figures.bare_echo:,.0f}"),
        ("  execute, the script replaced by nothing", f"{figures.nothing:,.0f}"),
        (f"  execute in {runtime}", f"{figures.execute:,.0f}"),
        ("  data, sent back by the state", f"{figures.data:,.0f}"),
        ("execute / replaced by nothing", f"{figures.execute_to_nothing:.2f}"),
        ("create a state, ms", f"{figures.create_ms:.2f}"),
        ("904 states at rest, kB each", f"{figures.state_kb:.0f}"),
    ):
        click.echo(f"{text:<52} {value:>8}")


@contextmanager
def _control(address: str | None, timeout: float) -> Iterator[Control]:
    """A control socket. A refusal's reason, which a script may have written, is one line."""
    from luaproc.nflua import Control

    with _one_line(), Control(server=address, timeout=timeout) as control:
        yield control


@contextmanager
def _data(port: int | None, address: str | None, timeout: float | None) -> Iterator[Data]:
    from luaproc.nflua import Data

    with _one_line(), Data(port, server=address, timeout=timeout) as data:
        yield data


@contextmanager
def _one_line() -> Iterator[None]:
    from luaproc.nflua import NfluaError, Refused

    try:
        yield
    except Refused as refused:
        raise NfluaError(visible(str(refused))) from None


def _received(data: Data, timeout: float | None) -> bytes:
    """The payload of the next message; no message in time is an error, also where the time is 0."""
    from luaproc.nflua import TimedOut

    received = data.receive(timeout)
    if received is None:
        raise TimedOut("no message is there")
    return received[0]


def _read(file: str | None) -> tuple[bytes, str]:
    """A file's bytes, and the name that messages of Lua's have for it."""
    assert file is not None
    try:
        if file == "-":
            return files.read_stream(sys.stdin.buffer, files.TEXT), "=stdin"
        return files.read(file, files.TEXT), f"@{file}"
    except NotReadError as error:
        raise UsageError(str(error)) from None


def _write(payload: bytes) -> None:
    """Data for a person on a terminal, as it is into a pipe; ended by a line end."""
    if sys.stdout.isatty():
        click.echo(visible(payload))
    else:
        sys.stdout.buffer.write(payload if payload.endswith(b"\n") else payload + b"\n")
        sys.stdout.flush()
