"""The interpreter under the names of the real ones, beside the real ones."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.parts import need

SCRIPTS = Path(__file__).with_name("scripts")
NAMES = ("lua5.1", "luajit")

LAUNCHER = f"""#!{sys.executable}
import sys
from luaproc.entry import main
sys.exit(main())
"""

# What may differ: addresses, and which LuaJIT 2.1 it is.
ASIDE = (
    (re.compile(rb"0x[0-9a-f]{6,}"), b"0x"),
    (re.compile(rb"LuaJIT 2\.1\.\S+ -- Copyright \(C\) 2005-\d{4} "), b"LuaJIT 2.1 -- Copyright (C) 2005- "),
)


class Outcome(NamedTuple):
    stdout: bytes
    stderr: bytes
    status: int


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name -> a symbolic link of that name to an executable as pip makes it."""
    directory = tmp_path_factory.mktemp("bin")
    luaproc = directory / "luaproc"
    luaproc.write_text(LAUNCHER)
    luaproc.chmod(0o755)
    made = {}
    for name in NAMES:
        made[name] = directory / name
        made[name].symlink_to(luaproc)
    return made


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each interpreter's name in turn."""
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture
def run_both(stand_ins: dict[str, Path]) -> Callable[..., tuple[Outcome, Outcome]]:
    """Run ours, then the real one, with equal words, stdin and environment; by equal names, so that texts are equal."""

    def run(
        name: str, words: tuple[str, ...], stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> tuple[Outcome, Outcome]:
        program = str(stand_ins[name])
        return tuple(  # type: ignore[return-value]
            execute(executable, [program, *words], stdin, env or {}) for executable in (program, need(name))
        )

    return run


def execute(
    executable: str, argv: list[str], stdin: bytes, env: dict[str, str], cwd: Path = SCRIPTS, timeout: int = 60
) -> Outcome:
    """Run a program in the scripts' directory or another, with nothing of lua's in its environment but `env`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LUA", "LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        argv, executable=executable, input=stdin, env=kept | env, cwd=cwd, capture_output=True, timeout=timeout
    )
    return Outcome(aside(done.stdout), aside(done.stderr), done.returncode)


def aside(text: bytes) -> bytes:
    """A text without what may differ."""
    for pattern, replacement in ASIDE:
        text = pattern.sub(replacement, text)
    return text
