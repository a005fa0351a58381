"""The fork server of a wiki: page views that are forks of it give what page views of new servers give."""

import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from luaproc.host import LuaFunction
from luaproc.host.fork_server import AVAILABLE
from luaproc.host.interpreter import default_server
from luaproc.install.lualib import find_lualib
from luaproc.wiki.failures import ModuleError
from luaproc.wiki.site import Limits, Site
from luaproc.wiki.wiki import Page, Wiki
from tests.parts import need

pytestmark = [pytest.mark.real, pytest.mark.skipif(not AVAILABLE, reason="forks are for Linux")]

MODULE = """
local p = {}
calls = ( calls or 0 ) + 1
function p.here( frame )
    local title, url = mw.title.getCurrentTitle().text, tostring( mw.uri.localUrl( 'X' ) )
    return title .. ' ' .. url .. ' ' .. ( frame.args[1] or '' )
end
function p.keys()
    local found = {}
    for _, t in ipairs{ mw, mw.title, mw.uri, mw.site, package.loaded } do
        for key in pairs( t ) do
            found[#found + 1] = tostring( key )
        end
    end
    return table.concat( found, ' ' )
end
function p.random()
    return math.random( 1000 ) .. ' ' .. math.random( 1000 )
end
function p.time()
    return os.time() .. os.date( '%c' )
end
function p.site()
    local language = mw.language.getContentLanguage().code
    return mw.site.siteName .. ' ' .. mw.site.stats.pages .. ' ' .. mw.text.listToText{ 'a', 'b' } .. ' ' .. language
end
function p.patterns()
    return mw.ustring.gsub( 'Ärger', '%u', 'x' )
end
function p.loop()
    while true do end
end
return p
"""


@pytest.fixture
def wiki() -> Iterator[Wiki]:
    """One with that module, and a page view behind it, so that the next one forks."""
    need("mediawiki")
    with Wiki({"Module:M": MODULE}, site=Site(limits=Limits(lua_seconds=1)), mediawiki=False) as wiki:
        wiki.eval("")
        yield wiki


