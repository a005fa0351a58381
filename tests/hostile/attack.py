"""The rows of the corpus: what a module does, under which limits, and what must come back.

A row's code is a module: it is loaded and called as PHP does it, beside a library `php` (see `host.py`) and with
no arguments. To add an attack, add a row to the file of its subject in `corpus/`.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any

BOTH = ("lua51", "luajit21")
PUC = ("lua51",)
LUAJIT = ("luajit21",)


@dataclass(frozen=True)
class Limits:
    """KB of virtual memory and seconds of CPU, as Scribunto sets them; None for no limit."""

    memory: int | None = 51200
    cpu: int | None = 7


DEFAULT = Limits()
TIGHT = Limits(memory=19531)


@dataclass(frozen=True)
class Returns:
    """The module returns exactly these values."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Fails:
    """The module fails, and the error's text matches the pattern from its first character."""

    pattern: str


@dataclass(frozen=True)
class Survives:
    """Whatever the module gets, values or an error: the process lives and nothing of the host came out."""


@dataclass(frozen=True)
class StaysFull:
    """Memory is full, and the module keeps what it took: the next messages are answered, or refused for lack of it."""


@dataclass(frozen=True)
class Ends:
    """The process, and no other, ends by one of these signals: a gap that is known, or a limit."""

    signals: tuple[signal.Signals, ...]


Outcome = Returns | Fails | Survives | StaysFull | Ends


@dataclass(frozen=True, eq=False)
class Attack:
    """One row. `runtimes`: where it makes sense. `outcome` of the module's call; after it, unless the process had to
    end, the next messages must be answered as ever (see `host.check_health`)."""

    name: str
    code: str
    outcome: Outcome
    limits: Limits = DEFAULT
    runtimes: tuple[str, ...] = BOTH


def returns(*values: Any) -> Returns:
    return Returns(values)


def fails(pattern: str) -> Fails:
    return Fails(pattern)


def ends(*signals: signal.Signals) -> Ends:
    return Ends(signals)


SURVIVES = Survives()
STAYS_FULL = StaysFull()
NO_MEMORY = Fails("not enough memory$")
