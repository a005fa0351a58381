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
from luaproc.transcripts.recording_launcher import write_launcher
from luaproc.wire.framing import FrameDecoder, encode_frame
from tests.parts import need
from tests.transcripts.making import finished

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
return a, u, tostring(0.5), ('x'):rep(3), '\228' < 'z', string.format('%.2f', 1234.5), os.date('%A %c', 1e9)
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


def start(
    command: list[str], prepare: Callable[[], object] = lambda: None, **options: object
) -> "subprocess.CompletedProcess[bytes]":
    """A server under Scribunto's memory limit, until it ends. prepare: what its process does before it is started."""

    def first() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        prepare()

    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [*command, *WORDS],
        input=CONVERSATION,
        capture_output=True,
        timeout=600,
        preexec_fn=first,
        close_fds=False,
        **options,
    )


def replies(command: list[str], prepare: Callable[[], object] = lambda: None, **options: object) -> list[bytes]:
    """The four replies of a server that has nothing to say of its start."""
    done = start(command, prepare, **options)
    # A shell may say that the current directory is gone; it goes on.
    told = done.stderr.replace(b"sh: 0: getcwd() failed: No such file or directory\n", b"")
    assert (done.returncode, told) == (0, b"")
    return frames(done.stdout)


def frames(data: bytes) -> list[bytes]:
    """The bodies of the frames."""
    decoder = FrameDecoder()
    decoder.receive_data(data)
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
    "malloc": {"MALLOC_ARENA_MAX": "8", "MALLOC_PERTURB_": "165", "MALLOC_CHECK_": "3", "MALLOC_TOP_PAD_": "9000000"},
    "malloc without mmap": {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "1", "MALLOC_MMAP_THRESHOLD_": "9"},
    "tunables": {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.top_pad=9000000"},
    "the loader": {"LD_BIND_NOW": "1"},
    "Python": {
        "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere", "PYTHONMALLOC": "debug",
        "PYTHONTRACEMALLOC": "5", "PYTHONUTF8": "0", "PYTHONDEVMODE": "1", "PYTHONINSPECT": "1", "PYTHONVERBOSE": "1",
        "PYTHONOPTIMIZE": "2", "PYTHONCOERCECLOCALE": "warn", "PYTHONPROFILEIMPORTTIME": "1", "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONCASEOK": "1", "PYTHONIOENCODING": "utf-16", "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "error", "PYTHONPYCACHEPREFIX": "/nowhere", "PYTHONMALLOCSTATS": "1",
    },
    "Lua": {"LUA_INIT": "error('no')", "LUA_PATH": "/nowhere/?.lua"},
}  # fmt: skip


@pytest.mark.parametrize("variables", ENVIRONMENTS.values(), ids=list(ENVIRONMENTS))
def test_variables(launcher: str, plain: list[bytes], variables: dict[str, str]) -> None:
    found = replies([launcher], env=variables)
    assert said(found) == said(plain)
    assert abs(kilobytes(found[3]) - kilobytes(plain[3])) < 1000


@pytest.mark.parametrize("name", ["LC_ALL", "LANG", "TZ", "malloc", "malloc without mmap", "tunables"])
def test_variables_of_the_executable(plain: list[bytes], name: str) -> None:
    """Malloc's are read before we are, and so it starts twice; Python's own, only a launcher keeps away."""
    found, without = (
        replies([sys.executable, "-m", "luaproc"], env={**variables, "PYTHONPATH": os.pathsep.join(sys.path)})
        for variables in (ENVIRONMENTS[name], {})
    )
    assert said(found) == said(plain)
    assert abs(kilobytes(found[3]) - kilobytes(without[3])) < 1000


# What people start, beside a wiki's server: its words behind `python`, all of which show what PROBE's Lua shows.
_SHOWN = f"(function() {PROBE.decode().strip()} end)()"
_HOST = "import sys; from luaproc.host import Interpreter\nwith Interpreter() as i: print(i.load_string(sys.argv[1])())"
STARTED = {
    "session": ["-m", "luaproc", "session", "-e", _SHOWN, "-e", ":fails error('x')"],
    "lua": ["-m", "luaproc", "lua", "-e", f"print({_SHOWN})"],
    "host": ["-c", _HOST, f"return {_SHOWN}"],
    "wiki": ["-m", "luaproc", "wiki", "eval", f"={_SHOWN}"],
}
_ALL = ("LC_ALL", "LC_CTYPE", "LANG", "malloc", "malloc without mmap", "tunables", "the loader")


def _everything() -> None:
    for kind, prepare in PREPARATIONS.items():
        if "stderr" not in kind and kind not in ("few files", "many descriptors", "one process", "no file size"):
            prepare()


