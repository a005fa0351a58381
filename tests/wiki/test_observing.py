"""`luaproc wiki test --coverage` and `--profile`, as people call them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

EXAMPLE = Path(__file__).parents[2] / "examples" / "modules"

SLOW = """local p = {}
local function work()
	local s = 0
	for i = 1, 3e6 do s = s + i end
	return s
end
p.testWork = function ()
	local a = work()
end
p.testForever = function ()
	while true do
		work()
	end
end
return p
"""


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """The example, with a module that no test loads."""
    place = tmp_path / "collection"
    shutil.copytree(EXAMPLE, place)
    (place / "Module" / "Alone.lua").write_text("local p = {}\n-- nothing\nreturn p\n")
    return place


def run(place: Path, *words: str, status: int = 0, **environment: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "luaproc", "wiki", "test", *words],
        cwd=place, env=os.environ | environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.mark.slow  # runs the tests of a collection
def test_processes_merge_and_what_no_test_loads_counts(collection: Path) -> None:
    """Of the same tests the same lines, in one process and in two; the test modules are no subject."""
    told = run(collection, "--coverage", "one.info").stdout.splitlines()[-1]
    assert re.fullmatch(r"coverage: [\d.]+ % of \d+ lines in 4 modules ran; wrote one.info", told)
    run(collection, "-j", "2", "--coverage", "two.info", "--profile", "two.folded", LUAPROC_RUNTIME="luajit21")
    text = (collection / "one.info").read_text()
    assert (collection / "two.info").read_text() == text
    assert "SF:Module/Alone.lua\nDA:1,0\nDA:3,0\nLF:2\nLH:0\nend_of_record\n" in text
    assert "testcases" not in text
    assert "tests.lua" not in text
    assert (collection / "two.folded").stat().st_size > 0


@pytest.mark.slow  # a test is killed by its CPU limit
def test_a_killed_test_leaves_its_profile(collection: Path, tmp_path: Path) -> None:
    """Functions have the names that their texts give them."""
    (collection / "Module" / "Alone" / "tests.lua").parent.mkdir()
    (collection / "Module" / "Alone" / "tests.lua").write_text(SLOW)
    site = tmp_path / "site.json"
    site.write_text('{"limits": {"lua_seconds": 1}}')
    run(collection, "Alone", "--site", str(site), "--profile", "out.folded", "--profile", "out.html", status=1)
    assert not (collection / "out.folded").exists()  # the last one counts, as of any option
    page = (collection / "out.html").read_text("utf-8")
    assert "work (Module:Alone/tests:2)" in page
    assert "p.testForever (Module:Alone/tests:10)" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--coverage", "x.info", "--watch"], "--watch runs some: leave out one of them"),
        (["--coverage", "nowhere/x.info"], "cannot write nowhere/x.info"),
    ],
)
def test_what_cannot_be_is_one_line(words: list[str], said: str, collection: Path) -> None:
    """No traceback, and nothing half written."""
    status = 2 if "--watch" in words else 1
    done = run(collection, *words, status=status)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (collection / "x.info").exists()
