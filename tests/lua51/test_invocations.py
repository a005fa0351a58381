"""Command line by command line: the same stdout, stderr and exit status as Debian's lua5.1 and luajit."""

from collections.abc import Callable

import pytest

from tests.lua51.conftest import Outcome
from tests.lua51.invocations import BOTH, LUA51, LUAJIT, Row

# Each row runs the real interpreter, too.
pytestmark = pytest.mark.real

TABLE = [
    *(("lua5.1", row) for row in BOTH + LUA51),
    *(("luajit", row) for row in BOTH + LUAJIT),
]


def test_the_table_is_as_long_as_promised() -> None:
    """80 command lines at least, and none twice."""
    lines = {(name, row.words, row.stdin, *row.env.items()) for name, row in TABLE}
    assert len(lines) == len(TABLE)
    assert len(BOTH) + len(LUA51) >= 80


@pytest.mark.parametrize(("name", "row"), TABLE, ids=[f"{name}-{row.shows}" for name, row in TABLE])
def test_ours_answers_as_the_real_one(run_both: Callable[..., tuple[Outcome, Outcome]], name: str, row: Row) -> None:
    """stdout, stderr (called by the same name) and exit status."""
    ours, real = run_both(name, row.words, row.stdin, row.env)
    assert ours == real
