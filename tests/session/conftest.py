"""`luaproc session` as a process: what it prints, what it says of failures, how it ends."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from luaproc.wire.messages import Side

Run = Callable[..., "subprocess.CompletedProcess[str]"]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a script of session lines from stdin, or with the words of a command line."""

    def run(script: str, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "luaproc", "session", *words],
            input=script,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONIOENCODING": "utf-8"},
            timeout=300,
        )

    return run


class Silent:
    """A view that shows nothing."""

    def frame(self, side: Side, body: bytes, cut: int | None) -> None:
        """Nothing."""

    def printed(self, text: str) -> None:
        """Nothing."""

    def noted(self, text: str) -> None:
        """Nothing."""

    def called(self, name: str, args: tuple[Any, ...], depth: int) -> None:
        """Nothing."""

    def answered(self, depth: int, values: tuple[Any, ...] | None, error: Any = None, *, typed: bool = False) -> None:
        """Nothing."""
