"""Bundles: a start from one answers as a plain start does, and whatever is wrong with one, the wiki gets its page."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luaproc.errors import UsageError
from luaproc.install import bundles, launchers, starting
from luaproc.install.starting import base_interpreter
from luaproc.wire.framing import FrameDecoder
from luaproc.wire.messages import Message, decode_from_responder
from tests.responder.conftest import REGISTER, RUNTIMES, call_body, frames, load_body

SESSION = frames(
    REGISTER,
    load_body("local t = {1.5, {a = true}} error(php.f(t) or t)"),
    load_body("x ="),
    call_body(1),
    '{["op"]="return",["nvalues"]=1,["values"]={[1]={["x"]="y"}}}',
    load_body("return string.rep(), 1", "=b"),
    call_body(3),
    load_body("return setmetatable({}, {__pairs = function() error('in pairs') end})"),
    call_body(4),
)
PHP = ("/nowhere/mw_main.lua", "/nowhere", "3", "8")


def start(path: Path, *words: str, session: bytes = SESSION, **options: object) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([path, *(words or PHP)], input=session, capture_output=True, timeout=300, **options)  # type: ignore[call-overload, no-any-return]


def imported(path: Path) -> list[str]:
    """What a launcher imports by looking for it, in the order in which the imports came to their ends."""
    command = ["env", "LC_ALL=C", base_interpreter(), "-X", "importtime", starting.FLAGS, str(path), *PHP]
    told = subprocess.run(command, input=SESSION, capture_output=True, timeout=300).stderr.decode()
    return [line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")]


def messages(written: bytes) -> list[Message]:
    """What a responder wrote, without the order in which LuaJIT's tables have their keys."""
    decoder = FrameDecoder()
    decoder.receive_data(written)
    decoder.receive_data(b"")
    found = []
    while isinstance(body := decoder.next_frame(), bytes):
        found.append(decode_from_responder(body))
    return found


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_same_conversation(runtime: str, tmp_path: Path) -> None:
    """Values, errors with their positions and traces, on a start from a bundle and on a plain one."""
    words = [f"--runtime={runtime}"]
    plain, bundled = tmp_path / "plain", tmp_path / "bundled"
    launchers.write(plain, launchers.text(words))
    assert launchers.install(bundled, words) == tmp_path / "bundled.bundle"
    assert b"started from its bundle" in start(bundled, "-v").stdout
    assert b"bundle" not in start(plain, "-v").stdout
    one, other = start(plain), start(bundled)
    assert (other.returncode, other.stderr) == (0, b"")
    assert messages(other.stdout) == messages(one.stdout)
    assert len(messages(other.stdout)) == 9


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("linked") / "lua"
    launchers.install(path, [])
    return path


