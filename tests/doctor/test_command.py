"""`luaproc doctor` as it is called: the whole run, its exit status, and what it looks like."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pexpect
import pytest

from luaproc.doctor.case import PATH
from luaproc.doctor.checks import CHECKS
from luaproc.install import launchers
from tests.doctor.conftest import launcher, other_user, write
from tests.parts import need

# Most tests examine a luaPath as a whole: 1 to 3 s each.
pytestmark = pytest.mark.slow

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("LUAPROC_", "MW_", "PHP"))}


def doctor(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "luaproc", "doctor", *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**CLEAN, **variables},
    )


def lines_for(lua: Path) -> str:
    return (
        "    wfLoadExtension( 'Scribunto' );\n"
        "    $wgScribuntoDefaultEngine = 'luastandalone';\n"
        f"    $wgScribuntoEngineConf['luastandalone']['luaPath'] = '{lua}';\n"
        "    $wgScribuntoEngineConf['luastandalone']['errorFile'] = '/var/log/luaproc/errors.log';\n"
    )


@pytest.mark.real
def test_passes_on_debians_mediawiki(healthy: Path) -> None:
    done = doctor("--lua", str(healthy), "--mediawiki", need("mediawiki"))
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert "FAILED" not in done.stdout
    assert "skipped" not in done.stdout
    assert "A wiki would work with this luaPath.\n" in done.stdout
    assert done.stdout.endswith(f"\nLocalSettings.php:\n\n{lines_for(healthy)}")


def test_says_how_far_it_got_without_mediawiki(healthy: Path, place: Path) -> None:
    """On a machine without any: the search is kept from finding Debian's."""
    code = (
        "import luaproc.install.mediawiki as mediawiki; mediawiki.PLACES = ()\n"
        "import sys; from luaproc.commands import cli; cli(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor", "--lua", str(healthy)],
        capture_output=True, text=True, timeout=600, check=False, env=CLEAN,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "Without a MediaWiki here, that is as much as can be told." in done.stdout
    assert re.search(r"skipped +readable, limits, class, settings, errorFile \(no MediaWiki\)", done.stdout)


def test_json(healthy: Path, wiki: Path) -> None:
    """Every check of the table is in it, with all that the text says."""
    done = doctor("--json", "--lua", str(healthy), "--mediawiki", str(wiki))
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["works"] is True
    assert document["lua"] == str(healthy)
    assert document["mediawiki"] == str(wiki)
    assert document["local_settings"] == [line.strip() for line in lines_for(healthy).splitlines()]
    without = {"profile"}  # it has nothing to say of a launcher that carries none
    assert {entry["check"] for entry in document["checks"]} == {check.name for check in CHECKS} - without
    assert {entry["level"] for entry in document["checks"]} <= {"ok", "warning", "failed", "skipped"}
    assert all(entry["advice"] for entry in document["checks"] if entry["level"] in ("warning", "failed"))


