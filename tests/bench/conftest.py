"""The servers of the benchmark's tests: ours and the reference server, both real."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from luaproc.bench import servers
from luaproc.bench.servers import Server
from tests.parts import need, reference_server


@pytest.fixture
def reference() -> Server:
    """Scribunto's own server, on lua5.1."""
    lua, *arguments = reference_server()
    return Server("reference", (lua,), tuple(arguments))


@pytest.fixture
def ours() -> Iterator[Server]:
    """This luaproc, as the benchmark starts it."""
    with servers.ours("lua51", Path(need("mediawiki"))) as found:
        yield found


@pytest.fixture(params=["reference", "ours"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the two."""
    found: Server = request.getfixturevalue(request.param)
    return found


def script(code: str) -> Server:
    """A server of the test's own making. It has `send`, `receive`, `os` and `time`."""
    helpers = (
        "import os, sys, time\n"
        "def send(body): sys.stdout.buffer.write(b'%08x%08x' % (len(body), 2 * len(body) - 1) + body); "
        "sys.stdout.buffer.flush()\n"
        "def receive(): return sys.stdin.buffer.read(int(sys.stdin.buffer.read(16)[:8], 16))\n"
        'NOTHING = b\'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:0;s:6:"values";a:0:{}}\'\n'
    )
    return Server("script", (sys.executable, "-IS", "-c", helpers + code))
