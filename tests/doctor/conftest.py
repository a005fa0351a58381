"""Installations, wikis and luaPaths to be examined: real files, real processes, run as the web server's user."""

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from luaproc.doctor import case, checks, settings, users
from luaproc.doctor.case import Case, Finding
from luaproc.install import launchers

CLASS = "Scribunto_LuaStandaloneInterpreterFunction"

# As Scribunto's own sets the limits (docs/protocol.md, "How the process is started").
ULIMIT = '#!/bin/sh\nulimit -St $1\nulimit -Ht $2\nulimit -v $3\neval "exec $4"\n'

Make = Callable[..., Case]


def check(name: str, examined: Case) -> Finding:
    """What one check of the table finds, whatever the others would; of several findings, the first."""
    row = next(row for row in checks.CHECKS if row.name == name)
    return next(iter(checks.examine(examined, (row._replace(needs=()),)))).finding


def write(path: Path, text: str, mode: int = 0o755) -> Path:
    """A file with these permissions, whatever the umask is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def other_user() -> users.User:
    """A user that is not us, and that we can become: only root can show what another user may not."""
    found = users.find()
    if found.is_me or os.geteuid() != 0:
        text = "only root can try what www-data may not do"
        if os.environ.get("LUAPROC_REQUIRE_REAL_PARTS") == "1":
            pytest.fail(text)
        pytest.skip(text)
    return found


def _python() -> str:
    """A Python of this version that the web server's user can start."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for candidate in (os.path.realpath(sys.executable), f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        if os.path.exists(candidate) and users.obstacle(Path(candidate), users.find(), os.X_OK) is None:
            return candidate
    text = (
        f"no Python {version} that {users.find().name} can start (this one lies in {os.path.realpath(sys.executable)})"
    )
    if os.environ.get("LUAPROC_REQUIRE_REAL_PARTS") == "1":
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody can read; pytest's own is for one user."""
    path = Path(tempfile.mkdtemp(prefix="luaproc-doctor-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def environment() -> Iterator[Path]:
    """luaproc and lupa where everybody can read them, installed once: tests damage copies of it."""
    path = Path(tempfile.mkdtemp(prefix="luaproc-installed-"))
    path.chmod(0o755)
    for package in ("luaproc", "lupa"):
        spec = find_spec(package)
        assert spec
        assert spec.submodule_search_locations
        shutil.copytree(
            spec.submodule_search_locations[0], path / package, ignore=shutil.ignore_patterns("__pycache__", "*5[234]*")
        )
    # As pip does: the web server's user can write no byte code, and so each start would compile the responder again.
    compileall.compile_dir(path / "luaproc", maxlevels=0, quiet=2)
    for room in ("responder", "wire"):
        compileall.compile_dir(path / "luaproc" / room, quiet=2)
    subprocess.run(["chmod", "-R", "a+rX", str(path)], check=True)
    yield path
    shutil.rmtree(path)


def launcher(path: Path, directory: Path, *options: str) -> Path:
    """A launcher as `luaproc link` writes it, for the packages in this directory."""
    text = launchers.text(list(options))
    lines = [line for line in text.splitlines() if not line.startswith("sys.path")]
    start = next(number for number, line in enumerate(lines) if line.startswith("exec "))
    lines[start] = lines[start].replace(str(launchers.interpreter_of(text)), _python())
    lines.insert(lines.index("import sys") + 1, f"sys.path += {[str(directory)]!r}")
    return write(path, "\n".join(lines) + "\n")


@pytest.fixture
def healthy(environment: Path, place: Path) -> Path:
    """A luaPath in good health."""
    return launcher(place / "wiki-lua", environment)


@pytest.fixture
def wiki(place: Path) -> Path:
    """The parts of a MediaWiki that matter for the start of the Lua side, of the tests' own making."""
    path = place / "wiki"
    engine = path / "extensions" / "Scribunto" / "includes" / "engines" / "LuaStandalone"
    write(engine / "lua_ulimit.sh", ULIMIT)
    write(engine / "mw_main.lua", "error( 'not for luaproc' )\n", 0o644)
    write(engine / "MWServer.lua", f"'O:{len(CLASS)}:\"{CLASS}\":2:{{'\n", 0o644)
    write(path / "extensions" / "Scribunto" / "extension.json", '{"requires": {"MediaWiki": ">= 1.39.0"}}', 0o644)
    write(path / "includes" / "Defines.php", "<?php\ndefine( 'MW_VERSION', '1.39.17' );\n", 0o644)
    return path


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a case for a luaPath, to be examined as the web server's user."""
    for name in [name for name in os.environ if name.startswith(("LUAPROC_", "MW_", "PHP"))]:
        monkeypatch.delenv(name)

    def make(lua: Path | str, wiki: Path | None = None, **options: Any) -> Case:
        made = case.make_case(str(lua), str(wiki) if wiki else None)
        if wiki is None:
            made = replace(made, mediawiki=None, settings=settings.Settings())
        return replace(made, **options)

    return make


def python_script(path: Path, code: str) -> Path:
    """A luaPath of the tests' own making, for what no honest server does; its `-v` is right."""
    head = (
        f"#!{_python()} -IS\nimport os, sys, time\n"
        "if sys.argv[1] == '-v':\n    print('Lua 5.1.5 of a kind')\n    sys.exit()\n"
        "def send(body): sys.stdout.buffer.write(b'%08x%08x' % (len(body), 2 * len(body) - 1) + body); "
        "sys.stdout.buffer.flush()\n"
        "def receive():\n    head = sys.stdin.buffer.read(16)\n    return sys.stdin.buffer.read(int(head[:8], 16)) "
        "if head else sys.exit()\n"
        'STATUS = b\'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:0;s:6:"values";a:0:{}}\'\n'
    )
    return write(path, head + code + "\n")
