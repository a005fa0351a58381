"""`luaproc wiki check`: what can be told of pages without running them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from luaproc.wiki.checking import check
from luaproc.wiki.wiki import Wiki

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

PAGES = {
    "Module:Good": "require( 'Module:Helper' ) require 'strict' require('ustring') mw.loadData( 'Module:Data' )",
    "Module:Helper": "return {}",
    "Module:Data": "return {}",
    "Module:Cut": "local p = {\nreturn p",
    "Module:Lost": "-- text\na = require('Module:Gone')\nb = mw.loadData \"Module:Nothing\"\nrequire 'socket'",
    "Module:Wikibase": "require( 'mw.wikibase' )",
    "Template:Good": "{{Inner|{{{1|{{uc:x}}}}}}} {{#if:x|y}} {{PAGENAME}} {{#invoke:Good|f}} {{{{{1}}}}} {{/sub}}",
    "Template:Inner": "x",
    "Bad": "text\n{{Missing|{{Also missing}}}}\n{{#invoke:Gone|f}}\n{{#nothing:x}}\n{{Missing}}",
    "Template:Hidden": "<noinclude>{{Gone doc}}</noinclude><includeonly>{{Gone use}}</includeonly>",
}


def test_each_kind_of_fault_is_told_with_its_line(small_wiki: "type[Wiki]") -> None:
    found = {(finding.page, finding.line, finding.text) for finding in check(small_wiki(PAGES))}
    assert found == {
        ("Module:Cut", 2, "does not compile: unexpected symbol near 'return'"),
        ("Module:Lost", 2, "require 'Module:Gone': there is no such page"),
        ("Module:Lost", 3, "mw.loadData 'Module:Nothing': there is no such page"),
        ("Module:Lost", 4, "require 'socket': there is no such module or library"),
        (
            "Module:Wikibase", 1,
            "require 'mw.wikibase': not supported here: it is another extension's; Wiki.library() can stand in for it",
        ),
        ("Bad", 2, "{{Missing}}: there is no page Template:Missing"),
        ("Bad", 2, "{{Also missing}}: there is no page Template:Also missing"),
        ("Bad", 3, "{{#invoke:Gone}}: there is no such module"),
        ("Bad", 4, "{{#nothing:}}: no parser function of this name is supported here"),
        ("Template:Hidden", 1, "{{Gone doc}}: there is no page Template:Gone doc"),
        ("Template:Hidden", 1, "{{Gone use}}: there is no page Template:Gone use"),
    }  # fmt: skip


def test_a_library_of_ones_own_is_found(small_wiki: "type[Wiki]") -> None:
    wiki = small_wiki({"Module:M": "require( 'mw.ext.x' )"})
    wiki.library("mw.ext.x", "return {}", deferred=True)
    assert list(check(wiki)) == []


def test_text_of_any_depth(small_wiki: "type[Wiki]") -> None:
    """Nothing recurses by the depth of a text."""
    assert len(list(check(small_wiki({"Deep": "{{a|" * 3000 + "}}" * 3000, "Open": "{{{" * 5000})))) == 1


def run(place: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "luaproc", "wiki", "check", "--pages", str(place)],
        cwd=place, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ),
    )  # fmt: skip


def test_the_command(tmp_path: Path) -> None:
    """A line names file and line; status 1 where there is any, 0 for the example that comes with luaproc."""
    (tmp_path / "Module").mkdir()
    (tmp_path / "Module" / "M.lua").write_text("return {}\nx")
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "Module/M.lua:2: does not compile: '<eof>' expected near 'x'\npages: 1, findings: 1\n"
    (tmp_path / "Module" / "M.lua").write_text("return {}")
    done = run(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "pages: 1, findings: 0\n", "")


def test_calls_that_are_not_supported_here(small_wiki: "type[Wiki]") -> None:
    """Other extensions' libraries without `require`, each once; names that only a run knows are none of them."""
    module = (
        "local d = mw.loadData( 'Module:Data/' .. code ) require( 'Module:'\n.. name )\n"
        "-- mw.smw.ask()\n--[[ mw.cargo\n]] mw.wikibase.getEntity() mw.wikibase.getLabel()\n"
        "mw.ext.ParserFunctions.expr( '1' ) mw.ext.data.get( 'x' )"
    )
    wiki = small_wiki({"Module:M": module, "Template:T": "{{Special:Version}}{{#ask:x}}"})
    wiki.library("mw.cargo", "return {}")
    assert {(finding.page, finding.line, finding.text.partition(": ")[0]) for finding in check(wiki)} == {
        *{("Module:M", 5, "mw.wikibase"), ("Module:M", 6, "mw.ext.data")},
        *{("Template:T", 1, "{{Special:Version}}"), ("Template:T", 1, "{{#ask:}}")},
    }


def test_names_in_strings_and_comments_are_none(small_wiki: "type[Wiki]") -> None:
    """A comment may have an example of another wiki; what is a string is no call. Templates that Lua expands are."""
    module = r"""
-- local x = require( 'Module:Example' )
--[==[ require( 'Module:Block' ) ]] mw.cargo ]==]
local s = "require('Module:InText')" .. 'require("Module:\'Quoted")' .. [[ mw.wikibase require('Module:Long') ]]
local t = 'a -- b' .. require( 'Module:After' ) .. require( 'Module:Begins with ' .. s )
local u = p.require( 'Module:Method' )
frame:expandTemplate{ title = 'Gone' }
frame:expandTemplate( { title = "Here", args = {} } )
frame:expandTemplate{ title = 'Begins ' .. s }
return {}"""
    found = [(finding.line, finding.text) for finding in check(small_wiki({"Module:M": module, "Template:Here": "x"}))]
    assert found == [
        (5, "require 'Module:After': there is no such page"),
        (7, "{{Gone}}: there is no page Template:Gone"),
    ]


@pytest.mark.parametrize("text", ["--[[", "[[", "[=[", '"', "'", "require(", "expandTemplate{title=", "mw.ext.", "--"])
def test_hostile_modules_are_looked_through_once(small_wiki: "type[Wiki]", text: str) -> None:
    """What is opened and never closed is read once, and not once more at each place: 300 KB would take minutes."""
    assert {finding.line for finding in check(small_wiki({"Module:M": text * (300_000 // len(text))}))} <= {1}