@pytest.mark.slow  # starts several servers
def test_it_has_what_serving_imports(linked: Path, tmp_path: Path) -> None:
    """All of it, each module behind those that it imports; then nothing of luaproc or lupa is looked for."""
    plain = tmp_path / "plain"
    launchers.write(plain, launchers.text([]))
    found = [name for name in imported(plain) if name.startswith("luaproc")]
    assert sorted(found) == sorted(bundles.MODULES)
    assert not {name for name in imported(linked) if name.startswith(("luaproc", "lupa", "zlib"))}
    seen: set[str] = set()
    for name in bundles.MODULES:  # what it imports was there before
        code = subprocess.run(
            [sys.executable, "-c", f"import sys, {name}; print(*[n for n in sys.modules if n.startswith('luaproc')])"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seen.add(name)
        assert set(code.stdout.split()) <= seen, name


@pytest.mark.slow  # starts launchers
def test_another_runtime_by_the_environment(linked: Path) -> None:
    """Its parts are not compiled, and the modules are good for it all the same."""
    done = start(linked, env={**os.environ, "LUAPROC_RUNTIME": "luajit21"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert start(linked, "-v", env={**os.environ, "LUAPROC_RUNTIME": "luajit21"}).stdout.startswith(b"LuaJIT 2.1")


@pytest.mark.slow  # starts launchers
def test_a_closed_descriptor_is_told_as_by_a_plain_start(linked: Path, tmp_path: Path) -> None:
    """The bundle's own descriptor is not taken for the wiki's pipe."""
    plain = tmp_path / "plain"
    launchers.write(plain, launchers.text([]))
    said = [
        subprocess.run(["sh", "-c", 'exec "$0" serve <&-; echo $?', path], capture_output=True, timeout=300)
        for path in (plain, linked)
    ]
    assert said[0].stderr == said[1].stderr
    assert b"cannot open stdin and stdout" in said[1].stderr


def _edit(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(bundle: Path) -> None:
        bundle.write_bytes(change(bundle.read_bytes()))

    return spoil


def _directory(bundle: Path) -> None:
    bundle.unlink()
    bundle.mkdir()


def _fifo(bundle: Path) -> None:
    bundle.unlink()
    os.mkfifo(bundle)


def _other_python(bundle: Path) -> None:
    launcher = bundle.with_name("lua")
    launcher.write_text(launcher.read_text().replace(repr(sys.version), repr("3.10.0 (another build)")))


# What is wrong -> how it comes about, and what is told of it.
BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut": (_edit(lambda data: data[:-1000]), "cut, damaged"),
    "empty": (_edit(lambda data: b""), "cut, damaged"),
    "damaged in our Lua": (_edit(lambda data: data[:5000] + bytes(64) + data[5064:]), "cut, damaged"),
    "damaged in our Python": (_edit(lambda data: data[:-5064] + bytes(64) + data[-5000:]), "cut, damaged"),
    "longer": (_edit(lambda data: data + b"\0"), "cut, damaged"),
    "gone": (Path.unlink, "No such file"),
    "a directory": (_directory, "Is a directory"),
    "a pipe": (_fifo, "Illegal seek"),
    "writable by others": (lambda bundle: bundle.chmod(0o666), "others than the launcher's owner may write it"),
    "writable by the group": (lambda bundle: bundle.chmod(0o664), "others than the launcher's owner may write it"),
    "another Python's": (_other_python, "made for another Python"),
}


def passed_over(path: Path, reason: str) -> None:
    """That a launcher's wiki hears nothing of its bundle, and its admin why it was not taken."""
    done = start(path, *PHP)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b's:2:"op"') == 9
    told = start(path, "-v")
    assert (told.stderr, told.stdout.count(b"\n")) == (b"", 1)
    assert f"passed over the bundle {bundles.path_of(path)}: " in told.stdout.decode()
    assert reason in told.stdout.decode()
    log = path.with_name("log")
    start(path, "serve", "--log", str(log))
    lines = [line for line in log.read_text().splitlines() if "bundle" in line]
    assert len(lines) == 1
    assert reason in lines[0]


@pytest.mark.slow  # starts several servers
@pytest.mark.parametrize("what", BAD)
def test_a_bundle_that_is(what: str, tmp_path: Path, linked: Path) -> None:
    """Passed over without a word to the wiki."""
    path = tmp_path / "lua"
    launchers.install(path, [])
    spoil, reason = BAD[what]
    spoil(bundles.path_of(path))
    passed_over(path, reason)


@pytest.mark.slow  # starts several servers
def test_a_bundle_of_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """luaproc or lupa was upgraded in place, or a file of theirs was edited."""
    monkeypatch.setattr(bundles, "_seen", lambda path: (str(path), path.stat().st_size, int(path.stat().st_mtime) - 1))
    path = tmp_path / "lua"
    launchers.install(path, [])
    passed_over(path, "__init__.py is another one")


@pytest.mark.slow  # starts several servers
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of others")
def test_a_bundle_of_another_user(tmp_path: Path) -> None:
    """Whoever may write a bundle decides what the wiki runs: the launcher's owner."""
    path = tmp_path / "lua"
    launchers.install(path, [])
    os.chown(bundles.path_of(path), 65534, 65534)
    passed_over(path, "others than the launcher's owner may write it")


@pytest.mark.slow  # starts several servers
def test_a_launcher_that_does_not_start_leaves_the_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one come where none was."""
    path = tmp_path / "lua"
    launchers.install(path, [])
    before = bundles.path_of(path).read_bytes()
    monkeypatch.setattr(launchers, "directories", lambda: [str(tmp_path / "gone")])
    monkeypatch.setattr(bundles, "_seen", lambda path: (str(path), 0, 0))
    with pytest.raises(UsageError, match="does not start here"):
        launchers.install(path, [])
    assert bundles.path_of(path).read_bytes() == before
    with pytest.raises(UsageError, match="does not start here"):
        launchers.install(tmp_path / "new", [])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["lua", "lua.bundle"]


@pytest.mark.slow  # starts several servers
def test_somebody_elses_file_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "lua"
    bundles.path_of(path).write_text("precious")
    with pytest.raises(UsageError, match=r"lua\.bundle exists and is no bundle of a launcher"):
        launchers.install(path, [])
    assert not path.exists()
    launchers.install(path, [], force=True)
    assert b"started from its bundle" in start(path, "-v").stdout


# A library of our own making, with Scribunto's names: position and trace of an error, upvalues, a table's order.
LIBRARY = {
    "mw.lua": "local n = 0\nlocal function fail()\n\tn = n + 1\n\terror( 'no. ' .. n )\nend\n"
    "return function () fail() end, { 1, a = 2 }\n",
    "mwInit.lua": "return ...\n",
    "ustring/ustring.lua": "return 'text \\\\ \\n', string.rep\n",
    "broken.lua": "return return\n",
    "marked.lua": "return '\x1bLua'\n",
}  # fmt: skip


@pytest.fixture
def mediawiki(tmp_path: Path) -> Path:
    for name, text in LIBRARY.items():
        file = tmp_path / "wiki/extensions/Scribunto/includes/Engines/LuaCommon/lualib" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for path in (tmp_path / "wiki", *(tmp_path / "wiki").rglob("*")):
        path.chmod(0o755)
    return tmp_path / "wiki"


def loads(change: Callable[[str], str] = str) -> bytes:
    """A session that loads the library, each text as it is or changed, and calls what came of it."""
    bodies = [load_body(change(text), f"@{name.rpartition('/')[2]}") for name, text in LIBRARY.items()]
    calls = [call_body(number) for number in range(1, 8)]
    return frames(REGISTER, *bodies, *calls, load_body("return 1", "@mw.lua"), '{["op"]="cleanupChunks",["ids"]={}}')


@pytest.mark.slow  # starts several servers
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_library_compiled_ahead(runtime: str, mediawiki: Path, tmp_path: Path) -> None:
    """The same answers as from the texts; texts that PHP sends otherwise are compiled, and so they are on the other
    runtime, which a variable may choose."""
    safe, others = bundles.library_texts([mediawiki])
    assert (len(safe), others) == (len(LIBRARY), [])
    path, plain = tmp_path / "lua", tmp_path / "plain"
    launchers.install(path, [f"--runtime={runtime}"], library=safe)
    launchers.write(plain, launchers.text([f"--runtime={runtime}"]))
    for session in (loads(), loads(lambda text: text.replace("1", "3")), loads(lambda text: text + " ")):
        told = [start(launcher, session=session) for launcher in (plain, path)]
        assert told[1].returncode == 0
        assert told[1].stderr == b""
        assert messages(told[1].stdout) == messages(told[0].stdout)
    content = bundles.path_of(path).read_bytes()
    assert content.count(b'["chunkName"]="@') == len(LIBRARY) - 2
    # The bytecode is what answers: another one in its place gives another answer.
    place = content.index(b"text \\ \n", content.index(b'"@ustring.lua"'))
    bundles.path_of(path).write_bytes(content[:place] + b"TEXT" + content[place + 4 :])
    assert b"TEXT \\\\ \\n" in start(path, session=loads()).stdout


@pytest.mark.slow  # starts several servers
def test_another_runtime_compiles_the_library(mediawiki: Path, tmp_path: Path) -> None:
    """Bytecode of one is none of the other."""
    path = tmp_path / "lua"
    launchers.install(path, [], library=bundles.library_texts([mediawiki])[0])
    for runtime in RUNTIMES:
        done = start(path, session=loads(), env={**os.environ, "LUAPROC_RUNTIME": runtime})
        assert done.stderr == b""
        assert b"no. 1" in done.stdout or b"text" in done.stdout


@pytest.mark.slow  # starts launchers
@pytest.mark.parametrize("mode", [0o664, 0o646])
@pytest.mark.parametrize("what", ["mw.lua", "ustring", "."])
def test_files_that_others_may_write_are_left_out(what: str, mode: int, mediawiki: Path) -> None:
    """Nor those of a directory in which others may put files."""
    lualib = mediawiki / "extensions/Scribunto/includes/Engines/LuaCommon/lualib"
    (lualib / what).chmod(mode | 0o111)
    safe, others = bundles.library_texts([mediawiki])
    left_out = {"mw.lua": {"mw.lua"}, "ustring": {"ustring.lua"}, ".": {Path(name).name for name in LIBRARY}}[what]
    assert {path.name for path in others} == left_out
    assert {path.name for path in safe} == {Path(name).name for name in LIBRARY} - left_out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of others")
def test_files_of_others_are_left_out(mediawiki: Path) -> None:
    """A MediaWiki that belongs to the web server's user."""
    for file in mediawiki.rglob("*.lua"):
        os.chown(file, 33, 33)
    assert bundles.library_texts([mediawiki])[0] == []
