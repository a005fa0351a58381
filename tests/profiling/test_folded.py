"""Folded stacks: read, summed up, and who took the time."""

import subprocess
import sys
from pathlib import Path

import pytest

from luaproc.profiling import folded
from luaproc.profiling.folded import FunctionUse, ProfileError

RECORD = b"""main (A:1);f (A:2) 300
[luaproc] 50
main (A:1);f (A:2) 200
main (A:1) 100
main (A:1);f (A:2);f (A:2) 7
cut off;wi"""


def test_stacks_add_up_and_a_recursive_function_counts_once() -> None:
    """The last line is being written by another process."""
    stacks = folded.read(RECORD)
    assert stacks[("main (A:1)", "f (A:2)")] == 500
    assert folded.uses(stacks) == [
        FunctionUse("f (A:2)", 507, 507), FunctionUse("main (A:1)", 100, 607), FunctionUse("[luaproc]", 50, 50),
    ]  # fmt: skip


def test_what_is_written_is_read_again() -> None:
    """Each stack once, in order."""
    stacks = folded.read(RECORD)
    written = folded.text(stacks)
    assert folded.read(written.encode()) == stacks
    assert len(written.splitlines()) == len(stacks) == 4


def test_frames_get_other_names() -> None:
    """Two stacks that become one add up."""
    assert folded.renamed({("a", "b"): 1, ("a", "c"): 2}, lambda name: "x" if name != "a" else name) == {("a", "x"): 3}


@pytest.mark.parametrize("record", [b"# A readme\n\nwith words\n", b"\x7fELF\x00\x01"])
def test_another_file_is_refused(record: bytes) -> None:
    """In one sentence that names the file."""
    with pytest.raises(ProfileError, match=r"README is no profile: expected lines of frames and a count"):
        folded.read(record, "README")


@pytest.mark.slow  # starts the command
def test_the_command_shows_several_files_and_writes_both_forms(tmp_path: Path) -> None:
    """Names of functions go through the filter of control characters."""
    (tmp_path / "a").write_bytes(RECORD + b"\n")
    (tmp_path / "b").write_bytes(b"main (A:1);\x1b[2Jevil 2000000\n")
    words = [sys.executable, "-m", "luaproc", "profile", "a", "b", "--html", "out.html", "--folded", "out.folded"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "2.00 s of CPU time"
    assert lines[2].split() == ["2.00", "s", "100.0", "%", "2.00", "s", "100.0", "%", "\\x1b[2Jevil"]
    assert "\\x1b[2Jevil" in (tmp_path / "out.html").read_text("utf-8")
    assert "main (A:1);f (A:2) 500\n" in (tmp_path / "out.folded").read_text("utf-8")
