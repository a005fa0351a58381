"""`require 'lfs'`, `system` and `term`: what the C modules of those names answer, luaproc's answer too."""

import itertools
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lua51.conftest import SCRIPTS, Outcome, execute
from tests.parts import need


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory with every kind of file that a user without rights can make."""
    place = tmp_path / "place"
    (place / "directory").mkdir(parents=True)
    (place / "directory" / "below").touch()
    (place / "locked").mkdir()
    (place / "locked" / "below").touch()
    (place / "file").write_text("ten bytes\n")
    (place / "touched").touch()
    (place / "odd").touch()
    (place / "odd").chmod(0o4751)
    (place / "link").symlink_to("file")
    (place / "dangling").symlink_to("x" * 300)
    (place / "loop").symlink_to("loop")
    os.mkfifo(place / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(place / "socket"))  # an absolute path can be too long for it
        # Not place.rglob: that of Python 3.11.2, which is Debian 12's, fails at a link to a name that is too long.
        names = [Path(folder, name) for folder, *lists in os.walk(place) for name in itertools.chain(*lists)]
        for file in names:  # accessed in 2039: reading changes no time
            os.utime(file, (2_200_000_000, 1_234_567_890), follow_symlinks=False)
        yield place


@pytest.mark.real
def test_lfs_answers_as_luafilesystem_does(stand_ins: dict[str, Path], name: str, place: Path) -> None:
    """Every function with good and bad arguments: results, messages, numbers of errors; on both interpreters."""
    need("busted")
    program = str(stand_ins[name])
    ours, real = (
        execute(executable, [program, str(SCRIPTS / "lfs_calls.lua"), str(place)], b"", {}, place)
        for executable in (program, need(name))
    )
    for mine, theirs in zip(ours.stdout.splitlines(), real.stdout.splitlines(), strict=False):
        assert mine == theirs
    assert ours == real
    assert ours.status == 0, ours.stderr
    assert not os.path.lexists(place / "locked" / "lockfile.lfs")  # freed when the state was closed


@pytest.mark.real
def test_system_and_term_answer_as_the_c_modules_do(
    run_both: Callable[..., tuple[Outcome, Outcome]], name: str
) -> None:
    """What busted, luassert and Penlight use of LuaSystem and lua-term, with and without the packages' Lua files."""
    need("busted")
    for env in ({}, {"LUA_PATH": "./?.lua"}):
        ours = run_both(name, ("system_calls.lua",), env=env)[0]
        real = run_both(name, ("system_calls.lua",))[1]
        assert ours == real
        assert ours.status == 0, ours.stderr