@pytest.mark.parametrize(
    "words",
    [pytest.param(STARTED[name], id=name, marks=pytest.mark.real if name == "wiki" else ()) for name in STARTED],
)
def test_what_people_start(words: list[str]) -> None:
    """Nearly all variables and all that a process inherits, at once: the output is that of an empty environment."""
    if "wiki" in words:
        need("mediawiki")
    # `lua` follows the last two, as a real Lua does.
    names = _ALL if "lua" in words else (*_ALL, "TZ", "Lua")

    def everything() -> None:
        _everything()
        PREPARATIONS["no file size"]()

    def output(variables: dict[str, str], prepare: Callable[[], object]) -> tuple[int, bytes, bytes]:
        done = subprocess.run(
            [sys.executable, *words],
            env={"PYTHONPATH": os.pathsep.join(sys.path), **variables},
            preexec_fn=prepare,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    plain = output({}, lambda: None)
    assert plain[0] == 0
    assert b"1234.50" in plain[1]
    assert output({name: value for kind in names for name, value in ENVIRONMENTS[kind].items()}, everything) == plain


def test_what_is_recorded(launcher: str, plain: list[bytes], tmp_path: Path) -> None:
    """The same by a launcher of `luaproc record`: the server's replies and memory, and a transcript that is whole."""

    def everything() -> None:
        _everything()
        os.umask(0o077)  # its owner is to read the transcript

    write_launcher(tmp_path / "lua", [launcher], tmp_path / "out")
    variables = {name: value for kind in (*_ALL, "TZ", "Python", "Lua") for name, value in ENVIRONMENTS[kind].items()}
    found = replies([str(tmp_path / "lua")], everything, env=variables)
    assert said(found) == said(plain)
    assert abs(kilobytes(found[3]) - kilobytes(plain[3])) < 1000
    (transcript,) = (tmp_path / "out").iterdir()
    assert finished(transcript).end is not None


def test_a_limit_of_data(launcher: str, plain: list[bytes]) -> None:
    """`ulimit -d` counts less than `ulimit -v`: nobody looks at it, and a module that meets it lives on."""
    found = replies([launcher], _lower(resource.RLIMIT_DATA, 20 << 20), env={})
    assert said(found) == said(plain)
    assert 10_000 < kilobytes(found[3]) < 20_000


def test_the_zone_is_an_option(launcher: str, plain: list[bytes]) -> None:
    variables = {"TZ": "Pacific/Apia", "LUAPROC_TIMEZONE": "LMT-5:30"}
    found = replies([launcher], env=variables)
    assert b"Sun Sep  9 07:16:40 2001" in found[1]
    assert found[0:3:2] == plain[0:3:2]


def _lower(name: int, value: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(name, (value, value))


def _ignore_and_block() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def _many_descriptors() -> None:
    for number in range(10, 200):
        os.dup2(2, number, inheritable=True)


def _do_not_wait() -> None:
    for number in range(3):
        os.set_blocking(number, False)


def _put(number: int, path: str, flags: int) -> None:
    opened = os.open(path, flags)
    os.dup2(opened, number)
    os.close(opened)


PREPARATIONS: dict[str, Callable[[], object]] = {
    "umask": lambda: os.umask(0o777),
    "nice": lambda: os.nice(5),
    "few files": _lower(resource.RLIMIT_NOFILE, 16),
    "one process": _lower(resource.RLIMIT_NPROC, 1),
    "a large stack": _lower(resource.RLIMIT_STACK, 64 << 20),
    "no core": _lower(resource.RLIMIT_CORE, 0),
    "no file size": _lower(resource.RLIMIT_FSIZE, 0),
    "no locked memory": _lower(resource.RLIMIT_MEMLOCK, 0),
    "signals": _ignore_and_block,
    "many descriptors": _many_descriptors,
    "descriptors that do not wait": _do_not_wait,
    "a session": os.setsid,
    "no stderr": lambda: os.close(2),
    "a stderr that cannot be written": lambda: _put(2, "/dev/full", os.O_WRONLY),
}


@pytest.mark.parametrize("prepare", PREPARATIONS.values(), ids=list(PREPARATIONS))
def test_the_process(launcher: str, plain: list[bytes], prepare: Callable[[], object]) -> None:
    found = replies([launcher], prepare, env={})
    assert said(found) == said(plain)
    assert abs(kilobytes(found[3]) - kilobytes(plain[3])) < 1000


# What the process does to its descriptors; the status, and what the one line says.
USELESS: dict[str, tuple[Callable[[], object], int, bytes]] = {
    "no stdin": (lambda: os.close(0), 2, b"cannot open stdin and stdout: Bad file descriptor"),
    "no stdout": (lambda: os.close(1), 2, b"cannot open stdin and stdout: Bad file descriptor"),
    "none": (lambda: os.closerange(0, 3), 2, b""),
    "a directory": (lambda: _put(0, "/", os.O_RDONLY), 2, b"stdin is a directory"),
    "nothing to read": (lambda: _put(0, "/dev/null", os.O_RDONLY), 0, b""),
    "zeros": (lambda: _put(0, "/dev/zero", os.O_RDONLY), 1, b"bad frame header"),
    "a full disk": (lambda: _put(1, "/dev/full", os.O_WRONLY), 1, b"cannot write: No space left on device"),
    "a stdout to read": (lambda: _put(1, "/dev/null", os.O_RDONLY), 1, b"cannot write: Bad file descriptor"),
}


@pytest.mark.parametrize(("prepare", "status", "text"), USELESS.values(), ids=list(USELESS))
def test_descriptors_by_which_nobody_can_serve(
    launcher: str, prepare: Callable[[], object], status: int, text: bytes
) -> None:
    done = start([launcher], prepare, env={})
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (status, b"", 1 if text else 0)
    assert text in done.stderr


def test_a_directory_that_is_gone(launcher: str, plain: list[bytes], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", str(gone), launcher]
    assert said(replies(command, env={"PATH": os.defpath})) == said(plain)


@pytest.mark.real  # localedef and the sources of locales
@pytest.mark.parametrize("command", [[sys.executable, "-m", "luaproc"], None], ids=["executable", "launcher"])
def test_an_8_bit_locale_changes_no_character_class(
    locales: Path, launcher: str, plain: list[bytes], command: list[str] | None
) -> None:
    found = replies(command or [launcher], env={"LOCPATH": str(locales), "LC_ALL": "de_DE.ISO-8859-1"})
    assert said(found) == said(plain)
