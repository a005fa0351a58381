"""`Wiki`: pages and modules from Python, each expansion a page view of its own."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from luaproc.wiki import LuaError, Site, Wiki
from luaproc.wiki.documents import document
from luaproc.wiki.errors import NoSuchTitle, ScribuntoMissing, WikiError
from luaproc.wiki.site import Limits
from tests.parts import need

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

Maker = Callable[[dict[str, str]], Wiki]

MODULE = """
local p = {}
local count = 0
function p.hello( frame )
	count = count + 1; return 'Hello, ' .. ( frame.args[1] or frame:getParent().args.who ) .. count
end
function p.add( a, b ) return a + b end
function p.two() return 1, { x = 'y' } end
function p.fail() error( 'no luck' ) end
function p.loop() while true do end end
function p.eat() local t = {} for i = 1, 1e9 do t[i] = ( 'x' ):rep( 1e6 ) .. i end end
function p.now() return os.time() .. ' ' .. os.date( '!%Y-%m-%d' ) end
function p.chance() return math.random( 1e6 ) .. ' ' .. math.random( 1e6 ) end
function p.log() mw.log( 'logged' ); mw.addWarning( 'careful' ); return '[[Category:X|key]]' end
return p
"""


def test_a_folder_with_one_module_is_enough(tmp_path: Path) -> None:
    """No settings, no other file: everything has a default."""
    need("mediawiki")
    (tmp_path / "Hello.lua").write_text(MODULE)
    with Wiki(tmp_path) as wiki:
        assert wiki.expand("{{#invoke:Hello|hello|world}}").text == "Hello, world1"


def test_ways_to_call_a_module(small_wiki: Maker) -> None:
    """invoke with a frame and its parent; call with values; eval; each in a page view of its own."""
    wiki = small_wiki({"Module:M": MODULE})
    assert wiki.invoke("M", "hello", ["Ada"]) == "Hello, Ada1"
    assert wiki.invoke("Module:M", "hello", parent={"who": " Bo "}) == "Hello, Bo1"
    assert wiki.module("M").call("add", 2, 3) == 5
    assert wiki.module("Module:M").call("two") == [1, {"x": "y"}]
    assert wiki.eval("=1, nil, 'a'") == [1, None, "a"]
    assert wiki.eval("local m = require( 'Module:M' )\nreturn m.add( 1, 1 ), mw.title.getCurrentTitle().text") == [
        *(2, "Main Page")
    ]


def test_one_page_view_for_several_calls(small_wiki: Maker) -> None:
    """A page that stays open keeps its Lua process; two pages share nothing."""
    wiki = small_wiki({"Module:M": MODULE})
    with wiki.page("A page") as page:
        pid = page.engine.interpreter.connection.pid
        assert page.expand("{{#invoke:M|hello|a}} {{PAGENAME}}").text == "Hello, a1 A page"
        assert page.eval("=mw.title.getCurrentTitle().text") == ["A page"]
        assert page.engine.interpreter.connection.pid == pid


def test_failures(small_wiki: Maker) -> None:
    """A page shows them and goes on; from Python they are raised with module, line and trace."""
    wiki = small_wiki({"Module:M": MODULE, "Module:Bad": "return {"})
    page = wiki.expand("a {{#invoke:M|fail}} b")
    assert page.text == (
        'a <strong class="error"><span class="scribunto-error" id="mw-scribunto-error-0">'
        "Lua error in Module:M at line 9: no luck.</span></strong> b"
    )
    assert page.categories == {"Pages with script errors": ""}
    with pytest.raises(LuaError, match=r"Lua error in Module:M at line 9: no luck\.") as error:
        wiki.invoke("M", "fail")
    assert (error.value.module, error.value.line, error.value.message) == ("Module:M", 9, "no luck")
    assert "Module:M:9: in function" in error.value.traceback
    with pytest.raises(LuaError, match="Lua error in Module:Bad at line 1: unexpected symbol near '<eof>'"):
        wiki.module("Bad").call("x")
    with pytest.raises(LuaError, match="No such module"):
        wiki.invoke("Nothing", "x")
    with pytest.raises(LuaError, match="does not exist"):
        wiki.module("M").call("nothing")
    with pytest.raises(LuaError, match="Lua error in eval at line 2: x"):
        wiki.eval("local a\nerror( 'x' )")


def test_a_process_that_dies_is_replaced() -> None:
    """The page says so, as a wiki does; its other modules say the same; the next page is well."""
    need("mediawiki")
    site = Site(limits=Limits(lua_seconds=1))
    wiki = Wiki({"Module:M": MODULE}, site=site, mediawiki=False)
    page = wiki.expand("{{#invoke:M|hello|a}} {{#invoke:M|loop}} {{#invoke:M|hello|b}} {{uc:end}}")
    expired = "The time allocated for running scripts has expired."
    assert page.text.startswith("Hello, a1 <strong")
    assert page.text.count(expired) == 2
    assert page.text.endswith("</strong> END")
    assert wiki.expand("{{#invoke:M|hello|c}}").text == "Hello, c1"


def test_memory_is_limited(small_wiki: Maker) -> None:
    """A module that eats memory gets Lua's own error; the page's other modules go on."""
    page = small_wiki({"Module:M": MODULE}).expand("{{#invoke:M|eat}} {{#invoke:M|hello|b}}")
    assert "not enough memory" in page.text
    assert page.text.endswith("Hello, b1")


def test_the_same_bytes_twice() -> None:
    """now reaches os.time, os.date and the preprocessor; the seed math.random; a wiki's seed is 1."""
    need("mediawiki")
    text = "{{#invoke:M|now}} {{CURRENTTIMESTAMP}} {{#time:Y-m-d}} {{#invoke:M|chance}}"

    def expand(**options: Any) -> str:
        return Wiki({"Module:M": MODULE}, mediawiki=False, **options).expand(text).text

    first = expand(now="2024-02-29T13:05:09Z", seed=7)
    assert first.startswith("1709211909 2024-02-29 20240229130509 2024-02-29 ")
    assert expand(now="2024-02-29T13:05:09Z", seed=7) == first
    assert expand(now="2024-02-29T13:05:09Z", seed=8) != first
    with pytest.raises(WikiError, match="expected a moment as"):
        Wiki({}, now="yesterday")


