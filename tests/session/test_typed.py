"""Steps that know of each other: locals, the last value, `print`, tables that hold themselves, files loaded anew."""

import io
import shlex
from pathlib import Path

import pytest

from luaproc.session.ops import TABLE
from luaproc.session.run import run_script
from luaproc.session.session import Session
from luaproc.session.typed import typed
from luaproc.session.views import TextView
from tests.parts import reference_server
from tests.session.conftest import Run

pytestmark = pytest.mark.slow  # starts a session for each test


@pytest.fixture(params=["ours", "luajit21", pytest.param("reference", marks=pytest.mark.real)])  # MediaWiki, lua5.1
def words(request: pytest.FixtureRequest) -> list[str]:
    """Command lines for each server."""
    if request.param == "reference":
        return ["--server", shlex.join(reference_server())]
    return ["--runtime", "luajit21"] if request.param == "luajit21" else []


@pytest.mark.parametrize(
    ("code", "compiled", "notes"),
    [
        ("local x = 1", " x = 1", []),
        ("local a, b = f()", " a, b = f()", []),
        ("local x", " x = nil;", []),
        ("x = 1 local y = x", "x = 1  y = x", []),
        ("local function f(n)\n  return n\nend", " function f(n)\n  return n\nend", []),
        ("do local x = 1 end", "do local x = 1 end", []),
        ("function f() local x = 1 end", "function f() local x = 1 end", []),
        ("s = 'local x = 1'", "s = 'local x = 1'", []),
        ("local string = 1", "local string = 1", ["string is a library's name: this local ends with the step"]),
        (
            "local x, table = 1, 2\nlocal y = 3",
            "local x, table = 1, 2\n y = 3",
            ["table is a library's name: x, table end with the step"],
        ),
        ("return", "return", []),
    ],
)
def test_locals_of_the_outermost_level_become_globals(code: str, compiled: str, notes: list[str]) -> None:
    """Only those, and none that would hide a library; no line moves."""
    found = typed(code, {"string", "table"})
    assert (found.texts[0].decode(), found.notes) == (compiled, notes)
    assert found.texts[-1].decode() == code


def test_locals_and_the_last_value_live_on(run: Run, words: list[str]) -> None:
    script = """
local x, y = 20, 1
x + y
_ * 2
local function fact(n) return n <= 1 and 1 or n * fact(n - 1) end
fact(5), 'second'
_
local z = 5 return z, 2 -- a comment
_ + 1
"""
    done = run(script, *words)
    assert (done.stdout, done.stderr) == ('21\n42\n120, "second"\n120\n5, 2\n6\n', "")


def test_a_local_that_hides_a_library_says_why_it_does_not_live(run: Run) -> None:
    done = run("local string = 'mine'\nstring.rep('a', 2)\n")
    assert done.stdout == 'string is a library\'s name: this local ends with the step\n"aa"\n'


def test_errors_keep_their_lines(run: Run, words: list[str]) -> None:
    """What is added moves no line, and syntax errors are those of what was typed."""
    done = run("local a = 1\n:fails error('x')\nlocal b =\n\n  a.b.c\nreturn )\n", "--keep-going", *words)
    assert "input 2:1: x" in done.stdout
    assert "<stdin>:3: input 3:3: attempt to index" in done.stderr
    assert "<stdin>:6: input 6:1: unexpected symbol near ')'" in done.stderr


def test_print_writes(run: Run, words: list[str]) -> None:
    script = ":load M <<END\n  print('from', 'M')\n  END\n:call M\nprint(1, nil, {} ~= nil)\n"
    assert run(script, *words).stdout.splitlines()[1:] == ["from\tM", "1\tnil\ttrue"]


def test_print_shows_no_control_bytes(run: Run) -> None:
    assert run("print('\\27[31m\\155')\n").stdout == "\\x1b[31m\\x9b\n"


def test_tables_that_hold_themselves_are_shown(run: Run, words: list[str]) -> None:
    script = "t = { 1, name = 'n' } t.me = t t.deep = { t }\nt\nreturn t\n{ [true] = 1 }\n"
    shown = '{1, deep = {<a table around it>}, me = <a table around it>, name = "n"}\n'
    assert run(script, *words).stdout == shown * 2 + "{[<true>] = 1}\n"


def test_keys_are_sorted(run: Run) -> None:
    """Lua's order is another one in each process."""
    script = "{ c = 1, b = 2, a = 3, 'x', 'y', [10] = 4, [2.5] = 5, [-1] = 6 }\n"
    assert run(script).stdout == '{"x", "y", [-1] = 6, [10] = 4, ["2.5"] = 5, a = 3, b = 2, c = 1}\n'


def test_a_module_says_how_it_is_called(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.lua").write_text("local p = {}\nfunction p.greet(n) return 'hello ' .. n end\nreturn p\n")
    done = run("m.greet('you')\n", "m.lua")
    assert done.stdout == 'm.lua is in m; call its functions:\n    m.greet(…)\n"hello you"\n'
    (tmp_path / "broken.lua").write_text("local p = {}\nerror('here')\n")
    done = run("1\n", "broken.lua")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("broken.lua:1: Module:broken:2: here\n")
    (tmp_path / "no-table.lua").write_text("return 5\n")
    assert run("", "no-table.lua").stdout == "no-table.lua returned 5, not a table of functions\n"


def test_code_from_the_command_line(run: Run) -> None:
    assert run("", "-e", "local x = 4", "-e", "x * 2").stdout == "8\n"
    assert run("_ + 1\n", "-e", "1", "--json", "-i").stdout.count('"ok": true') == 2
    done = run("", "-e", "error('a')", "-e", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("-e 1:1: input 1:1: a\n")


def test_files_are_loaded_anew(tmp_path: Path) -> None:
    """By `:reload` all, by ``:watch`` those that changed; what was called is called again."""
    module, chunk = tmp_path / "m.lua", tmp_path / "chunk.lua"
    module.write_text("return { v = function() return 1 end }")
    chunk.write_text("return { w = function() return 1 end }")
    out = io.StringIO()
    view = TextView(out)
    with Session(None, view) as session:

        def do(*lines: str) -> list[str]:
            before = out.tell()
            run_script(TABLE, session, lines, view)
            return out.getvalue()[before:].splitlines()

        do(f":module {module}", f":load {chunk}", ":call chunk.lua")
        module.write_text("return { v = function() return 22 end }")
        chunk.write_text("return { w = function() return 33 end }")
        assert do("m.v()", ":call w") == ["1", "1"]
        assert do(":reload", "m.v()", ":call w") == [f"loaded anew: {module}, {chunk}", "22", "33"]
        module.write_text("return { v = function() return 444 end }")
        assert do(":watch", "m.v()", "m.v()") == ["watch on", f"loaded anew: {module}", "444", "444"]
        module.unlink()
        assert do("m.v()") == ["444"]


def test_help_finds_what_is_meant(run: Run) -> None:
    assert run(":help loa\n").stdout.startswith(":load FILE [NAME]\n")
    done = run(":loda\n")
    assert done.stderr == "<stdin>:1: there is no op :loda; did you mean :load or :reload? :help lists them\n"


def test_time(run: Run) -> None:
    out = run("local function f() return 3 end\n:time f()\n").stdout
    assert out.startswith("3\ntook ")


def test_windows_line_ends(run: Run) -> None:
    assert run(":load M <<END\r\nreturn 1\r\n  END\r\n:call M\r\nlocal x = 2\r\nx\r\n").stdout.splitlines()[1:] == [
        "1",
        "2",
    ]
