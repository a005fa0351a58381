"""lupa's wheels of the limited API (abi3): the only ones for musl, 32-bit x86 and ARM, ppc64le, riscv64, Intel's macOS.

With them each isolated start ended in a segmentation fault, since stand-ins for the modules that lupa imports were
taken for what they stand for. Here is one at work, beside the lua5.1 of the same machine.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from luaproc.responder import runtime
from tests.install.debian_i386 import HOME, INCLUDES, inside, make
from tests.responder.conftest import feed, frames
from tests.responder.differences import expected
from tests.responder.session import Session
from tests.responder.sessions import rows

LAUNCHER = str(HOME / "lua-for-wiki")
SERVER = (str(INCLUDES / "engines/LuaStandalone/mw_main.lua"), str(INCLUDES), "0", "4")
# As Scribunto starts it.
LIMITED = ("sh", "-c", 'ulimit -St 7; ulimit -Ht 8; ulimit -v 51200; exec "$0" "$@"')
STATUS = frames('{["op"]="getStatus"}')


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 32-bit Debian with a launcher that `link` wrote there."""
    place = make(tmp_path_factory.mktemp("i386"))
    done = run(place, *luaproc("link", LAUNCHER))
    assert done.returncode == 0, done.stderr
    assert f"wrote {LAUNCHER}" in done.stdout
    return place


def luaproc(*words: str) -> list[str]:
    code = f"import sys; sys.path.insert(0, {str(HOME)!r}); from luaproc.entry import main; main()"
    return ["/usr/bin/python3", "-IS", "-c", code, *words]


def run(root: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(inside(root, *words), input=stdin, capture_output=True, text=True, timeout=600)


@pytest.mark.real
@pytest.mark.slow
def test_a_launcher_serves_as_that_systems_lua(root: Path) -> None:
    """Under Scribunto's limits; the same sessions to both, the same text back. Every 24th: processes are the cost.

    (Of all of them, two differ: lua5.1 takes a fraction to an integer otherwise there than on x86-64.)
    """
    for name, steps in list(rows().items())[::24]:
        ours = Session([*LIMITED, *inside(root, LAUNCHER, *SERVER)], True).run(steps)
        theirs = Session([*LIMITED, *inside(root, "/usr/bin/lua5.1", *SERVER)], True).run(steps)
        assert ours.splitlines() == expected(name, "lua51", theirs).splitlines(), name


@pytest.mark.real
@pytest.mark.slow
def test_session_host_and_doctor_on_it(root: Path) -> None:
    """Whatever starts a server isolated."""
    script = ":load Module:A <<END\nreturn { f = function( n ) return n + 1 end }\nEND\n:call Module:A\n:call f 41\n"
    done = run(root, *luaproc("session", "-"), stdin=script)
    assert (done.returncode, done.stderr) == (0, "")
    assert "42" in done.stdout
    code = (
        f"import sys; sys.path.insert(0, {str(HOME)!r})\n"
        "from luaproc.host import Interpreter\n"
        "with Interpreter() as lua: print(lua.load_string('return 6 * 7')())"
    )
    assert run(root, "/usr/bin/python3", "-S", "-c", code).stdout == "[42]\n"
    done = run(root, *luaproc("doctor", "--json", "--lua", LAUNCHER, "--user", "root"))
    assert done.stdout, done.stderr
    found = {entry["check"]: entry for entry in json.loads(done.stdout)["checks"]}
    assert "cp39-abi3-manylinux" in found["lupa"]["text"]
    assert "have no LuaJIT" in found["lupa"]["text"]
    assert found["handshake"]["level"] == "ok"


@pytest.mark.real
@pytest.mark.slow
def test_which_wheel_it_is_and_what_that_lacks(root: Path) -> None:
    """One line each: of the version, of a runtime that it does not have, of a Python without zlib."""
    assert re.fullmatch(r"Lua 5\.1\.5  \(luaproc \S+, lupa \S+ cp\d+-abi3, which has no LuaJIT, started from .*\)\n",
                        run(root, LAUNCHER, "-v").stdout)  # fmt: skip
    done = run(root, *luaproc("serve", "--runtime", "luajit21"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "limited API (abi3), and those have no LuaJIT" in done.stderr
    words = luaproc("-v")
    words[3] = words[3].replace("import sys;", "import sys; sys.modules['zlib'] = None;")
    done = run(root, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "zlib" in done.stderr


@pytest.mark.parametrize(
    ("tags", "tried"),
    [
        ("Tag: {python}-{python}-manylinux_2_28_x86_64\n", True),
        ("Tag: cp39-abi3-manylinux_2_28_x86_64\n", False),
        ("Tag: {python}-{python}-linux_x86_64\n", False),
        ("Tag: {python}-{python}-musllinux_1_2_x86_64\n", False),
        ("Tag: {python}-{python}-manylinux_2_28_s390x\n", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("release", ["2.8", "2.9", ""])
def test_the_short_way_is_taken_only_where_it_was_tried(tmp_path: Path, tags: str, tried: bool, release: str) -> None:
    """A wheel of PyPI that is known by its release and its tag; all others, old, new or built here, the long one."""
    (tmp_path / "lupa").mkdir()
    if release:
        (tmp_path / "lupa" / "version.py").write_text(f"__version__ = '{release}'\n")
    (tmp_path / f"lupa-{release}.dist-info").mkdir()
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    (tmp_path / f"lupa-{release}.dist-info" / "WHEEL").write_text(tags.format(python=python))
    assert runtime._short_way_was_tried([str(tmp_path / "lupa")]) is (tried and release == "2.8")


@pytest.mark.parametrize("name", runtime.available())
def test_the_long_way_serves_as_well(name: str) -> None:
    """What a lupa that nobody tried is started with."""
    code = (
        f"import sys; sys.path += {runtime_places()!r}\n"
        "from luaproc.responder import runtime\n"
        "runtime._short_way_was_tried = lambda places: False\n"
        "from luaproc.entry import launch; launch()"
    )
    outcome = feed(STATUS, [sys.executable, "-IS", "-c", code, "serve", "--runtime", name])
    assert outcome.status == 0
    assert b's:3:"pid"' in outcome.replies[0]


def runtime_places() -> list[str]:
    from luaproc.install.starting import directories

    return directories()
