"""Launchers: started as PHP starts them, with the options they carry, and clear about an environment that is gone."""

import os
import re
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

from luaproc.errors import NotWrittenError, UsageError
from luaproc.host import Interpreter
from luaproc.install import launchers
from luaproc.wire.framing import encode_frame

pytestmark = pytest.mark.slow  # starts what it installs

GET_STATUS = encode_frame(b'{["op"]="getStatus"}')


def start(path: Path, *words: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([str(path), *words], input=stdin, capture_output=True, timeout=300, check=False)


def planted(path: Path, text: str) -> Path:
    """A launcher that does not start: `launchers.write` would not write it."""
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_serves_as_php_starts_it(tmp_path: Path) -> None:
    path = tmp_path / "lua-for-wiki"
    launchers.write(path, launchers.text([]))
    done = start(path, "/nowhere/mw_main.lua", "/nowhere", "3", "8", stdin=GET_STATUS)
    assert done.returncode == 0
    assert done.stderr == b""
    assert b's:3:"pid"' in done.stdout


def test_is_a_wikis_lua_by_any_name(tmp_path: Path) -> None:
    """A link called `lua` is a Lua interpreter; a launcher of that name answers a wiki, and has our version."""
    path = tmp_path / "lua"
    launchers.write(path, launchers.text([]))
    assert start(path, "-v").stdout.startswith(b"Lua 5.1.5  (luaproc ")
    assert start(path, "serve", stdin=GET_STATUS).stdout.startswith(b"0")
    assert start(path, "-e", "print(io)").returncode == 2


def test_carries_its_options(tmp_path: Path) -> None:
    path = tmp_path / "launcher"
    launchers.write(path, launchers.text(["--runtime=luajit21", "--log", str(tmp_path / "log")]))
    assert start(path, "-v").stdout.startswith(b"LuaJIT 2.1")
    start(path, "/nowhere/mw_main.lua", "/nowhere", "3", "8", stdin=GET_STATUS)
    assert b"RX <== getStatus" in (tmp_path / "log").read_bytes()


def test_a_path_that_a_shebang_cannot_carry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks and quotes in the interpreter's path: `#!` splits at the blank, so the shell starts it."""
    place = tmp_path / "my 'own' python"
    place.symlink_to(Path(sys.executable).resolve())
    monkeypatch.setattr(launchers, "base_interpreter", lambda: str(place))
    path = tmp_path / "launcher"
    launchers.write(path, launchers.text([]))
    assert path.read_text().startswith("#!/bin/sh\n")
    assert start(path, "-v").stdout.startswith(b"Lua 5.1.5")


def test_the_environment_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear line and status 126, which the wiki shows, rather than a traceback."""
    monkeypatch.setattr(launchers, "directories", lambda: [str(tmp_path / "gone")])
    path = planted(tmp_path / "launcher", launchers.text([]))
    done = start(path, "-v")
    assert done.returncode == 126
    assert done.stderr.count(b"\n") == 1
    assert b"luaproc cannot be started from" in done.stderr


@pytest.mark.slow  # makes an environment and installs into it
def test_a_moved_environment_says_the_command_that_mends_it(tmp_path: Path) -> None:
    """The executables of a moved environment have a dead `#!` line, and cannot say it."""
    first, moved, lua = tmp_path / "first", tmp_path / "moved", tmp_path / "lua"
    venv.create(first, symlinks=True)
    packages = next(first.glob("lib/python*/site-packages"))
    for name in ("luaproc", "lupa", "click", "phpserialize"):
        spec = find_spec(name)
        assert spec
        assert spec.origin
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, packages / name, ignore=shutil.ignore_patterns("__pycache__", "*5[234]*"))
        else:
            shutil.copy(origin, packages)
    subprocess.run(
        [first / "bin" / "python", "-m", "luaproc", "link", lua], check=True, capture_output=True, cwd=tmp_path
    )
    first.rename(moved)
    said = start(lua, "-v").stderr.decode()
    command = re.search(r"run in its new place: bin/(.*?) ;", said)
    assert command
    subprocess.run(["sh", "-ec", f"{moved}/bin/{command[1]}"], check=True, capture_output=True, cwd=tmp_path)
    assert start(lua, "-v").stdout.startswith(b"Lua 5.1.5")


def test_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = launchers.text([]).replace(f"!= {sys.version_info[:2]!r}", "!= (3, 1)")
    path = planted(tmp_path / "launcher", text)
    done = start(path, "-v")
    assert done.returncode == 126
    assert b"runs on %d.%d" % sys.version_info[:2] in done.stderr


def test_what_does_not_start_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it replace one that works. On a machine whose lupa crashed, `link` said "wrote" before."""
    path = tmp_path / "launcher"
    launchers.write(path, launchers.text([]))
    before = path.read_text()
    monkeypatch.setattr(launchers, "directories", lambda: [str(tmp_path / "gone")])
    with pytest.raises(UsageError, match=r"does not start here.*cannot be started from"):
        launchers.write(path, launchers.text([]))
    with pytest.raises(UsageError, match="does not start here"):
        launchers.write(path, "#!/bin/sh\n# Written by `luaproc link`\nkill -SEGV $$\n")
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_writing_leaves_the_log_to_the_wiki(tmp_path: Path) -> None:
    """A log that root made could not be written to by the wiki's user."""
    launchers.write(tmp_path / "launcher", launchers.text(["--log", str(tmp_path / "log")]))
    assert not (tmp_path / "log").exists()


def test_overwrites_only_its_own(tmp_path: Path) -> None:
    path = tmp_path / "launcher"
    launchers.write(path, launchers.text([]))
    launchers.write(path, launchers.text(["--runtime=luajit21"]))
    path.write_text("#!/bin/sh\necho precious\n")
    with pytest.raises(UsageError, match="was not written by"):
        launchers.write(path, launchers.text([]))
    launchers.write(path, launchers.text([]), force=True)
    with pytest.raises(NotWrittenError, match="cannot write"):
        launchers.write(tmp_path / "no" / "launcher", launchers.text([]))


@pytest.mark.parametrize("words", [["--no-such=1"], ["--int-size=8"], ["--max-memory=lots"], ["stray"]])
def test_refuses_what_the_responder_would(words: list[str]) -> None:
    with pytest.raises(UsageError):
        launchers.text(words)


def test_any_directory_may_hold_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path is data in the launcher, whatever it is made of."""
    monkeypatch.setattr(sys, "prefix", """/srv/a"b'c%s{d}\\e""")
    path = tmp_path / "launcher"
    launchers.write(path, launchers.text([]))
    assert start(path, "-v").stdout.startswith(b"Lua 5.1.5")
    monkeypatch.setattr(launchers, "directories", lambda: [str(tmp_path / "gone")])
    planted(path, launchers.text([]))
    done = start(path, "-v")
    assert (done.returncode, done.stderr.count(b"\n")) == (126, 1)
    assert sys.prefix.encode() in done.stderr


