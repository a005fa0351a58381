"""`luaproc wiki console`: Lua and wikitext step by step in a wiki's environment."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luaproc.session.console import Console
from luaproc.session.console_ops import OPS, TABLE, complete
from luaproc.session.run import run_script
from luaproc.session.views import TextView
from luaproc.wiki import Site, Wiki
from luaproc.wiki.errors import NoSuchTitle
from luaproc.wiki.site import Limits
from tests.parts import need
from tests.session.conftest import Silent

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

HELLO = """
require( 'strict' )
local p = {}
function p.hello( frame ) mw.log( 'logged' ) return 'Hello, ' .. ( frame and frame.args[1] or 'nobody' ) end
function p.fail() error( 'no luck' ) end
function p.spin() while true do end end
function p.nest( n ) return n > 0 and { p.nest( n - 1 ) } or {} end
return p
"""
PAGES = {"Module:Hello": HELLO, "Module:Two words": "return {}", "Template:Box": "[{{{1}}}]"}

Run = Callable[..., str]


@pytest.fixture
def run() -> Run:
    """Does steps in a fresh console, goes on after failures, and gives all that was shown."""
    need("mediawiki")

    def run(*steps: str, pages: dict[str, str] = PAGES, site: Site | None = None) -> str:
        out = io.StringIO()
        view = TextView(out, out, source="s")
        with Console(lambda: Wiki(pages, site=site, mediawiki=False), view) as console:
            run_script(TABLE, console, "\n".join(steps).splitlines(), view, keep_going=True)
        return out.getvalue()

    return run


def test_steps_know_of_each_other(run: Run) -> None:
    """Locals and _ live on, also after a module that requires `strict`; print and mw.log are shown in their order."""
    assert run(
        "local m, x = require('Module:Hello'), 5",
        "m.hello()",
        "_ .. x",
        "local function twice(n)",
        "  return 2 * n",
        "end",
        "=twice(x), nil",
        "print('a', 1) mw.log('b') mw.logObject({ c = 1 }) x = 6",
        "x",
    ) == (
        'logged\n"Hello, nobody"\n"Hello, nobody5"\n10, nil\na\t1\nb\ntable#1 {\n    ["c"] = 1,\n}\n6\n'
    )  # fmt: skip


def test_values_that_the_wire_does_not_carry(run: Run) -> None:
    """Functions, objects of mw's libraries, data of mw.loadData, tables that hold themselves, deep ones, numbers."""
    assert run("mw.log").strip() == "<function>"
    assert run("=mw.title.new('a b'), mw.language.new('en'):getCode()") == '<A b>, "en"\n'
    assert run("=mw.loadData('Module:D').x", pages={"Module:D": "return { x = { 1, y = 'z' } }"}) == '{1, y = "z"}\n'
    assert run("local t = { 1 }", "t.me = t", "t") == "{1, me = <a table around it>}\n"
    assert run("=1/0, -1/0, 0/0, '\\255'") == '(1/0), (-1/0), (0/0), "\\255"\n'
    assert "<more>" in run("=require('Module:Hello').nest(120)")
    assert run("setmetatable({ 1 }, { __pairs = function() error('x') end })") == "{1}\n"


def test_failures_are_a_wikis(run: Run) -> None:
    """MediaWiki's words with the module's line, and the trace; what was defined stays."""
    assert run("local m = require('Module:Hello')", "m.fail()", "m.fail ~= nil") == (
        "s:2: Lua error in Module:Hello at line 5: no luck.\n"
        "\tModule:Hello:5: in function 'fail'\n\tinput 2:1: in main chunk\ntrue\n"
    )
    assert run("x = = 1").startswith("s:1: Lua error in input 1 at line 1: unexpected symbol near '='.\n")
    assert "module 'Module:No' not found" in run("require('Module:No')")


