"""A start under limits that are too small, or nearly: it serves, or says in one line why not, with status 1."""

import re
import resource
import subprocess
from pathlib import Path

import pytest

from luaproc.wire.framing import encode_frame
from tests import forks
from tests.responder.conftest import LUAPROC, RUNTIMES

QUESTION = encode_frame(b'{["op"]="getStatus"}')


def server(runtime: str) -> list[str]:
    return forks.started("serve", "--runtime", runtime)


def ask(runtime: str, kind: int, value: int) -> tuple[int, bytes, bytes]:
    """Status, stdout and stderr of a server that starts under this limit."""
    done = subprocess.run(
        server(runtime),
        input=QUESTION,
        capture_output=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(kind, (value, value)),
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow  # two dozen starts
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_memory_just_below_what_a_start_needs(runtime: str) -> None:
    """No hang, no signal: from where the responder's own modules are loaded, one line says how much is needed."""
    ask(runtime, resource.RLIMIT_AS, 400 << 20)  # Python keeps what it compiled; to compile takes memory, too
    needs = re.search(rb"this needs (\d+) KB", ask(runtime, resource.RLIMIT_AS, 15000 * 1024)[2])
    assert needs  # 15,356 KB with pyenv's Python 3.11, 16,812 KB with Debian's
    served = []
    for kilobytes in range(int(needs[1]) - 2200, int(needs[1]) + 400, 160):
        status, stdout, stderr = ask(runtime, resource.RLIMIT_AS, kilobytes * 1024)
        served.append(stdout != b"")
        if served[-1]:
            assert (status, stderr) == (0, b""), kilobytes
            continue
        assert status == 1, (kilobytes, stderr)
        last = stderr.decode().splitlines()[-1]
        assert "not enough memory to start: this needs " in last, (kilobytes, last)
        assert f"the limit is {kilobytes} KB" in last
    assert served == sorted(served)
    assert not served[0]
    assert served[-1]


@pytest.mark.parametrize("kilobytes", [64, 128, 256])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_small_stack(runtime: str, kilobytes: int) -> None:
    """`ulimit -s`: what the start takes of C's stack for later is a part of what there is."""
    status, stdout, stderr = ask(runtime, resource.RLIMIT_STACK, kilobytes * 1024)
    assert (status, stderr) == (0, b"")
    assert stdout


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_stdin_that_cannot_be_read_is_named(runtime: str, tmp_path: Path) -> None:
    """A descriptor that is open for writing only was told as a lack of memory. (A directory Python itself names.)"""
    with (tmp_path / "written").open("wb") as stdin:
        done = subprocess.run(server(runtime), stdin=stdin, capture_output=True, timeout=300)
    assert done.returncode == 1
    assert done.stderr == b"luaproc: cannot read stdin: Bad file descriptor\n"


def test_too_few_descriptors_are_named() -> None:
    """`ulimit -n 4` leaves one, which the status takes; it was told as a stdout that cannot be written."""

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))

    done = subprocess.run([*LUAPROC, "serve"], input=b"", capture_output=True, timeout=60, preexec_fn=few)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)
    assert re.fullmatch(rb"luaproc: cannot open .+: Too many open files\n", done.stderr)


@pytest.mark.slow  # reads a file of 100 MB
def test_a_command_without_memory_names_itself(tmp_path: Path) -> None:
    """`show` of a large file is no start of a wiki's server: the memoryLimit of Scribunto has nothing to do with it."""
    large = tmp_path / "large"
    large.write_bytes(b"x" * 100_000_000)
    done = subprocess.run(
        [*LUAPROC, "show", str(large)],
        capture_output=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (100 << 20, 100 << 20)),
    )
    assert done.returncode == 1
    assert b"memoryLimit" not in done.stderr
