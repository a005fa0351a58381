"""The executable: who answers, with which options, and how it ends. Started as PHP starts it, and as people do."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import luaproc
from luaproc import entry
from luaproc.host import Connection
from luaproc.wire.framing import unescape
from luaproc.wire.values import CLASS_NAMES
from tests.parts import SCRIBUNTO, need
from tests.responder.conftest import LUAPROC, RUNTIMES, call_body, feed, frames, load_body

MODULE = [sys.executable, "-m", "luaproc"]
OLD, NEW = (name.decode() for name in CLASS_NAMES)


def run(
    *words: str, command: Sequence[str] = LUAPROC, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """One command line, to its end. env: variables besides those of this process."""
    whole = {name: value for name, value in os.environ.items() if not name.startswith("LUAPROC_")} | dict(env or {})
    return subprocess.run([*command, *words], input=stdin, capture_output=True, env=whole, timeout=600)


def complaint(done: "subprocess.CompletedProcess[bytes]") -> str:
    """What a command that failed said: one line."""
    assert done.stdout == b""
    text = done.stderr.decode()
    assert text.startswith("luaproc: ")
    assert text.count("\n") == 1
    return text


# -v


@pytest.mark.parametrize(("runtime", "start"), [("lua51", "Lua 5.1.5 "), ("luajit21", "LuaJIT 2.1.")])
@pytest.mark.parametrize("command", [LUAPROC, MODULE])
def test_version(runtime: str, start: str, command: list[str]) -> None:
    """What Scribunto matches, then our own version, and which lupa it is on."""
    done = run("-v", command=command, env={"LUAPROC_RUNTIME": runtime})
    [line] = done.stdout.decode().splitlines()
    assert re.match(r"^Lua(?:JIT)? \S+", line)
    assert line.startswith(start)
    assert f"  (luaproc {luaproc.__version__}, lupa {metadata.version('lupa')} " in line
    assert (done.returncode, done.stderr) == (0, b"")


def test_lua51_is_the_default() -> None:
    assert run("-v").stdout.startswith(b"Lua 5.1.5 ")
    assert run("-v", env={"LUAPROC_RUNTIME": ""}).stdout.startswith(b"Lua 5.1.5 ")


def test_version_matches_as_php_reads_it(tmp_path: Path) -> None:
    """LUAPATH -v 2>&1, by a shell, LUAPATH being one word."""
    launcher = tmp_path / "lua path"
    launcher.write_text(f'#!/bin/sh\nexec {sys.executable} -m luaproc "$@"\n')
    launcher.chmod(0o755)
    done = subprocess.run(f"'{launcher}' -v 2>&1", shell=True, capture_output=True, timeout=300)
    assert re.match(rb"^Lua(?:JIT)? \S+", done.stdout)


# Runtimes


def test_runtime_by_option_and_by_environment() -> None:
    """luaPath carries no options; the command line wins where there is one."""
    session = frames(load_body("return table.move and 'luajit21' or 'lua51'"), call_body(1))

    def runtime_of(*words: str, env: Mapping[str, str] | None = None) -> str:
        [reply] = run("serve", *words, stdin=session, env=env).stdout.split(b"a:1:{i:1;s:")[1:]
        return reply.split(b'"')[1].decode()

    environment = {"LUAPROC_RUNTIME": "luajit21"}
    assert runtime_of() == "lua51"
    assert runtime_of("--runtime", "luajit21") == "luajit21"
    assert runtime_of("--runtime=luajit21") == "luajit21"
    assert runtime_of(env=environment) == "luajit21"
    assert runtime_of("--runtime", "lua51", env=environment) == "lua51"


@pytest.mark.slow  # starts many processes
@pytest.mark.parametrize("name", ["lua54", "LUA51", "lua5.1", "", "../lua51", "os"])
def test_a_runtime_that_there_is_not(name: str) -> None:
    """Status 2, and the names of those that there are; PHP's way and the others."""
    for words in (["-v"], ["serve"], ["/nowhere/mw_main.lua", "/nowhere", "0", "8"]):
        if name:
            done = run(*words, env={"LUAPROC_RUNTIME": name})
        elif words == ["serve"]:
            done = run("serve", "--runtime=")
        else:
            continue
        assert done.returncode == 2
        assert f"unknown runtime {name!r}: expected one of lua51, luajit21" in complaint(done)


