"""`luaproc wiki test` in several processes, watching, and interrupted: the same words, and nothing left behind."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pexpect
import pytest

from luaproc.wiki import reports, running, selection
from luaproc.wiki.site import Limits, Site
from luaproc.wiki.testing import CaseResult
from luaproc.wiki.wiki import Wiki
from tests.parts import need
from tests.wiki.conftest import write_modules
from tests.wiki.test_testing import luaproc

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

COMMAND = [sys.executable, "-m", "luaproc", "wiki", "test"]
TEXTS = {
    **{f"M{number}/tests": f"return {{ testIt = function () assert( {number} ~= 3 ) end }}" for number in range(5)},
    "Word": "return 'good'",
    "Reads/tests": "return { testWord = function () assert( require( 'Module:Word' ) == 'good' ) end }",
}


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    need("mediawiki")
    return write_modules(tmp_path, TEXTS)


def test_processes_change_nothing_in_the_words(collection: Path) -> None:
    """Order, failures and status are those of one process; -x ends at the same test; more processes than modules."""

    def shown(*words: str) -> tuple[int, str, str]:
        done = luaproc(collection, "test", *words)
        return done.returncode, re.sub(r"in [\d.]+s", "", done.stdout), done.stderr

    alone = shown()
    assert alone == (1, "FAILED Module:M3/tests:1 testIt: assertion failed!\n1 failed, 5 passed \n", "")
    assert shown("-j", "50") == alone
    assert shown("-x", "-j", "2") == (1, alone[1].replace("5 passed", "3 passed"), "")


def test_a_process_that_ends_fails_its_module_alone(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are run by another one."""
    from luaproc.wiki.testing import run_module

    def dying(wiki: Wiki, title: object, chosen: selection.Chosen) -> object:
        if str(title) == "Module:M1/tests":
            os.kill(os.getpid(), signal.SIGKILL)
        return run_module(wiki, title, chosen)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "run_module", dying)
    wiki = Wiki(collection, mediawiki=False)
    titles = selection.discover(wiki, ["tests"])
    found = list(running.run(lambda: wiki, titles, selection.expression(""), jobs=2))
    assert [each.title for each in found] == titles
    bad = [(result.module, result.message) for each in found for result in each.results if not result.passed]
    assert bad == [
        ("Module:M1/tests", "the process that ran this module ended by signal 9"),
        ("Module:M3/tests", "assertion failed!"),
    ]


def test_what_a_module_touches(collection: Path) -> None:
    """Pages that it asked for, be they there or not: a change of one of them concerns its tests."""
    with Wiki(collection, mediawiki=False) as wiki:
        titles = selection.discover(wiki, ["tests"], ["reads"])
        [module] = running.run(lambda: wiki, titles, selection.expression(""))
    assert {(828, "Reads/tests"), (828, "Word")} <= module.touched
    assert (828, "M1/tests") not in module.touched


def test_a_long_comparison_is_one_line_around_the_difference() -> None:
    """With what stands before it; the whole is in reports for machines."""
    expected, got = "a" * 500 + "\nb" + "c" * 500, "a" * 500 + "\nd" + "c" * 500
    result = CaseResult("Module:M", "testIt", False, message="differ", line=3, expected=expected, got=got)
    line = reports.failure_line(result)
    assert re.fullmatch(r"FAILED Module:M:3 testIt: differ: expected …a+\\nbc+…, got …a+\\ndc+…", line)
    assert len(line) < 350
    assert expected in "\n".join(reports.failure_lines(result))
    assert expected in reports.junit([result], 1.0)


@pytest.mark.slow  # waits for the file system's news
def test_watching(collection: Path) -> None:
    """A change runs again what it touches; a report in the same folder, nothing; broken settings are one line, and the
    next change mends them. Ctrl-C is the end, with the last status and no traceback."""
    words = [*COMMAND[1:], "--watch", "--junit", "report.xml"]
    child = pexpect.spawn(COMMAND[0], words, cwd=str(collection), encoding="utf-8", timeout=300)
    child.expect(r"1 failed, 5 passed in [\d.]+s\r\n")
    (collection / "Module" / "Word.lua").write_text("return 'bad'")
    child.expect_exact("\nWord.lua changed")
    child.expect_exact("FAILED Module:Reads/tests:1 testWord: assertion failed!")
    child.expect(r"\b1 failed in [\d.]+s\r\n")
    (collection / "luaproc.toml").write_text("paegs = 1")
    child.expect_exact("unknown key 'paegs'")
    (collection / "Module" / "Word.lua").write_text("return 'good'")
    (collection / "luaproc.toml").write_text("seed = 1")
    child.expect(r"1 failed, 5 passed in [\d.]+s\r\n")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus in (1, 2)  # 2 where it interrupted a run
    assert "Traceback" not in child.before


def processes_in(directory: Path) -> list[str]:
    """Processes whose current directory it is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == str(directory):
                found.append(process.name)
        except OSError:
            pass  # it has ended meanwhile, or is somebody else's
    return found


@pytest.mark.parametrize("jobs", [1, 3])
def test_ctrl_c(collection: Path, jobs: int) -> None:
    """What is through is counted; status 2, as pytest's; no process is left."""
    for number in range(3):
        (collection / "Module" / f"Z{number}").mkdir()
        (collection / "Module" / f"Z{number}" / "tests.lua").write_text(
            "return { testIt = function () while true do end end }"
        )
    child = pexpect.spawn(
        COMMAND[0], [*COMMAND[1:], "-j", str(jobs)], cwd=str(collection), encoding="utf-8", timeout=300
    )
    child.expect_exact("FAILED Module:M3/tests:1 testIt: assertion failed!")
    child.expect_exact("Module:Z0/tests")  # the progress, on a terminal
    assert processes_in(collection)
    child.sendintr()
    child.expect(r"1 failed, 5 passed in [\d.]+s\r\n")
    child.expect_exact("interrupted")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 2
    deadline = time.monotonic() + 300
    while processes_in(collection):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_test_that_never_ends_fails_alone() -> None:
    """Its Lua process is ended at the page's limit, and the tests after it have another one."""
    need("mediawiki")
    endless = "return { testA = function () while true do end end, testB = function () assert( true ) end }"
    with Wiki({"Module:A/tests": endless}, mediawiki=False, site=Site(limits=Limits(lua_seconds=1))) as wiki:
        assert [(result.name, result.passed) for result in wiki.tests()] == [("testA", False), ("testB", True)]


def test_watching_a_place_that_is_none(tmp_path: Path) -> None:
    """One line, before anything is watched."""
    done = luaproc(tmp_path, "test", "--watch", "--pages", "nowhere")
    assert done.returncode == 2
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert "nowhere" in done.stderr
