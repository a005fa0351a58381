"""`luaproc wiki console` on a terminal: completion, Ctrl-C, history, with prompt-toolkit, without it, and TERM=dumb."""

from pathlib import Path

import pytest

from tests.parts import need
from tests.session.terminals import Terminal

# Each row types into a console on a terminal of its own; Scribunto's Lua library comes with MediaWiki.
pytestmark = [pytest.mark.slow, pytest.mark.real]


@pytest.mark.parametrize("kind", ["prompt-toolkit", "plain", "dumb"])
def test_a_person_at_a_console(kind: str, tmp_path: Path) -> None:
    """Names and titles are completed; a log is seen while a loop runs, and Ctrl-C ends the step and not the console."""
    need("mediawiki")
    (tmp_path / "Hello.lua").write_text("return { word = 'hel' .. 'lo' }")
    terminal = Terminal(kind, tmp_path, command=("wiki", "console"))
    try:
        seen = terminal.wait("Ctrl-D leaves.") + terminal.wait("lua>")
        assert "1 page with Scribunto" in seen
        terminal.child.send("mw.text.spl\t")
        terminal.wait("it")
        terminal.child.send("('a,b', ',')\r")
        terminal.wait('{"a", "b"}')
        terminal.wait("lua>")
        terminal.child.send("require('Module:He\t")
        terminal.wait("llo")
        terminal.child.send("').word\r")
        terminal.wait('"hello"')
        terminal.wait("lua>")
        terminal.type("kept = 12")
        terminal.child.send("print('go' .. 'ing on') while true do end\r")
        terminal.wait("going on")
        terminal.child.sendintr()
        terminal.wait("interrupted; a fresh Lua process: what earlier steps defined is gone")
        terminal.wait("lua>")
        terminal.type("tostring(kept) .. '!'", '"nil!"')
        terminal.wait("lua>")
        assert terminal.end() == 0
    finally:
        terminal.child.close(force=True)
    history = (tmp_path / "state" / "luaproc" / "console_history").read_text()
    assert "require('Module:Hello').word\nkept = 12\n" in history
