"""Several parsers alive in one PHP process: what luaPath means when a wiki renders one page for another."""

import os
import re
import stat
from pathlib import Path

import pytest

from tests.mediawiki import normal
from tests.mediawiki.installation import Engine, Wiki, engines, luaproc, references

# MediaWiki and PHP render pages here.
pytestmark = pytest.mark.real

SCRIPT = str(Path(__file__).parent / "three_parsers.php")


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_parsers_used_in_turns(wiki: Wiki, runtime: str) -> None:
    """Three parsers, three Lua processes, steps in turns and nested: ids and state of one never reach another."""
    ours, *real = (wiki.run(SCRIPT, engine=engine) for engine in (engines(runtime)[0], *references(runtime)))
    assert normal.strange(ours, real) == []
    assert "3 Lua processes" in ours
    assert "kept over: B says second: C says third" in re.sub(r"<[^>]*>", "", ours)


def launcher(directory: Path, runtime: str) -> str:
    """An executable of one word that carries what luaPath cannot: the runtime."""
    path = directory / f"luaproc-{runtime}"
    path.write_text(f'#!/bin/sh\nLUAPROC_RUNTIME={runtime} exec {luaproc()} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    assert os.access(path, os.X_OK)
    return str(path)


# LuaJIT has table.move, PUC Lua has math.mod: which of them answers shows in what a module sees.
WHICH = "{{#invoke:Runtime|main}}"


@pytest.mark.parametrize(("runtime", "answer"), [("lua51", "PUC"), ("luajit21", "LuaJIT")])
def test_a_launcher_script_as_luapath(wiki: Wiki, tmp_path: Path, runtime: str, answer: str) -> None:
    """A wrapper that execs the server works as luaPath, and chooses the runtime."""
    engine = Engine(f"launcher-{runtime}", launcher(tmp_path, runtime))
    assert answer in wiki.run("parse.php", engine=engine, stdin=WHICH)


def test_the_runtime_from_localsettings(wiki: Wiki) -> None:
    """putenv in LocalSettings.php reaches the process that PHP starts: an admin needs no launcher for it."""
    engine = Engine("putenv", luaproc())
    html = wiki.run("parse.php", engine=engine, extra="putenv( 'LUAPROC_RUNTIME=luajit21' );", stdin=WHICH)
    assert "LuaJIT" in html
