"""The same sessions to luaproc and to the reference server on a real Lua: what comes back is the same text."""

import pytest

from tests.parts import reference_server
from tests.responder.conftest import serve
from tests.responder.differences import DIFFERENCES, expected
from tests.responder.session import Session
from tests.responder.sessions import rows

# The reference server answers the same on Debian's Lua.
pytestmark = pytest.mark.real

REAL = {"lua51": "lua5.1", "luajit21": "luajit"}
ROWS = rows()


@pytest.mark.parametrize("name", ROWS)
def test_same_replies(name: str, runtime: str) -> None:
    """Replies, callbacks, error texts with positions, traces without the server's own frames; see differences.py."""
    # lua51 is the VM of the reference: even the order of pairs is the same.
    ordered = runtime == "lua51"
    theirs = Session(reference_server(lua=REAL[runtime]), ordered).run(ROWS[name])
    ours = Session(serve(runtime), ordered).run(ROWS[name])
    assert ours.splitlines() == expected(name, runtime, theirs).splitlines()


def test_differences_name_sessions_that_exist() -> None:
    """A difference whose session is gone excuses nothing."""
    named = {name for difference in DIFFERENCES for name in difference.rows or ()}
    assert named <= set(ROWS)
