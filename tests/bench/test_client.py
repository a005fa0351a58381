"""The client's own cost: both clients do the same, and every answer is checked."""

from collections.abc import Callable

import pytest

from luaproc.bench.client import async_calls, sync_calls
from luaproc.bench.servers import BenchError, Server
from luaproc.host.interpreter import default_server
from tests.bench.conftest import script

OURS = Server("ours", tuple(default_server()))
CLIENTS = [sync_calls, async_calls]


@pytest.mark.slow  # repeats thousands of times
@pytest.mark.parametrize("client", CLIENTS)
def test_more_calls_cost_more(client: Callable[[Server, int], float]) -> None:
    """CPU seconds of client and server, of the calls alone."""
    assert 0 < client(OURS, 1) < client(OURS, 2000) < 60


@pytest.mark.parametrize("client", CLIENTS)
def test_a_wrong_answer_counts_for_nothing(client: Callable[[Server, int], float]) -> None:
    """A server that answers all calls with the same value."""
    reply = 'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;%s}}'
    function = 'O:42:"Scribunto_LuaStandaloneInterpreterFunction":2:{s:13:"interpreterId";i:0;s:2:"id";i:2;}'
    bodies = [reply % "i:1;", reply % function, *[reply % "i:0;"] * 9]
    lying = script(f"for body in {bodies!r}:\n    receive()\n    send(body.encode())\n")
    with pytest.raises(BenchError, match=r"expected 1, got \[0\]"):
        client(lying, 5)
