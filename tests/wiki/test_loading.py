"""What Lua answers itself in Python's place: modules see what they saw when each call came over here."""

import re
from collections.abc import Iterator, Sequence

import pytest

from luaproc.wiki import engine
from luaproc.wiki.wiki import Page, Wiki
from tests.parts import need

pytestmark = pytest.mark.real

MODULE = """
local p = {}
local names = {
    1, 1234567, '1234567', -1, '-1', '-0', '0', 0, '007', 1e15, '1000000000000000', '1', 2, '01',
    'a', ' a', 'b', '', 'long', 'Ä'
}
local function shown( args )
    local found = {}
    for number, name in ipairs( names ) do
        found[number] = args and tostring( args[name] ) or 'none'
    end
    return table.concat( found, ',' )
end
function p.all( frame )
    local parent = frame:getParent()
    local pairs_found = {}
    for name, text in pairs( frame.args ) do
        pairs_found[#pairs_found + 1] = name .. '=' .. text
    end
    return shown( frame.args ) .. ' / ' .. shown( parent and parent.args ) .. ' / ' .. table.concat( pairs_found, ' ' )
end
function p.nest( frame )
    local before = frame.args[1]
    local inner = frame:preprocess( frame.args.text or '' )
    local ok, child = pcall( function () return frame:expandTemplate{ title = 'T', args = { 'x', a = 'y' } } end )
    local new = frame:newChild{ args = { 'n', b = 'm' } }
    return before .. '<' .. inner .. '><' .. tostring( child ) .. '>' .. shown( new.args ) .. shown( frame.args )
        .. shown( ( frame:getParent() or {} ).args )
end
function p.first( frame )
    return tostring( frame.args[1] )
end
function p.fail( frame )
    error( frame.args[1] )
end
p.main = shown( mw.getCurrentFrame().args )
function p.chunk() return p.main end
function p.deferred()
    return tostring( pcall( require, 'mw.ext.later' ) ) .. tostring( pcall( require, 'nothing' ) )
end
return p
"""
PAGES = {
    "Module:M": MODULE,
    "Template:T": "{{#invoke:M|all|1{{{1|}}}|a={{{a}}}|b= {{uc:b}} }}",
    "Template:N": "{{#invoke:M|nest|{{{1}}}|text={{{text|}}}|a=q}}",
    "Template:P": "{{#invoke:M|all}}",
}
TEXTS = [
    "{{#invoke:M|all}}",
    "{{#invoke:M|all|one|two|a= x |b=<!-- c -->y|=empty| a =z}}",
    "{{#invoke:M|all|-1=minus|1234567=long|007=x|-0=y|0=null|+1=z|c=1|d=2|e=3|f=4|g=5|one|two}}",
    "{{P|-1=minus|1234567=long|007=x|-0=y|1000000000000000=z|c=1|d=2|e=3|f=4|g=5|h=6|one|two|three}}",
    "{{#invoke:M|all|1=one|01=x|Ä=ä|long=" + "x" * 20_000 + "}}",
    "{{#invoke:M|all| {{uc:one}} |a={{T|1|a=2}}|b={{{q|w}}}|<nowiki>n</nowiki>}}",
    "{{T|x|a=y|b=z}} {{P|x|a= y |b={{lc:Z}}|Ä=1}} {{P}}",
    "{{#invoke:M|nest|o|text={{#invoke:M|all|i|a=j}}|b=after}}",
    "{{#invoke:M|nest|o|text={{#invoke:M|fail|i}}{{#invoke:Nothing|x}}{{#invoke:M|nothing}}|b=after}}",
    "{{#invoke:M|nest|o|text={{N|z|text={{N|y|text={{#invoke:M|fail|q}}}}}}|b=after}}",
    "{{N|1|text={{T|2}}{{N|3|text={{P|4}}}}}}{{#invoke:M|all|last}}",
    "{{#invoke:M|first|{{#invoke:M|first|{{#invoke:M|first|deep}}}}}}{{#invoke:M|chunk|x|a=y}}",
    "{{#invoke:M|deferred}}",
]


@pytest.fixture
def wiki() -> Iterator[Wiki]:
    need("mediawiki")
    with Wiki(PAGES, mediawiki=False) as wiki:
        wiki.library("mw.ext.later", "return { x = 1 }", deferred=True)
        yield wiki


def seen(wiki: Wiki, text: str) -> tuple[object, ...]:
    """What a page view gives, but for how much of Lua's time and memory it took."""
    page = wiki.expand(text, "A page")
    limits = {name: limit.used for name, limit in page.limits.items() if not name.startswith("lua")}
    return page.text, [str(error) for error in page.errors], page.warnings, page.log, page.categories, limits


@pytest.mark.parametrize("text", TEXTS)
def test_arguments_are_what_python_says(text: str, wiki: Wiki, monkeypatch: pytest.MonkeyPatch) -> None:
    """In nested calls, behind them, behind errors, of parents and children; in a server of its own and in a fork."""
    found = seen(wiki, text), seen(wiki, text)
    monkeypatch.setattr(engine, "_TOLD", -1)
    assert found == (seen(wiki, text),) * 2


def test_arguments_are_expanded_when_they_are_asked_for(wiki: Wiki) -> None:
    """Not before, and once."""
    calls: list[str] = []

    @wiki.parser_function("#note")
    def note(text: str) -> str:
        calls.append(text)
        return text

    wiki.pages["Module:F"] = "return { first = function ( frame ) return frame.args[1] .. frame.args[1] end }"
    text = "{{#invoke:F|first|{{#note:a}}|{{#note:b}}}}{{#invoke:F|first|plain|{{#note:c}}}}"
    for _ in range(2):
        assert wiki.expand(text).text == "aaplainplain"
    assert calls == ["a", "a"]