def test_a_log_is_the_same_file_wherever_the_wiki_starts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"--log={tmp_path / 'lua.log'}" in launchers.text(["--log", "lua.log"])


def test_link_as_lua(tmp_path: Path) -> None:
    target = Path(sys.executable).parent / "luaproc"
    path = tmp_path / "lua5.1"
    launchers.link_as_lua(path, target)
    launchers.link_as_lua(path, target)  # the same once more is no conflict
    assert start(path, "-e", "print(_VERSION)").stdout == b"Lua 5.1\n"
    with pytest.raises(UsageError, match="would not be a Lua interpreter"):
        launchers.link_as_lua(tmp_path / "lua5.4", target)
    (tmp_path / "luajit").mkdir()
    with pytest.raises(UsageError, match="neither a file nor a link"):
        launchers.link_as_lua(tmp_path / "luajit", target, force=True)


@pytest.mark.parametrize("words", [[], ["--as-lua"]])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, words: list[str], force: list[str]) -> None:
    """A pipe, as any device would be."""
    path = tmp_path / "lua"
    os.mkfifo(path)
    done = link(str(path), *words, *force)
    assert done.returncode == 2
    assert done.stderr == f"luaproc: {path} is neither a file nor a link, and is not replaced: name another path\n"
    assert path.is_fifo()


