"""`luaproc wiki` as people call it, and the tests that they write in Lua: each style passes and fails as it should."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from luaproc.wiki import configuration
from luaproc.wiki.errors import SiteError
from tests.parts import need
from tests.wiki.conftest import write_modules

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

EXAMPLE = Path(__file__).parents[2] / "examples" / "modules"

MODULES = {
    "Unit": """
local S = {}
function S:new() return setmetatable( {}, { __index = self } ) end
function S:init( runner ) self.frame = runner.frame end
function S:assertEquals( expected, actual )
	if expected ~= actual then
		error( { ScribuntoUnit = true, text = 'Failed to assert', actual = actual, expected = expected }, 2 )
	end
end
return S""",
    "UnitTests": """
local p = {}
for _, name in ipairs{ 'preprocess_equals', 'equals', 'equals_deep', 'preprocess_equals_many' } do
	p[name] = function () error( 'the leaves are to be replaced' ) end
end
return p""",
    "A/testcases": """
local suite = require( 'Module:Unit' ):new()
function suite:testGood() self:assertEquals( 'AB', self.frame:preprocess( '{{uc:ab}}' ) ) end
function suite:testBad()
	self:assertEquals( 'x', 'y' )
end
return suite""",
    "B/tests": """
local p = require( 'Module:UnitTests' )
function p:test_good()
	self:preprocess_equals( '{{lc:AB}}', 'ab' )
	self:preprocess_equals_many( '{{lc:', '}}', { { 'A', 'a' }, { 'B', 'b' } } )
	self:equals_deep( 'deep', { 1, { a = 'b' } }, { 1, { a = 'b' } } )
end
function p:test_bad() self:equals( 'numbers', 1, 2 ) end
return p""",
    "C/tests": """
local p = {}
function p.testGood() assert( true ) end
function p.testBad()
	error( 'no luck' )
