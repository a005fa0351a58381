"""Lua's test frameworks and libraries run their own test suites with the outcome that they have on the real ones.

Debian's busted runs those of its libraries and of Penlight; the newer busted of `tools/lua-suites` runs its own, which
starts it a hundred times.
"""

import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lua51.conftest import Outcome, execute
from tests.parts import need

# Minutes of processes; the real interpreters run the same suites.
pytestmark = [pytest.mark.slow, pytest.mark.real]

RUNTIMES = {"lua5.1": "lua51", "luajit": "luajit21"}


class Suite(NamedTuple):
    """A directory of `tools/lua-suites`; the words that run the suite there, a program of PATH first; where Lua files
    are looked for before Debian's; and what the last lines say, on every interpreter."""

    directory: str
    words: tuple[str, ...]
    path: str
    says: str


BUSTED = ("busted", "--output=TAP")
SUITES = {
    "busted": Suite("busted", ("lua", "bin/busted", "--output=TAP"), "./?.lua;./?/init.lua", r"\n1\.\.1677\n$"),
    "luassert": Suite("luassert", BUSTED, "./src/?.lua", r"\n1\.\.209\n$"),
    "say": Suite("say", BUSTED, "./src/?.lua", r"\n1\.\.8\n$"),
    "mediator": Suite("mediator", BUSTED, "./src/?.lua", r"\n1\.\.26\n$"),
    "Penlight's specs": Suite("penlight", BUSTED, "./lua/?.lua;./lua/?/init.lua", r"\n1\.\.\d\d\d\n$"),
    "Penlight's tests": Suite("penlight", ("lua", "run.lua", "tests"), "./lua/?.lua", "Run completed successfully\n$"),
    "luaunit": Suite("unit", ("lua", "run_unit_tests.lua"), "./?.lua", r"\nRan 206 tests .* 0 failures\nOK\n$"),
    "luaunit's runner": Suite("unit", ("lua", "run_functional_tests.lua"), "./?.lua", r"\nRan 19 tests .*\nOK\n$"),
    "dkjson": Suite("dkjson", ("lua", "jsontest.lua"), "./?.lua", "NaN is converted to:\t\\[null\\]\n"),
    "LuaFileSystem": Suite("filesystem/tests", ("lua", "test.lua"), "./?.lua", r"\.Ok!\n$"),
}

# What a suite repeats or waits for: file, as it is there, as it is run here.
SHORTER = (
    ("filesystem/tests/test.lua", "1, 4000", "1, 50"),  # 8,000 times through a directory, for want of a leak
    ("unit/test/test_with_xml.lua", "start < 1.1 do", "start < 0.01 do"),  # in each of three runs, of CPU time
)


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_has_the_same_outcome(stand_ins: dict[str, Path], name: str, suite: str, tmp_path: Path) -> None:
    """Each test of the suite passes, fails or is pending as on the real interpreter, with the same words."""
    need("busted")
    place, words, path, says = SUITES[suite]
    source = Path(need("lua-suites"))
    found = []
    for kind, interpreter in (("ours", str(stand_ins[name])), ("real", need(name))):
        root = tmp_path / kind
        shutil.copytree(source / place.partition("/")[0], root / place.partition("/")[0], symlinks=True)
        for file, much, enough in SHORTER:
            if (root / file).exists():
                text = (root / file).read_text()
                assert much in text
                (root / file).write_text(text.replace(much, enough))
        # A C module that not every machine has (lua-expat), and Penlight does without: here no machine has it.
        (root / "absent" / "lxp").mkdir(parents=True)
        (root / "absent" / "lxp" / "lom.lua").write_text("error('none here')")
        (root / "bin").mkdir()
        (root / "bin" / "lua").symlink_to(interpreter)
        env = {
            "PATH": f"{root / 'bin'}:/usr/bin:/bin",
            "LUAPROC_RUNTIME": RUNTIMES[name],
            "LUA_PATH": f"{path};{root}/absent/?.lua;;",
            "HOME": str(root),
        }
        program = shutil.which(words[0], path=env["PATH"])
        assert program
        done = execute(program, list(words), b"", env, cwd=root / place, timeout=1200)
        found.append(Outcome(settled(done.stdout, root), settled(done.stderr, root), done.status))
    ours, real = found
    assert re.search(says.encode(), real.stdout), real
    for mine, theirs in zip(ours.stdout.splitlines(), real.stdout.splitlines(), strict=False):
        assert mine == theirs
    assert ours == real


def settled(text: bytes, root: Path) -> bytes:
    """What a suite printed, without what differs from run to run: its directory, times, names of temporary files."""
    text = text.replace(bytes(root), b"/suites")
    for pattern, replacement in (
        (rb"\d+\.\d+ seconds", b"0 seconds"),
        (rb"/tmp/lua_\w{6}", b"/tmp/lua_"),
    ):
        text = re.sub(pattern, replacement, text)
    return text
