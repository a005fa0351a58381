"""`luaproc lua --mw`: Scribunto's real `mw` in a plain Lua, for runners that bring their own framework."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lua51.conftest import LAUNCHER
from tests.parts import need

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

PAGES = {
    "Module/Names.lua": """
local p = {}
local count = 0
function p.link( name )
	count = count + 1
	local title = mw.title.new( mw.text.trim( name ) )
	return title and '[[' .. title.prefixedText .. ']]' .. count or error( 'no title' )
end
function p.machine() return io, os.getenv, loadstring end
function p.shown( frame ) return p.link( frame.args[1] ) end
return p
""",
    "Module/Data.lua": "return { 'a', { b = 'c' } }",
    "Module/Bad.lua": "return {",
    "Template/Link.wikitext": "{{#invoke:Names|shown|{{{1}}}}}",
    "here.lua": "return { trimmed = mw.text.trim( ' x ' ), names = require( 'Module:Names' ) }",
}

SPEC = """
describe( 'Module:Names', function ()
	local names
	before_each( function ()
		package.loaded['Module:Names'] = nil
		names = require( 'Module:Names' )
	end )
	it( 'links', function () assert.are.equal( '[[Template:Ada l]]1', names.link( ' template:ada_l ' ) ) end )
	it( 'is new in each test', function () assert.are.equal( '[[A]]1', names.link( 'a' ) ) end )
	it( 'raises', function () assert.has_error( function () names.link( '<' ) end ) end )
	it( 'sees what a test puts in the place of mw', function ()
		local new = stub( mw.title, 'new', { prefixedText = 'stubbed' } )
		assert.are.equal( '[[stubbed]]1', names.link( 'x' ) )
		new:revert()
	end )
	it( 'is on a page', function ()
		assert.are.equal( '[[B]]1 3', mw.getCurrentFrame():preprocess( '{{Link|b}} {{#expr:1+2}}' ) )
	end )
	it( 'fails', function () assert.are.equal( 'x', names.link( '<' ) ) end )
end )
"""

Lua = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    need("mediawiki")
    for name, text in PAGES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def lua(place: Path) -> Lua:
    def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "luaproc", "lua", *words], cwd=place, env=os.environ | variables,
            capture_output=True, encoding="utf-8", timeout=300, check=False,
        )  # fmt: skip

    return run


EVERYTHING = r"""
print( mw.text.trim( '  x ' ), mw.title.new( 'Module:Names' ).exists, mw.title.new( 'nowhere' ).exists )
print( require( 'Module:Names' ).link( 'é' ), require( 'here' ).trimmed, require( 'here' ).names.link( 'b' ) )
local a, b, c = require( 'Module:Names' ).machine()
print( a, b, c, type( io.open ), string.dump ~= nil )
for key, value in pairs( mw.loadData( 'Module:Data' ) ) do io.write( key, type( value ), ' ' ) end
print( mw.getCurrentFrame():expandTemplate{ title = 'Link', args = { 'é' } } )
print( mw.html.create( 'b' ):wikitext( 'x' ), mw.ustring.upper( 'é' ), mw.title.getCurrentTitle().text )
print( require( 'libraryUtil' ).checkType ~= nil, select( '#', mw.text.split( 'a,b', ',' ) ) )
print( ( select( 2, pcall( mw.title.new, {} ) ):gsub( '^mw%.title%.lua:%d+: ', '' ) ) )
print( pcall( require, 'Module:Bad' ) )
print( ( select( 2, pcall( require, 'Module:Nobody' ) ):gsub( '^.*\n', '' ) ) )
local large = ( 'x\n\\' ):rep( 1e6 )
print( mw.getCurrentFrame():preprocess( large ) == large )
for i = 1, 250 do assert( not mw.title.new( 'Nothing' .. i ).exists ) end
"""

SHOWN = """\
x	true	false
[[É]]1	x	[[B]]2
nil	nil	nil	function	true
1string 2table [[É]]1
<b>x</b>	É	Main Page
true	1
bad argument #1 to 'title.new' (number or string expected, got table)
false	error loading module 'Module:Bad':
	Module/Bad.lua:1: unexpected symbol near '<eof>'
	no page 'Module:Nobody' of the wiki
true
"""


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_a_script_has_mw_and_the_machine(lua: Lua, runtime: str) -> None:
    """mw, pages and Scribunto's libraries by require, files and io beside them; a module has what it has in a wiki; the
    errors of both sides are Lua's to catch."""
    done = lua("--runtime", runtime, "--mw", "-e", EVERYTHING)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == SHOWN


def test_a_busted_spec(place: Path) -> None:
    """A spec requires a module which uses mw.text and mw.title; a failure has the module's file and line."""
    need("busted")
    (place / "spec").mkdir()
    (place / "spec" / "names_spec.lua").write_text(SPEC)
    (place / "bin").mkdir()
    (place / "bin" / "lua").write_text(LAUNCHER)
    (place / "bin" / "lua").chmod(0o755)
    environment = os.environ | {"PATH": f"{place / 'bin'}:/usr/bin:/bin", "LUAPROC_MW": "1"}
    done = subprocess.run(["busted"], cwd=place, env=environment, capture_output=True, encoding="utf-8", timeout=300)
    assert "5 successes / 0 failures / 1 error / 0 pending" in done.stdout, done
    assert "Module/Names.lua:7: no title" in done.stdout
    assert (done.returncode, done.stderr) == (1, "")


def test_without_it_there_is_none_until_it_is_required(lua: Lua) -> None:
    """A script may ask by itself; nobody else has a global more."""
    done = lua("-e", "print( mw ) local mine = require( 'luaproc.mw' ) print( mine == mw, mw.text.trim( ' x' ) )")
    assert (done.stdout, done.stderr) == ("nil\ntrue	x\n", "")


def test_settings_are_those_of_the_collection(lua: Lua, place: Path) -> None:
    """luaproc.toml says where pages are, and the moment of mw's dates; a wrong key is one line, and no script runs."""
    (place / "luaproc.toml").write_text('pages = ["."]\nnow = "2024-02-29T12:00:00Z"\n')
    done = lua("-e", "print( mw.getContentLanguage():formatDate( 'Y-m-d' ) )", LUAPROC_MW="1")
    assert (done.stdout, done.stderr) == ("2024-02-29\n", "")
    (place / "luaproc.toml").write_text("paegs = 1")
    done = lua("--mw", "-e", "print( 'never' )")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "unknown key 'paegs'" in done.stderr


def test_the_end_of_the_other_process(lua: Lua) -> None:
    """Is this one's, in one line; what the script printed is not lost; without a word where the script ends first."""
    kill = "for p in $(cat /proc/$PPID/task/*/children); do test $p = $$ || kill -9 $p; done"
    done = lua("--mw", "-e", f"print( 'before' ) os.execute( '{kill}' ) print( pcall( mw.title.new, 'x' ) )")
    assert (done.returncode, done.stdout) == (1, "before\n")
    assert done.stderr.startswith("luaproc: mw: the process that answers for PHP has ended: ")
    assert done.stderr.count("\n") == 1
    done = lua("--mw", "-e", "os.exit( 7 )")
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


@pytest.mark.parametrize("words", [["--mw", "--help"], ["--help"]])
def test_help_names_it(lua: Lua, words: list[str]) -> None:
    assert "--mw" in lua(*words).stdout