def test_wikitext_and_modules(run: Run) -> None:
    """:expand and :invoke give a page's text; a module's error is on the page, and fails the step."""
    assert run(":expand {{Box|1}} {{PAGENAME}}") == "[1] Main Page\n"
    assert run(":expand <<END", "{{Box|a", "}}", "END") == "[a\n]\n"
    assert run(":invoke Hello hello 'you there'") == "logged\nHello, you there\n"
    shown = run(":expand a{{#invoke:Hello|fail}}", ":expand {{Box|next}}")
    assert shown.startswith('a<strong class="error"><span class="scribunto-error"')
    assert "s:1: Lua error in Module:Hello at line 5: no luck.\n\tModule:Hello:5:" in shown
    assert shown.endswith("[next]\n")
    assert run(":invoke Hello nothing") == 's:1: Script error: The function "nothing" does not exist.\n'
    assert run(":invoke Nobody x") == 's:1: Script error: No such module "Nobody".\n'


def test_another_page_is_another_page_view(run: Run) -> None:
    shown = run("x = 1", ":title Box_x", "=x, mw.title.getCurrentTitle().text", ":title a|b", ":title Template:Box")
    assert shown.splitlines() == [
        "the current page is Box x, which has no text; a fresh Lua process: what earlier steps defined is gone",
        'nil, "Box x"',
        "s:4: expected a page's title, got 'a|b': '|' stands in none",
        "the current page is Template:Box; a fresh Lua process: what earlier steps defined is gone",
    ]


def test_p_is_the_module_of_the_page(run: Run) -> None:
    """As in MediaWiki's own console; one that does not compile is told, and the console goes on."""
    assert run(":title Module:Hello", "=p.hello(), 1").endswith('logged\n"Hello, nobody", 1\n')
    shown = run(":title Module:Bad", "=p", pages={"Module:Bad": "return {"})
    assert "p is nil: Lua error in mw.lua at line " in shown
    assert shown.endswith("\nnil\n")


def test_pages_are_read_anew(tmp_path: Path) -> None:
    """:reload finds changed and new pages; where the folder is wrong now, the console has what it had."""
    need("mediawiki")
    (tmp_path / "A.lua").write_text("return { v = 1 }")
    out = io.StringIO()
    view = TextView(out, out, source="s")

    def do(step: str) -> str:
        out.seek(0)
        out.truncate()
        run_script(TABLE, console, [step], view)
        return out.getvalue()

    with Console(lambda: Wiki(tmp_path, mediawiki=False), view) as console:
        assert do("=require('Module:A').v") == "1\n"
        (tmp_path / "A.lua").write_text("return { v = 2, more = true }")
        (tmp_path / "B.lua").write_text("return 'b'")
        assert do(":reload") == "read anew: 2 pages; a fresh Lua process: what earlier steps defined is gone\n"
        assert do("=require('Module:A').v, require('Module:B')") == '2, "b"\n'
        (tmp_path / "Module").mkdir()
        (tmp_path / "Module" / "B.lua").write_text("")
        assert "expected one file for the page Module:B" in do(":reload")
        assert do("=require('Module:B')") == '"b"\n'


def test_a_process_that_dies_is_replaced(run: Run) -> None:
    """Of time: its last words say where it was, one line that a fresh one is there; of memory: the same one goes on."""
    site = Site(limits=Limits(lua_seconds=1))
    shown = run("local m, x = require('Module:Hello'), 1", "m.spin()", "=x, mw.site.siteName ~= nil", site=site)
    assert "s:2: The time allocated for running scripts has expired." in shown
    assert "Module:Hello:6: in function 'spin'" in shown
    assert shown.endswith("\na fresh Lua process: what earlier steps defined is gone\nnil, true\n")
    assert run("x = 1", "=('x'):rep(1e9)", "x") == "s:2: Lua error: not enough memory.\n1\n"


def test_counters_are_a_steps_own(run: Run) -> None:
    """A person who asks for a hundred pages one after the other is not told that a page may not."""
    site = Site(limits=Limits(expensive=2))
    one = "=mw.title.new('No').exists, mw.title.new('Nope').exists"
    shown = run(one, one, "=mw.title.new('X').exists, mw.title.new('Y').exists, mw.title.new('Z').exists", site=site)
    assert shown.startswith("false, false\nfalse, false\ns:3: ")
    assert "too many expensive function calls" in shown


