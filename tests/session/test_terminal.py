"""A person at a real pseudo-terminal, with prompt-toolkit and without it."""

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from tests.session.terminals import Terminal

# Each test types into a session on a terminal of its own, and waits for its prompts.
pytestmark = pytest.mark.slow


@pytest.fixture(params=["prompt-toolkit", "plain"])
def open_terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Opens sessions; each has its first prompt."""
    opened: list[Terminal] = []

    def open_terminal(*words: str) -> Terminal:
        terminal = Terminal(request.param, tmp_path, *words)
        opened.append(terminal)
        terminal.wait("Ctrl-D leaves.")
        terminal.wait("lua>")
        return terminal

    yield open_terminal
    for terminal in opened:
        terminal.child.close(force=True)


def test_lua_of_several_lines(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.type("function twice(n)", "...")
    terminal.type("return 2 * n", "...")
    terminal.type("end")
    assert "84, 'no'" not in terminal.type("twice(42), 'yes'", '84, "yes"')
    terminal.wait("lua>")
    terminal.type("error('boom')", "input 3:1: boom")
    terminal.wait("in main chunk")
    terminal.wait("lua>")
    assert terminal.end() == 0


def test_what_cannot_be_completed_ends_after_two_empty_lines(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.type("f((", "...")
    terminal.type("", "...")
    terminal.child.send("\r")
    terminal.wait("unexpected symbol near '<eof>'")


def test_text_for_an_op_may_have_empty_lines(open_terminal: Callable[..., Terminal]) -> None:
    """A module of a wiki has two of them easily; only the announced word ends it."""
    terminal = open_terminal()
    terminal.type(":load M <<END", "...")
    terminal.type("", "...")
    terminal.type("", "...")
    terminal.type("return debug.traceback('here')", "...")
    terminal.type("END", "chunks[1]  M")
    terminal.wait("lua>")
    terminal.type(":call M", "M:3: in main chunk")


def test_lua_asks_and_a_person_answers(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.type(":register php ask", "registered php.ask")
    terminal.wait("lua>")
    terminal.type("pcall(php.ask, 'a', 1)", '[1] Lua calls php.ask("a", 1)')
    terminal.wait("[1] answer>")
    terminal.type("what?", "expected an answer: a value")
    terminal.wait("[1] answer>")
    terminal.type(":restart", "has to wait")
    terminal.wait("[1] answer>")
    terminal.type(":lua php.ask()", "[2] Lua calls php.ask()")
    terminal.wait("[2] answer>")
    terminal.type("'inner'", '"inner"')
    terminal.wait("[1] answer>")
    terminal.type("1, {2}", "true, 1, {2}")
    terminal.wait("lua>")
    terminal.type("pcall(php.ask)", "[1] answer>")
    terminal.type('error("sorry")', 'false, "sorry"')
    terminal.wait("lua>")
    terminal.type("pcall(php.ask)", "[1] answer>")
    terminal.child.sendeof()
    terminal.wait('false, "no answer for php.ask"')


def test_answers_are_saved_with_the_script(open_terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = open_terminal()
    terminal.type(":register php ask", "registered")
    terminal.wait("lua>")
    terminal.type("x = php.ask()", "[1] answer>")
    terminal.type("'me'")
    terminal.type("x.y.z()", "attempt to index")
    terminal.wait("lua>")
    terminal.type(":save it.lps", "4 steps in it.lps")
    assert (tmp_path / "it.lps").read_text() == ":register php ask\n:answer 'me'\nx = php.ask()\n:fails x.y.z()\n"


def test_a_saved_script_answers_as_the_person_did(open_terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    """Steps while Lua waited are not in it, nor their answers; Ctrl-D is an answer, too."""
    terminal = open_terminal()
    terminal.type(":register w f", "registered")
    terminal.wait("lua>")
    terminal.type("w.f(0)", "[1] answer>")
    terminal.type(':lua w.f("deeper")', "[2] answer>")
    terminal.type('"inner"', "[1] answer>")
    terminal.type(":answer 5", "has to wait")
    terminal.wait("[1] answer>")
    terminal.type("1, 2", "1, 2")
    terminal.wait("lua>")
    terminal.type("w.f()", "[1] answer>")
    terminal.child.sendeof()
    terminal.wait("no answer for w.f")
    terminal.wait("lua>")
    terminal.type(":save it.lps", "5 steps")
    terminal.wait("lua>")
    assert terminal.end() == 0
    assert (tmp_path / "it.lps").read_text() == (
        ':register w f\n:answer 1, 2\nw.f(0)\n:answer error("no answer for w.f")\n:fails w.f()\n'
    )
    words = [sys.executable, "-m", "luaproc", "session", str(tmp_path / "it.lps")]
    again = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert (again.returncode, again.stderr) == (0, "")


def test_the_prompt_leaves_the_line(open_terminal: Callable[..., Terminal]) -> None:
    """After Ctrl-C and Ctrl-D something else stands on a line of its own."""
    terminal = open_terminal()
    terminal.child.send("not this")
    terminal.wait("not this")
    terminal.child.sendintr()
    if terminal.kind == "plain":  # prompt-toolkit draws the prompt again before it goes on
        assert "\n" in terminal.wait("lua>")
    # The prompt behind a result that no control sequence has in it: before Lua runs, a prompt is drawn again that reads
    # no Ctrl-D.
    terminal.type("'two' .. 2", '"two2"')
    terminal.wait("lua>")
    terminal.child.sendeof()
    terminal.child.expect(pexpect.EOF)
    assert "\n" in terminal.child.before


def test_ctrl_c_while_the_server_works(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.type(":wire on", "wire on")
    terminal.wait("lua>")
    # The frame of the call is the last thing that is seen before the server works.
    terminal.type("while true do end", '["op"]="call"')
    terminal.child.sendintr()
    terminal.wait("End it? [y/N] ")
    terminal.child.send("n\r")
    terminal.wait("Going on")
    terminal.child.sendintr()
    terminal.wait("End it? [y/N] ")
    terminal.child.send("y\r")
    terminal.wait("interrupted; the server was ended")
    terminal.wait("(no server)")
    terminal.type("1", "the server is gone; :restart starts a fresh one")
    terminal.wait("(no server)")
    terminal.type(":restart", "a fresh server, pid")
    terminal.wait("lua>")
    terminal.type("'alive' .. 1", '"alive1"')


def test_ctrl_c_at_the_prompt_ends_nothing(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.interrupt()
    terminal.wait("lua>")
    terminal.type("6 * 7", "42")


def test_ctrl_c_at_an_answer(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.type(":register php ask", "registered")
    terminal.wait("lua>")
    terminal.type("php.ask()", "[1] answer>")
    terminal.interrupt()
    terminal.wait("End the server? [y/N] ")
    terminal.child.send("n\r")
    terminal.wait("[1] answer>")
    terminal.interrupt()
    terminal.wait("End the server? [y/N] ")
    terminal.child.send("y\r")
    terminal.wait("interrupted; the server was ended")
    terminal.wait("(no server)")


def test_death_is_told_and_the_session_lives_on(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal("--max-cpu", "1")
    terminal.type("while true do end", "The time allocated for running scripts has expired.")
    terminal.wait("(no server)")
    terminal.type(":quit", "")
    terminal.child.expect(pexpect.EOF)


def test_completion(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.child.send(":regi\t")
    terminal.wait("ster")  # on a busy machine what was typed is drawn before
    terminal.child.send("php exists=true\r")
    terminal.wait("registered php.exists")
    terminal.wait("lua>")
    terminal.child.send("php.ex\t")
    terminal.wait("ists")
    terminal.child.send("('x')\r")
    terminal.wait("answered true")


def test_history_across_sessions(open_terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = open_terminal()
    terminal.type("'first ' .. 1", '"first 1"')
    terminal.wait("lua>")
    terminal.type("{", "...")
    terminal.type("'second' }", '{"second"}')
    terminal.wait("lua>")
    assert terminal.end() == 0
    file = tmp_path / "state" / "luaproc" / "session_history"
    assert file.read_text() == "'first ' .. 1\n{\\n'second' }\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    terminal = open_terminal()
    # Ctrl-P, as the arrow up; prompt-toolkit goes through the lines of an entry.
    terminal.child.send("\x10\x10\x10" if terminal.kind == "prompt-toolkit" else "\x10\x10")
    terminal.wait("first")
    terminal.child.send("\r")
    terminal.wait('"first 1"')


def test_wire_reaches_the_terminal_without_control_bytes(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal("--wire")
    terminal.type(r"'\27]0;title\7', '\155'", r"\x1b]0;title\x07")
    shown = terminal.wait("lua>")
    assert r"\x9b" in shown
    assert r'"\027]0;title\007", "\155"' in shown
    assert "\x07" not in shown


def test_quit_tells_how_the_server_ended(open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.type("quit", "the interpreter exited with status 0")
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 0
