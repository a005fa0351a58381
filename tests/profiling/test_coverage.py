"""Coverage as numbers: what servers wrote is summed up, LCOV has every module, a share never flatters."""

import pytest

from luaproc.profiling import coverage
from luaproc.profiling.coverage import Covered


def test_counts_of_all_processes_add_up() -> None:
    """A line that was cut by a full disk is left out, and so is what is none."""
    record = b"Module:A\t0\t0\t1:2,3:1\nModule:A\t0\t0\t1:5\nModule:A\t4\t6\t5:1\n\nnonsense\nModule:B\t0\t0\tx\n"
    record += b"Module:A\t0\t0\t1:9"
    assert coverage.read_counts(record)["Module:A"] == {(0, 0): {1: 7, 3: 1}, (4, 6): {5: 1}}


def test_lcov_has_every_line_that_can_run() -> None:
    """Those that did not with 0; a page of a dump has its title for a file."""
    modules = [Covered("Module:A", "Module/A.lua", "", {1: 3, 2: 0}), Covered("Module:B", "", "", {})]
    assert coverage.lcov(modules) == (
        "TN:\nSF:Module/A.lua\nDA:1,3\nDA:2,0\nLF:2\nLH:1\nend_of_record\nTN:\nSF:Module:B\nLF:0\nLH:0\nend_of_record\n"
    )


@pytest.mark.parametrize(
    ("hit", "total", "told"),
    [(0, 0, "–"), (0, 5, "0 %"), (1, 3000, "0.1 %"), (1, 2, "50 %"), (2999, 3000, "99.9 %"), (7, 7, "100 %")],
)
def test_a_share_is_all_or_nothing_only_where_it_is(hit: int, total: int, told: str) -> None:
    """2,999 of 3,000 lines are not 100 %."""
    assert coverage.share(hit, total) == told