@pytest.mark.parametrize(("missing", "left"), [("luajit21", "lua51"), ("lua51", "luajit21")])
def test_a_runtime_that_this_lupa_does_not_have(tmp_path: Path, missing: str, left: str) -> None:
    """Debian's python3-lupa may ship one only: the error names those it has."""
    lupa = Path(need_lupa())
    (tmp_path / "lupa").mkdir()
    for file in lupa.iterdir():
        if file.name.startswith((f"{left}.", "__init__", "version")):
            (tmp_path / "lupa" / file.name).symlink_to(file)
    home = str(Path(luaproc.__file__).parents[1])
    code = f"import sys; sys.path[:0] = {[str(tmp_path), home]!r}; from luaproc.entry import main; main()"
    command = [sys.executable, "-IS", "-c", code]
    for words in (["-v"], ["serve"]):
        done = run(*words, command=command, env={"LUAPROC_RUNTIME": missing})
        assert done.returncode == 2
        text = complaint(done)
        assert f"runtime {missing!r} is not in this lupa" in text
        assert text.endswith(f"it has: {left}\n")
    assert run("-v", command=command, env={"LUAPROC_RUNTIME": left}).returncode == 0


def test_a_runtime_that_cannot_be_loaded(tmp_path: Path) -> None:
    """A broken file, or too little memory to map it, is not its absence."""
    (tmp_path / "lupa").mkdir()
    for file in Path(need_lupa()).glob("lua51.*"):
        (tmp_path / "lupa" / file.name).write_bytes(b"")
    (tmp_path / "lupa" / "__init__.py").touch()
    home = str(Path(luaproc.__file__).parents[1])
    code = f"import sys; sys.path[:0] = {[str(tmp_path), home]!r}; from luaproc.entry import main; main()"
    done = run("serve", command=[sys.executable, "-IS", "-c", code])
    assert done.returncode == 2
    assert "runtime 'lua51' cannot be loaded: " in complaint(done)


def need_lupa() -> str:
    from importlib.util import find_spec

    spec = find_spec("lupa")
    assert spec
    assert spec.origin
    return str(Path(spec.origin).parent)


# As PHP starts it


def objects(*words: str, env: Mapping[str, str] | None = None) -> bytes:
    """A function object as the server that is started so writes it."""
    done = run(*words, stdin=frames(load_body("return pairs"), call_body(1)), env=env)
    assert (done.returncode, done.stderr) == (0, b"")
    return unescape(done.stdout[done.stdout.rindex(b'a:3:{s:2:"op"') :]).partition(b"a:1:{i:1;")[2][:-2]


def object_of(name: str, interpreter: int, number: int = 2) -> bytes:
    return b'O:%d:"%b":2:{s:13:"interpreterId";i:%d;s:2:"id";i:%d;}' % (len(name), name.encode(), interpreter, number)


@pytest.mark.parametrize("path", ["/nowhere/engines/LuaStandalone/mw_main.lua", "mw_main.lua", "./x y/mw_main.lua"])
def test_mw_main_as_the_first_word_serves(path: str) -> None:
    """Whether it exists or not: it is never read."""
    assert objects(path, "/includes", "17", "8") == object_of(OLD, 17)


def test_int_size_by_php() -> None:
    session = frames(load_body("return 2^31, -2^31"), call_body(1))
    for size, text in (("8", b"i:1;i:2147483648;i:2;i:-2147483648;"), ("4", b"i:1;d:2147483648;i:2;i:-2147483648;")):
        assert text in run("/x/mw_main.lua", "/x", "0", size, stdin=session).stdout


@pytest.mark.slow  # starts commands
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["/x/mw_main.lua", "/x", "zero", "8"], "--interpreter-id expects an integer, got 'zero'"),
        (["/x/mw_main.lua", "/x", "0", "16"], "--int-size expects 4 or 8, got '16'"),
        (["serve", "--int-size", "5"], "--int-size expects 4 or 8, got '5'"),
        (["serve", "--int-size"], "option --int-size expects 4 or 8, and nothing came"),
        (["serve", "--no-such"], "unknown option --no-such: expected one of --runtime, --function-class"),
        (["serve", "stray"], "serve takes options only, got 'stray'"),
        (["serve", "--max-memory", "lots"], "--max-memory expects bytes, or a number with K, M or G, got 'lots'"),
        (["serve", "--max-cpu", "0"], "--max-cpu expects seconds, got '0'"),
        (["serve", "--function-class", 'a"b'], "--function-class expects a PHP class name, got 'a\"b'"),
    ],
)
def test_options_that_cannot_be_met(words: list[str], text: str) -> None:
    """Status 2 and one line."""
    done = run(*words)
    assert done.returncode == 2
    assert text in complaint(done)


@pytest.mark.parametrize("closed", ["<&-", "</dev/null >&-"])
def test_closed_pipes(closed: str) -> None:
    command = " ".join(f"'{word}'" for word in MODULE) + f" serve {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=300)
    assert done.returncode == 2
    assert complaint(done) == "luaproc: cannot open stdin and stdout: Bad file descriptor\n"


# The class of function objects, by the Scribunto that starts us


