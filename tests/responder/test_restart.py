"""A host's archive of locales takes no memory from what runs under a limit, and nobody hears of it."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luaproc.install import launchers
from luaproc.transcripts.recording_launcher import write_launcher
from tests.responder.test_inherited import kilobytes, replies, said
from tests.transcripts.making import finished

# localedef, and root, for a mount that nobody else sees; each starts servers.
pytestmark = [pytest.mark.real, pytest.mark.slow]

MEGABYTE = 1 << 20
# Scribunto's default, and the limit of its own memory test; bytes.
DEFAULT, TIGHT = 51200 * 1024, 19_531 * 1024
EXECUTABLE = [sys.executable, "-m", "luaproc"]
VARIABLES = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}

Archive = Callable[[int], list[str]]


@pytest.fixture
def archive(locales: Path) -> Archive:
    """Makes the words before a command that runs it on a machine with an archive of so many MB."""
    place = locales / "usr" / "lib" / "locale"
    mount = ["unshare", "-m", "mount", "--bind", str(place), "/usr/lib/locale"]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("nobody may mount here")

    def under(megabytes: int) -> list[str]:
        os.truncate(place / "locale-archive", megabytes * MEGABYTE)
        return ["unshare", "-m", "sh", "-c", f'mount --bind {place} /usr/lib/locale && exec "$@"', "sh"]

    return under


@pytest.mark.parametrize(
    ("by_launcher", "megabytes"), [*((True, size) for size in (3, 12, 30, 36)), *((False, size) for size in (3, 12))]
)
def test_modules_have_what_they_have_without(
    archive: Archive, tmp_path: Path, by_launcher: bool, megabytes: int
) -> None:
    """Debian's /usr/lib/locale/locale-archive has 3 MB for one locale, and MediaWiki exports LC_ALL=C.UTF-8. With 36
    MB, a wiki's pages said "exited with status 1"."""
    command = EXECUTABLE
    if by_launcher:
        launchers.write(tmp_path / "lua", launchers.text([]))
        command = [str(tmp_path / "lua")]
    plain = replies(command, env={**VARIABLES, "LC_ALL": "C"})
    found = replies([*archive(megabytes), *command], env={**VARIABLES, "LC_ALL": "C.UTF-8"})
    assert said(found) == said(plain)
    assert abs(kilobytes(found[3]) - kilobytes(plain[3])) < 1000


def _limited(command: list[str], limit: int, variables: dict[str, str]) -> bytes:
    done = subprocess.run(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


# What a script, and what it starts, sees; and how many MB it can have.
_SCRIPT = """
print(os.getenv('LC_ALL'), os.getenv('LC_CTYPE'), os.getenv('LUAPROC_LC_ALL'), os.setlocale())
io.stdout:flush()
os.execute([[echo "${LC_ALL-none} ${LC_CTYPE-none} ${LUAPROC_LC_ALL-none}"]])
local t, n = {}, 0
pcall(function() while true do n = n + 1 t[n] = ('%09d'):format(n):rep(1e5) end end)
t = nil
print(n > 25)
"""


@pytest.mark.parametrize("given", [{"LC_ALL": "C.UTF-8"}, {"LANG": "C.UTF-8"}, {}], ids=str)
def test_a_script_sees_its_own_environment(archive: Archive, given: dict[str, str]) -> None:
    """`luaproc lua` under a limit that the archive would halve: Python started anew, the script does not notice."""
    command = [*archive(12), *EXECUTABLE, "lua", "-e", _SCRIPT]
    told = given.get("LC_ALL", "nil")
    expected = f"{told}\tnil\tnil\tC\n{given.get('LC_ALL', 'none')} none none\ntrue\n"
    assert _limited(command, DEFAULT, {**VARIABLES, **given}).decode() == expected


@pytest.mark.parametrize("given", [{"LC_ALL": "C.UTF-8"}, {"LANG": "C.UTF-8", "LC_CTYPE": "C"}, {}], ids=str)
@pytest.mark.parametrize("limit", [DEFAULT, TIGHT])
def test_a_recording_launcher_records(archive: Archive, tmp_path: Path, given: dict[str, str], limit: int) -> None:
    """The copier has room beside the archive at Scribunto's tightest limit; the server's environment is PHP's."""
    show = 'echo "${LC_ALL-none} ${LC_CTYPE-none} ${LUAPROC_LC_ALL-none}"'
    write_launcher(tmp_path / "lua", ["sh", "-c", show], tmp_path / "out")
    found = _limited([*archive(8), str(tmp_path / "lua")], limit, {**VARIABLES, **given})
    assert found.decode() == f"{given.get('LC_ALL', 'none')} {given.get('LC_CTYPE', 'none')} none\n"
    (transcript,) = (tmp_path / "out").iterdir()
    assert finished(transcript).memory_limit == limit


def test_record_itself(archive: Archive, tmp_path: Path) -> None:
    """By hand, under a limit in which click and the archive did not fit."""
    command = [*archive(8), *EXECUTABLE, "record", "-o", str(tmp_path / "out"), "--", "sh", "-c", 'echo "$LC_ALL"']
    assert _limited(command, 25_000 * 1024, {**VARIABLES, "LC_ALL": "C.UTF-8"}) == b"C.UTF-8\n"
    assert finished(tmp_path / "out").memory_limit == 25_000 * 1024
