"""The Lua side at work: servers that die, stop, lie, leak or take too much are found, each by its own words."""

import shutil
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from luaproc.doctor import scribunto, server
from luaproc.doctor.settings import Settings
from tests.doctor.conftest import Make, _python, check, launcher, python_script, write
from tests.parts import need

pytestmark = pytest.mark.slow  # starts servers that fail

NAMES = ("start", "start time", "handshake", "memory", "time limit", "sandbox")

# Answers anything with nothing; `answer(body)` may give something else.
LIAR = "while True:\n    body = receive()\n    send(answer(body) or STATUS)\n"


@pytest.mark.slow  # one of them waits for a CPU limit
@pytest.mark.parametrize("name", ["version", *NAMES])
def test_healthy(healthy: Path, wiki: Path, make: Make, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(server, "SLOW", 600)  # seconds: on a busy machine every start is slow
    monkeypatch.setattr(server, "SECONDS", 600)
    finding = check(name, make(healthy, wiki))
    assert finding.level == "ok", finding


@pytest.mark.slow  # one of them waits for a CPU limit
@pytest.mark.parametrize("name", NAMES)
def test_healthy_without_mediawiki(healthy: Path, make: Make, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Doctor's own handshake, under the same limits."""
    monkeypatch.setattr(server, "SLOW", 600)  # as above
    monkeypatch.setattr(server, "SECONDS", 600)
    assert check(name, make(healthy)).level == "ok"


@pytest.mark.real
@pytest.mark.parametrize("lua", ["lua5.1", "luajit"])
def test_real_lua_passes_too(make: Make, lua: str) -> None:
    """Nothing is asked of a luaPath that the Lua of today's wikis does not do."""
    examined = make(need(lua), Path(need("mediawiki")))
    assert [name for name in ("version", *NAMES) if check(name, examined).level == "failed"] == []


# -v


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("#!/bin/sh\necho Python 3.11\n", "answers 'Python 3.11', and Scribunto expects Lua 5.1.5"),
        ("#!/bin/sh\n", "says nothing"),
        ("#!/bin/sh\necho no such option >&2; exit 2\n", "exited with status 2, and said: no such option"),
        ("#!/bin/sh\nkill -SEGV $$\n", "received signal 11 (SIGSEGV)"),
        ("#!/bin/sh\nexec /nowhere/lua\n", "exited with status 127"),
    ],
)
def test_wrong_version(place: Path, make: Make, script: str, expected: str) -> None:
    finding = check("version", make(write(place / "lua", script)))
    assert finding.level == "failed"
    assert expected in finding.text
    assert finding.advice


def test_version_of_a_luapath_that_waits(place: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.5)
    finding = check("version", make(write(place / "lua", "#!/bin/sh\nexec sleep 60\n")))
    assert finding.level == "failed"
    assert "gives no answer within 0.5 s" in finding.text


def test_version_after_a_warning(healthy: Path, wiki: Path, place: Path, make: Make) -> None:
    """A wrapper that says something on stderr: the wiki works."""
    examined = make(write(place / "lua", f'#!/bin/sh\necho hello >&2\nexec {healthy} "$@"\n'), wiki)
    finding = check("version", examined)
    assert finding.level == "warning"
    assert "'hello' before its version" in finding.text
    assert "says on stderr: hello" in check("start", examined).text


def test_version_of_a_luapath_that_never_stops_talking(place: Path, make: Make) -> None:
    finding = check("version", make(write(place / "lua", "#!/bin/sh\nexec yes\n")))
    assert finding.level == "failed"
    assert finding.text.endswith("-v does not come to an end, and said: y")


def wait_for(happened: Callable[[], bool]) -> bool:
    """Whether it happens within some seconds: a process that was killed has still to be scheduled."""
    deadline = time.monotonic() + 300
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    return happened()


