"""The fixture `wiki` and ``--wiki-tests``, as a person's own test suite gets them: a real pytest run."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.parts import need
from tests.wiki.conftest import write_files, write_modules

# Each test starts a pytest of its own; Scribunto's Lua library comes with MediaWiki.
pytestmark = [pytest.mark.slow, pytest.mark.real]

FILES = {
    "modules/Module/Sum.lua": "return { add = function ( f ) return f.args[1] + f.args[2] end }",
    "modules/Module/Sum/tests.lua": """
local p = {}
function p.testGood() assert( true ) end
function p.testBad()
	local expected = 'a'
	error( { text = 'differ', expected = expected, actual = 'b' } )
end
return p
""",
    "modules/Module/Broken/tests.lua": "local p = {}\nreturn {",
    "modules/Module/Sum/other.lua": "error( 'is no test' )",
    "test_python.py": """
import pytest

def test_one(wiki):
    wiki.stub("Module:Sum", "stubbed")
    assert wiki.expand("{{#invoke:Sum|add|1|2}} {{CURRENTYEAR}} {{SITENAME}}").text == "stubbed 2020 Test"

def test_two(wiki):
    assert wiki.expand("{{#invoke:Sum|add|1|2}}").text == "3"

def test_three(wiki):
    wiki.invoke("Sum", "add", ["x", 2])
""",
    "pytest.ini": """[pytest]
luaproc_wiki_pages = modules
luaproc_wiki_now = 2020-02-29
luaproc_wiki_site = site.json
""",
    "site.json": '{"name": "Test", "skips": {"Module:Skipped/tests": "waits for a wiki"}}',
    "modules/Module/Skipped/tests.lua": "error( 'never' )",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    need("mediawiki")
    return write_files(tmp_path, FILES)


def run(place: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *words]
    return subprocess.run(command, cwd=place, capture_output=True, encoding="utf-8", timeout=300, check=False)


def test_items_show_lua(place: Path) -> None:
    """Tests of modules stand among Python's, and fail with Lua's line and source; the summary and JUnit's XML say what.
    A module that does not compile is an error of the collection, with its place."""
    done = run(place, "--wiki-tests", "--continue-on-collection-errors", "--junitxml", "report.xml")
    assert done.returncode == 1, done
    assert "2 failed, 3 passed, 1 skipped, 1 error in " in done.stdout
    assert (
        """
    function p.testBad()
    \tlocal expected = 'a'
>   \terror( { text = 'differ', expected = expected, actual = 'b' } )
E   differ
E   expected: "a"
E   got:      "b"

modules/Module/Sum/tests.lua:6: in Module:Sum/tests
"""
        in done.stdout
    )
    assert (
        """
    local p = {}
>   return {
E   unexpected symbol near '<eof>'

modules/Module/Broken/tests.lua:2: in Module:Broken/tests
"""
        in done.stdout
    )
    assert 'FAILED modules/Module/Sum/tests.lua::testBad - differ: expected "a", got "b"\n' in done.stdout
    assert "Module:Sum:1: in function" in done.stdout  # the trace below the failure of a test in Python
    assert "luaproc/wiki/" not in done.stdout
    cases = ElementTree.parse(place / "report.xml").getroot().iter("testcase")
    messages = [failure.get("message") for case in cases for failure in case.iter("failure")]
    assert 'differ: expected "a", got "b"' in messages


def test_a_run_that_does_not_ask_imports_nothing(place: Path) -> None:
    """luaproc.wiki is of no concern for those who have luaproc for its interpreter; nor are modules collected."""
    (place / "test_python.py").write_text(
        "import sys\ndef test_it(): assert [name for name in sys.modules if name.startswith('luaproc.wiki')] == []\n"
    )
    assert "1 passed in " in run(place, ".", "modules").stdout


def test_wrong_settings_are_one_line(place: Path) -> None:
    """Of the fixture in its test, of the option before any test, with file and key; no traceback of luaproc's."""
    (place / "luaproc.toml").write_text("paegs = 1")
    done = run(place, "-k", "one")
    assert "the fixture wiki: " in done.stdout
    assert "unknown key 'paegs'" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    done = run(place, "--wiki-tests")
    assert (done.returncode, done.stderr.count("\n")) == (4, 2), done
    assert "--wiki-tests: " in done.stderr
    (place / "luaproc.toml").write_text("timezone = 'Nope'")
    assert f"--wiki-tests: {place}/luaproc.toml: timezone: expected a time zone" in run(place, "--wiki-tests").stderr
    (place / "site.json").write_text("[]")
    assert f"--wiki-tests: {place}/pytest.ini: luaproc_wiki_site: {place}/site.json: expected an object" in (
        run(place, "--wiki-tests").stderr
    )


def test_a_collection_below_the_root(tmp_path: Path) -> None:
    """A repository with more than modules: pytest is called where the collection lies, its root is above."""
    need("mediawiki")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    place = tmp_path / "wiki"
    write_modules(place, {"A": "return {}", "A/tests": "return { testA = function() require( 'Module:A' ) end }"})
    write_modules(place, {"B/tests": "local a = 1\nrequire( 'Module:Gone' )"})
    (place / "luaproc.toml").write_text("seed = 1\n")
    done = run(place, "--wiki-tests", "--continue-on-collection-errors")
    assert "1 passed, 1 error in " in done.stdout
    assert "wiki/Module/B/tests.lua:2: in Module:B/tests\n" in done.stdout