def test_failure(place: Path) -> None:
    lua = write(place / "lua", "#!/nowhere/python\n")
    done = doctor("--lua", str(lua), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["works"] is False
    done = doctor("--lua", str(lua))
    assert done.returncode == 1
    assert "A wiki would not work with this luaPath: 1 check failed.\n" in done.stdout
    assert done.stdout.endswith(f"\nOnce that is mended, LocalSettings.php:\n\n{lines_for(lua)}")
    assert "\x1b" not in done.stdout


def test_looks_on_where_the_web_server_cannot_go(place: Path, environment: Path, wiki: Path) -> None:
    """One cause is not the only thing that an admin learns: the rest is tried as root, and that is said."""
    user = other_user()
    (place / "closed").mkdir(mode=0o700)
    lua = launcher(place / "closed" / "lua", environment)
    done = doctor("--lua", str(lua), "--mediawiki", str(wiki))
    assert done.returncode == 1
    words = " ".join(done.stdout.split())
    assert f"{user.name} cannot get through it" in words
    assert re.search(r"ok handshake as root: getStatus", words)
    assert "1 check failed." in words
    assert f"Not looked at as {user.name}, but as root: interpreter, version, bundle, start, " in words
    done = doctor("--lua", str(place / "missing"), "--mediawiki", str(wiki))
    assert "Not looked at: executable, interpreter, " in done.stdout
    assert "(first mend: file)." in done.stdout


def test_lines_never_name_what_is_not_there(place: Path) -> None:
    done = doctor("--lua", f"{place / 'lua'} --max-memory 1G")
    assert done.returncode == 1
    assert re.search(r"\['luaPath'\] = '/[^' ]*/luaproc';\n", done.stdout)


def test_lines_have_the_whole_path(place: Path) -> None:
    """What was named by PATH, or as seen from here, is so named for a wiki, as the advice says. (Of luaPaths that are
    no Lua: nothing of them is examined any further.)"""
    lua = write(place / "lua", "#!/nowhere/python\n")
    relative = os.path.relpath(lua)
    for name, whole in (("true", shutil.which("true", path=PATH)), (relative, str(Path.cwd() / relative))):
        done = doctor("--lua", name)
        assert f"['luaPath'] = '{whole}';\n" in done.stdout


@pytest.mark.parametrize("words", [("--user", "no-such-user"), ("--no-such-option",), ("stray",)])
def test_usage_errors(words: tuple[str, ...]) -> None:
    done = doctor(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_on_a_terminal(healthy: Path, wiki: Path, place: Path) -> None:
    """In colours, in columns, and no line longer than the terminal is wide but those to be copied."""
    words = ["-m", "luaproc", "doctor", "--lua", str(healthy), "--mediawiki", str(wiki)]
    child = pexpect.spawn(sys.executable, words, env=CLEAN, encoding="utf-8", dimensions=(50, 80), timeout=300)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "\x1b[32m" in child.before
    plain = re.sub(r"\x1b\[[0-9;]*m", "", child.before).replace("\r\n", "\n")
    checks, _, settings = plain.partition("\nLocalSettings.php:\n")
    assert settings
    too_long = [line for line in checks.splitlines() if len(line) > 80 and len(line.split()) > 3]
    assert too_long == []
    starts = {len(match[0]) for match in re.finditer(r"^  (?:ok|warning|FAILED) +\S+(?: \S+)? +", checks, re.MULTILINE)}
    assert len(starts) == 1


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_advice_is_whole_on_narrow_terminals(place: Path, wiki: Path, columns: int) -> None:
    """Sentences fit; commands and lines to paste are whole lines, which a terminal may break and a copy does not."""
    (place / "lua").mkdir()
    lua = write(place / "lua" / "a-launcher-with-a-long-name", "#!/bin/sh\r\nexec lua\r\n")
    write(wiki / "LocalSettings.php", "<?php\nwfLoadExtension( 'Scribunto' );\n", 0o644)
    words = ["-m", "luaproc", "doctor", "--lua", str(lua), "--mediawiki", str(wiki)]
    environment = {**CLEAN, "COLUMNS": ""}
    child = pexpect.spawn(
        sys.executable, words, env=environment, encoding="utf-8", dimensions=(50, columns), timeout=600
    )
    child.expect(pexpect.EOF)
    child.close()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", child.before).replace("\r\n", "\n")
    assert f"-> sed -i 's/\\r$//' {lua}\n" in plain
    assert "$wgScribuntoDefaultEngine = 'luastandalone';\n" in plain
    too_long = [line for line in plain.splitlines() if len(line) > columns]
    # Paths, commands, PHP, and names that are one word.
    assert [line for line in too_long if not re.search(r"[`/$]", line) and len(line.split()) > 1] == []


def test_in_a_pipe_each_finding_is_a_line(place: Path, wiki: Path) -> None:
    lua = write(place / "lua", "#!/nowhere/python\n")
    lines = doctor("--lua", str(lua), "--mediawiki", str(wiki), COLUMNS="40").stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  FAILED   interpreter"))
    assert lines[at].endswith(
        f"{lua} is a script for /nowhere/python, which is not there (a moved or deleted environment?)"
    )
    assert lines[at + 1].endswith("-> Install luaproc again. `luaproc link PATH` writes a new launcher.")


def test_not_root(healthy: Path, environment: Path, wiki: Path, place: Path) -> None:
    """Files are judged by their modes, and the server is started as who asks, which is said."""
    user = other_user()
    for name in ("click", "phpserialize"):
        spec = find_spec(name)
        assert spec
        assert spec.origin
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, place / name)
        else:
            shutil.copy(origin, place)
    subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    python = launchers.interpreter_of(healthy.read_text())
    assert python
    done = subprocess.run(
        [python, "-m", "luaproc", "doctor", "--lua", str(healthy), "--mediawiki", str(wiki)],
        capture_output=True, text=True, timeout=600, check=False, cwd="/", user="nobody", extra_groups=[],
        env={**CLEAN, "PYTHONPATH": f"{environment}:{place}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    words = " ".join(done.stdout.split())
    assert f"{user.name} (read off the modes of files; run this as root to try it really)" in words
    assert "under 7 s and 51200 KB, as nobody" in words
    assert f"Started as nobody, and not as {user.name}: only root can try that." in words