@pytest.mark.parametrize("name", ["version", "start"])
def test_nothing_is_left_behind(place: Path, make: Make, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A wrapper's own children, when the wrapper is given up."""
    monkeypatch.setattr(server, "SECONDS", 5)  # in which a busy machine starts the wrapper
    check(name, make(write(place / "lua", f"#!/bin/sh\nsleep 1000 &\necho $! >>/dev/shm/{place.name}\nwait\n")))
    pids = Path(f"/dev/shm/{place.name}")
    (pid,) = pids.read_text().split()
    pids.unlink()
    assert wait_for(lambda: not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text())


# Start


def test_bundles(environment: Path, place: Path, healthy: Path, make: Make) -> None:
    """A launcher's bundle is used, passed over with the reason, or not there; other programs have none."""
    code = (
        "import pathlib, sys; from luaproc.install import launchers; launchers.install(pathlib.Path(sys.argv[1]), [])"
    )
    lua = place / "bundled"
    spec = find_spec("phpserialize")  # which `launchers` imports, and no launcher
    assert spec
    assert spec.origin
    path = [str(environment), str(Path(spec.origin).parent)]
    command = [_python(), "-c", f"import sys; sys.path[:0] = {path!r}; {code}", str(lua)]
    subprocess.run(command, check=True, capture_output=True)

    def found(path: Path | str) -> list[tuple[str, str]]:
        return [(finding.level, finding.text) for finding in server.starts_from_bundle(make(path))]

    assert found(lua) == [("ok", "it starts from its bundle")]
    bundle = lua.with_name("bundled.bundle")
    bundle.chmod(0o666)
    assert found(lua) == [
        ("warning", f"passed over the bundle {bundle}: others than the launcher's owner may write it")
    ]
    assert found(healthy)[0][0] == "ok"
    assert found(write(place / "lua", "#!/bin/sh\necho Lua 5.1.5\n")) == []


@pytest.mark.slow  # each waits for a server that fails
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("sys.exit(3)", "exited with status 3"),
        ("sys.stderr.write('out of luck\\n'); sys.exit(1)", "exited with status 1 - out of luck"),
        ("receive(); os.kill(os.getpid(), 11)", "received signal 11"),
        ("receive(); os.write(1, b'Hello, world, how are you?')", "header"),
        ("receive(); send(b'a:1:{}')", "expected"),
        ("import ctypes_of_nowhere", "No module named 'ctypes_of_nowhere'"),
    ],
)
def test_server_that_does_not_start(place: Path, make: Make, code: str, expected: str) -> None:
    finding = check("start", make(python_script(place / "lua", code)))
    assert finding.level == "failed"
    assert expected in finding.text
    assert finding.advice


def test_server_that_never_answers(place: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.5)
    finding = check("start", make(python_script(place / "lua", "time.sleep(60)")))
    assert finding.level == "failed"
    assert "did not answer within 0.5 seconds" in finding.text
    assert "mw_main.lua" in finding.advice  # what to try by hand


def test_wrapper_that_does_not_exec(healthy: Path, place: Path, make: Make) -> None:
    """MediaWiki's SIGTERM would end the wrapper alone."""
    finding = check("start", make(write(place / "wrapper", f'#!/bin/sh\n{healthy} "$@"\nexit $?\n')))
    assert finding.level == "warning"
    assert "exec" in finding.advice
    assert check("start", make(write(place / "wrapper", f'#!/bin/sh\nexec {healthy} "$@"\n'))).level == "ok"


def test_slow_start(healthy: Path, place: Path, make: Make) -> None:
    finding = check("start time", make(write(place / "slow", f'#!/bin/sh\nsleep 0.4\nexec {healthy} "$@"\n')))
    assert finding.level == "warning"
    assert "ms to the first reply" in finding.text


# Limits


@pytest.mark.parametrize(
    ("kilobytes", "name", "level"),
    [(8_000, "start", "failed"), (19_531, "memory", "failed"), (30_000, "memory", "warning")],
)
def test_memory_limit_too_small(healthy: Path, make: Make, kilobytes: int, name: str, level: str) -> None:
    """Too small to start, for Scribunto's libraries, and for modules that run elsewhere."""
    finding = check(name, make(healthy, settings=Settings(conf={"memoryLimit": kilobytes * 1024})))
    assert finding.level == level, finding
    assert finding.advice.startswith("$wgScribuntoEngineConf['luastandalone']['memoryLimit'] = ")


def test_memory_limit_of_the_launchers_own(environment: Path, place: Path, make: Make) -> None:
    """A higher memoryLimit would not help."""
    lua = launcher(place / "lua", environment, "--max-memory", "18M")
    finding = check("memory", make(lua))
    assert finding.level == "failed"
    assert f"{lua} carries --max-memory={18 << 20}" in finding.advice


def test_memory_limit_that_kills_the_start(healthy: Path, wiki: Path, make: Make) -> None:
    """By a signal, without a word."""
    examined = make(healthy, wiki, settings=Settings(conf={"memoryLimit": 5_000_000}))
    finding = check("start", examined)
    assert finding.level == "failed"
    assert finding.advice.startswith("$wgScribuntoEngineConf['luastandalone']['memoryLimit'] = ")


