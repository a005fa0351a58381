"""Trusted modules: page views in this process, one after the other, give what those in processes of their own give."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from luaproc.host.inner import InnerInterpreter
from luaproc.host.interpreter import default_server
from luaproc.wiki.failures import ModuleError
from luaproc.wiki.site import Limits, Site
from luaproc.wiki.wiki import Page, Wiki
from tests.parts import need
from tests.wiki import judge
from tests.wiki.test_fork_servers import MODULE

pytestmark = pytest.mark.real

LEAKS = """
local p = {}
local seen = 0
function p.main( frame )
    seen = seen + 1
    string.left = ( string.left or 0 ) + 1
    getmetatable( '' ).__index.also = 1
    mw.title.left, package.loaded.left, _G.left = 1, {}, 1
    local data = mw.loadData( 'Module:Data' )
    local title = mw.title.new( 'Left' )
    getmetatable( mw.title.getCurrentTitle() ).__index = nil
    for i = 1, 100 do mw.language.getContentLanguage()['x' .. i], string['y' .. i] = i, i end
    mw.log( 'left' )
    return table.concat( { seen, string.left, data[1], tostring( title ~= nil ), math.random( 1000 ) }, ' ' )
end
function p.names()
    local found = {}
    local function show( t, path, done )
        for name, value in pairs( t ) do
            found[#found + 1] = path .. tostring( name )
            if type( value ) == 'table' and not done[value] then
                done[value] = true
                show( value, path .. tostring( name ) .. '.', done )
            end
        end
    end
    show( _G, '', { [_G] = true, [package.loaded._G or _G] = true } )
    return table.concat( found, ' ' )
end
return p
"""
PAGES = {"Module:M": MODULE, "Module:Leaks": LEAKS, "Module:Data": "return { 'data' }"}


def trusting(pages: dict[str, str] = PAGES, **options: object) -> Wiki:
    """A wiki whose modules are trusted."""
    need("mediawiki")
    return Wiki(pages, mediawiki=False, trusted=True, **options)  # type: ignore[arg-type]


@pytest.fixture
def wiki() -> Iterator[Wiki]:
    """One with these modules and little time."""
    with trusting(site=Site(limits=Limits(lua_seconds=1))) as wiki:
        yield wiki


def is_inner(page: Page) -> bool:
    """Whether a page view's modules run in this process."""
    return isinstance(page.engine.interpreter, InnerInterpreter)


def runs_here(wiki: Wiki) -> bool:
    """Whether the next page view's modules do."""
    with wiki.page() as page:
        return is_inner(page)


def states(wiki: Wiki) -> list[object]:
    """Those that wait for page views."""
    assert wiki._inner_states is not None
    return list(wiki._inner_states._free)


@pytest.mark.parametrize("options", [{}, {"now": "2024-02-29T12:00:00", "seed": 7}])
def test_a_page_view_gives_what_a_new_server_gives(options: dict[str, object]) -> None:
    """The first and later ones, whatever came between: text, log, errors with their traces; every name that a module
    finds, in the order of `pairs`."""
    texts = ["{{#invoke:M|here|x}}", "{{#invoke:M|keys}}", "{{#invoke:M|random}}", "{{#invoke:M|site}}"]
    texts += ["{{#invoke:M|patterns}}", "{{#invoke:M|missing}}", "{{#invoke:Leaks|main}}", "{{#invoke:Leaks|names}}"]
    need("mediawiki")

    def seen(wiki: Wiki, text: str, title: str) -> object:
        page = wiki.expand(text, title)
        return page.text, page.log, [(str(error), error.trace) for error in page.errors], page.categories

    for title in ("A page", "Another"):
        for text in texts:
            with Wiki(PAGES, mediawiki=False, **options) as new:  # type: ignore[arg-type]
                expected = seen(new, text, title)
            with trusting(PAGES, **options) as wiki:
                for between in ("{{#invoke:Leaks|main}}", "{{#invoke:M|time}}", text):
                    assert seen(wiki, text, title) == expected
                    wiki.expand(between, "Between")
                assert seen(wiki, text, title) == expected
                assert len(states(wiki)) == 1


@pytest.mark.slow
def test_the_corpus_in_one_state() -> None:
    """Each of its texts, one after the other, as a process of its own has it: also what goes wrong in them."""
    for part in ("convertdate", "strtotime"):
        pytest.importorskip(part, reason="pip install 'luaproc[wiki]'")
    with judge.our_wiki(Site()) as processes, judge.our_wiki(Site(), trusted=True) as wiki:
        found = []
        for case in judge.read_corpus():
            texts = []
            for each in (processes, wiki):
                page = each.expand(case.text, case.title)
                errors = [(str(error), error.message, error.trace) for error in page.errors]
                texts.append((judge.normal(page.text), page.log, errors, page.warnings, page.categories))
            if texts[0] != texts[1]:
                found.append((case, texts))
        assert found == []
        assert len(states(wiki)) == 1


def test_what_a_page_view_leaves_is_gone(wiki: Wiki) -> None:
    """Globals, methods of strings, fields of Scribunto's tables, and the same state serves the next one."""
    first = wiki.expand("{{#invoke:Leaks|main}} {{#invoke:Leaks|main}}")
    state = states(wiki)
    assert [wiki.expand("{{#invoke:Leaks|main}} {{#invoke:Leaks|main}}").text for _ in range(3)] == [first.text] * 3
    assert states(wiki) == state


def test_where_order_cannot_be_restored_the_state_goes(wiki: Wiki) -> None:
    """A library of one's own that gives a table of Scribunto's much more: the next page view has a new state."""
    need("mediawiki")
    names = wiki.invoke("Leaks", "names")
    more = "for i = 1, 1000 do mw.site['field' .. i] = i end return {}"
    wiki.library("mw.ext.more", more, deferred=True)
    wiki.eval("require 'mw.ext.more'")
    state = states(wiki)
    assert wiki.invoke("Leaks", "names") == names
    assert states(wiki) != state


def test_page_views_at_once(wiki: Wiki) -> None:
    """Open pages, a page view inside of another's call, and threads have states of their own."""
    with wiki.page("One") as one, wiki.page("Two") as two:
        assert one.eval("x = 1 return mw.title.getCurrentTitle().text") == ["One"]
        assert two.eval("return mw.title.getCurrentTitle().text, x") == ["Two", None]
        assert is_inner(one)
        assert is_inner(two)
    assert len(states(wiki)) == 2
    wiki.parser_function("#inner")(lambda text: wiki.expand(f"{{{{#invoke:M|here|{text}}}}}", "In").text)
    assert wiki.invoke("M", "here", ["x"], title="Out") == "Out /wiki/X x"
    assert wiki.eval("return mw.getCurrentFrame():preprocess( '{{#inner:y}}' )", "Out") == ["In /wiki/X y"]
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(
            lambda number: wiki.expand(f"{{{{#invoke:M|here|{number}}}}}", f"P{number}").text, range(40)
        )
        assert list(found) == [f"P{number} /wiki/X {number}" for number in range(40)]
    assert len(states(wiki)) <= 4


def test_what_changes_reaches_the_next_page_view(wiki: Wiki) -> None:
    """Settings, messages, and modules."""
    assert wiki.expand("{{#invoke:M|site}}").text == "Wiki 3 a and b en"
    wiki.pages["MediaWiki:And"] = " und"
    wiki.site.name = "Ours"
    assert wiki.expand("{{#invoke:M|site}}").text == "Ours 4 a und b en"
    wiki.pages["Module:M"] = "return { here = function () return 'new' end }"
    assert wiki.expand("{{#invoke:M|here}}").text == "new"


def test_a_module_without_end_is_ended(wiki: Wiki) -> None:
    """At the site's limit, whatever it catches; the page says so, and where it was; the rest of the page too, and the
    next page view is well."""
    loop = "local function loop() while true do end end\nreturn function () while true do pcall( loop ) end end"
    wiki.pages["Module:Catches"] = f"return {{ main = ( function () {loop} end )() }}"
    begun = time.process_time()
    with wiki.page() as page:
        expanded = page.expand("{{#invoke:Catches|main}} {{#invoke:M|here}}")
        assert "\tModule:Catches:1: " in page.engine.last_words()
    assert 0.9 < time.process_time() - begun < 10
    assert expanded.text.count("The time allocated for running scripts has expired.") == 2
    assert states(wiki) == []
    assert wiki.expand("{{#invoke:M|here|x}}").text == "Main Page /wiki/X x"
    assert runs_here(wiki)


def test_time_is_of_lua_and_of_one_page_view(wiki: Wiki) -> None:
    """A page view begins with all its time, and what a callback of Python's takes is not Lua's."""
    busy = "local t = os.clock() while os.clock() - t < 0.6 do end return 1"
    assert [wiki.eval(busy) for _ in range(3)] == [[1]] * 3

    @wiki.parser_function("#busy")
    def busy_here(_: str) -> str:
        end = time.process_time() + 1.5
        while time.process_time() < end:
            pass
        return "done"

    page = wiki.expand("{{#invoke:M|here|{{#busy:}}}}")
    assert wiki.eval("return mw.getCurrentFrame():preprocess( '{{#busy:}}' )") == ["done"]
    assert page.limits["lua_seconds"].used < 0.5


def test_memory_is_limited(wiki: Wiki) -> None:
    """To the module it is an error, as in a server of its own; the next page view has it all."""
    full = "local t = {} for i = 1, 1e6 do t[i] = ( 'x' ):rep( 1e5 ) .. i end"
    for _ in range(3):
        with pytest.raises(ModuleError, match="not enough memory"):
            wiki.eval(full)
    assert wiki.eval("local s = ( 'x' ):rep( 8e6 ) return #s") == [8_000_000]
    assert 0 < wiki.expand("{{#invoke:M|here}}").limits["lua_bytes"].used < 52_428_800


def test_page_views_after_one_that_filled_the_memory() -> None:
    """Down to the last byte, with much to restore: they begin, and all is as before. lupa kept Python's lock for good
    where what it passed to Lua found no room; so this is a process, which has to end."""
    need("mediawiki")
    program = '''
from luaproc.wiki import Wiki
from luaproc.wiki.failures import ModuleError
FULL = """
    for i = 1, 1000 do _G['g' .. i] = i end
    string.rep, table.concat = nil, nil
    for i = 1, 500 do string['k' .. i] = 1 end
    local t = {}
    full = t
    pcall( function () for i = 1, 1e9 do t[i] = { i } end end )
    pcall( function () for i = 1, 1e9 do t[#t + 1] = 'xx' .. i end end )
    return 1"""
with Wiki({}, mediawiki=False, trusted=True) as wiki:
    for _ in range(3):
        try:
            wiki.eval(FULL)
        except ModuleError as error:
            assert "not enough memory" in str(error), error
        print(*wiki.eval("return string.rep( 'a', 3 ), table.concat { 1, 2 }, g1"))
'''
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("aaa 12 None\n" * 3, "")


def test_deep_calls_come_to_mediawikis_end(wiki: Wiki) -> None:
    """Not to Lua's of 200 calls of C's: 100 levels of pages and modules in one another."""
    deep = "return { main = function ( frame ) return frame:preprocess( '{{#invoke:Deep|main}}' ) end }"
    wiki.pages["Module:Deep"] = deep
    need("mediawiki")
    with Wiki({"Module:Deep": deep}, mediawiki=False) as processes:
        assert wiki.expand("{{#invoke:Deep|main}}").text == processes.expand("{{#invoke:Deep|main}}").text


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/St_Johns", "UTC"])
def test_time_is_utc_whatever_the_process_has(zone: str, monkeypatch: pytest.MonkeyPatch, wiki: Wiki) -> None:
    """os.date and os.time, also of dates that the process's zone does not have; and wrong arguments, whose errors name
    another line."""
    moments = "0, 1e9, -1e9, 1711846800 + 1800, 1730595600 + 1800, 4102444800, 951782400, 68256000"
    code = f"""
        local found = {{}}
        for _, moment in ipairs {{ {moments} }} do
            for _, format in ipairs {{ '%c', '%Y-%m-%d %H:%M:%S %Z %z %s %%Z %j %U', '!%c', '!%H' }} do
                found[#found + 1] = os.date( format, moment )
            end
            local t = os.date( '*t', moment )
            found[#found + 1] = os.time( t ) - moment
            for _, name in ipairs {{ 'year', 'month', 'day', 'hour', 'min', 'sec' }} do
                for _, much in ipairs {{ -13, 25.7, 100 }} do
                    local u = os.date( '*t', moment )
                    u[name], u.isdst = u[name] + much, nil
                    found[#found + 1] = os.time( u ) or 'nil'
                end
            end
            found[#found + 1] = os.time{{ year = t.year, month = '2', day = 30 }}
            found[#found + 1] = tostring( t.isdst )
        end
        for _, call in ipairs {{
            function () return os.date( {{}} ) end, function () return os.date( '%c', 'x' ) end,
            function () return os.time{{ year = 2000 }} end, function () return os.time( 1 ) end,
            function () return os.date( 5 ) end, function () return os.date( nil, 0 ) end,
        }} do
            found[#found + 1] = tostring( select( 2, pcall( call ) ) ):gsub( '^%S+%.lua:%d+: ', '' )
        end
        return table.concat( found, '\\n' )"""
    with Wiki({}, mediawiki=False) as processes:
        expected = processes.eval(code)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert wiki.eval(code) == expected
        assert runs_here(wiki)
        assert abs(wiki.eval("return os.time()")[0] - time.time()) < 100
    finally:
        monkeypatch.undo()
        time.tzset()


def test_without_a_state_in_this_process(wiki: Wiki, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What only a process can have: another zone, records that a process writes, a server of one's own choice, a locale
    of C's in which Lua's functions do something else."""
    assert runs_here(wiki)
    for name in ("LUAPROC_COVERAGE", "LUAPROC_LOG", "LUAPROC_RUNTIME"):
        monkeypatch.setenv(name, "lua51" if name == "LUAPROC_RUNTIME" else str(tmp_path / "file"))
        assert not runs_here(wiki)
        monkeypatch.delenv(name)
    assert runs_here(wiki)
    wiki.site.timezone = "Asia/Tokyo"
    assert not runs_here(wiki)
    with trusting(server=default_server()) as other:
        assert not runs_here(other)


@pytest.mark.parametrize("category", ["LC_ALL", "LC_CTYPE", "LC_NUMERIC", "LC_TIME"])
def test_in_another_locale_modules_have_a_process(category: str, locales: Path) -> None:
    """Where numbers have commas in this process, letters are others or days have other names: after Lua began, before,
    and no longer than that."""
    need("mediawiki")
    program = f"""
import locale
from luaproc.host.inner import InnerInterpreter
from luaproc.wiki import Wiki
def run(wiki):
    with wiki.page() as page:
        here = isinstance(page.engine.interpreter, InnerInterpreter)
        code = "return tostring( 1.5 ), string.upper( '\\228' ) == '\\228', os.date( '%B', 0 )"
        print(here, *page.eval(code))
with Wiki({{}}, mediawiki=False, trusted=True) as wiki:
    run(wiki)
    locale.setlocale(locale.{category}, "de_DE.ISO-8859-1")
    run(wiki)
    with Wiki({{}}, mediawiki=False, trusted=True) as other:
        run(other)
    locale.setlocale(locale.{category}, "C")
    run(wiki)
"""
    variables = {"LOCPATH": str(locales), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, env=variables)
    rest = "1.5 True January"
    assert (done.stdout.splitlines(), done.stderr) == (
        [f"True {rest}", f"False {rest}", f"False {rest}", f"True {rest}"], "",
    )  # fmt: skip


def test_a_bug_in_a_callable_is_raised_once_lua_is_through(wiki: Wiki) -> None:
    """Whatever Lua did about it; and the page view goes on."""

    def broken() -> None:
        raise ZeroDivisionError("of ours")

    code = "local php = mw_interface mw_interface = nil return { f = function () return pcall( php.broken ) end }"
    wiki.library("mw.ext.broken", code, {"broken": broken}, deferred=True)
    with wiki.page() as page:
        with pytest.raises(ZeroDivisionError):
            page.eval("return require( 'mw.ext.broken' ).f()")
        assert page.eval("return 1") == [1]
        assert is_inner(page)


@pytest.mark.parametrize("code", ["while true do end", "for i = 1, 1e8 do pcall( error ) end"])
def test_ctrl_c_ends_lua(code: str) -> None:
    """A loop in Lua ends at once with KeyboardInterrupt, and the next page view is well."""
    program = f"""
import os, signal, threading
from luaproc.wiki import Wiki
with Wiki({{}}, mediawiki=False, trusted=True) as wiki:
    wiki.eval("")
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        wiki.eval({code!r})
    except KeyboardInterrupt:
        print("interrupted", wiki.eval("return 1"))
"""
    need("mediawiki")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("interrupted [1]\n", "")


@pytest.mark.parametrize("function", ["outer", "after", "deep|40"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGALRM])
def test_signals_in_nested_calls(function: str, number: signal.Signals) -> None:
    """What a handler raises ends all levels, whatever they catch; and it is what the page view raises."""
    nested = """
        local p = {}
        function p.outer( frame ) while true do pcall( frame.preprocess, frame, '{{#invoke:Nested|loop}}' ) end end
        function p.loop() while true do end end
        function p.after( frame ) p.deep( { preprocess = frame.preprocess, args = { 1 } } ) end
        function p.deep( frame )
            local n = tonumber( frame.args[1] )
            local call = n > 0 and 'deep|' .. n - 1 or 'loop'
            pcall( frame.preprocess, frame, '{{#invoke:Nested|' .. call .. '}}' )
            while true do pcall( error ) end
        end
        return p"""

    class Rang(BaseException):
        pass

    def ring(*_: object) -> None:
        raise Rang

    before = signal.signal(number, ring)
    try:
        with trusting({"Module:Nested": nested}) as wiki:
            wiki.eval("")
            threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
            with pytest.raises(Rang):
                wiki.expand(f"{{{{#invoke:Nested|{function}}}}}")
            assert wiki.eval("return 1") == [1]
    finally:
        signal.signal(number, before)


def test_another_thread_ends_lua(wiki: Wiki) -> None:
    """`terminate` of the interpreter, as it ends a server."""
    with wiki.page() as page:
        lua = page.engine.interpreter
        threading.Timer(0.2, lua.terminate).start()
        with pytest.raises(ModuleError, match="terminated with signal"):
            page.eval("while true do end")
    assert wiki.eval("return 1") == [1]


def test_close_leaves_no_memory(wiki: Wiki) -> None:
    """States of closed wikis, of dropped page views and of ended Lua are gone: each has two megabytes."""

    def size() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def use() -> None:
        with trusting() as wiki:
            wiki.eval("")
            page = wiki.page()
            page.eval("return 1")
            del page
            left = wiki.page()
            left.eval("return 1")
        left.close()

    use()
    before = size()
    for _ in range(12):
        use()
    assert size() - before < 12_000_000


def test_the_collector_gives_a_state_back_at_any_moment(wiki: Wiki) -> None:
    """Also while the same thread takes one: it would wait for itself for ever."""
    page = wiki.page()
    page.eval("return 1")
    assert wiki._inner_states is not None
    with wiki._inner_states._lock:
        del page
        gc.collect()
    assert len(states(wiki)) == 1


def test_a_fork_of_this_process_goes_on(wiki: Wiki) -> None:
    """Its states are its own, as in `expand --dump -j`."""
    assert wiki.eval("return 1") == [1]
    pid = os.fork()
    if not pid:
        try:
            os._exit(wiki.eval("return 40 + 2")[0])
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 42
    assert wiki.eval("return 2") == [2]


def test_sigint_of_a_host_that_ignores_it(wiki: Wiki) -> None:
    """Lua goes on."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert wiki.eval("local t = os.clock() while os.clock() - t < 0.4 do end return 1") == [1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_it_is_said_where_modules_run(tmp_path: Path) -> None:
    """By `luaproc wiki doctor`: an option, over it a server of one's own."""
    need("mediawiki")

    def told(*words: str) -> str:
        command = [sys.executable, "-m", "luaproc", "wiki", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=True)
        return done.stdout

    (tmp_path / "luaproc.toml").write_text("trusted = true\n")
    server = f"{sys.executable} -m luaproc serve"
    assert "modules run   in this process, where they can\n" in told("doctor")
    for options in (["--no-trusted"], ["--server", server]):
        assert "modules run   in processes of their own\n" in told("doctor", *options)
    assert told("eval", "return 1") == told("eval", "--no-trusted", "return 1") == "1\n"
