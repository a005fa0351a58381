"""Turns, pins, and what is said when a server fails."""

import os

import pytest

from luaproc.bench import runner
from luaproc.bench.client import SYNC
from luaproc.bench.runner import Task
from luaproc.bench.servers import BARE, LUA, PYTHON, BenchError, Server
from tests.bench.conftest import script

ONE, TWO, THREE = (Server(name, (name,)) for name in ("one", "two", "three"))


def test_turns_change_every_round() -> None:
    """Nobody always runs first, or always behind the same other one; figures keep their rounds."""
    order: list[str] = []

    def measure(server: Server) -> float:
        order.append(server.name)
        return float(len(order))

    rows = runner.run([Task("t", "title", "seconds", (ONE, TWO, THREE), measure)], 3, lambda what: None)
    assert order == ["one", "two", "three", "two", "three", "one", "three", "one", "two"]
    assert rows[0].figures == {"one": [1, 6, 8], "two": [2, 4, 9], "three": [3, 5, 7]}


def test_progress_is_called_for_every_figure() -> None:
    """`steps` is what the bar's length is."""
    told: list[str] = []
    tasks = [Task("t", "title", "seconds", (ONE, TWO), lambda server: 1.0)]
    runner.run(tasks, 2, told.append)
    assert len(told) == runner.steps(tasks, 2) == 4
    assert told[0] == "t, one"


def test_every_key_is_a_task_in_that_order() -> None:
    """--only and the table know the same names; pages need a wiki."""
    tasks = runner.tasks([ONE, TWO], runner.KEYS, None)
    assert [task.key for task in tasks] == [key for key in runner.KEYS if not key.startswith("page-")]
    assert tasks[1].servers == (ONE, BARE)
    assert next(task for task in tasks if task.key == "async").servers == (ONE, SYNC)
    assert next(task for task in tasks if task.key == "standalone").servers == (ONE, PYTHON)


def test_the_standalone_interpreter_starts_and_ends() -> None:
    """CPU seconds of whole processes, ours with a Lua more than Python's."""
    assert 0 < runner.alone(PYTHON) < 60
    assert 0 < runner.alone(LUA) < 60


def test_pin_is_inherited_and_taken_off() -> None:
    """Everything that is started meanwhile runs on the one CPU, and afterwards nothing is left of it."""
    before = os.sched_getaffinity(0)
    with runner.pinned(None) as note:
        assert os.sched_getaffinity(0) == {max(before)}
        assert os.popen("grep Cpus_allowed_list /proc/self/status").read().split()[1] == str(max(before))
    assert note == f"all processes on CPU {max(before)}"
    assert os.sched_getaffinity(0) == before


def test_a_cpu_that_is_not_there() -> None:
    """Says which there are."""
    with pytest.raises(BenchError, match=r"expected a CPU out of 0.*, got 4711"), runner.pinned(4711):
        pass


def test_pin_that_is_refused_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some containers forbid it: the figures are then worth less, and the report has to tell."""

    def refuse(pid: int, cpus: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    with runner.pinned(None) as note:
        assert note == "not pinned to one CPU: Operation not permitted"


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("sys.exit('it is broken')", "exited with status 1 - it is broken"),
        ("receive(); os.kill(os.getpid(), 11)", r"received signal 11 \(SIGSEGV\)"),
        ("receive(); send(b'rubbish')", "malformed serialized data"),
        ("receive(); send(NOTHING); receive(); send(NOTHING)", "wrong answer: expected return with one id"),
    ],
)
def test_a_server_that_fails_is_named_with_the_reason(code: str, reason: str) -> None:
    """Before anything is measured, while its stderr is still at hand."""
    with pytest.raises(BenchError, match=f"^script cannot be measured: .*{reason}"):
        runner.try_out(script(code))


def test_a_server_that_fails_later_is_named_with_the_workload() -> None:
    """It may master the trial and not the work."""
    dying = script("receive(); send(NOTHING); receive(); sys.exit(7)")
    tasks = runner.tasks([dying], ["echo"], None)
    with pytest.raises(BenchError, match="script, workload echo: the interpreter exited with status 7"):
        runner.run(tasks, 1, lambda what: None)


@pytest.mark.real
def test_a_wrapper_that_stays_is_no_server(reference: Server) -> None:
    """Its clock would show how little a shell does while the server works; getStatus tells them apart."""
    command = " ".join(f"'{word}'" for word in reference.command)
    wrapper = Server("wrapper", ("/bin/sh", "-c", f"{command}; exit 0"))
    with pytest.raises(BenchError, match=r"wrapper cannot be measured: .*which a server's command has to become"):
        runner.try_out(wrapper)


def test_a_silent_server_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is measured, and not after the time that a reply may take under load."""
    monkeypatch.setattr(runner, "_TRIAL_SECONDS", 0.3)
    with pytest.raises(BenchError, match=r"script cannot be measured: .* did not answer within 0\.3 seconds"):
        runner.try_out(script("time.sleep(60)"))
