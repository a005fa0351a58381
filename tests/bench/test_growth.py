"""How costs grow, and what a start is made of: each row is measured on both servers, and small ones are small."""

from pathlib import Path

import pytest

from luaproc.bench import growth, runner
from luaproc.bench.servers import Server
from tests import forks


@pytest.mark.real
def test_rows_are_what_their_titles_say(server: Server) -> None:
    """Many chunks cost more than few, a large reply more than a small one; and both are answered rightly."""
    assert 0 < growth.chunks(10, server) < growth.chunks(5000, server)
    assert 0 < growth.reply(1000, server) < growth.reply(3_000_000, server)
    assert 100_000 < growth.memory_of_each(2, server) < 20_000_000


@pytest.mark.slow  # starts many processes
def test_steps_of_a_start(tmp_path: Path) -> None:
    """Each step costs something, and a start all of them; the launchers serve."""
    rows = growth.steps_of_start("lua51", str(tmp_path))
    assert [row.key for row in rows] == ["step-shell", "step-python", "step-lupa", "step-plain", "step-bundle"]
    figures = {row.key: row.measure(Server("", ())) for row in rows}
    assert all(0 < figure < 5 for figure in figures.values())
    assert figures["step-shell"] < figures["step-plain"]


def test_tasks_for_every_row() -> None:
    """Keys are distinct, and the table of every run has none of them."""
    tasks = runner.growth([Server("one", ())], growth.GROWTH)
    keys = [task.key for task in tasks]
    assert len(set(keys)) == len(growth.GROWTH)
    assert not set(keys) & set(runner.KEYS)


@pytest.mark.slow  # runs the bench
def test_one_of_three(tmp_path: Path) -> None:
    """--growth, --steps and --only choose tables; two of them are a mistake."""
    done = forks.run("bench", "--growth", "--only", "echo")
    assert (done.returncode, done.stderr) == (2, b"luaproc: bench takes one of --growth, --steps and --only\n")


@pytest.mark.slow  # starts ten processes by way of the command
def test_the_table_of_steps() -> None:
    """Without a real Lua to compare with."""
    done = forks.run("bench", "--steps", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().splitlines()[-1].startswith("launcher with its bundle, to the first reply")
