"""Every attack of the corpus, on every runtime it is meant for."""

import re
from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from luaproc.host import ServerDied
from tests.hostile.attack import Attack, Ends, Fails, Returns
from tests.hostile.conftest import Case, Result
from tests.hostile.corpus import CORPUS


def _marks(attack: Attack, attacks: Sequence[Attack], runtime: str) -> tuple[pytest.MarkDecorator, ...]:
    """Each of the rows starts a process; the fast lane tries the first row of each subject, on Lua 5.1."""
    return () if attack is attacks[0] and runtime == attack.runtimes[0] else (pytest.mark.slow,)


CASES = [
    pytest.param((attack, runtime), id=f"{subject}: {attack.name} [{runtime}]", marks=_marks(attack, attacks, runtime))
    for subject, attacks in CORPUS.items()
    for attack in attacks
    for runtime in attack.runtimes
]


def test_every_row_is_there_once() -> None:
    """A row that is written twice, or that no runtime runs, tests less than it seems to."""
    names = [str(case.id) for case in CASES]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    assert [attack.name for attacks in CORPUS.values() for attack in attacks if not attack.runtimes] == []


@pytest.mark.parametrize("case", CASES)
def test_attack(case: Case, results: "dict[Case, Future[Result]]") -> None:
    """The module gets what the row says, and the process is itself afterwards."""
    attack: Attack = case[0]
    kind, value = results[case].result()
    expected = attack.outcome
    assert kind != "ill", value
    if isinstance(expected, Ends):
        assert isinstance(value, ServerDied), (kind, value)
        assert value.signal in expected.signals, value
        return
    assert kind != "died", value
    if (attack.limits.memory or 51200) < 51200 and (kind, value) == ("failed", b"not enough memory"):
        return  # whether the row's own last step still finds room there, is the collector's luck
    if isinstance(expected, Returns):
        assert (kind, value) == ("returned", list(expected.values))
    elif isinstance(expected, Fails):
        assert kind == "failed", value
        assert isinstance(value, bytes)
        assert re.match(expected.pattern, value.decode("latin-1"), re.DOTALL), value[:300]
