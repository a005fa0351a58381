"""Files that others run or read: whole or not at all, through nobody's link, with their mode before their content; and
files of others, which are read up to a bound."""

import os
import secrets
import signal
import stat
from pathlib import Path

import pytest

from luaproc.errors import NotReadError, NotWrittenError
from luaproc.install import files


def test_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier file stays until the new one is there, also on a full disk; nothing is left beside it."""
    path = tmp_path / "figures"
    files.write(path, b"old")

    def fail(*_words: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(NotWrittenError, match=r"cannot write .*: No space left on device"):
        files.write(path, b"newer")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["figures"]


def test_a_planted_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "report"
    victim.write_text("precious")
    path.symlink_to(victim)
    files.write(path, b"new")
    assert (victim.read_text(), path.is_symlink(), path.read_text()) == ("precious", False, "new")


def test_the_name_on_the_way_cannot_be_guessed(tmp_path: Path) -> None:
    """Two runs have two names, and neither has the process's number in it."""
    names: list[str] = []

    def make(file: Path) -> None:
        names.append(file.name)
        file.write_text("x")

    for _ in range(2):
        files.put(tmp_path / "file", make)
    assert len(set(names)) == 2
    assert all(str(os.getpid()) not in name for name in names)


def test_who_guesses_the_name_on_the_way_gets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made where nothing is, through no link."""
    monkeypatch.setattr(secrets, "token_hex", lambda size: "guessed")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for planted in (victim, tmp_path / "nowhere"):
        (tmp_path / ".luaproc-guessed").symlink_to(planted)
        with pytest.raises(NotWrittenError, match="File exists"):
            files.write(tmp_path / "file", b"x", 0o755)
    assert (victim.read_text(), [file.name for file in tmp_path.iterdir()]) == ("precious", ["victim"])


def test_the_mode_is_there_before_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then the file is its owner's alone: who has it open reads on, whatever its mode becomes."""
    found: list[tuple[int, int]] = []
    chmod = os.chmod

    def seen(file: int, mode: int) -> None:
        before = os.stat(file)
        found.append((stat.S_IMODE(before.st_mode), before.st_size))
        chmod(file, mode)

    monkeypatch.setattr(os, "chmod", seen)
    monkeypatch.setattr(os, "supports_fd", {seen})
    files.write(tmp_path / "file", b"x" * 100_000, 0o755)
    assert found == [(0o600, 0)]
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o755


def test_nobody_else_can_read_what_is_private(tmp_path: Path) -> None:
    path = tmp_path / "private"
    seen: list[int] = []
    files.write(path, b"x", mode=0o600, check=lambda file: seen.append(stat.S_IMODE(file.stat().st_mode)))
    assert seen == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_device_is_written_to(tmp_path: Path) -> None:
    files.write(Path("/dev/null"), b"x")
    assert not Path("/dev/null").is_file()


def test_a_file_is_read_up_to_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert files.read(path, 5) == b"12345"
    with pytest.raises(NotReadError, match=r"file cannot be read: expected at most 4 bytes, and there are more"):
        files.read(path, 4)
    assert files.read(os.devnull, 4) == b""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/nowhere", "No such file"),
        ("/dev/zero", "this is a device"),
        ("/", "this is a directory"),
        ("a\0b", "null byte"),
    ],
)
def test_what_is_no_file_is_not_read(name: str, reason: str) -> None:
    with pytest.raises(NotReadError, match=reason):
        files.read(name, 10)


def test_a_pipe_is_read_where_this_process_has_it(tmp_path: Path) -> None:
    """Not by a name in a directory, where anybody could have planted it, nor through a link to such a one."""
    ours, its = os.pipe()
    os.write(its, b"text")
    os.close(its)
    assert files.read(f"/dev/fd/{ours}", 10) == b"text"
    os.close(ours)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("the pipe is waited for"))
    signal.alarm(60)
    for name in ("pipe", "link"):
        with pytest.raises(NotReadError, match="this is a pipe"):
            files.read(tmp_path / name, 10)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotWrittenError, match="nobody reads this pipe"):
        files.write(tmp_path / "pipe", b"x")
