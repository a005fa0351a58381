"""Scribunto's own tests, which are not part of luaproc (GPL): run by a module of ours, in the real wiki and without it.

`tools/scribunto-tests` fetches them. Their PHPUnit classes set up mocks, which an `#invoke` has not: what a test
expects is not the measure, but what the real wiki answers to the same call.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from luaproc.wiki.site import Site
from luaproc.wiki.wiki import Wiki
from tests.mediawiki import installation
from tests.mediawiki.installation import Engine
from tests.parts import need
from tests.wiki import judge

DRIVER = """
local p = {}

local function escaped( text )
	return ( string.gsub( text, '[^%w _.,:;=(){}/-]', function ( byte )
		return string.format( '%%%02X', string.byte( byte ) )
	end ) )
end

function p.run( frame )
	mw.makeProtectedEnvFuncsForTest = mw.makeProtectedEnvFuncs
	mw.html.stripMarkers = { nowiki = frame:preprocess( '<nowiki>NoWiki</nowiki>' ) }
	mw.text.stripTest = {
		nowiki = mw.html.stripMarkers.nowiki,
		general = frame:extensionTag( 'pre', 'General' ),
		ppnowiki = frame:preprocess( '<nowiki>ppNoWiki</nowiki>' ),
	}
	mw.title.testPageId = mw.title.new( 'ScribuntoTestPage' ).id
	local provider = require( 'Module:' .. frame.args[1] )
	local lines = {}
	for number = 1, provider.count do
		local _, name = provider.provide( number )
		local ok, found = pcall( provider.run, number )
		lines[number] = '\\n* ' .. escaped( name ) .. '|' .. escaped( ( ok and '' or 'RAISED ' ) .. tostring( found ) )
	end
	return table.concat( lines )
end

return p
"""
SETTINGS = """
$wgServer = '//wiki.local'; $wgCanonicalServer = 'http://wiki.local'; $wgUsePathInfo = true; $wgActionPaths = [];
$wgScript = '/w/index.php'; $wgScriptPath = '/w'; $wgArticlePath = '/wiki/$1'; $wgFragmentMode = [ 'legacy', 'html5' ];
"""
PAGES = {
    "ScribuntoTestPage": "{{int:mainpage}}<includeonly>...</includeonly><noinclude>...</noinclude>",
    "ScribuntoTestRedirect": "#REDIRECT [[ScribuntoTestTarget]]",
    "ScribuntoTestNonRedirect": "Not a redirect.",
    "Help:Foo": "help",
    "Main Page": "",
    "Module:Driver": DRIVER,
}
_LINE = re.compile(r"^\* ([^|\n]*)\|(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What one of Scribunto's tests gave on a wiki. module: the file's name. number: from 1."""

    module: str
    number: int
    name: str
    text: str


def modules(directory: Path) -> dict[str, Path]:
    """The test modules and their data below a Scribunto's tests, by the names that they have in a wiki."""
    return {
        path.name.removesuffix(".lua"): path
        for path in sorted(directory.rglob("*"))
        if path.suffix in (".lua", ".json") and "LuaSandbox" not in path.parts and not path.name.endswith("lib.lua")
    }


def tests(directory: Path) -> list[str]:
    """The modules with tests; the one of normal forms has none without Unicode's own list."""
    return [name for name in modules(directory) if name.endswith("Tests") and "Normalization" not in name]


def real_answers(wiki: installation.Wiki, directory: Path) -> tuple[list[Answer], Site]:
    """What the real wiki answers, and the settings that it has."""
    nobody = Engine("nobody", "/bin/false")  # Lua would check the syntax of each module
    for prefix, texts in (
        ("Module:", {name: path.read_text() for name, path in modules(directory).items()} | {"Driver": DRIVER}),
        ("Help:", {"Foo": "help"}),
        ("", {title: text for title, text in PAGES.items() if ":" not in title and text}),
    ):
        files = []
        place = wiki.directory / f"scribunto-{prefix.rstrip(':')}"
        place.mkdir()
        for name, text in texts.items():
            if name.endswith(".json"):  # importTextFiles would take the .json off the title
                wiki.edit(f"{prefix}{name}", text, engine=nobody)
                continue
            (place / f"{name}.txt").write_text(text)
            files.append(str(place / f"{name}.txt"))
        wiki.run("importTextFiles.php", "--overwrite", "--prefix", prefix, *files, engine=nobody)
    cases = [_case(name) for name in tests(directory)]
    found = judge.real_texts(wiki, cases, SETTINGS)
    with wiki.serve(Engine("lua5.1", need("lua5.1")), extra=SETTINGS) as url:
        site = judge.site_of(url)
    site.fragment_mode = "legacy"  # of which api.php says nothing
    return [answer for case, text in zip(cases, found, strict=True) for answer in _answers(case.name, text)], site


def our_answers(site: Site, directory: Path) -> list[Answer]:
    """What luaproc.wiki answers."""
    pages = PAGES | {f"Module:{name}": path.read_text() for name, path in modules(directory).items()}
    code = need("mediawiki")
    wiki = Wiki(pages, scribunto=code, mediawiki=code, site=site, now=judge.NOW, timezone="UTC")
    return [
        answer
        for name in tests(directory)
        for answer in _answers(name, judge.normal(wiki.expand(_case(name).text, _case(name).title).text))
    ]


def _case(name: str) -> judge.Case:
    return judge.Case("scribunto", name, f"{{{{#invoke:Driver|run|{name}}}}}", "Main Page", alone=True)


def _answers(module: str, text: str) -> list[Answer]:
    found = _LINE.findall(text)
    assert found, f"{module}: {text[:500]}"
    return [
        Answer(module, number, unquote(name), judge.normal(unquote(value)))
        for number, (name, value) in enumerate(found, 1)
    ]
