"""Faults of installations as admins have them: each has the right verdict, and one line of advice that mends it."""

import os
import shutil
from pathlib import Path

import pytest

from luaproc.doctor import case, checks
from luaproc.doctor.users import myself
from tests.doctor.conftest import Make, launcher, other_user, write
from tests.doctor.faults import FILES, PACKAGES, WORK, Fault, windows
from tests.doctor.scenes import CONF, Scene
from tests.parts import need

# Each examines an installation: some processes are started, 0.2 to 2 s.
pytestmark = pytest.mark.slow


def _fifo(scene: Scene) -> None:
    os.mkfifo(scene.place / "fifo", 0o666)
    scene.conf("errorFile", f"'{scene.place}/fifo'")


def _without_settings(scene: Scene) -> None:
    scene.lines = None


def _other_luapath(scene: Scene) -> None:
    scene.conf("luaPath", "'/usr/bin/lua5.1'")


def _no_luapath(scene: Scene) -> None:
    assert scene.lines
    del scene.lines[0]


def _no_error_file(scene: Scene) -> None:
    assert scene.lines
    del scene.lines[1]


WIKI = [
    Fault(
        "no lua_ulimit.sh",
        lambda scene: scene.engine("lua_ulimit.sh").unlink(),
        "readable",
        "failed",
        "lua_ulimit.sh is not there",
        "Install Scribunto",
    ),
    Fault(
        "lua_ulimit.sh from Windows",
        lambda scene: windows(scene.engine("lua_ulimit.sh")),
        "limits",
        "failed",
        "ends with status",
        "`sed -i",
    ),
    Fault(
        "closed extensions",
        lambda scene: (scene.wiki / "extensions").chmod(0o700),
        "readable",
        "failed",
        "<user> cannot get through it",
        "`chmod a+x <place>/wiki/extensions`",
    ),
    Fault(
        "no Scribunto",
        lambda scene: shutil.rmtree(scene.wiki / "extensions"),
        "found",
        "failed",
        "no mw_main.lua there",
        "index.php",
    ),
    Fault(
        "extension.json damaged",
        lambda scene: write(scene.wiki / "extensions/Scribunto/extension.json", "<<<<"),
        "found",
        "failed",
        "cannot be read",
        "Install Scribunto",
    ),
    Fault("no LocalSettings.php", _without_settings, "settings", "warning", "is not set up yet", "at the end"),
    Fault(
        "another luaPath there",
        _other_luapath,
        "settings",
        "failed",
        "names /usr/bin/lua5.1 as luaPath",
        f"{CONF}['luaPath'] = '<lua>';",
    ),
    Fault("no luaPath there", _no_luapath, "settings", "failed", "names no luaPath", f"{CONF}['luaPath'] = '<lua>';"),
    Fault(
        "another engine, chosen later",
        lambda scene: scene.add("$wgScribuntoDefaultEngine = 'luasandbox';"),
        "settings",
        "failed",
        "chooses luasandbox",
        "$wgScribuntoDefaultEngine = 'luastandalone';",
    ),
    Fault(
        "an array that takes luaPath away",
        lambda scene: scene.add(f"{CONF} = [ 'memoryLimit' => 99999999 ];"),
        "settings",
        "failed",
        "names no luaPath",
        f"{CONF}['luaPath'] = '<lua>';",
    ),
    Fault("no errorFile", _no_error_file, "errorFile", "warning", "none is set", "`install -d -o <user>"),
    Fault(
        "errorFile where nothing is",
        lambda scene: scene.conf("errorFile", "'/var/log/nothing/x.log'"),
        "errorFile",
        "failed",
        "/var/log/nothing is not there",
        "`install -d -o <user>",
    ),
    Fault(
        "errorFile in a closed directory",
        lambda scene: scene.conf("errorFile", "'/root/x.log'"),
        "errorFile",
        "failed",
        "<user> may not make files in it",
        "`install -d -o <user>",
    ),
    Fault(
        "errorFile of another user",
        lambda scene: (scene.place / "log").chmod(0o644),
        "errorFile",
        "failed",
        "<user> may not write to it",
        "`chown <user> <place>/log",
    ),
    Fault(
        "errorFile that is a FIFO",
        _fifo,
        "errorFile",
        "failed",
        "PHP waits there for a reader",
        "`install -d -o <user>",
    ),
    Fault(
        "errorFile relative",
        lambda scene: scene.conf("errorFile", "'lua.log'"),
        "errorFile",
        "failed",
        "working directory",
        "`install -d -o <user>",
    ),
]

