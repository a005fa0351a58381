"""What a process inherits from who starts it reaches no module: the same replies and the same memory whatever it is."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luaproc.install import launchers
from luaproc.wire.framing import FrameDecoder, encode_frame
from tests.parts import need

pytestmark = pytest.mark.slow  # starts a server in each environment

# What Scribunto allows the process by default, bytes.
MEMORY = 51200 * 1024

# Character classes, upper case, conversions, time, the order of texts: all that a C library knows of its surroundings.
PROBE = rb"""
local a, u = 0, 0
for i = 128, 255 do
	local c = string.char(i)
	if c:find('%a') or c:find('%s') or c:find('%p') then a = a + 1 end
	if c:upper() ~= c then u = u + 1 end
end
return a, u, tostring(0.5), ('x'):rep(3), '\228' < 'z', string.format('%.2f', 1234.5), os.date('!%A', 0)
"""

# How much a module can hold, in strings of 4 kB, before there is not enough memory. Lua hashes every 125th byte of such
# a string: they differ there, too, or each is compared with all others (2 s in place of 0.1).
FILL = rb"""
local t, n = {}, 0
pcall(function() while true do t[n + 1] = ('%09d'):format(n):rep(444) n = n + 1 end end)
t = nil
return n * 4
"""


def _load(text: bytes) -> bytes:
    escaped = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'{["op"]="loadString",["text"]="' + escaped + b'",["chunkName"]="=probe"}'


CONVERSATION = b"".join(
    encode_frame(body)
    for body in (
        _load(PROBE), b'{["op"]="call",["id"]=1,["nargs"]=0,["args"]={}}',
        _load(FILL), b'{["op"]="call",["id"]=2,["nargs"]=0,["args"]={}}', b'{["op"]="quit"}',
    )
)  # fmt: skip


WORDS = ["/nowhere/mw_main.lua", "/nowhere", "0", "8"]
"""What PHP appends to luaPath."""


def replies(command: list[str], **options: object) -> list[bytes]:
    """The four replies of a server that is started so, under Scribunto's memory limit."""
    before = options.pop("preexec_fn", None)

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        if before is not None:
            assert callable(before)
            before()

    done = subprocess.run(  # type: ignore[call-overload]
        [*command, *WORDS],
        input=CONVERSATION,
        capture_output=True,
        timeout=60,
        check=False,
        preexec_fn=prepare,
        **options,
    )
    # A shell may say that the current directory is gone; it goes on.
    assert (done.returncode, done.stderr.replace(b"sh: 0: getcwd() failed: No such file or directory\n", b"")) == (
        0,
        b"",
    )
    decoder = FrameDecoder()
    decoder.receive_data(done.stdout)
    found = []
    while isinstance(frame := decoder.next_frame(), bytes):
        found.append(frame)
    return found


def kilobytes(reply: bytes) -> int:
    return int(reply.split(b"i:1;i:")[-1].partition(b";")[0])


def said(found: list[bytes]) -> list[bytes]:
    """The replies without the figure of memory, which differs by some pages."""
    assert len(found) == 4
    return found[:3]


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("inherited") / "lua"
    launchers.write(path, launchers.text([]))
    return str(path)


@pytest.fixture(scope="module")
def plain(launcher: str) -> list[bytes]:
    """With an empty environment, which is what all others are compared with."""
    return replies([launcher], env={})


