"""The walk of docs/modules.md, and its CI job: what a new user would paste, on good modules and on wrong ones."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.lua51.conftest import LAUNCHER
from tests.parts import SCRIBUNTO, need

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

PAGE = (Path(__file__).parents[2] / "docs" / "modules.md").read_text(encoding="utf-8")
WALK = PAGE.partition("```sh\n")[2].partition("```")[0]
RECIPE = PAGE.partition("<!-- recipe -->\n```yaml\n")[2].partition("```")[0]


def test_from_git_init_to_a_green_job(tmp_path: Path) -> None:
    """The job is green where the tests pass, and red in its last step, with the line and its annotation, where one
    fails. Of the steps, what installs is no registry's and no download's to answer: the library lies in the cache."""
    need("mediawiki")
    programs, place = tmp_path / "bin", tmp_path / "here"
    programs.mkdir()
    place.mkdir()
    no_fetching = "import sys\nif sys.argv[2:3] == ['fetch']:\n    sys.exit()\n"
    (programs / "luaproc").write_text(LAUNCHER.replace("import sys\n", no_fetching))
    (programs / "pip").write_text("#!/bin/sh\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    fetched = tmp_path / "cache" / "luaproc" / "scribunto" / "REL1_43"
    fetched.parent.mkdir(parents=True)
    fetched.symlink_to(SCRIBUNTO.parent)
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GITHUB_ACTIONS": "true",
    }

    def run(script: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(["bash", "-ec", script], cwd=place, env=environment, capture_output=True,
                              encoding="utf-8", timeout=300, check=False)  # fmt: skip

    done = run(WALK)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"Hello, Ada 3\nHello, you\n2 passed in ", done.stdout)
    steps = [step["run"] for step in yaml.safe_load(RECIPE)["jobs"]["test"]["steps"] if "run" in step]
    assert [run(step).returncode for step in steps] == [0, 0, 0]
    assert (place / "report.xml").is_file()
    module = place / "Module" / "Hello.lua"
    module.write_text(module.read_text().replace("'world'", "'wrld'"))
    done = run(steps[-1])
    assert done.returncode == 1
    assert done.stdout.startswith("FAILED Module:Hello/tests:4 testDefault: assertion failed!\n1 failed, 1 passed in ")
    assert "::error file=Module/Hello/tests.lua,line=4::" in done.stdout
