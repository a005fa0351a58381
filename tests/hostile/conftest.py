"""Runs the rows of the corpus, as many at a time as there are processors; each test then looks at its own."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from luaproc.errors import LuaprocError
from luaproc.host import Interpreter, LuaError, ServerDied
from tests.hostile import host
from tests.hostile.attack import Attack, Ends, StaysFull
from tests.parts import LONG

Case = tuple[Attack, str]
Result = tuple[str, object]


def _check(attack: Attack, interpreter: Interpreter) -> None:
    if isinstance(attack.outcome, StaysFull):
        host.check_full(interpreter)
        return
    host.check_health(interpreter)


def _limit(interpreter: Interpreter) -> None:
    """Send what the kernel sends at the CPU limit, after a tenth of a second of work in place of a whole one.

    What ignores the signal goes on until the limit comes, and ends by SIGKILL a second later."""
    while interpreter.connection.running:
        with suppress(OSError), open(f"/proc/{interpreter.connection.pid}/stat", "rb") as file:
            if sum(map(int, file.read().rpartition(b") ")[2].split()[11:13])) >= 10:
                os.kill(interpreter.connection.pid, signal.SIGXCPU)
                return
        time.sleep(0.02)


def run(case: Case) -> Result:
    """What came of it: `returned` and the values, `failed` and the error's value, `died` and the error; or, where the
    process was not itself afterwards, `ill` and why."""
    attack, runtime = case
    with host.start(runtime, attack.limits) as interpreter:
        result: Result
        try:
            module = interpreter.load_string(attack.code, "=m")
            if isinstance(attack.outcome, Ends) and signal.SIGXCPU in attack.outcome.signals and not LONG:
                threading.Thread(target=_limit, args=(interpreter,), daemon=True).start()
            result = "returned", interpreter.call(module)
        except LuaError as error:
            result = "failed", error.value
        except ServerDied as error:
            return "died", error
        if isinstance(attack.outcome, Ends):
            return result
        try:
            _check(attack, interpreter)
            assert not interpreter.connection.stderr_tail()
        except (AssertionError, LuaprocError) as error:
            return "ill", f"{type(error).__name__}: {error}; before: {str(result)[:200]}"
        return result


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[dict[Case, "Future[Result]"]]:
    """The results of every row that is to be tested."""
    here = Path(__file__).parent  # other rooms' tests may have a fixture of this name
    items = [item for item in request.session.items if item.path.parent == here]
    wanting = [item for item in items if "results" in getattr(item, "fixturenames", ())]
    cases: list[Case] = [item.callspec.params["case"] for item in wanting]  # type: ignore[attr-defined]
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        yield {case: pool.submit(run, case) for case in cases}
    finally:
        pool.shutdown(cancel_futures=True)
