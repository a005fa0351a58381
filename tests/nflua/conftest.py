"""Servers of states on ports of their own, and `luaproc lua` as a client."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from luaproc.nflua import Control, SocketError
from tests.forks import LUAPROC

RUNTIMES = ("lua53", "lua51", "luajit21")

# Above all process IDs, and another number for each process of tests.
_ports = count(1_200_000_000 + (os.getpid() % 10_000) * 1000)

Start = Callable[..., str]


def luaproc(*words: str, address: str = "", stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    environment = {**os.environ, "LUAPROC_NFLUA_SOCKET": address}
    return subprocess.run(
        [*LUAPROC, *words], input=stdin, capture_output=True, timeout=300, env=environment, check=False
    )


def lua(address: str, code: str, runtime: str = "lua51") -> str:
    """What a Lua script prints, as a client of the server at that address."""
    done = luaproc("lua", "--runtime", runtime, "-", address=address, stdin=code.encode())
    assert done.stderr == b"", done.stderr.decode()
    return done.stdout.decode()


def started(runtime: str, *options: str, **variables: str) -> "tuple[subprocess.Popen[bytes], str]":
    """A server that answers, and its address. variables: of its environment."""
    address = f"2:{next(_ports)}"
    words = [sys.executable, "-m", "luaproc", "nflua", "serve", "--socket", address, "--runtime", runtime, *options]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, env={**os.environ, **variables})
    for _ in range(1200):
        try:
            with Control(server=address, timeout=300) as control:
                control.list()
            return process, address
        except SocketError:
            assert process.poll() is None
            time.sleep(0.02)
    raise AssertionError("the server does not answer")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers: as `started`; returns the address. Each is ended after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(runtime: str = "lua53", *options: str, **variables: str) -> str:
        process, address = started(runtime, *options, **variables)
        running.append(process)
        return address

    start.processes = running  # type: ignore[attr-defined]
    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def shared_servers() -> "Iterator[dict[str, str]]":
    """A server of each runtime, for all tests of a file that harm none: runtime -> address."""
    found = {runtime: started(runtime) for runtime in RUNTIMES}
    yield {runtime: address for runtime, (_, address) in found.items()}
    for process, _ in found.values():
        process.kill()
        process.wait()


def emptied(address: str) -> str:
    """That server, without a state."""
    with Control(server=address, timeout=300) as control:
        for state in control.list():
            control.destroy(state.name)
    return address


@pytest.fixture(params=RUNTIMES)
def any_server(request: pytest.FixtureRequest, shared_servers: dict[str, str]) -> str:
    """A server of each runtime in turn."""
    return emptied(shared_servers[request.param])


@pytest.fixture
def server(shared_servers: dict[str, str]) -> str:
    return emptied(shared_servers["lua53"])