def test_no_memory_limit(healthy: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on systems where Scribunto sets none."""
    monkeypatch.setattr(server, "limited", lambda words, *_limits: list(words))
    finding = check("memory", make(healthy))
    assert finding.level == "warning"
    assert "no limit holds" in finding.text


def test_server_that_dies_of_memory(place: Path, make: Make) -> None:
    code = (
        "def answer(body):\n    if b'loadString' in body:\n"
        '        return b\'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;i:1;}}\'\n'
        "    os.write(2, b'PANIC\\n'); os.abort()\n" + LIAR
    )
    finding = check("memory", make(python_script(place / "lua", code)))
    assert finding.level == "failed"
    assert "a module that takes all memory ends the process: the interpreter received signal 6" in finding.text


@pytest.mark.real
def test_wrapper_that_ignores_the_time_limit(place: Path, make: Make) -> None:
    """Ignored signals are inherited: the hard limit kills, and MediaWiki has no words for that."""
    path = write(place / "wrapper", f"#!/bin/sh\ntrap '' XCPU\nexec {need('lua5.1')} \"$@\"\n")
    finding = check("time limit", make(path, Path(need("mediawiki"))))
    assert finding.level == "failed"
    assert "received signal 9 (SIGKILL)" in finding.text


LOADED = 'b\'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;i:1;}}\''


def test_module_without_end_that_ends(place: Path, make: Make) -> None:
    finding = check("time limit", make(python_script(place / "lua", f"def answer(body): return {LOADED}\n{LIAR}")))
    assert finding.level == "failed"
    assert "came to an end" in finding.text


def test_time_limit_that_does_not_hold(place: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that works elsewhere, and waits: its own time stands still."""
    monkeypatch.setattr(server, "SECONDS", 1.0)
    code = f"send({LOADED} if receive() else b'')\nreceive()\ntime.sleep(60)\n"
    finding = check("time limit", make(python_script(place / "lua", code)))
    assert finding.level == "failed"
    assert "did not answer within 1 seconds" in finding.text


def test_system_without_limits(healthy: Path, wiki: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: PHP starts luaPath itself, and what is about limits is not checked."""
    for module in (server, scribunto):
        monkeypatch.setattr(module, "HAS_LIMITS", False)
    examined = make(healthy, wiki)
    assert server.php_command(examined)[0] == str(healthy)
    assert check("handshake", examined).level == "ok"
    assert check("memory", examined).level == "warning"
    assert {check(name, examined).level for name in ("limits", "time limit")} == {"skipped"}


# Handshake


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("None", "loadString and call: expected loadString to return one id"),
        ("b'garbage' if b'loadString' in body else None", "loadString and call: "),
        ("sys.exit(7) if b'loadString' in body else None", "exited with status 7"),
    ],
)
def test_server_that_lies(place: Path, make: Make, answer: str, expected: str) -> None:
    code = f"def answer(body): return {answer}\n" + LIAR
    finding = check("handshake", make(python_script(place / "lua", code)))
    assert finding.level == "failed"
    assert expected in finding.text


def test_wrong_class_of_functions(environment: Path, place: Path, wiki: Path, make: Make) -> None:
    """unserialize() would make incomplete objects of them: a launcher from before an upgrade of MediaWiki."""
    lua = launcher(place / "lua", environment, "--function-class", "Another")
    finding = check("handshake", make(lua, wiki))
    assert finding.level == "failed"
    assert "functions arrive as Another" in finding.text


def edited(environment: Path, place: Path, file: str, before: str, after: str) -> Path:
    """A luaPath whose luaproc has one of its Lua files changed."""
    for name in ("luaproc", "lupa"):
        shutil.copytree(environment / name, place / name)
    path = place / "luaproc" / "responder" / "lua" / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    return launcher(place / "lua", place)


def test_answers_that_are_wrong(environment: Path, place: Path, make: Make) -> None:
    """A server that gets the protocol right, and cleanupChunks not."""
    lua = edited(environment, place, "dispatch.lua", "does not exist", "is unknown")
    finding = check("handshake", make(lua))
    assert finding.level == "failed"
    assert finding.text.startswith("cleanupChunks: expected 'function id")


def test_sandbox_that_leaks(environment: Path, place: Path, make: Make) -> None:
    lua = edited(environment, place, "names.lua", "'clock',", "'clock', 'getenv', 'execute',")
    finding = check("sandbox", make(lua))
    assert finding.level == "failed"
    assert finding.text == "modules can reach os.execute, os.getenv"


def test_sandbox_that_takes_bytecode(environment: Path, place: Path, make: Make) -> None:
    lua = edited(environment, place, "dispatch.lua", "{ '\\27Lua', '\\27LJ' }", "{ '\\27-', '\\27-' }")
    finding = check("sandbox", make(lua))
    assert finding.level == "failed"
    assert finding.text.startswith("bytecode is not refused: ")


@pytest.mark.real
def test_bytecode_that_the_reference_overlooks(make: Make) -> None:
    finding = check("sandbox", make(need("luajit"), Path(need("mediawiki"))))
    assert finding.level == "warning"
    assert "LuaJIT's bytecode reaches LuaJIT's loader" in finding.text