ENVIRONMENTS = {
    "LC_ALL": {"LC_ALL": "C.UTF-8"},
    "LC_ALL that is not there": {"LC_ALL": "tlh_QO.UTF-8"},
    "LC_CTYPE": {"LC_CTYPE": "C.UTF-8", "LC_NUMERIC": "C.UTF-8"},
    "LANG": {"LANG": "C.UTF-8", "LANGUAGE": "de:fr"},
    "TZ": {"TZ": "Pacific/Apia"},
    "malloc": {"MALLOC_ARENA_MAX": "8", "MALLOC_PERTURB_": "165", "MALLOC_CHECK_": "3"},
    "tunables": {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"},
    "the loader": {"LD_BIND_NOW": "1"},
    "Python": {
        "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere", "PYTHONMALLOC": "debug",
        "PYTHONTRACEMALLOC": "5", "PYTHONUTF8": "0", "PYTHONDEVMODE": "1", "PYTHONINSPECT": "1", "PYTHONVERBOSE": "1",
        "PYTHONOPTIMIZE": "2", "PYTHONCOERCECLOCALE": "warn", "PYTHONPROFILEIMPORTTIME": "1",
    },
    "Lua": {"LUA_INIT": "error('no')", "LUA_PATH": "/nowhere/?.lua"},
}  # fmt: skip


@pytest.mark.parametrize("variables", ENVIRONMENTS.values(), ids=list(ENVIRONMENTS))
def test_variables(launcher: str, plain: list[bytes], variables: dict[str, str]) -> None:
    found = replies([launcher], env=variables)
    assert said(found) == said(plain)
    assert abs(kilobytes(found[3]) - kilobytes(plain[3])) < 1000


def _lower(name: int, value: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(name, (value, value))


def _ignore_and_block() -> None:
    for number in (signal.SIGTERM, signal.SIGXCPU, signal.SIGINT, signal.SIGPIPE, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def _many_descriptors() -> None:
    for number in range(10, 200):
        os.dup2(2, number, inheritable=True)


PREPARATIONS: dict[str, Callable[[], None]] = {
    "umask": lambda: (os.umask(0o777), None)[1],
    "nice": lambda: (os.nice(19), None)[1],
    "few files": _lower(resource.RLIMIT_NOFILE, 16),
    "no core": _lower(resource.RLIMIT_CORE, 0),
    "no file size": _lower(resource.RLIMIT_FSIZE, 0),
    "signals": _ignore_and_block,
    "many descriptors": _many_descriptors,
}


@pytest.mark.parametrize("prepare", PREPARATIONS.values(), ids=list(PREPARATIONS))
def test_the_process(launcher: str, plain: list[bytes], prepare: Callable[[], None]) -> None:
    found = replies([launcher], env={}, preexec_fn=prepare)
    assert said(found) == said(plain)
    assert abs(kilobytes(found[3]) - kilobytes(plain[3])) < 1000


def test_a_directory_that_is_gone(launcher: str, plain: list[bytes], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", str(gone), launcher]
    assert said(replies(command, env={"PATH": os.defpath})) == said(plain)


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of locales as localedef writes it, and one 8-bit locale beside it."""
    need("locales")
    place = tmp_path_factory.mktemp("locales")
    (place / "usr" / "lib" / "locale").mkdir(parents=True)
    subprocess.run(["localedef", f"--prefix={place}", "-i", "en_US", "-f", "UTF-8", "en_US.UTF-8"], check=True)
    german = place / "de_DE.ISO-8859-1"
    subprocess.run(["localedef", "--no-archive", "-i", "de_DE", "-f", "ISO-8859-1", str(german)], check=True)
    return place


@pytest.mark.real  # localedef and the sources of locales
@pytest.mark.parametrize("command", [[sys.executable, "-m", "luaproc"], None], ids=["executable", "launcher"])
def test_an_8_bit_locale_changes_no_character_class(
    locales: Path, launcher: str, plain: list[bytes], command: list[str] | None
) -> None:
    found = replies(command or [launcher], env={"LOCPATH": str(locales), "LC_ALL": "de_DE.ISO-8859-1"})
    assert said(found) == said(plain)


@pytest.mark.real  # localedef; and root, for a mount that nobody else sees
@pytest.mark.parametrize("megabytes", [3, 12, 30, 36])
def test_archives_of_locales_take_no_memory_from_modules(
    locales: Path, launcher: str, plain: list[bytes], megabytes: int
) -> None:
    """Debian's /usr/lib/locale/locale-archive has 3 MB for one locale, and MediaWiki exports LC_ALL=C.UTF-8. With 36
    MB, a wiki's pages said "exited with status 1"."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    archive = locales / "usr" / "lib" / "locale" / "locale-archive"
    os.truncate(archive, megabytes << 20)
    mounted = f'mount --bind {archive.parent} /usr/lib/locale && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", mounted, "sh", "env", "LC_ALL=C.UTF-8", launcher]
    found = replies(command, env={"PATH": os.environ["PATH"]})
    assert said(found) == said(plain)
    assert abs(kilobytes(found[3]) - kilobytes(plain[3])) < 1000
