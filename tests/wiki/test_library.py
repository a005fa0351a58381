"""What `luaproc.wiki` promises to programs: its names, what is refused, and what stands in for an extension."""

from collections.abc import Callable, MutableMapping
from typing import Any

import pytest

import luaproc.wiki
from luaproc.wiki import LuaError, NoSuchTitle, Pages, Site, SiteError, Wiki, WikiError

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

Maker = Callable[[dict[str, str]], Wiki]

SUM = """
local p = {}
function p.add( a, b ) return a + b end
function p.given( frame ) return frame.args[1] end
return p
"""
TESTS = """
return {
	testAdd = function () assert( require( 'Module:Sum' ).add( 1, 2 ) == 3 ) end,
	testBad = function ()
		error( { text = 'differ', expected = { 1 }, actual = nil } )
	end,
}
"""


def test_every_public_name_is_there() -> None:
    """Each is imported when it is asked for; no other name is."""
    assert all(getattr(luaproc.wiki, name) is not None for name in luaproc.wiki.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = luaproc.wiki.nothing


def test_tests_of_modules(small_wiki: Maker) -> None:
    """As results, in the order of titles and names; chosen by titles and by an expression."""
    wiki = small_wiki({"Module:Sum": SUM, "Module:Sum/tests": TESTS, "Module:Sum/Testfälle": TESTS})
    good, bad = wiki.tests()
    assert (good.module, good.name, good.passed) == ("Module:Sum/tests", "testAdd", True)
    assert (bad.name, bad.passed, bad.message, bad.line, bad.got) == ("testBad", False, "differ", 5, "nil")
    assert bad.expected is not None
    assert [each.module for each in wiki.tests(names=["testfälle"], only="not bad")] == ["Module:Sum/Testfälle"]
    assert list(wiki.tests("Other/*")) == []
    with pytest.raises(WikiError, match="expected a word at the end"):
        list(wiki.tests(only="a and"))


def test_pages_are_a_mutable_mapping(small_wiki: Maker) -> None:
    """Titles in every spelling; what is written is seen by the next page; nothing else is a page."""
    wiki = small_wiki({"Template:A_b": "1"})
    assert isinstance(wiki.pages, MutableMapping)
    assert wiki.pages["template:a b"] == "1"
    wiki.pages.update({"Template:C": "2"})
    assert wiki.expand("{{a b}}{{C}}").text == "12"
    assert (wiki.pages.pop("Template:C"), list(wiki.pages), len(wiki.pages)) == ("2", ["Template:A b"], 1)
    assert ("Template:A b" in wiki.pages, "Template:C" in wiki.pages) == (True, False)
    with pytest.raises(KeyError, match="Nobody"):
        _ = wiki.pages["Nobody"]
    with pytest.raises(NoSuchTitle, match=r"expected a page's title, got 'a\|b'"):
        wiki.pages["a|b"] = "x"


def test_an_error_of_a_module(small_wiki: Maker) -> None:
    """Module, line and trace; what a table of Lua's cannot say is said; values that Lua has no kind of are refused."""
    wiki = small_wiki({"Module:Sum": SUM})
    with pytest.raises(LuaError) as caught:
        wiki.module("Sum").call("add", 1, {})
    assert (caught.value.module, caught.value.line) == ("Module:Sum", 3)
    assert caught.value.message == "attempt to perform arithmetic on local 'b' (a table value)"
    assert str(caught.value.trace[0]).startswith("Module:Sum:3: in function")
    with pytest.raises(luaproc.errors.LuaprocError, match="cannot be sent to Lua"):
        wiki.module("Sum").call("add", object())


def test_an_extension_library(small_wiki: Maker) -> None:
    """functions are Python's, options reach its setupInterface; code that fails is an error of the page's module."""
    wiki = small_wiki({"Module:M": "return { f = function () return require( 'mw.ext.x' ).f( 4 ) end }"})
    code = """
local php, p = mw_interface, {}
function p.setupInterface( options ) mw_interface, p.setupInterface, p.unit = nil, nil, options.unit end
function p.f( n ) return php.double( n ) .. p.unit end
return p
"""
    functions: dict[str, Callable[..., Any]] = {"double": lambda number: number * 2}
    wiki.library("mw.ext.x", lua=code, functions=functions, options={"unit": " m"}, deferred=True)
    assert wiki.expand("{{#invoke:M|f}}").text == "8 m"
    wiki = small_wiki({"Module:M": SUM})
    wiki.library("mw.ext.bad", lua="return {")
    page = wiki.expand("{{#invoke:M|given|x}} {{uc:on}}")
    assert "unexpected symbol near &#039;&lt;eof&gt;&#039;" in page.text
    assert page.text.endswith(" ON")


def test_what_a_function_of_pythons_raises_is_raised(small_wiki: Maker) -> None:
    """It is no error of the wiki's."""
    wiki = small_wiki({})

    @wiki.parser_function("#x")
    def x(text: str) -> str:
        raise ZeroDivisionError(text)

    @wiki.tag("t")
    def t(text: str | None, attributes: dict[str, str]) -> str:
        raise LookupError(f"{text} {attributes}")

    with pytest.raises(ZeroDivisionError, match="a"):
        wiki.expand("{{#X:a}}")
    with pytest.raises(LookupError, match=r"None \{'b': 'c'\}"):
        wiki.expand("<T B=c />")


WRONG: list[tuple[Callable[[Wiki], Any], str]] = [
    (lambda wiki: wiki.expand(5), "text: expected wikitext as str, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.expand("", 5), "title: expected a page's title as str, a Title or None, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.eval(None), "lua: expected Lua code as str, got NoneType"),  # type: ignore[arg-type]
    (lambda wiki: wiki.invoke("M", "f", "ab"), "args: expected a mapping, a list or a tuple, got str"),
    (lambda wiki: wiki.invoke("M", 5), "function: expected a function's name as str, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.module(5), "name: expected a module's name as str, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.module("M").call(5), "function: expected a function's name as str, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.stub("A", 5), "returns: expected str, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.library("a", 5), "lua: expected Lua code as str, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.parser_function(5), "name: expected a function's name as str, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.tag(5), "name: expected a tag's name as str, got int"),  # type: ignore[arg-type]
    (lambda wiki: wiki.pages.update({"A": 5}), "text: expected a page's text as str, got int"),  # type: ignore[dict-item]
    (lambda _: Wiki(5), "pages: expected folders, dumps, mappings or Pages, got int"),  # type: ignore[arg-type]
    (lambda _: Wiki(now=5), "now: expected a datetime, an ISO text or None, got int"),  # type: ignore[arg-type]
    (lambda _: Wiki(seed="5"), "seed: expected a whole number or None, got str"),  # type: ignore[arg-type]
    (lambda _: Wiki(site=5), "site: expected a Site, a mapping or None, got int"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "said"), WRONG, ids=[said.partition(",")[0] for _, said in WRONG])
def test_arguments_of_wrong_types(small_wiki: Maker, call: Callable[[Wiki], Any], said: str) -> None:
    """A TypeError that names the argument, before anything runs."""
    with pytest.raises(TypeError) as caught:
        call(small_wiki({}))
    assert str(caught.value) == said


def test_a_site_from_python() -> None:
    """As api.php gives it, or by members; what is wrong is named."""
    assert Site.from_dict({"language": "de", "limits": {"depth": 5}}).limits.depth == 5
    assert Site.from_dict({"query": {"general": {"sitename": "X", "lang": "fr"}}}).language == "fr"
    for members, said in (
        ({"langage": "de"}, "unknown key 'langage'"),
        ([], "expected an object"),
        ({"language": 5}, "text"),
    ):
        with pytest.raises(SiteError, match=said):
            Site.from_dict(members)  # type: ignore[arg-type]
    assert isinstance(Pages(Site(), (), {"a": "b"}), MutableMapping)