def test_ops_are_found_and_explained(run: Run) -> None:
    assert run(":exapnd x") == "s:1: there is no op :exapnd; did you mean :expand? :help lists them\n"
    assert run(":invoke Hello") == "s:1: expected a module and a function: :invoke MODULE FUNCTION [ARG|K=V ...]\n"
    assert run(":expand") == "s:1: expected wikitext: :expand TEXT, or :expand <<END and lines up to END\n"
    assert run(":lua") == "s:1: expected Lua code after :lua\n"
    assert run(":pages two") == "Module:Two words\n"
    shown = run(":help")
    assert all(f"  :{name} " in shown for name in OPS)
    assert run(":help inv").startswith(":invoke MODULE FN [ARG|K=V …]\n")
    assert run("local mw = 1", "=type(mw)") == (
        'mw is a library\'s name: this local ends with the step\n"table"\n'
    )  # fmt: skip


def test_no_title() -> None:
    need("mediawiki")
    with pytest.raises(NoSuchTitle):
        Console(lambda: Wiki(PAGES, mediawiki=False), Silent(), "[[")


def test_a_person_is_told_where_modules_run() -> None:
    """In which process; a server of one's own goes over trust."""
    need("mediawiki")

    def told(trusted: bool, server: list[str] | None = None) -> str:
        with Console(lambda: Wiki(PAGES, mediawiki=False, trusted=trusted, server=server), Silent()) as console:
            return console.banner().partition("\n")[0]

    assert told(True).startswith("3 pages with Scribunto 1.")
    assert told(True).endswith(" in this process;")
    assert told(False).endswith("luaproc serve;")
    assert told(True, ["some", "server"]).endswith(" on some server;")


def test_completion() -> None:
    """mw's names come from the Lua process, one's own and titles, too; an op's argument is what it takes."""
    need("mediawiki")
    with Console(lambda: Wiki(PAGES, mediawiki=False), Silent()) as console:
        assert complete(console, "mw.text.sp") == (0, ["mw.text.split"])
        console.run_lua("local mine = { deep = { field = 1 } }", "input")
        assert complete(console, "=mine.deep.f") == (1, ["mine.deep.field"])
        assert complete(console, "nothing.at.all") == (0, [])
        assert complete(console, "require('Module:T") == (9, ["Module:Two words"])
        assert complete(console, ":title Mod") == (7, ["Module:Hello", "Module:Two words"])
        assert complete(console, ":invoke H") == (8, ["Hello"])
        assert complete(console, ":expand {{Bo") == (8, ["{{Box"])
        assert complete(console, ":re") == (0, [":reload "])


def command(folder: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "luaproc", "wiki", "console", *words],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state"), "PYTHONIOENCODING": "utf-8", "TERM": "dumb"},
        timeout=300,
    )


@pytest.mark.slow  # a process for each of its command lines
def test_scripts_pipes_and_statuses(tmp_path: Path) -> None:
    """0, 1 where a step failed (the rest is not done), 2 for what cannot be asked; a script of :save does it again."""
    need("mediawiki")
    (tmp_path / "Hello.lua").write_text(HELLO)
    done = command(tmp_path, "-e", "local m = require('Module:Hello')", "-e", "m.hello()", "-e", ":save s.txt")
    assert (done.returncode, done.stdout, done.stderr) == (*(0, 'logged\n"Hello, nobody"\n2 steps in s.txt\n', ""),)
    assert command(tmp_path, "s.txt").stdout == 'logged\n"Hello, nobody"\n'
    done = command(tmp_path, stdin="=mw.title.getCurrentTitle().text\nerror('x')\n=1\n")
    assert (done.returncode, done.stdout) == (1, '"Main Page"\n')
    assert done.stderr.startswith("<stdin>:2: Lua error in input 2 at line 1: x.\n\t")
    done = command(tmp_path, "--json", "--title", "T", "-e", "print(1) return 'ü', print", "-e", ":expand {{PAGENAME}}")
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["values"], first["printed"], second["text"]) == (["ü", {"lua": "function"}], ["1"], "T")
    for words in (["--title", "[["], ["nosuchfile"]):
        done = command(tmp_path, *words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert "Traceback" not in done.stderr
