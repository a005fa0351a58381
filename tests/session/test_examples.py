"""The session scripts in examples/, run as their first lines say, on both servers."""

import shlex

import pytest

from tests.parts import REFERENCE, reference_server
from tests.session.conftest import EXAMPLES, Run

SCRIPTS = sorted(EXAMPLES.glob("*.lps"))


@pytest.mark.parametrize("server", ["ours", REFERENCE])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_run(run: Run, script: str, server: str) -> None:
    words = ["--server", shlex.join(reference_server())] if server == "reference" else []
    done = run("", *words, str(script))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow  # starts a command
def test_first_script_shows_the_main_job(run: Run) -> None:
    done = run("", "--wire", str(EXAMPLES / "first.lps"))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) <= 50
    assert '"Hello, world"' in lines
    assert "Module:Hello:2: attempt to concatenate local 'name' (a nil value)" in lines
    assert sum(line.startswith("PHP → Lua") for line in lines) == 9
    assert lines[-1] == "dropped 1, kept 1"
