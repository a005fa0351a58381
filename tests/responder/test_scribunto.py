"""Which Scribunto stands beside us. tests/test_entry.py shows the same from outside."""

from pathlib import Path

import pytest

from luaproc.responder.scribunto import NEW_CLASS, OLD_CLASS, function_class, function_head, reads_log
from luaproc.wire.values import CLASS_NAMES


def test_the_names_are_those_of_the_wire() -> None:
    assert tuple(name.decode() for name in CLASS_NAMES) == (OLD_CLASS, NEW_CLASS)


def test_lengths_are_those_of_the_contract() -> None:
    assert function_head(OLD_CLASS, 7) == (
        b'O:42:"Scribunto_LuaStandaloneInterpreterFunction":2:{s:13:"interpreterId";i:7;s:2:"id";i:'
    )
    assert function_head(NEW_CLASS, 0).startswith(
        b'O:84:"MediaWiki\\Extension\\Scribunto\\Engines\\LuaStandalone\\LuaStandaloneInterpreterFunction":2:{'
    )


def test_lengths_count_bytes() -> None:
    assert function_head("Ä", 0).startswith(b'O:2:"\xc3\x84":2:{')


def test_log_is_read_from_the_new_name_on() -> None:
    assert (reads_log(NEW_CLASS), reads_log(OLD_CLASS), reads_log("My\\Own")) == (True, False, False)


@pytest.mark.parametrize("path", [None, "", "mw_main.lua", "/nowhere/mw_main.lua"])
def test_without_an_installation(path: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert function_class(path) == OLD_CLASS


def test_a_relative_path_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "MWServer.lua").write_text(f"'O:{len(NEW_CLASS)}:\"{NEW_CLASS}\":2:'")
    monkeypatch.chdir(tmp_path)
    assert function_class("mw_main.lua") == NEW_CLASS


def test_names_may_be_new_ones(tmp_path: Path) -> None:
    """A later release may move the class again; the length has to be right, so that nothing else is taken for it."""
    later = "MediaWiki\\Later\\InterpreterFunction"
    escaped = later.replace("\\", "\\\\")
    for text, name in (
        (f'O:{len(later)}:"{escaped}":2:', later),
        (f'O:{len(later) + 1}:"{escaped}":2:', OLD_CLASS),
        (f'O:3:"abc": O:x:"abc" O:{len(later)}:"{later}"', later),
        ("O:", OLD_CLASS),
        ('O:19:"InterpreterFunction', "InterpreterFunction"),
    ):
        (tmp_path / "MWServer.lua").write_text(text)
        assert function_class(f"{tmp_path}/mw_main.lua") == name