def test_what_a_page_tells_besides_its_text(small_wiki: Maker) -> None:
    """Log, warnings, categories with their sort keys, limits."""
    page = small_wiki({"Module:M": MODULE}).expand("{{#invoke:M|log}} {{#ifexist:Nothing|y|n}}")
    assert (page.log, page.warnings, page.categories) == ("logged\n", ("careful",), {"X": "key"})
    assert (page.limits["expensive"].used, page.limits["expensive"].most) == (1, 100)


def test_stubs_functions_tags_and_libraries(small_wiki: Maker) -> None:
    """What a wiki's other extensions would bring, from Python."""
    wiki = small_wiki({"Module:M": "return { f = function () return require( 'mw.ext.x' ).double( 4 ) end }"})
    wiki.stub("Module:Cite", returns='"cited"\n')
    wiki.stub("Template:Box", returns="[box {{{1}}}]")

    @wiki.parser_function("#shout")
    def shout(text: str, mark: str = "!") -> str:
        return text.upper() + mark

    @wiki.tag("ref")
    def ref(text: str | None, attributes: dict[str, str]) -> str:
        return f"<sup>{attributes.get('name', '')}:{text}</sup>"

    wiki.library(
        "mw.ext.x",
        lua="local php, p = mw_interface, {}\nfunction p.double( n ) return php.double( n ) end\nreturn p",
        functions={"double": lambda number: number * 2},
        deferred=True,
    )
    assert wiki.expand("{{#invoke:Cite|anything|x}}").text == '"cited"\n'
    assert wiki.expand("{{Box|a}} {{#shout:hey}} {{#shout:hey|?}}").text == "[box a] HEY! HEY?"
    assert wiki.expand('<ref name="n">t</ref>').text == "<sup>n:t</sup>"
    assert wiki.expand("{{#invoke:M|f}}").text == "8"


