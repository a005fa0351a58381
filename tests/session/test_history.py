"""The history file."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luaproc.session import history


@given(st.lists(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])), max_size=5))
def test_entries_come_back(entries: list[str]) -> None:
    with TemporaryDirectory() as directory:
        file = Path(directory) / "history"
        for entry in entries:
            history.append(file, entry)
        assert history.load(file) == entries


def test_several_lines_and_odd_bytes(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "history"
    entries = ["x = {\n  1,\n}", "'\\n\\\\'", "\udcff", "é"]
    for entry in entries:
        history.append(file, entry)
    assert history.load(file) == entries


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "history"
    file.write_text("".join(f"{number}\n" for number in range(history.LIMIT + 10)))
    entries = history.load(file)
    assert (len(entries), entries[0], entries[-1]) == (history.LIMIT, "10", str(history.LIMIT + 9))
    assert history.load(file) == entries


def test_a_history_that_cannot_be_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    history.append(tmp_path / "file" / "history", "x")
    assert history.load(tmp_path / "file" / "history") == []


def test_nobodys_link_is_followed_and_no_pipe_waited_for(tmp_path: Path) -> None:
    """Where XDG_STATE_HOME names a directory that others can write to."""
    victim = tmp_path / "victim"
    victim.write_text("precious\n")
    (tmp_path / "link").symlink_to(victim)
    history.append(tmp_path / "link", "x")
    assert victim.read_text() == "precious\n"
    os.mkfifo(tmp_path / "pipe")
    history.append(tmp_path / "pipe", "x")
    assert history.load(tmp_path / "pipe") == []
    victim.write_text("precious\n" * (history.LIMIT + 1))
    assert len(history.load(tmp_path / "link")) == history.LIMIT
    assert not (tmp_path / "link").is_symlink()
    assert victim.read_text() == "precious\n" * (history.LIMIT + 1)


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative/state"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        assert history.path("session") == tmp_path / ".local" / "state" / "luaproc" / "session_history"
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere")
    assert history.path("session") == Path("/elsewhere/luaproc/session_history")
