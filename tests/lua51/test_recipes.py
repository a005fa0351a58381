"""The recipes of docs/ci.md: their commands are run, on a project of the kind that they are for."""

import os
import re
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lua51.conftest import LAUNCHER
from tests.parts import need

pytestmark = pytest.mark.real  # busted and luaunit

PAGE = Path(__file__).parents[2] / "docs" / "ci.md"

# What a job finds in its checkout. Each test would fail on another Lua than luaproc's, which says more of loadlib.
IS_OURS = "assert(select(2, package.loadlib('./x.so', '*')):find('luaproc'))"
FILES = {
    "modules/words.lua": "return { count = function(text) return select(2, text:gsub('%S+', '')) end }\n",
    "spec/words_spec.lua": f"""
        local words = require("words")
        describe("words", function()
            it("are counted", function()
                {IS_OURS}
                assert.are.equal(WANTED, words.count(" one two "))
            end)
        end)
    """,
    "tests/run.lua": f"""
        {IS_OURS}
        local words = require("words")
        local found, luaunit = pcall(require, "luaunit")
        if not found then
            os.exit(words.count("a b") == WANTED and 0 or 1)
        end
        function test_count()
            luaunit.assertEquals(words.count(" one two "), WANTED)
        end
        os.exit(luaunit.LuaUnit.run())
    """,
}

# What a recipe installs is there, or comes from no registry that a test should ask.
STUBS = ("sudo", "apt-get", "pip")


def jobs() -> Iterator[Any]:
    """Each job of each recipe, for each value of its matrix: its name, the variables, and the commands, in steps."""
    for text in re.findall(r"^<!-- recipe -->\n```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        recipe = yaml.safe_load(text)
        for name, job in recipe.get("jobs", recipe).items():
            github = "steps" in job
            matrix = job["strategy"]["matrix"] if github else job["parallel"]["matrix"][0]
            for values in product(*matrix.values()):
                chosen = dict(zip(matrix, values, strict=True))
                steps = github_steps(job, chosen) if github else gitlab_steps(job, chosen)
                kind = "github" if github else "gitlab"
                part = {"busted": "busted", "luaunit": "luaunit"}.get(name)
                yield pytest.param(part, steps, id=f"{kind}-{name}-{'-'.join(values)}")


def github_steps(job: dict[str, Any], matrix: dict[str, str]) -> list[tuple[dict[str, str], str]]:
    """A step: its variables and its script."""

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda found: matrix[found[1]], text)

    return [
        (
            {key: filled(value) for key, value in {**job.get("env", {}), **step.get("env", {})}.items()},
            filled(step["run"]),
        )
        for step in job["steps"]
        if "run" in step
    ]


def gitlab_steps(job: dict[str, Any], matrix: dict[str, str]) -> list[tuple[dict[str, str], str]]:
    """All of GitLab's commands are one script."""
    return [({**job.get("variables", {}), **matrix}, "\n".join([*job["before_script"], *job["script"]]))]


def test_every_kind_of_recipe_is_there() -> None:
    """busted and plain for both, luaunit for one; each for both interpreters."""
    assert len(list(jobs())) == 10


@pytest.mark.parametrize(("part", "steps"), list(jobs()))
def test_a_recipe_tests_what_it_is_given(
    part: str | None, steps: list[tuple[dict[str, str], str]], tmp_path: Path
) -> None:
    """Good modules pass, on luaproc's Lua; a wrong one makes the job fail, in the step that tests."""
    if part:
        need(part)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in (*STUBS, "luaproc"):
        (programs / name).write_text(LAUNCHER if name == "luaproc" else "#!/bin/sh\n")
        (programs / name).chmod(0o755)
    kept = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path)}

    def run(step: tuple[dict[str, str], str], place: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-ec", step[1]], env=kept | step[0], cwd=place, capture_output=True, text=True, timeout=600
        )

    for wanted in (2, 3):
        place = tmp_path / str(wanted)
        for name, text in FILES.items():
            file = place / name
            os.makedirs(file.parent, exist_ok=True)
            file.write_text(text.replace("WANTED", str(wanted)))
        done = [run(step, place) for step in steps]
        assert [step.returncode != 0 for step in done] == [False] * (len(steps) - 1) + [wanted == 3], done