def parent(page: Page) -> int:
    """The process that started a page view's server."""
    status = Path(f"/proc/{page.engine.interpreter.connection.pid}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


def is_fork(wiki: Wiki) -> bool:
    """Whether the next page view has a fork."""
    with wiki.page() as page:
        return parent(page) != os.getpid()


def server_pid(wiki: Wiki) -> int:
    """Of the wiki's server."""
    with wiki.page() as page:
        return parent(page)


@pytest.mark.parametrize("options", [{}, {"now": "2024-02-29T12:00:00", "seed": 7}])
@pytest.mark.parametrize("function", ["here|x", "keys", "random", "time", "site", "patterns", "missing"])
def test_a_fork_gives_what_a_new_server_gives(function: str, options: dict[str, object]) -> None:
    """The page's title, the order of `pairs`, time and chance, settings, patterns, an error."""
    need("mediawiki")
    with Wiki({"Module:M": MODULE}, mediawiki=False, **options) as wiki:  # type: ignore[arg-type]
        text = f"{{{{#invoke:M|{function}}}}}"
        first = wiki.expand(text, "A page")
        assert is_fork(wiki)
        for title in ("Another", "A page", "A page"):
            again = wiki.expand(text, title)
        if function != "time" or options:
            assert (again.text, again.log, again.errors == ()) == (first.text, first.log, first.errors == ())


def test_page_views_share_nothing(wiki: Wiki) -> None:
    """Neither globals nor the title, log or limits of another page view."""
    assert [wiki.eval("x = ( x or 0 ) + 1 string.x = x mw.log( x )\nreturn x, string.x") for _ in range(3)] == [
        [1, 1]
    ] * 3
    pages = [wiki.expand(f"{{{{#invoke:M|here|{number}}}}}", f"Page {number}") for number in range(3)]
    assert [page.text for page in pages] == [f"Page {number} /wiki/X {number}" for number in range(3)]
    assert [page.log for page in pages] == [""] * 3
    assert all(page.limits["lua_seconds"].used < 0.5 for page in pages)


def test_two_page_views_at_once(wiki: Wiki) -> None:
    """Open pages of one wiki, and threads that expand."""
    with wiki.page("One") as one, wiki.page("Two") as two:
        assert parent(one) == parent(two) != os.getpid()
        assert one.eval("x = 1 return mw.title.getCurrentTitle().text") == ["One"]
        assert two.eval("return mw.title.getCurrentTitle().text, x") == ["Two", None]
        assert one.engine.interpreter.get_status().pid == one.engine.interpreter.connection.pid  # type: ignore[union-attr]
    with ThreadPoolExecutor(4) as threads:
        found = threads.map(
            lambda number: wiki.expand(f"{{{{#invoke:M|here|{number}}}}}", f"P{number}").text, range(20)
        )
        assert list(found) == [f"P{number} /wiki/X {number}" for number in range(20)]


def test_what_changes_reaches_the_next_page_view(wiki: Wiki) -> None:
    """Settings, messages, counts of pages and modules: the server that has the old ones is replaced."""
    pid = server_pid(wiki)
    assert wiki.expand("{{#invoke:M|site}}").text == "Wiki 1 a and b en"
    assert server_pid(wiki) == pid
    wiki.pages["MediaWiki:And"] = " und"
    assert wiki.expand("{{#invoke:M|site}}").text == "Wiki 2 a und b en"
    assert server_pid(wiki) != pid
    wiki.site.name = "Ours"
    wiki.site.timezone = "Asia/Tokyo"
    wiki.pages["Module:M"] = MODULE.replace("'%c'", "'%Z'")
    assert wiki.expand("{{#invoke:M|site}}").text == "Ours 2 a und b en"
    assert wiki.expand("{{#invoke:M|time}}").text.endswith("JST")
    wiki.site.limits = Limits(lua_seconds=1, lua_bytes=40_000_000)
    assert wiki.expand("{{#invoke:M|site}}").limits["lua_bytes"].most == 40_000_000
    with wiki.page() as page:
        limits = Path(f"/proc/{page.engine.interpreter.connection.pid}/limits").read_text()
    assert f"{40_000_000 // 1024 * 1024} " in limits


def test_a_page_view_that_dies(wiki: Wiki) -> None:
    """The page says so; the next one is well, and of the same server."""
    pid = server_pid(wiki)
    page = wiki.expand("{{#invoke:M|loop}} {{#invoke:M|here}}")
    assert page.text.count("The time allocated for running scripts has expired.") == 2
    with pytest.raises(ModuleError, match="time allocated"):
        wiki.invoke("M", "loop")
    assert wiki.expand("{{#invoke:M|here|x}}").text == "Main Page /wiki/X x"
    assert server_pid(wiki) == pid


def test_a_fork_server_that_dies(wiki: Wiki) -> None:
    """The page view that meets it has a server of its own, the next one a new server."""
    pid = server_pid(wiki)
    os.kill(pid, signal.SIGKILL)
    assert not is_fork(wiki)
    assert wiki.expand("{{#invoke:M|here|x}}").text == "Main Page /wiki/X x"
    assert server_pid(wiki) not in (pid, os.getpid())


def test_a_fork_server_serves_its_number_of_pages(wiki: Wiki) -> None:
    """Forks cost a server CPU time, and it has as much as a page view."""
    pid = server_pid(wiki)
    for _ in range(250):
        wiki.eval("")
    assert server_pid(wiki) != pid
    assert not Path(f"/proc/{pid}").exists()


def test_without_fork_servers(wiki: Wiki, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server of one's own choice, records that each process writes, and whoever closed the wiki before."""
    assert is_fork(wiki)
    monkeypatch.setenv("LUAPROC_COVERAGE", str(tmp_path / "lines"))
    assert not is_fork(wiki)
    monkeypatch.delenv("LUAPROC_COVERAGE")
    assert is_fork(wiki)
    wiki.close()
    assert not is_fork(wiki)
    assert is_fork(wiki)
    with Wiki({"Module:M": MODULE}, mediawiki=False, server=default_server()) as other:
        other.eval("")
        assert not is_fork(other)


def test_close_leaves_nobody(wiki: Wiki) -> None:
    """ForkServer and forks have ended, and are no zombies."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with wiki.page() as page:
        pids = [parent(page), page.engine.interpreter.connection.pid]
    wiki.close()
    assert not set(pids) & set(map(int, children.read_text().split()))
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_library_of_ones_own_knows_the_page(wiki: Wiki) -> None:
    """It is loaded for each page view, behind Scribunto's, and what it raises is the page's error."""
    calls: list[str] = []
    code = "local php = mw_interface\nmw_interface = nil\nphp.begin( mw.title.getCurrentTitle().text )\nreturn {}"
    wiki.library("mw.ext.x", code, {"begin": lambda title: calls.append(title)})
    assert wiki.expand("{{#invoke:M|here}}", "A").errors == wiki.expand("{{#invoke:M|here}}", "B").errors == ()
    assert calls == ["A", "B"]


def compiles(wiki: Wiki, text: str) -> tuple[str, list[str]]:
    """What a page view gives, and the names of the chunks that it had Lua compile."""
    with wiki.page() as page:
        lua = page.engine.interpreter
        names: list[str] = []
        load = lua.load_string

        def noted(text: str | bytes, chunk_name: str | bytes = "=chunk") -> LuaFunction:
            names.append(str(chunk_name))
            return load(text, chunk_name)

        lua.load_string = noted  # type: ignore[method-assign]
        found = page.expand(text)
        lines = [f"{entry}: {entry.source_line}" for error in found.errors for entry in error.trace]
        return found.text + "".join(lines), names


def test_modules_of_many_page_views_are_compiled_once(wiki: Wiki) -> None:
    """By the fork server, which a page view does not show: each has its own globals, its text and its lines."""
    wiki.pages["Module:Once"] = "x = ( x or 0 ) + 1\nreturn { f = function () return x end }"
    text = "{{#invoke:Once|f}}{{#invoke:Once|f}}{{#invoke:Needs|f}}"
    wiki.pages["Module:Needs"] = "return { f = function () return require( 'Module:Once' ).f() end }"
    names = ["=Module:Once", "=Module:Needs"]
    wiki.eval("")  # has a server of its own: there are more pages now
    assert [compiles(wiki, text) for _ in range(4)] == [("111", names)] * 2 + [("111", [])] * 2
    wiki.pages["Module:Once"] = "return {\n f = function () error( 'new' ) end\n}"
    for chunks in (names[:1], names[:1], [], []):
        found, compiled = compiles(wiki, "{{#invoke:Once|f}}")
        assert compiled == chunks
        assert "Lua error in Module:Once at line 2: new." in found
        assert "Module:Once:2: in function 'chunk': f = function () error( 'new' ) end" in found
    wiki.pages["Module:Once"] = "return {"
    assert [compiles(wiki, "{{#invoke:Once|f}}")[1] for _ in range(4)] == [names[:1]] * 4


def test_modules_are_compiled_ahead_within_limits(wiki: Wiki) -> None:
    """Together they have a hundredth of Lua's memory at most, a byte a character: a page view may need none of them."""
    wiki.pages["Module:Large"] = f"return {{ f = function () return 'x' end }} -- {'x' * 600_000}"
    wiki.eval("")
    assert [compiles(wiki, "{{#invoke:Large|f}}")[1] for _ in range(4)] == [["=Module:Large"]] * 4
    assert [compiles(wiki, "{{#invoke:M|here|x}}")[1] for _ in range(3)] == [["=Module:M"]] * 2 + [[]]


def test_a_file_of_scribuntos_that_changes_reaches_the_next_page_view(tmp_path: Path) -> None:
    """One that the libraries are made of, one that modules require, one that comes to stand before another, one that
    goes. A page view that is open has what it found."""
    need("mediawiki")
    found = find_lualib()
    assert found is not None
    lualib = shutil.copytree(found.path, tmp_path / "lualib")
    mine, text, bits = lualib / "mine.lua", lualib / "mw.text.lua", lualib / "bit32.lua"
    library = text.read_text()

    def asked(wiki: Wiki) -> list[object]:
        code = "local ok, mine = pcall( require, 'mine' )\nreturn ok and mine, mw.text.news, require( 'bit32' ).news"
        return wiki.eval(code)

    with Wiki({}, scribunto=lualib, mediawiki=False) as wiki:
        for _ in range(3):
            assert asked(wiki) == [False, None, None]
        mine.write_text("return 1")
        assert asked(wiki) == [1, None, None]
        mine.write_text("return 22")
        text.write_text(library.replace("return mwtext", "mwtext.news = 1 return mwtext"))
        bits.write_text("return { news = 3 }")
        for _ in range(3):
            assert asked(wiki) == [22, 1, 3]
        with wiki.page() as page:
            assert page.eval("return require( 'mine' )") == [22]
            mine.unlink()
            (lualib / "luabit" / "mine.lua").write_text("return 'bits'")
            assert page.eval("return require( 'mine' )") == [22]
            assert asked(wiki) == ["bits", 1, 3]
        (lualib / "luabit" / "mine.lua").unlink()
        text.write_text(library)
        assert asked(wiki) == [False, None, 3]
        (lualib / "some").mkdir()
        assert wiki.eval("return ( pcall( require, 'some.thing' ) )") == [False]
        (lualib / "some" / "thing.lua").write_text("return 4")
        assert wiki.eval("return require( 'some.thing' )") == [4]