end
function p.helper() error( 'not a test' ) end
return p""",
    "D/tests": "return nil + 1",
    "Not/a/test/of/ours": "return { testNever = function () error( 'x' ) end }",
}


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    need("mediawiki")
    return write_modules(tmp_path, MODULES)


def luaproc(directory: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "luaproc", "wiki", *words],
        cwd=directory, input=stdin, capture_output=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip


def test_every_style_of_tests(collection: Path) -> None:
    """One line a failure, with module, line, expected and got; pytest's summary and status."""
    done = luaproc(collection, "test", "--junit", "report.xml")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[:-1] == [
        'FAILED Module:A/testcases:5 testBad: Failed to assert: expected "x", got "y"',
        "FAILED Module:B/tests:8 test_bad: failed to assert numbers: expected 2, got 1",
        "FAILED Module:C/tests:5 testBad: no luck",
        "FAILED Module:D/tests:1: attempt to perform arithmetic on a nil value",
    ]
    assert lines[-1].startswith("4 failed, 3 passed in ")
    [suite] = ElementTree.parse(collection / "report.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("7", "4")


def test_what_is_run_can_be_chosen(collection: Path) -> None:
    assert luaproc(collection, "test", "C/*", "-k", "good").stdout.startswith("1 passed in ")
    assert luaproc(collection, "test", "-x").stdout.count("FAILED") == 1
    done = luaproc(collection, "test", "nothing")
    assert (done.returncode, done.stdout.partition(" in ")[0]) == (5, "no tests ran")
    tap = luaproc(collection, "test", "--tap", "C/tests").stdout.splitlines()
    assert tap[:3] == ["TAP version 13", "1..2", "not ok 1 - Module:C/tests testBad"]
    assert "::error file=Module/C/tests.lua,line=5::FAILED" in luaproc(collection, "test", "--github", "C/tests").stdout


def test_the_example_collection_passes(tmp_path: Path) -> None:
    need("mediawiki")
    done = luaproc(EXAMPLE, "test")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 passed in ")
    assert luaproc(EXAMPLE, "expand", "{{Greeting|Ada}}").stdout == '<span class="greeting">Good day, Ada</span>\n'
    assert json.loads(luaproc(EXAMPLE, "dump", "Greeting/data").stdout)[0] == {"before": 11, "word": "Good morning"}
    assert luaproc(EXAMPLE / "Module", "doctor").stdout.startswith(f"configuration {EXAMPLE / 'luaproc.toml'}\n")


def test_expand_invoke_and_eval(collection: Path) -> None:
    (collection / "page.wikitext").write_text("{{#invoke:C/tests|testBad}}é")
    done = luaproc(collection, "expand", "page.wikitext", "--title", "Some page")
    assert done.returncode == 1
    assert "Lua error in Module:C/tests at line 5: no luck." in done.stdout
    assert "no luck" in done.stderr
    done = luaproc(collection, "expand", "-", "--json", stdin="[[Category:X|y]]{{PAGENAME}}")
    document = json.loads(done.stdout)
    assert (document["text"], document["categories"]) == ("[[Category:X|y]]Main Page", {"X": "y"})
    done = luaproc(collection, "invoke", "C/tests", "testBad")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Lua error in Module:C/tests at line 5: no luck.\n")
    assert luaproc(collection, "eval", "=1, 'a', { 'x' }, nil").stdout == '1, "a", {"x"}, nil\n'
    assert json.loads(luaproc(collection, "eval", "--json", "=1, 'a'").stdout) == [1, "a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("paegs = []", "unknown key 'paegs'"),
        ("pages = 5", "pages expects a text, or a list of texts, got 5"),
        ("seed = 'x'", "seed expects a whole number, got 'x'"),
        ("pages = [", "luaproc.toml: "),
    ],
)
def test_wrong_settings_are_one_clear_line(collection: Path, text: str, said: str) -> None:
    """With file and key; never a traceback."""
    (collection / "luaproc.toml").write_text(text)
    with pytest.raises(SiteError) as caught:
        configuration.find(collection)
    assert said in str(caught.value)
    done = luaproc(collection, "doctor")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_settings_in_pyproject(collection: Path) -> None:
    (collection / "pyproject.toml").write_text('[tool.luaproc.wiki]\ntests = ["only"]\n[tool.other]\nx = 1\n')
    assert configuration.find(collection / "Module").tests == ("only",)
    assert luaproc(collection, "test").returncode == 5


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["expand", "x", "--title", "[["], 2),
        (["invoke", "Nobody", "f"], 1),
        (["expand", "--now", "yesterday", "x"], 2),
        (["expand", "--pages", "/no/such/folder", "x"], 2),
        (["expand", "--scribunto", "/nowhere", "{{#invoke:A|b}}"], 2),
        (["nonsense"], 2),
    ],
)
def test_bad_input_is_one_line(collection: Path, words: list[str], status: int) -> None:
    done = luaproc(collection, *words)
    assert done.returncode == status, done
    assert "Traceback" not in done.stderr


