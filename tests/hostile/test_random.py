"""Random modules in little memory: whatever they meet, PHP and Lua stay in step, and the process lives.

CI tries 8 on each runtime, LUAPROC_LONG_TESTS=1 tries 60; LUAPROC_RANDOM_MODULES=10000 is for an hour.
"""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from luaproc.host import LuaError, ServerDied
from luaproc.wire.messages import Side
from tests.hostile import host
from tests.hostile.attack import BOTH, TIGHT
from tests.parts import LONG

# Each runtime runs 8 random modules of 400 steps, a second each.
pytestmark = pytest.mark.slow

MODULES = int(os.environ.get("LUAPROC_RANDOM_MODULES") or (60 if LONG else 8))
STEPS = 400
SOURCE = (Path(__file__).parent / "random_module.lua").read_bytes()

# LuaJIT itself does not survive every failure of an allocation: 2 modules in 100 end so, on another machine 5 (docs/
# security.md, "Known gaps").
CRASHES = (signal.SIGSEGV, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS)


class InStep:
    """Looks at each frame: a request of PHP's that runs no module is answered before Lua asks for anything, and every
    reply has its request."""

    def __init__(self) -> None:
        self.pending: list[str] = []
        self.wrong: list[str] = []

    def __call__(self, side: Side, body: bytes, _seconds: float) -> None:
        found = re.search(rb'op"(?:\]=|;s:\d+:)"(\w+)"', body[:60])
        op = found[1].decode() if found else "?"
        waiting = self.pending[-1] if self.pending else None
        if op in ("return", "error"):
            if waiting is None or waiting.startswith(side):
                self.wrong.append(f"a reply of the {side}'s, while it waits for {waiting}")
            else:
                self.pending.pop()
            return
        if side == "responder" and waiting != "host call":
            self.wrong.append(f"a call of the responder's, while it should answer {waiting}")
        self.pending.append(f"{side} {op}")


def run(seed: int, runtime: str) -> str:
    """What was wrong with this module's conversation; nothing, if all was well."""
    in_step = InStep()
    with host.start(runtime, TIGHT) as interpreter:
        interpreter.connection.on_frame = in_step
        try:
            interpreter.call(interpreter.load_string(SOURCE, "=m"), seed, STEPS)
        except LuaError:
            pass
        except ServerDied as error:
            if runtime == "luajit21" and error.signal in CRASHES and not in_step.wrong:
                return "crash"
            return f"{error}; {in_step.wrong[:1]}"
        if not in_step.wrong and not in_step.pending and interpreter.get_status() is None:
            return "no status"
    return str(in_step.wrong[0] if in_step.wrong else in_step.pending or "")


@pytest.mark.parametrize("runtime", BOTH)
def test_random_modules(runtime: str) -> None:
    """No hang, no conversation out of step, no end but LuaJIT's own."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        seeds = [7919 * number + 13 for number in range(MODULES)]
        found = list(zip(seeds, pool.map(lambda seed: run(seed, runtime), seeds), strict=True))
    assert [(seed, what) for seed, what in found if what not in ("", "crash")] == []
    assert sum(what == "crash" for _, what in found) <= max(3, MODULES / 6)
