"""`luaproc wiki dump`: a data module as JSON, and what becomes of what JSON does not have."""

from collections.abc import Iterator
from typing import Any

import pytest

from luaproc.wiki import LuaError, Wiki
from luaproc.wiki.dumping import NotData, dump
from luaproc.wiki.wiki import Page
from tests.parts import need

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

MODULES = {
    "Plain": "return { 'ü', x = {}, [5] = { 1, 2, 1.5 }, ['a b'] = false, b = 'z' }",
    "Function": "return { a = { f = function() end, 1 } }",
    "Meta": "return { m = setmetatable( { own = 1 }, { __index = { b = 2 } } ) }",
    "Wraps": "return { mw.loadData( 'Module:Plain' ) }",
    "Object": "return { t = mw.title.new( 'Some page' ) }",
    "Infinite": "return { 1/0, { -1/0, 0/0 } }",
    "Text": "return 'text'",
    "Nothing": "",
    "Self": "local t = { a = {} } t.a[1] = t return t",
    "Keys": "return { x = { [true] = 1 } }",
    "Fraction": "return { [1.5] = 1 }",
    "Deep": "local t = {} for i = 1, 95 do t = { t } end return t",
    "Bytes": "return { '\\255' }",
    "Ümlaut": "return { 1 }",
    "Broken": "return {",
}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    need("mediawiki")
    wiki = Wiki({f"Module:{name}": text for name, text in MODULES.items()}, mediawiki=False)
    with wiki.page() as page:
        yield page


def dumped(page: Page, name: str, **options: Any) -> Any:
    return dump(page.environment(), page.wiki.module(name).title, **options)


def test_data_is_json(page: Page) -> None:
    """Lists are arrays, keys are sorted, numbers first, so that two runs give the same bytes."""
    plain = dumped(page, "Plain")
    assert plain == {"1": "ü", "5": [1, 2, 1.5], "a b": False, "b": "z", "x": []}
    assert list(plain) == ["1", "5", "a b", "b", "x"]
    assert dumped(page, "Ümlaut") == [1]
    assert dumped(page, "Bytes") == [{"base64": "/w=="}]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Function", "Module:Function.a.f is a function, which JSON does not have: --functions omit or mark goes on"),
        ("Meta", "Module:Meta.m has a metatable: --metatables ignore or follow goes on"),
        ("Wraps", "Module:Wraps[1] has a metatable: --metatables ignore or follow goes on"),
        ("Infinite", "Module:Infinite[1] is infinite, which JSON does not have: --infinities null or mark goes on"),
        ("Text", "Module:Text returned string, table expected"),
        ("Nothing", "Module:Nothing returned boolean, table expected"),
        ("Self", "Module:Self.a[1]: a table that holds itself"),
        ("Keys", "Module:Keys.x has the key true, which JSON does not have"),
        ("Fraction", "Module:Fraction has the key 1.5, which JSON does not have"),
        ("Deep", "more than 1,000,000 tables, or 90 levels of them"),
    ],
)
def test_what_json_does_not_have(page: Page, name: str, said: str) -> None:
    """The place, and what to type."""
    with pytest.raises(NotData) as error:
        dumped(page, name)
    assert str(error.value).endswith(said)


def test_what_options_make_of_it(page: Page) -> None:
    assert dumped(page, "Function", functions="omit") == {"a": [1]}
    assert dumped(page, "Function", functions="mark") == {"a": {"1": 1, "f": {"lua": "function"}}}
    assert dumped(page, "Meta", metatables="ignore") == {"m": {"own": 1}}
    assert dumped(page, "Wraps", metatables="ignore") == [[]]
    assert dumped(page, "Wraps", metatables="follow") == [dumped(page, "Plain")]
    assert dumped(page, "Object", metatables="follow") == {"t": {"lua": "Some page"}}
    assert dumped(page, "Infinite", infinities="null") == [None, [None, None]]
    assert dumped(page, "Infinite", infinities="mark") == [{"number": "inf"}, [{"number": "-inf"}, {"number": "nan"}]]


def test_modules_that_fail(page: Page) -> None:
    with pytest.raises(LuaError, match="Lua error in Module:Broken at line 1: unexpected symbol"):
        dumped(page, "Broken")
    with pytest.raises(LuaError, match='No such module "No"'):
        dumped(page, "No")
