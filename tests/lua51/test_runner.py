"""A test runner for wiki modules, in plain Lua, runs unchanged: the same output as on the real interpreters."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lua51.conftest import Outcome, execute
from tests.parts import need

# The real lua5.1 runs the same specs.
pytestmark = pytest.mark.real

RUNNER = "../runner/runner.lua"

# Words -> the exit status: how many specs fail (four of the examples do so on purpose), or what is wrong.
RUNS = {
    (): 4,
    ("--filter", "Module:List"): 0,
    ("--filter", "failures"): 3,
    ("--list",): 0,
    ("../runner/spec/scribuntounit_spec.lua",): 1,
    ("--unknown",): 126,
    ("--filter",): 1,
    ("no_such_spec.lua",): 125,
    ("syntax_error.lua",): 125,
}


@pytest.mark.parametrize("words", RUNS, ids=" ".join)
def test_a_runner_says_the_same(
    run_both: Callable[..., tuple[Outcome, Outcome]], name: str, words: tuple[str, ...]
) -> None:
    """Passed, failed and pending specs, tracebacks of failures, and the exit status."""
    ours, real = run_both(name, (RUNNER, *words))
    assert ours == real
    assert ours.status == RUNS[words]


def test_all_specs_run(run_both: Callable[..., tuple[Outcome, Outcome]]) -> None:
    """The comparison above compares what it should: three files, four failures among them."""
    ours, _ = run_both("lua5.1", (RUNNER,))
    assert ours.stdout.endswith(b"14 passed, 4 failed, 1 pending\n")
    assert b"in function 'helper'" in ours.stdout


def test_a_report_is_written(stand_ins: dict[str, Path], tmp_path: Path) -> None:
    """Through io, to a file that is complete although os.exit ends the run."""
    reports = []
    program = str(stand_ins["lua5.1"])
    for executable in (program, need("lua5.1")):
        file = tmp_path / Path(executable).parent.name
        execute(executable, [program, RUNNER, "--report", str(file)], b"", {})
        reports.append(file.read_text())
    assert reports[0] == reports[1]
    assert reports[0].endswith("date\t1970-01-01\n")