PHP = [
    Fault(
        "LocalSettings.php that does not parse",
        lambda scene: scene.add("$x = ;"),
        "settings",
        "failed",
        "LocalSettings.php on line",
        "Correct that line",
    ),
    Fault(
        "disable_functions",
        lambda scene: scene.php("disable_functions = exec,proc_open"),
        "functions",
        "failed",
        "PHP has no proc_open",
        "disable_functions",
    ),
    Fault(
        "disable_functions of FPM",
        lambda scene: scene.php("disable_functions = proc_open", "fpm"),
        "functions",
        "failed",
        "(fpm)",
        "disable_functions",
    ),
    Fault(
        "disable_functions of a pool",
        lambda scene: scene.pool("php_admin_value[disable_functions] = proc_open"),
        "functions",
        "failed",
        "www.conf disables proc_open",
        "php_admin_value[disable_functions]",
    ),
    Fault(
        "popen disabled",
        lambda scene: scene.php("disable_functions = popen"),
        "functions",
        "warning",
        "PHP has no popen",
        "Special:Version",
    ),
    Fault(
        "open_basedir",
        lambda scene: scene.php("open_basedir = /var/www"),
        "proc_open",
        "failed",
        "open_basedir is /var/www",
        "Add <place>/log to open_basedir",
    ),
    Fault(
        "open_basedir of a pool",
        lambda scene: scene.pool("php_admin_value[open_basedir] = /var/www:/usr/share"),
        "pools",
        "failed",
        "sets open_basedir to /var/www:/usr/share",
        "Add <place>/log to open_basedir",
    ),
    Fault(
        "pool of another user",
        lambda scene: scene.pool("user = wiki"),
        "pools",
        "warning",
        "runs PHP as wiki",
        "`luaproc doctor --user wiki`",
    ),
    Fault(
        "pool in a root of its own",
        lambda scene: scene.pool("chroot = /var/empty"),
        "pools",
        "failed",
        "where there is no /bin/sh and no <lua>",
        "`chroot`",
    ),
    Fault(
        "pool with a variable",
        lambda scene: scene.pool("env[LUAPROC_RUNTIME] = lua99"),
        "pools",
        "failed",
        "unknown runtime 'lua99'",
        "Correct that line",
    ),
    Fault(
        "little memory for PHP",
        lambda scene: scene.php("memory_limit = 32M"),
        "php.ini",
        "warning",
        "memory_limit is 32M",
        "memory_limit = 128M",
    ),
]

HEALTHY = [
    Fault("as the documents have it", lambda scene: None, "handshake", "ok", "all answered", ""),
    Fault(
        "a path with blanks and quotes",
        lambda scene: scene.move("my 'own' \"wiki\" ü/lua"),
        "handshake",
        "ok",
        "all answered",
        "",
    ),
    Fault(
        "errorFile that is PHP's stderr",
        lambda scene: scene.conf("errorFile", "'php://stderr'"),
        "errorFile",
        "ok",
        "php://stderr",
        "",
    ),
    Fault(
        "keys added to the array",
        lambda scene: scene.add(f"{CONF} += [ 'cpuLimit' => 9 ];"),
        "settings",
        "ok",
        "names it",
        "",
    ),
]


def _rows(check: str) -> tuple[checks.Check, ...]:
    """The rows of the table that a check needs, and the check itself."""
    rows = {row.name: row for row in checks.CHECKS}
    wanted, todo = set(), [check]
    while todo:
        name = todo.pop()
        wanted.add(name)
        todo += rows[name].needs
    return tuple(row for row in checks.CHECKS if row.name in wanted)


@pytest.mark.parametrize(
    "fault",
    [
        *(pytest.param(fault, id=fault.name) for fault in (*FILES, *PACKAGES, *WORK, *WIKI, *HEALTHY)),
        *(pytest.param(fault, id=fault.name, marks=pytest.mark.real) for fault in PHP),
    ],
)
def test_faults(fault: Fault, place: Path, wiki: Path, environment: Path, make: Make) -> None:
    user = other_user()
    scene = Scene(place, wiki, environment, str(launcher(place / "lua", environment)), place / "php")
    scene.options["php"] = need("php") if fault in PHP else None
    fault.provoke(scene)
    if scene.lines is not None:
        lines = [
            "<?php",
            "wfLoadExtension( 'Scribunto' );",
            "$wgScribuntoDefaultEngine = 'luastandalone';",
            *(line.replace("<lua>", scene.lua.replace("'", "\\'")) for line in scene.lines),
        ]
        write(wiki / "LocalSettings.php", "\n".join(lines) + "\n", 0o644)
    variables = {
        "PATH": case.PATH,
        "LC_ALL": case.LOCALE,
        "PHPRC": str(scene.ini / "cli"),
        "PHP_INI_SCAN_DIR": str(scene.ini / "cli" / "conf.d"),
        **scene.variables,
    }
    examined = make(scene.lua, wiki, environment=variables, **scene.options)
    results = list(checks.examine(examined, _rows(fault.check)))

    def words(text: str) -> str:
        return text.replace("<lua>", scene.lua).replace("<place>", str(place)).replace("<user>", user.name)

    finding = next(result.finding for result in results if result.check.name == fault.check)
    assert (finding.level, words(fault.text) in finding.text) == (fault.level, True), finding
    assert words(fault.advice) in finding.advice
    assert "\n" not in finding.advice
    assert checks.works(results) == (fault.level != "failed"), results
    others = [r for r in results if r.check.name != fault.check and r.finding.level in ("failed", "warning")]
    assert [r for r in others if r.check.name not in ("place", fault.check) and r.finding.level == "failed"] == []


def test_a_system_without_a_shell(healthy: Path, wiki: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that has little more than a web server: each check says so, and the run goes on to its end."""
    monkeypatch.setattr("luaproc.doctor.scribunto.ulimit_command", lambda case, command: ["/nowhere/sh"])
    row = next(row for row in checks.CHECKS if row.name == "limits")
    examined = make(healthy, wiki, user=myself())
    (result,) = checks.examine(examined, (row._replace(needs=()),))
    assert result.finding.level == "failed"
    assert "/nowhere/sh: No such file or directory" in result.finding.text


def test_there_are_more_than_forty() -> None:
    """Each with a name of its own."""
    names = {fault.name for fault in (*FILES, *PACKAGES, *WORK, *WIKI, *PHP)}
    assert len(names) == len((*FILES, *PACKAGES, *WORK, *WIKI, *PHP)) > 40
