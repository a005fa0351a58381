"""What Lua and its limits cost beside the wire: `luaproc nflua bench`. Client and servers share one CPU."""

import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from luaproc.nflua import wire
from luaproc.nflua.client import Control, Data
from luaproc.nflua.errors import NfluaError
from luaproc.nflua.netlink import USERSOCK, Address, client_socket, new_socket
from luaproc.nflua.server import MAX_SECONDS, StateServer
from luaproc.nflua.states import DEFAULT_INSTRUCTIONS, LuaState

SCRIPT = b"x = (x or 0) + 1"
ECHO = b"nf = require 'nf' function __receive_callback(port, d) nf.netlink(port, nil, d) end"
START_SECONDS = 30.0


class Figures(NamedTuple):
    """What was measured. Rates are round trips a second of one core, each the median of the rounds."""

    runtime: str
    bare_echo: float
    """Of a netlink server in Python that sends back what comes."""
    nothing: float
    """Execute, of our server where a state's script is not run."""
    execute: float
    data: float
    """Data that a state's function sends back."""
    execute_to_nothing: float
    """The median of the rounds' ratios."""
    create_ms: float
    """CPU time of the server's."""
    state_kb: float
    """Resident, of each of 904 states at rest."""


def measure(runtime: str, rounds: int, seconds: float, cpu: int | None = None) -> Figures:
    """Measure for some `rounds` of `seconds` a server. cpu: the one to keep everything on, by default the last.

    Raises `NfluaError` where a server does not start, or the system has no netlink.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if cpu is None else cpu})
    with _server("echo", runtime) as echo, _server("nothing", runtime) as nothing, _server("states", runtime) as states:
        rows = [
            (_echoes(echo, seconds), _executes(nothing, seconds), _executes(states, seconds), _data(states, seconds))
            for _ in range(rounds)
        ]
    bare, idle, execute, data = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median(row[2] / row[1] for row in rows)
    with _server("states", runtime) as states:
        create_ms, state_kb = _many_states(states)
    return Figures(runtime, bare, idle, execute, data, ratio, create_ms, state_kb)


# The servers, each a process of its own


class _DoingNothing(StateServer):
    """Our server, but that a script is only received."""

    def _call(self, state: LuaState, what: str, call: Callable[[], None]) -> None:
        super()._call(state, what, lambda: None)


def serve(kind: str, protocol: int, port: int, runtime: str) -> None:
    """Be the server of a kind: "echo", "nothing" or "states"."""
    address = Address(protocol, port)
    if kind == "echo":
        made = new_socket(protocol)
        made.bind((port, 0))
        while True:
            datagram, sender = made.recvfrom(2 * wire.PAGE)
            with suppress(ConnectionRefusedError):  # who only looked whether there is a server
                made.sendto(datagram, sender)
    (StateServer if kind == "states" else _DoingNothing)(address, runtime, DEFAULT_INSTRUCTIONS, MAX_SECONDS).run()


class _Running(NamedTuple):
    address: Address
    pid: int


@contextmanager
def _server(kind: str, runtime: str) -> Iterator[_Running]:
    """A server, on a port ID above all process IDs that nobody else is likely to have."""
    address = Address(USERSOCK, 1 << 30 | secrets.randbits(29))
    code = f"from luaproc.nflua import bench; bench.serve({kind!r}, {USERSOCK}, {address.port}, {runtime!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    try:
        _wait_for(process, address)
        yield _Running(address, process.pid)
    finally:
        process.kill()
        process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", address: Address) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        client, port = client_socket(address, None)
        try:
            client.send(wire.encode(wire.NOOP, 0, 0, port))
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NfluaError(f"the server of the bench has not started: exit status {process.poll()}") from None
            time.sleep(0.01)
        finally:
            client.close()


# What is measured


def _cpu_seconds(pid: int) -> float:
    """Of a process so far, as clock_getcpuclockid(3) names its clock."""
    return time.clock_gettime(~pid << 3 | 2)


def _rate(server: _Running, seconds: float, turn: Callable[[], None]) -> float:
    """Turns a second of CPU time, the client's and the server's together, after a few to warm up. So other processes
    of the machine change nothing."""

    def spent() -> float:
        return time.process_time() + _cpu_seconds(server.pid)

    for _ in range(20):
        turn()
    turns = 0
    begin = now = spent()
    while now - begin < seconds:
        for _ in range(20):
            turn()
        turns += 20
        now = spent()
    return turns / (now - begin)


def _echoes(server: _Running, seconds: float) -> float:
    client, port = client_socket(server.address, None)
    [(flags, body)] = wire.execute_messages(wire.Script(b"s", b"=bench", SCRIPT))
    datagram = wire.encode(wire.EXECUTE, flags, 1, port, body)

    def turn() -> None:
        client.send(datagram)
        client.recv(2 * wire.PAGE)

    with client:
        return _rate(server, seconds, turn)


def _fresh(control: Control, maxalloc: int) -> None:
    """The state s, made anew."""
    if any(state.name == b"s" for state in control.list()):
        control.destroy("s")
    control.create("s", 0, maxalloc)


def _executes(server: _Running, seconds: float) -> float:
    with Control(server=str(server.address), timeout=START_SECONDS) as control:
        _fresh(control, 1 << 17)
        return _rate(server, seconds, lambda: control.execute("s", SCRIPT, "=bench"))


def _data(server: _Running, seconds: float) -> float:
    at = str(server.address)
    with Control(server=at, timeout=START_SECONDS) as control, Data(server=at, timeout=START_SECONDS) as data:
        _fresh(control, 1 << 17)
        control.execute("s", ECHO)

        def turn() -> None:
            data.send("s", SCRIPT)
            data.receive()

        return _rate(server, seconds, turn)


def _many_states(server: _Running) -> tuple[float, float]:
    """Milliseconds of CPU to create a state, and kB that each of 904 takes."""
    with Control(server=str(server.address), timeout=START_SECONDS) as control:
        control.create("first")
        before = _resident_kb(server.pid)
        begin = _cpu_seconds(server.pid)
        for number in range(wire.STATES_MAX - 1):
            control.create(f"s{number}")
        seconds = _cpu_seconds(server.pid) - begin
        each = (_resident_kb(server.pid) - before) / (wire.STATES_MAX - 1)
    return seconds / (wire.STATES_MAX - 1) * 1000, each


def _resident_kb(pid: int) -> int:
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