def test_what_is_asked_wrongly(small_wiki: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clear line for a title that is none, and for a library that is nowhere."""
    wiki = small_wiki({})
    with pytest.raises(NoSuchTitle, match=r"got 'a\|b'"):
        wiki.expand("", "a|b")
    monkeypatch.setattr("luaproc.wiki.wiki.find_lualib", lambda directory: None)
    with pytest.raises(ScribuntoMissing, match="luaproc wiki fetch"):
        Wiki({}).expand("{{#invoke:M|f}}")


def test_limits_tell_what_a_page_used(small_wiki: "Callable[[dict[str, str]], Wiki]") -> None:
    """Lua's time and memory too, where it ran; a document of JSON has the same bytes at each run."""
    wiki = small_wiki({"Module:M": "return { f = function () return 'x' end }", "Template:T": "{{{1|}}}"})
    plain = wiki.expand("{{T|{{T|x}}}}")
    assert plain.limits["depth"].used == 4
    assert (plain.limits["lua_seconds"].used, plain.limits["lua_bytes"].used) == (0, 0)
    page = wiki.expand("{{#invoke:M|f}}{{T|a|1=b}}{{formatnum:x}}")
    assert 0 < page.limits["lua_bytes"].used < page.limits["lua_bytes"].most
    assert sorted(page.categories) == [
        "Pages using duplicate arguments in template calls", "Pages with non-numeric formatnum arguments",
    ]  # fmt: skip
    assert page.warnings == (
        '[[:Main Page]] gives [[:Template:T]] the argument "1" more than once; the last one counts.',
    )
    assert document(page) == document(wiki.expand("{{#invoke:M|f}}{{T|a|1=b}}{{formatnum:x}}"))


def test_packages_that_are_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What needs one says which and what to type; the rest works. The base install has none of them."""
    monkeypatch.setattr("luaproc.wiki.language.dates._strtotime", None)
    packages = ("convertdate", "strtotime", "imagesize")
    for name in (*packages, *(name for name in sys.modules if name.startswith(tuple(f"{part}." for part in packages)))):
        monkeypatch.setitem(sys.modules, name, None)
    wiki = Wiki({}, mediawiki=False, now="2024-02-29")
    assert wiki.expand("{{#time:Y-m-d|2020-05-12 +1 day}} {{#time:Y}} {{#expr:1+1}}").text == "2020-05-13 2024 2"
    assert "needs strtotime, if it is one: pip install" in wiki.expand("{{#time:Y|first monday of May 2020}}").text
    assert "need convertdate: pip install" in wiki.expand("{{#time:xjY}}").text
    need("mediawiki")
    (tmp_path / "File").mkdir()
    (tmp_path / "File" / "A.gif").write_bytes(b"GIF89a\x03\0\x05\0")
    module = {"Module:F": "return { f = function () return mw.title.new( 'File:A.gif' ).file.width end }"}
    page = Wiki([tmp_path, module]).expand("{{#invoke:F|f}}{{#invoke:F|f}}")
    assert (page.text, page.warnings) == (
        "00",
        ("width and height of images need imagesize: pip install 'luaproc[images]'",),
    )


def test_languages_as_the_wiki_gives_them() -> None:
    """Names, direction and fallbacks of languageinfo; names in the content language alone, which api.php answers in."""
    need("mediawiki")
    info = {
        "de": {"autonym": "Deutsch!", "name": "Německo", "dir": "rtl", "fallbacks": ["fr"]},
        "en": {"autonym": "English!", "name": "angličtina", "fallbacks": []},
    }
    wiki = Wiki({}, site={"language": "cs", "language_info": info})
    lua = """
    local l, names = mw.language, mw.language.fetchLanguageNames( 'cs' )
    return l.fetchLanguageName( 'de' ), l.fetchLanguageName( 'de', 'cs' ), l.fetchLanguageName( 'DE', 'fr' ),
        names.en, table.concat( l.getFallbacksFor( 'de' ), ',' ), l.new( 'de' ):isRTL(),
        l.fetchLanguageName( 'fr', 'cs' )
    """
    assert wiki.expand("{{#language:de}} {{#language:de|cs}} {{#language:fr|cs}}").text == "Deutsch! Německo français"
    assert wiki.eval(lua) == ["Deutsch!", "Německo", "Deutsch!", "angličtina", "fr,en", True, "français"]
