"""The prompt on a real pseudo-terminal, beside the real interpreters."""

import re
from pathlib import Path

import pexpect
import pytest

from tests.lua51.conftest import SCRIPTS, aside
from tests.parts import need

# Each test types into an interpreter on a terminal of its own, and waits for its prompts.
pytestmark = pytest.mark.slow

PROMPT = "> "
# Colours, bracketed paste and whatever else readline says to a terminal.
CONTROL = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]|\x1b[=>]|\x07")

# Each line, and what ends the answer to it.
SESSION = (
    ("x = 41", PROMPT),
    ("=x + 1", PROMPT),
    ("for i = 1, 2 do", ">> "),
    ("print(i)", ">> "),
    ("end", PROMPT),
    ("error('at the prompt')", PROMPT),
    # Not before the script has said so: until then the terminal is the editor's, and shows what is typed or not.
    ("print('waits') print(io.read('*n', '*l'))", "\r\nwaits\r\n"),
    ("12 rest of the line", PROMPT),
    ("=nil .. 1", PROMPT),
)


def start(executable: str, words: tuple[str, ...] = ("-i",), **variables: str) -> "pexpect.spawn[str]":
    """The interpreter on a terminal of its own."""
    return pexpect.spawn(
        executable,
        list(words),
        encoding="utf-8",
        cwd=str(SCRIPTS),
        env={"TERM": "dumb", "PATH": "/usr/bin:/bin", **variables},
        timeout=300,
        dimensions=(50, 300),
    )


def end(child: "pexpect.spawn[str]") -> int:
    """Ctrl-D, and the exit status.

    At the prompt: what is typed between two prompts the terminal takes by lines, and its end of file is a zero byte to
    the editor that comes next.
    """
    child.expect_exact(PROMPT)
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    return int(child.exitstatus)


def talk(executable: str) -> str:
    """A whole session, ended by Ctrl-D, as the terminal shows it."""
    child = start(executable)
    child.expect_exact(PROMPT)
    shown = child.before or ""
    for line, then in SESSION:
        child.sendline(line)
        child.expect_exact(line)
        child.expect_exact(then)
        shown += f"{line}{child.before}{then}"
    child.sendeof()
    child.expect(pexpect.EOF)
    shown += child.before or ""
    child.close()
    return aside(CONTROL.sub("", shown).replace("\r", "").encode()).decode() + f"status {child.exitstatus}"


@pytest.mark.real
def test_a_session_looks_like_the_real_one(stand_ins: dict[str, Path], name: str) -> None:
    """Prompts, continued lines, results, errors, reading of the terminal by the script, the end by Ctrl-D."""
    ours = talk(str(stand_ins[name]))
    assert "42\n" in ours
    assert ours == talk(need(name))


def test_history_and_line_editing(stand_ins: dict[str, Path]) -> None:
    """Cursor up brings the last chunk back, a continued one whole; the line can be edited."""
    child = start(str(stand_ins["lua5.1"]))
    child.expect_exact(PROMPT)
    for line, then in (("print(1,", ">> "), ("20)", PROMPT)):
        child.sendline(line)
        child.expect_exact(then)
    child.send("\x1b[A")
    child.expect_exact("20)")
    child.sendline("\x7f + 3)")
    child.expect_exact("1\t23")
    assert end(child) == 0


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_letters_beyond_ascii(stand_ins: dict[str, Path], name: str, locale: str) -> None:
    """They are bytes, to Lua and in the history, whatever the locale."""
    child = start(str(stand_ins[name]), LC_ALL=locale)
    child.expect_exact(PROMPT)
    child.sendline('="<é>" .. #"é"')
    child.expect_exact("<é>2")
    child.expect_exact(PROMPT)
    child.send("\x1b[A")
    child.sendline(' .. "!"')
    child.expect_exact("<é>2!")
    assert end(child) == 0


@pytest.mark.real
def test_ctrl_c_ends_a_loop_and_gives_the_prompt_back(stand_ins: dict[str, Path], name: str) -> None:
    """Twice over: the first interruption leaves nothing behind. At the prompt itself Ctrl-C ends lua, by the signal."""
    for executable in (str(stand_ins[name]), need(name)):
        child = start(executable)
        child.expect_exact(PROMPT)
        if name == "luajit":
            child.sendline("jit.off()")
            child.expect_exact(PROMPT)
        for _ in range(2):
            child.sendline("while true do print('round') end")
            child.expect_exact("round\r\nround")
            child.sendintr()
            child.expect_exact("interrupted!")
            child.expect_exact("\r\n> ")
        child.sendline("=6 * 7")
        child.expect_exact("42")
        child.expect_exact(PROMPT)
        child.sendintr()
        child.expect(pexpect.EOF)
        child.close()
        assert child.signalstatus == 2


def test_a_terminal_without_a_script_is_a_prompt(stand_ins: dict[str, Path], name: str) -> None:
    """No words at all: version and prompt."""
    child = start(str(stand_ins[name]), ())
    child.expect_exact("Lua 5.1.5  Copyright" if name == "lua5.1" else "JIT: ON")
    assert end(child) == 0
