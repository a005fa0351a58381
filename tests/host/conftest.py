"""Real servers: the reference on lua5.1, and our own; each test of `interpreter` runs on both."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from luaproc.host import Interpreter
from tests import forks
from tests.parts import REFERENCE, reference_server

Start = Callable[..., Interpreter]


@pytest.fixture(params=[REFERENCE, "ours"])
def server(request: pytest.FixtureRequest) -> list[str]:
    """The command of a real Lua-side server."""
    return reference_server() if request.param == "reference" else forks.forked("serve")


@pytest.fixture
def start(server: list[str]) -> Iterator[Start]:
    """Starts interpreters with options, and ends them."""
    with ExitStack() as stack:

        def start(**options: Any) -> Interpreter:
            return stack.enter_context(Interpreter(server, **{"timeout": 300, **options}))

        yield start


@pytest.fixture
def interpreter(start: Start) -> Interpreter:
    """A fresh interpreter."""
    return start()


def script(code: str) -> list[str]:
    """A server of the test's own making, for what no honest server does. It has `send`, `receive`, os, sys and
    time."""
    helpers = (
        "import os, sys, time\n"
        "def send(body): sys.stdout.buffer.write(b'%08x%08x' % (len(body), 2 * len(body) - 1) + body); "
        "sys.stdout.buffer.flush()\n"
        "def receive(): return sys.stdin.buffer.read(int(sys.stdin.buffer.read(16)[:8], 16))\n"
    )
    return [sys.executable, "-IS", "-c", helpers + code]
