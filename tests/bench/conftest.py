"""The servers of the benchmark's tests: ours and the reference server, both real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from luaproc.bench import servers
from luaproc.bench.servers import Server
from tests.host import conftest as lying
from tests.parts import need, reference_server


@pytest.fixture
def reference() -> Server:
    """Scribunto's own server, on lua5.1."""
    lua, *arguments = reference_server()
    return Server("reference", (lua,), tuple(arguments))


@pytest.fixture(scope="session")
def ours() -> Iterator[Server]:
    """This luaproc, as the benchmark starts it: by a launcher, which is made once."""
    with servers.ours("lua51", Path(need("mediawiki"))) as found:
        yield found


@pytest.fixture(params=["reference", "ours"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the two."""
    found: Server = request.getfixturevalue(request.param)
    return found


def script(code: str) -> Server:
    """`lying.script` as a server, with `NOTHING`, a reply without values."""
    nothing = 'NOTHING = b\'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:0;s:6:"values";a:0:{}}\'\n'
    return Server("script", tuple(lying.script(nothing + code)))
