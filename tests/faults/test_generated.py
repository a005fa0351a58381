"""The responder ends well or says what was wrong, whatever comes in.

CI tries 1,700 inputs: each kind of `streams.generated` 60 times on each runtime, and on one of the two the valid stream
cut at each byte of a header and near it, and at every eighth elsewhere. LUAPROC_LONG_TESTS=1 tries 20,000: each kind a
thousand times, and each cut on both runtimes.
"""

from itertools import pairwise

import pytest

from tests.faults import judge, streams
from tests.parts import LONG

# Each runtime is given 850 inputs, a process each.
pytestmark = pytest.mark.slow

RUNTIMES = ("lua51", "luajit21")
COUNT = 8600 if LONG else 480  # for each runtime, beside the prefixes of the valid stream
SEED = 20261121


def judge_all(inputs: list[bytes], runtime: str) -> dict[int, int]:
    """How often which status came; fails with the first inputs that were not taken well."""
    statuses: dict[int, int] = {}
    bad = []
    for given, report in judge.run(inputs, runtime):
        statuses[report.status] = statuses.get(report.status, 0) + 1
        what = judge.complaint(report)
        if what:
            bad.append((what, given))
    assert not bad, f"{len(bad)} of {len(inputs)}; the shortest: {min(bad, key=lambda pair: len(pair[1]))}"
    return statuses


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_valid_stream_is_valid(runtime: str) -> None:
    """What the others are made of: it ends by its `quit`, with an answer for each request."""
    ((_, report),) = judge.run([streams.VALID], runtime)
    assert judge.complaint(report) is None
    assert report.status == 0
    assert report.stdout.count(b's:2:"op"') == 19


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_prefix(runtime: str) -> None:
    """Cut between two messages it is the end; anywhere else the end of a process with status 1."""
    inputs = list(streams.prefixes() if LONG else streams.near_headers(RUNTIMES.index(runtime), len(RUNTIMES)))
    statuses = judge_all(inputs, runtime)
    assert statuses == {0: len(streams.BODIES), 1: len(inputs) - len(streams.BODIES)}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_generated_inputs(runtime: str) -> None:
    """Spoilt streams and bodies, random frames, random bytes."""
    statuses = judge_all(list(streams.generated(SEED, COUNT)), runtime)
    assert min(statuses[0], statuses[1]) > COUNT // 50


def test_every_cut_is_tried() -> None:
    """On one runtime or the other: cuts that no runtime is given protect nothing."""
    halves = [set(streams.near_headers(number, len(RUNTIMES))) for number in range(len(RUNTIMES))]
    cuts = {len(cut) for half in halves for cut in half}
    assert cuts >= {start + byte for start in streams.STARTS for byte in range(19)}
    assert max(after - before for before, after in pairwise(sorted(cuts))) <= 8
    assert len(set(streams.prefixes())) == len(streams.VALID)
