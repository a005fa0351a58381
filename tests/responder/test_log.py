"""The log of `--log`, and what reaches Scribunto's errorFile: whatever lies at the log's path, the page is served."""

import os
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from luaproc.responder import log
from tests.responder.conftest import LUAPROC, call_body, feed, frames, load_body, serve

PAGE = frames(load_body("return 1"), call_body(1))


def logged(path: Path) -> bytes:
    """What stderr says of a page that is served with this log. The page itself must not suffer."""
    outcome = feed(PAGE, serve("lua51", "--log", str(path)))
    assert (outcome.status, len(outcome.replies)) == (0, 2)
    return outcome.stderr


def refused(path: Path, reason: str) -> bytes:
    return f"luaproc: no log, {str(path)!r} cannot be opened: {reason}\n".encode()


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    os.mkfifo(path)
    assert logged(path) == refused(path, "No such device or address")


def test_a_pipe_that_is_read_is_no_log_either(tmp_path: Path) -> None:
    """A reader that leaves would end the page by SIGPIPE, one that stops reading would halt it."""
    path = tmp_path / "log"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    # It leaves at the first line.
    leaves = threading.Thread(target=_leave_at_the_first_byte, args=(reader,))
    leaves.start()
    told = logged(path)
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)  # so that the thread ends where nothing came
    os.write(writer, b"end")
    leaves.join()
    os.close(writer)
    assert told == refused(path, "expected a regular file")


def _leave_at_the_first_byte(reader: int) -> None:
    while not os.read(reader, 1):  # nothing, while nobody writes
        time.sleep(0.01)
    os.close(reader)


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """Whoever can write to the log's directory could have the web server's user append to any of its files."""
    victim, path = tmp_path / "victim", tmp_path / "log"
    victim.write_text("precious")
    path.symlink_to(victim)
    assert logged(path) == refused(path, "Too many levels of symbolic links")
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/stdout"])
def test_a_device_is_no_log(device: str) -> None:
    assert logged(Path(device)).startswith(f"luaproc: no log, {device!r} cannot be opened: ".encode())


def test_no_log_is_no_line() -> None:
    """By /dev/null, a launcher's log is turned off."""
    assert logged(Path("/dev/null")) == b""


def test_a_full_disk_ends_the_log_and_not_the_page(tmp_path: Path) -> None:
    """In a line; a limit of the file's size stands for the disk."""
    words = serve("lua51", "--log", str(tmp_path / "log"))
    outcome = feed(PAGE, ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *words])
    assert (outcome.status, len(outcome.replies)) == (0, 2)
    assert outcome.stderr == b"luaproc: the log ends here, cannot write: File too large\n"


def test_the_log_is_its_owners(tmp_path: Path) -> None:
    """Texts' sizes and ops are nobody else's business."""
    assert logged(tmp_path / "log") == b""
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


HOSTILE = "\x1b[2J \x9b2J \u202egnp \u2066 \x07"
SHOWN = rb"\x1b[2J \xc2\x9b2J \xe2\x80\xaegnp \xe2\x81\xa6 \x07"


def test_no_control_characters_from_the_command_line_reach_the_error_file() -> None:
    """They could rewrite what an admin's terminal shows; as characters and as the bytes of an 8-bit terminal."""
    done = subprocess.run([*LUAPROC, "serve", f"--{HOSTILE}".encode() + b"\x9b"], capture_output=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith(b"luaproc: unknown option --" + SHOWN + rb"\x9b: expected")
    assert done.stderr[:-1].decode().isprintable()


def test_no_control_characters_from_messages_reach_the_error_file() -> None:
    outcome = feed(frames('{["op"]="' + HOSTILE + '"}'), serve())
    assert outcome.status == 1
    assert SHOWN in outcome.stderr
    assert outcome.stderr[:-1].decode().isprintable()


def test_no_control_characters_from_modules_reach_the_error_file(capfd: pytest.CaptureFixture[str]) -> None:
    """A module names itself and its functions: these names stand in the stack that is told at the CPU limit."""
    log.report(f"stack traceback:\n\t{HOSTILE}:1".encode() + b"\x9b")
    assert capfd.readouterr().err == f"stack traceback:\n\t{SHOWN.decode()}:1\\x9b\n"


def test_what_ends_the_process_is_one_line_with_a_bound() -> None:
    """PHP shows it to the reader; a message may have megabytes, and lines."""
    outcome = feed(frames('{["op"]="' + "x\\\n" * 2000 + '"}'), serve())
    assert outcome.status == 1
    assert outcome.stderr.startswith(b'luaproc: unexpected message: unknown op "x x x ')
    assert outcome.stderr.count(b"\n") == 1
    assert 1000 < len(outcome.stderr) < 1020


def test_the_op_is_looked_for_in_a_messages_beginning() -> None:
    """The rest may be megabytes, and where memory is full there is none for a copy."""
    assert log.op_of(b'{["op"]="call",["id"]=1}') == log.op_of(b'a:4:{s:2:"op";s:4:"call";s:2:"id";i:1;}') == b"call"
    assert log.op_of(b" " * 64 + b'["op"]="call"') == b""