def installation(tmp_path: Path, server: str | None) -> str:
    """A directory with an mw_main.lua, and an MWServer.lua of this text; the path of the former."""
    place = tmp_path / "includes" / "Engines" / "LuaStandalone"
    place.mkdir(parents=True)
    (place / "mw_main.lua").write_text("-- never read\n")
    if server is not None:
        (place / "MWServer.lua").write_text(server)
    return str(place / "mw_main.lua")


ESCAPED = NEW.replace("\\", "\\\\")


@pytest.mark.slow  # starts many processes
@pytest.mark.parametrize(
    ("server", "name"),
    [
        (f'return \'O:{len(OLD)}:"{OLD}":2:{{s:13:"interpreterId";i:\' .. id', OLD),
        (f'return \'O:{len(NEW)}:"{ESCAPED}":2:{{s:13:"interpreterId";i:\' .. id', NEW),
        (f'-- O: not yet, O:5:"x" no, O:99\nreturn \'O:{len(NEW)}:"{ESCAPED}":2:{{\'', NEW),
        ("-- a server of some other kind\nreturn {}", OLD),
        ("", OLD),
        (f"return 'O:7:\"{OLD}\":2:{{'", OLD),
        (None, OLD),
    ],
)
def test_function_class_is_that_of_the_installation(tmp_path: Path, server: str | None, name: str) -> None:
    path = installation(tmp_path, server)
    assert objects(path, str(tmp_path / "includes"), "3", "8") == object_of(name, 3)
    # Set by hand, it is what was said.
    assert objects(path, "/x", "3", "8", env={"LUAPROC_FUNCTION_CLASS": "My\\Own"}) == object_of("My\\Own", 3)


def test_an_installation_that_cannot_be_read(tmp_path: Path) -> None:
    """A directory of that name stands for one without permission, which root has anyway."""
    path = Path(installation(tmp_path, None))
    path.with_name("MWServer.lua").mkdir()
    assert objects(str(path), "/x", "3", "8") == object_of(OLD, 3)


@pytest.mark.real
def test_function_class_of_debians_mediawiki() -> None:
    need("mediawiki")
    place = SCRIBUNTO / "engines" / "LuaStandalone"
    found = objects(str(place / "mw_main.lua"), str(SCRIBUNTO), "3", "8")
    assert found in (object_of(OLD, 3), object_of(NEW, 3))
    name = OLD if object_of(OLD, 3) == found else ESCAPED
    assert name in (place / "MWServer.lua").read_text()


def test_log_goes_with_the_new_class(tmp_path: Path) -> None:
    """A Scribunto that has it reads `log`, found from the installation alone."""
    session = frames(load_body("mw = {getLogBuffer = function() return 'L' end} error('x', 0)"), call_body(1))
    for name, logged in ((NEW, True), (OLD, False)):
        path = installation(tmp_path / str(logged), f"'O:{len(name)}:\"{name}\":2:'")
        assert (b's:3:"log";s:1:"L";' in run(path, "/x", "0", "8", stdin=session).stdout) is logged


# luaproc serve