@pytest.mark.parametrize("words", [[], ["--as-lua"]])
def test_a_place_that_cannot_be(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").write_text("")
    done = link(str(tmp_path / "file" / "lua"), *words)
    assert (done.returncode, done.stderr) == (1, f"luaproc: cannot write {tmp_path}/file/lua: Not a directory\n")


def test_a_link_that_cannot_be_made_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_link: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "lua"
    path.write_text("precious")
    monkeypatch.setattr(Path, "symlink_to", fail)
    with pytest.raises(NotWrittenError, match="No space left"):
        launchers.link_as_lua(path, Path(sys.executable).parent / "luaproc", force=True)
    assert path.read_text() == "precious"


def test_a_link_to_what_does_not_start(tmp_path: Path) -> None:
    """The script of an environment that was moved: its #! names what is gone."""
    target = tmp_path / "luaproc"
    target.write_text("#!/nowhere/bin/python\n")
    target.chmod(0o755)
    with pytest.raises(UsageError, match=f"{target} does not start"):
        launchers.link_as_lua(tmp_path / "lua", target)
    assert not (tmp_path / "lua").is_symlink()


def link(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "luaproc", "link", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_as_lua_from_a_module_links_to_the_executable(tmp_path: Path) -> None:
    """`python -m luaproc` is a file that nobody can start."""
    path = tmp_path / "lua5.1"
    assert link(str(path), "--as-lua").returncode == 0
    assert start(path, "-e", "print(_VERSION)").stdout == b"Lua 5.1\n"


def test_as_lua_refuses_options_that_it_would_lose(tmp_path: Path) -> None:
    done = link(str(tmp_path / "lua"), "--as-lua", "--max-memory", "50M")
    assert done.returncode == 2
    assert done.stderr == "luaproc: a link carries no options, got --max-memory=50M: leave it out, or --as-lua\n"


def test_command_tells_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "launcher"
    done = link(str(path), "--max-memory", "60M")
    assert done.returncode == 0, done.stderr
    assert f"wrote {path}" in done.stdout
    assert f"--max-memory={60 << 20}\n" in done.stdout
    assert f"'--max-memory={60 << 20}'" in path.read_text()
    assert f"['luaPath'] = '{path}';" in done.stdout


def test_command_tells_it_as_it_is_read(tmp_path: Path) -> None:
    """A path with a quote as PHP reads it; the log's whole path, and that its directory is not there."""
    path = tmp_path / "it's here"
    done = link(str(path), "--log", "nowhere/log")
    assert f"['luaPath'] = '{tmp_path}/it\\'s here';" in done.stdout
    assert f"--log={Path.cwd() / 'nowhere' / 'log'}" in done.stdout
    assert (
        done.stderr
        == f"Warning: there is no directory {Path.cwd() / 'nowhere'}: nothing can be written there by --log.\n"
    )
    done = link(str(tmp_path / "other"), "--log", "")
    assert (done.returncode, done.stderr) == (2, "luaproc: --log expects a file, got ''\n")


def test_a_profile_is_carried_by_its_whole_path(tmp_path: Path) -> None:
    """From a bundle, too, which has nothing of it; and writing the launcher leaves no file of another owner."""
    launcher = tmp_path / "lua"
    words = [sys.executable, "-m", "luaproc", "link", "lua", "--profile", "wiki.folded"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    profile = tmp_path / "wiki.folded"
    assert f"--profile={profile}" in launcher.read_text()
    assert not profile.exists()
    with Interpreter([str(launcher), "/x/mw_main.lua", "/x", "0", "8"]) as lua:
        lua.load_string("local s = 0 for i = 1, 3e6 do s = s + i end return s", "=Module:Sum")()
    assert b"main chunk (Module:Sum) " in profile.read_bytes()
    done = subprocess.run([*words[:-2], "--coverage", "c"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
