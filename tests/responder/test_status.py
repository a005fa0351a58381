"""getStatus of this very process, and of a system without /proc."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from luaproc.responder import status
from luaproc.responder.status import EMPTY, open_reporter
from luaproc.wire.serialization import loads


def test_the_numbers_are_this_process() -> None:
    report = open_reporter()
    for _ in range(2):
        reply = loads(report())
        assert reply[b"op"] == b"return"
        assert reply[b"nvalues"] == 1
        told = reply[b"values"][1]
        assert told[b"pid"] == os.getpid()
        times = os.times()
        ticks = sum(times[:4]) * os.sysconf("SC_CLK_TCK")
        assert abs(told[b"time"] - ticks) <= 2
        size, resident = (
            int(word) * os.sysconf("SC_PAGE_SIZE") for word in Path("/proc/self/statm").read_text().split()[:2]
        )
        assert abs(told[b"vsize"] - size) < 1 << 22
        assert abs(told[b"rss"] - resident) < 1 << 22


def test_what_changed_since_the_last_report_is_told(tmp_path: Path) -> None:
    """Size and resident memory, each alone; and time."""
    statm = tmp_path / "statm"
    statm.write_text("300 200 1 1 0 1 0\n")
    report = open_reporter(str(statm))
    page = os.sysconf("SC_PAGE_SIZE")
    for pages in ((300, 200), (300, 200), (301, 200), (301, 199)):
        statm.write_text(f"{pages[0]} {pages[1]} 1 1 0 1 0\n")
        status = loads(report())[b"values"][1]
        assert (status[b"vsize"], status[b"rss"]) == (pages[0] * page, pages[1] * page)
    began = loads(report())[b"values"][1][b"time"]
    while sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK") < began + 2:
        pass
    assert loads(report())[b"values"][1][b"time"] > began


def test_without_proc_the_specified_empty_answer(tmp_path: Path) -> None:
    """op return, nvalues 0, values an empty array."""
    assert open_reporter(str(tmp_path / "statm"))() == EMPTY
    assert loads(EMPTY) == {b"op": b"return", b"nvalues": 0, b"values": {}}


def test_a_proc_that_can_be_opened_and_not_read(tmp_path: Path) -> None:
    assert open_reporter(str(tmp_path))() == EMPTY


def test_the_time_of_children_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the specification: user and system, of the process and of children that have ended; rounded once."""
    found = SimpleNamespace(**{name: getattr(os, name) for name in dir(os) if not name.startswith("__")})
    ticks = os.sysconf("SC_CLK_TCK")
    found.times = lambda: (1.0, 20.0, 300.0, 4000.0 + 0.6 / ticks, 0.0)
    monkeypatch.setattr(status, "os", found)
    assert loads(open_reporter()())[b"values"][1][b"time"] == 4321 * ticks + 1