def test_plain_arguments_cost_no_change_of_process(wiki: Wiki) -> None:
    """Each cost two, and pages ask for hundreds."""
    with wiki.page() as page:
        page.engine.interpreter  # noqa: B018  it starts
        asked: list[object] = []
        answer = page.engine.interpreter._answer
        page.engine.interpreter._answer = lambda body: asked.append(body) or answer(body)  # type: ignore[method-assign, func-returns-value]
        text = "{{#invoke:M|first|x|a=y}}{{#invoke:M|chunk|x|a=y}}{{P|z}}"
        assert page.expand(text).text.startswith("xx,nil,")
        assert asked
        assert not [body for body in asked if b"Argument" in body or b"frameExists" in body]  # type: ignore[operator]


KEEPS = """
local p = {}
local frame = mw.getCurrentFrame()
local child = frame:newChild{ args = { a = 'of the chunk' } }
local text = frame:preprocess( '{{#note:chunk}}' ) .. frame:expandTemplate{ title = 'Note' }
function p.main( same )
    local ok, found = pcall( function () return child.args.a end )
    local new = same:newChild{ args = { a = 'of the function' } }
    return table.concat( {
        tostring( frame == same ), tostring( ok ), tostring( found ), new.args.a, child:getTitle(),
        text, same:preprocess( '{{#note:chunk}}' ), same:expandTemplate{ title = 'Note' }
    }, '|' )
end
return p
"""


def test_a_modules_function_begins_anew(wiki: Wiki) -> None:
    """What its chunk had expanded is expanded again, and the chunk's frames are no more: PHP calls them one by one."""
    calls: list[str] = []

    @wiki.parser_function("#note")
    def note(text: str) -> str:
        calls.append(text)
        return str(len(calls))

    wiki.pages["Module:K"] = KEEPS
    wiki.pages["Template:Note"] = "{{#note:template}}"
    for _ in range(2):  # a server of its own, and a fork
        calls.clear()
        text = wiki.expand("{{#invoke:K|main}}", "A page").text
        assert text == "true|false|invalid frame ID|of the function|Module:K|12|3|4"
        assert calls == ["chunk", "template"] * 2


def frames(page: Page, text: str) -> int:
    """How many frames this side sends for a text."""
    sent: list[bytes] = []
    connection = page.engine.interpreter.connection
    exchange, send_all = connection.exchange, connection.send_all

    def exchange_noted(body: bytes) -> bytes:
        sent.append(body)
        return exchange(body)

    def send_all_noted(bodies: Sequence[bytes]) -> None:
        sent.extend(bodies)
        send_all(bodies)

    connection.exchange, connection.send_all = exchange_noted, send_all_noted  # type: ignore[method-assign]
    page.expand(text)
    return len(sent)


def test_an_invoke_is_one_message(wiki: Wiki) -> None:
    """Each other costs two changes of process. The end of the page view asks a fork for nothing: it has no log."""
    wiki.eval("")
    with wiki.page() as page:
        page.expand("{{#invoke:M|first|x}}")
        assert frames(page, "{{#invoke:M|first|x}}" * 10) == 10


def test_traces_end_in_mw_lua(wiki: Wiki) -> None:
    """As where PHP calls it: nothing of ours stands in them, or gives one of its functions a name."""
    wiki.pages["Module:F"] = "error( 'x' )"
    wiki.pages["Module:G"] = """
    return {
        f = function () error( 'x' ) end,
        t = function ( frame ) return frame:preprocess( '{{#invoke:G|f}}' ) .. nil end,
    }
    """
    for text, levels in (("{{#invoke:F|x}}", [2]), ("{{#invoke:G|f}}", [2]), ("{{#invoke:G|t}}", [5, 2])):
        errors = wiki.expand(text).errors
        assert [len(error.trace) for error in errors] == levels
        for error in errors:
            assert "in function 'chunk'" in str(error.trace[0])
            assert re.fullmatch(r"mw\.lua:\d+: in function <mw\.lua:\d+>", str(error.trace[-1]))


@pytest.mark.parametrize(
    ("text", "log"),
    [
        ("{{#invoke:L|log|a}}{{#invoke:L|quiet}}", "a\n"),
        ("{{#invoke:L|quiet}}{{#invoke:L|log|a}}", "a\n"),
        ("{{#invoke:L|quiet}}{{#invoke:L|fails|a}}", "a\n"),
        ("{{#invoke:L|nests|b|{{#invoke:L|quiet}}}}", "b\n"),
        ("{{#invoke:L|nests|b|{{#invoke:L|quiet}}}}{{#invoke:L|quiet}}{{#invoke:Nothing|x}}", "b\n"),
        ("{{#invoke:L|quiet}}", ""),
    ],
)
def test_nothing_of_the_log_is_lost(text: str, log: str, wiki: Wiki) -> None:
    """Lua says with each result whether there is a log."""
    wiki.pages["Module:L"] = """
    return {
        log = function ( frame ) mw.log( frame.args[1] ) end,
        quiet = function () return '' end,
        fails = function ( frame ) mw.log( frame.args[1] ) error( 'x' ) end,
        nests = function ( frame ) local text = frame.args[2] mw.log( frame.args[1] ) error( 'x' ) end,
    }
    """
    assert [wiki.expand(text).log for _ in range(2)] == [log] * 2