def test_serve_by_name_with_every_option(tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = ["--runtime", "luajit21", "--function-class", NEW, "--interpreter-id", "5", "--int-size=4",
             "--max-memory", "80M", "--max-cpu", "20", "--log", str(log)]  # fmt: skip
    assert objects("serve", *words) == object_of(NEW, 5)
    assert "RX <== loadString" in log.read_text()


@pytest.mark.parametrize("by", ["option", "environment"])
def test_limits_of_the_process(by: str) -> None:
    """As ulimit -v and ulimit -St and -Ht, one second apart as Scribunto sets them."""
    environment = dict(os.environ)
    words = ["--max-memory", "60M", "--max-cpu", "9"]
    if by == "environment":
        environment |= {"LUAPROC_MAX_MEMORY": "61440K", "LUAPROC_MAX_CPU": "9"}
        words = []
    with Connection([*LUAPROC, "serve", *words], env=environment) as connection:
        connection.send(load_body("return 1").encode())
        connection.receive()
        limits = Path(f"/proc/{connection.pid}/limits").read_text().splitlines()
    found = {line[:25].strip(): line[26:].split()[:2] for line in limits}
    assert found["Max address space"] == [str(60 << 20)] * 2
    assert found["Max cpu time"] == ["9", "10"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_log_file(tmp_path: Path, runtime: str) -> None:
    """A line for each message, both ways, appended; and nothing on stderr or in the replies."""
    log = tmp_path / "log"
    log.write_text("before\n")
    bodies = [
        load_body("return php.f()"),
        '{["op"]="registerLibrary",["name"]="php",["functions"]={["f"]="f"}}',
        '{["op"]="getStatus"}',
        call_body(1),
        '{["op"]="return",["nvalues"]=1,["values"]={[1]="' + "x" * 100000 + '"}}',
        '{["op"]="cleanupChunks",["ids"]={}}',
        '{["op"]="quit"}',
    ]
    command = [*LUAPROC, "serve", "--runtime", runtime]
    outcome = feed(frames(*bodies), [*command, "--log", str(log)])
    assert (outcome.status, outcome.stderr) == (0, b"")
    lines = [line.partition(" (")[0] for line in log.read_text().splitlines()]
    assert lines == [
        "before",
        "RX <== loadString", "TX ==> return", "RX <== registerLibrary", "TX ==> return", "RX <== getStatus",
        "TX ==> return", "RX <== call", "TX ==> call", "RX <== return", "TX ==> return", "RX <== cleanupChunks",
        "TX ==> return", "RX <== quit",
    ]  # fmt: skip
    plain = feed(frames(*bodies), command)
    assert plain.replies[:2] == outcome.replies[:2]
    assert plain.replies[3:] == outcome.replies[3:]
    assert f"RX <== return ({len(bodies[4])} bytes)" in log.read_text()


@pytest.mark.parametrize(("log", "reason"), [("/nowhere/log", "No such file or directory"), ("/", "Is a directory")])
def test_a_log_that_cannot_be_opened_takes_no_page_down(log: str, reason: str) -> None:
    """A launcher carries it, and the web server's user may not write there."""
    outcome = feed(frames(load_body("return 1"), call_body(1)), [*LUAPROC, "serve", "--log", log])
    assert (outcome.status, len(outcome.replies)) == (0, 2)
    assert outcome.stderr == f"luaproc: no log, {log!r} cannot be opened: {reason}\n".encode()


def test_log_file_by_environment_and_its_permissions(tmp_path: Path) -> None:
    """Page texts' sizes are nobody else's business."""
    log = tmp_path / "log"
    run("/x/mw_main.lua", "/x", "0", "8", stdin=frames('{["op"]="getStatus"}'), env={"LUAPROC_LOG": str(log)})
    assert log.read_text().startswith("RX <== getStatus")
    assert log.stat().st_mode & 0o077 == 0


# People


@pytest.mark.slow  # starts each command in turn
@pytest.mark.parametrize("words", [["--help"], ["-h"], []])
def test_help_explains_itself(words: list[str]) -> None:
    done = run(*words, command=MODULE)
    text = (done.stdout + done.stderr).decode()
    assert "luaPath" in text
    assert "serve" in text


@pytest.mark.slow  # starts commands
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_of_serve_lists_its_options(flag: str) -> None:
    done = run("serve", flag, command=MODULE)
    assert done.returncode == 0
    for option in ("--runtime", "--function-class", "--interpreter-id", "--int-size", "--log", "LUAPROC_RUNTIME"):
        assert option in done.stdout.decode()


@pytest.mark.slow  # starts commands
@pytest.mark.parametrize("words", [["--", "serve"], ["serve", "--log", "-h"]])
def test_serve_by_way_of_click(words: list[str], tmp_path: Path) -> None:
    """Spellings that are no question for help serve as well."""
    done = subprocess.run([*MODULE, *words], input=frames('{["op"]="testquit"}'), capture_output=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (42, b"")


def test_an_unknown_command() -> None:
    done = run("fly", command=MODULE)
    assert done.returncode == 2
    assert b"fly" in done.stderr
    assert b"Traceback" not in done.stderr


def test_console_script_is_this_entry() -> None:
    [script] = [point for point in entry_points(group="console_scripts") if point.name == "luaproc"]
    assert script.load() is entry.main


# Ctrl-C


@pytest.mark.slow  # starts commands
@pytest.mark.parametrize(
    ("words", "replaced", "expected"),
    [(["-v"], "luaproc.entry._print_version", "SIG_DFL"), ([], "luaproc.commands.cli", "default_int_handler")],
)
def test_who_meets_a_signal(words: list[str], replaced: str, expected: str) -> None:
    """A wiki's server and lua die of it from the start on, without traceback; commands may clean up. Ignored stays."""
    module, _, name = replaced.rpartition(".")
    code = (
        f"import signal, sys, {module}; from luaproc import entry; sys.argv[1:] = {words!r};"
        f"{module}.{name} = lambda *_, **__: print(repr(signal.getsignal(signal.SIGINT))); entry.main()"
    )
    for shell, handler in (("", expected), ("trap '' INT; ", "SIG_IGN")):
        command = ["sh", "-c", f'{shell}exec "$@"', "sh", sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        assert handler in done.stdout


def test_what_became_of_a_bundle_is_told_in_printable_characters() -> None:
    """The text has names of files, which others may have made: no escape of a terminal goes into `-v` and the log."""
    code = "import sys; from luaproc.entry import launch; sys.argv = ['lua', '-v']; launch(bundle='over /\x1b[31m')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.endswith(r", over /\x1b[31m)" + "\n")
