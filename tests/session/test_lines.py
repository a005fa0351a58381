"""Where a step ends. The judge of complete Lua is Lua's own compiler, as it is for `lua -i`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lupa import lua51

from luaproc.session import lines
from luaproc.session.lines import (
    LuaScanner,
    Step,
    here_text,
    is_complete,
    is_empty,
    is_expression,
    missing_end,
    scan,
    steps,
)

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "luaproc").rglob("*.lua"), *(ROOT / "tests").rglob("pages/**/*.lua")])
SOURCES = [path for path in SOURCES if path.name not in ("SyntaxError.lua", "Broken.lua")]  # broken on purpose

_compile = lua51.LuaRuntime(encoding="latin-1", unpack_returned_tuples=True).eval("loadstring")


def lua_goes_on(text: str) -> bool:
    """Whether Lua's compiler misses something at the end of a text."""
    result = _compile(text)
    return isinstance(result, tuple) and str(result[1]).endswith("'<eof>'")


@pytest.mark.slow  # compiles every beginning of every Lua file
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_beginning_of_real_code_is_seen_as_lua_sees_it(source: Path) -> None:
    lines = source.read_text("latin-1").split("\n")
    for end in range(1, len(lines) + 1):
        text = "\n".join(lines[:end])
        assert scan(text).is_complete != lua_goes_on(text), f"{source.name}: up to line {end}"


@pytest.mark.parametrize(
    "text",
    [
        "x = 1", "if a then b() elseif c then d() else e() end", "for i = 1, 3 do while f() do g() end end",
        "repeat x() until y", "return function() end", "x = [==[ ]] ]==]", "-- only this", "--[[ and\nthis ]]",
        "f'it\\'s'", "x = '\\\\'", "local do_it = endless", "x = 0x1p4", "return", "f{a = 1}[2]:g()",
    ],
)  # fmt: skip
def test_complete(text: str) -> None:
    assert scan(text).is_complete
    assert not lua_goes_on(text) or text == "x = 0x1p4"


@pytest.mark.parametrize(
    "text",
    [
        "x =", "if a", "if a then", "while true", "for i = 1, 3", "for i = 1, 3 do", "function f(a", "f(", "{1,",
        "local", "[[ text", "--[==[ ]]", "repeat", "repeat until", "a ..", "not", "x = function()", "a.", "a:",
        "x = 'a\\", "while f(function() end)", "if x then do end", "a ==",
    ],
)  # fmt: skip
def test_incomplete(text: str) -> None:
    assert not scan(text).is_complete


@pytest.mark.parametrize(
    "text", ["1 + 1", "f(x)", "{a = 1}", "'='", "a == b", "#t", "[[x]] .. y", "a.b:c{d = 1}", "-x"]
)
def test_expression(text: str) -> None:
    assert is_expression(text)


@pytest.mark.parametrize("text", ["x = 1", "local x", "a, b = c", "return 1", "for i = 1, 2 do end", "t[1] = 2", ""])
def test_statement(text: str) -> None:
    assert not is_expression(text)


def test_steps_know_their_lines() -> None:
    script = "#!/usr/bin/env luaproc\n\n-- a comment\nx = {\n\n  1 }\n:load M <<END\nreturn\n:status\nEND\n:status\n"
    assert list(steps(script.splitlines(keepends=True))) == [
        Step(4, "x = {\n\n  1 }"),
        Step(7, ":load M <<END\nreturn\n:status\nEND"),
        Step(11, ":status"),
    ]


def test_a_step_comes_as_soon_as_its_last_line_is_read() -> None:
    """A program that writes into the pipe waits for what it gave."""

    def script() -> Iterator[str]:
        yield "x = 1\n"
        raise AssertionError("the next line was asked for")

    assert next(iter(steps(script()))) == Step(1, "x = 1")


def test_what_is_cut_off_is_a_step() -> None:
    """Lua says what is missing."""
    assert list(steps(["x = {"])) == [Step(1, "x = {")]


def test_lua_after_an_op_goes_on() -> None:
    assert not is_complete(":fails error(")
    assert not is_complete(":fails :lua f(")
    assert is_complete(":fails :call f(")  # no Lua: the op says what is wrong with it
    assert is_complete(":lua f(\n)")


def test_text_of_an_op() -> None:
    assert here_text(":load M <<END\na\n\nb\nEND") == (":load M", "a\n\nb\n")
    assert here_text(":load M <<END\nEND") == (":load M", "")
    assert here_text(":load M") == (":load M", None)


def test_missing_end_of_a_text() -> None:
    assert missing_end(":load M <<END\n\n\n") == "END"
    assert missing_end(":fails :load M <<END") == "END"
    assert missing_end(":load M <<END\nEND") is None
    assert missing_end("x = 1 <<END") is None


def test_comments_and_space_are_no_steps() -> None:
    assert is_empty(" \n-- x\n--[[ y\n]]")
    assert not is_empty("'")
    assert not is_empty(":")


def test_each_line_is_looked_at_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all lines again for each line that comes: a data module has thousands."""
    looks = 0

    class Counting(LuaScanner):
        def add(self, line: str) -> None:
            nonlocal looks
            looks += 1
            super().add(line)

    monkeypatch.setattr(lines, "LuaScanner", Counting)
    script = ["t = {", *["    { name = 'x' },"] * 1000, "    text = [[", *["words"] * 1000, "]]", "}"]
    assert list(steps(script)) == [Step(1, "\n".join(script))]
    assert looks <= 3 * len(script)


def test_an_op_ends_lua_that_is_not_complete() -> None:
    """Otherwise a bracket that was forgotten would swallow the rest of the script."""
    script = ["t = {", "  f,", ":status", ":call x (1)", "1"]
    assert list(steps(script)) == [Step(1, "t = {\n  f,"), Step(3, ":status"), Step(4, ":call x (1)"), Step(5, "1")]


@pytest.mark.parametrize(
    "text",
    ["f(\n  x\n  :g(1)\n)", "f(\n  x.y\n  :g 'z'\n)", "f{\n  a[1]\n  : g{}\n}", "while x do\n::next::\nend",
     "x = [[\n:status\n]]", "--[[\n:status\n]]", "x = '\\\n:status'", "f(\n  g()\n  :h [[x]]\n)"],
)  # fmt: skip
def test_a_method_at_the_beginning_of_a_line_is_no_op(text: str) -> None:
    assert [step.text for step in steps([*text.split("\n"), ":status"])][-1] == ":status"
    assert len(list(steps(text.split("\n")))) == (0 if text.startswith("--") else 1)


@pytest.mark.parametrize(
    "text", ["x = 'a\\\nb' .. (\n1)", "x = 'a\\\\\\\nb'", "x = 'a\\z'", "x = [==[\n]]\n]==] ..\n1"]
)
def test_strings_over_several_lines(text: str) -> None:
    parts = text.split("\n")
    for end in range(1, len(parts)):
        assert not scan("\n".join(parts[:end])).is_complete
    assert scan(text).is_complete