def test_skips_have_reasons(collection: Path) -> None:
    """A module or one of its tests that the site's settings skip is told, with the reason, and passes."""
    skips = {"Module:D/tests": "needs Wikibase", "Module:C/tests testBad": "known # bug", "Module:A/testcases": "later"}
    (collection / "site.json").write_text(json.dumps({"skips": skips}))
    done = luaproc(collection, "test", "--site", "site.json", "--tap", "--junit", "report.xml", "C/tests", "D/tests")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[2:] == [
        "ok 1 - Module:C/tests testBad # SKIP known # bug",
        "ok 2 - Module:C/tests testGood",
        "ok 3 - Module:D/tests # SKIP needs Wikibase",
    ]
    suite = ElementTree.parse(collection / "report.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("skipped"), suite.get("failures")) == ("3", "2", "0")
    done = luaproc(collection, "test", "--site", "site.json", "A/testcases", "C/tests")
    assert done.stdout.startswith("1 passed, 2 skipped in ")


UNIT_TESTS = {
    "UnitTests": """
local U = {}
U.__index = U
function U:equals() self.rows:insert( 'the leaves are to be replaced' ) end
U.expect_error, U.ignore, U.heading, U.preprocess_equals_compare = U.equals, U.equals, U.equals, U.equals
function U:iterate( examples, name )
	for _, example in ipairs( examples ) do
		if type( example ) == 'string' then self:heading( example ) else self[name]( self, unpack( example ) ) end
	end
end
return setmetatable( {}, U )""",
    "Viele Wörter (x)/Test": """
local p = require( 'Modul:UnitTests' )
local function raise() error( 'no luck' ) end
function p:testCompare() self:preprocess_equals_compare( '{{lc:A}}', '{{lc:B}}', 'a' ) end
function p:testIterate() self:iterate( { 'a heading', { 'one', 1, 1 }, { 'two', 1, 2 } }, 'equals' ) end
function p:testRaises() self:expect_error( 'raise', raise, {}, 'no luck' ) end
function p:testRaisesAnother() self:expect_error( 'raise', raise, {}, 'luck' ) end
function p:testRaisesNot() self:expect_error( 'none', tostring, { 7 }, 'x' ) end
function p:testIgnored() self:ignore() self:equals( 'x', 1, 2 ) end
function p:testMarkers()
	local expected = "\\127'\\"`UNIQ--pre-00000077-QINU`\\"'\\127"
	self:preprocess_equals( '<pre>x</pre>', expected, { stripmarker = true } )
end
return p""",
}


def test_the_unit_tests_family_of_every_wiki(tmp_path: Path) -> None:
    """Not every UnitTests preprocesses; what a leaf compares, expects to fail or ignores is known of each.

    Titles have spaces, and the namespace's name is German: a failure names its module as people write it, and the line.
    """
    need("mediawiki")
    write_modules(tmp_path, UNIT_TESTS, "Modul")
    (tmp_path / "site.json").write_text(
        '{"language": "de", "namespaces": {"0": {}, "828": {"name": "Modul", "canonical": "Module"}}}'
    )
    done = luaproc(tmp_path, "test", "--site", "site.json", "--github")
    module = "Modul:Viele Wörter (x)/Test"
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        f'FAILED {module}:4 testCompare: failed to assert {{{{lc:B}}}}: expected "a", got "b"',
        f"FAILED {module}:5 testIterate: failed to assert two: expected 2, got 1",
        f'FAILED {module}:7 testRaisesAnother: failed to assert raise: expected "luck", got "no luck"',
        f'FAILED {module}:8 testRaisesNot: failed to assert that none raises an error: expected "x", got "7"',
    ]
    assert lines[4].startswith("4 failed, 2 passed, 1 skipped in ")
    assert lines[5].startswith("::error file=Modul/Viele Wörter (x)/Test.lua,line=4::FAILED")


def test_what_ends_a_test(tmp_path: Path) -> None:
    """Full memory is said, a raised table is shown, ScribuntoUnit's skipped tests are; messages are not lost."""
    need("mediawiki")
    module = """
local p = {}
function p.testMemory() local t = {} for i = 1, 1e9 do t[i] = ( 'x' ):rep( 1000 ) .. i end end
function p.testSkipped() error( { ScribuntoUnit = true, skipped = true } ) end
function p.testTable() error( { reason = 'none' } ) end
function p.testText() error( { ScribuntoUnit = true, message = 'mine', text = 'Failed', expected = 1, actual = 2 } ) end
return p"""
    write_modules(tmp_path, {"A/tests": module})
    lines = luaproc(tmp_path, "test").stdout.splitlines()
    assert lines[0].startswith("FAILED Module:A/tests testMemory: not enough memory")
    assert lines[1].startswith("FAILED Module:A/tests:5 testTable: table#1 {")
    assert lines[2] == "FAILED Module:A/tests:6 testText: mine: Failed: expected 1, got 2"
    assert lines[3].startswith("3 failed, 1 skipped in ")
