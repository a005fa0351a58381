"""The Scribunto that would start us, and what LocalSettings.php says."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from luaproc.doctor import case, settings
from luaproc.install import mediawiki
from luaproc.install.mediawiki import local_settings
from luaproc.responder.scribunto import NEW_CLASS
from tests.doctor.conftest import CLASS, Make, check, other_user, write
from tests.parts import need

NAMES = ("found", "readable", "limits", "class")
ENGINE = "extensions/Scribunto/includes/engines/LuaStandalone"
CONF = "$wgScribuntoEngineConf['luastandalone']"
GOOD = "<?php\nwfLoadExtension( 'Scribunto' );\n$wgScribuntoDefaultEngine = 'luastandalone';\n"


@pytest.mark.parametrize("name", NAMES)
def test_healthy(healthy: Path, wiki: Path, make: Make, name: str) -> None:
    assert check(name, make(healthy, wiki)).level == "ok"


@pytest.mark.real
def test_debians_mediawiki(healthy: Path, make: Make) -> None:
    examined = make(healthy, Path(need("mediawiki")))
    assert [check(name, examined).level for name in NAMES] == ["ok"] * len(NAMES)
    assert "on MediaWiki 1." in check("found", examined).text
    assert CLASS in check("class", examined).text


def test_no_mediawiki_is_said(healthy: Path, make: Make) -> None:
    """And nothing of it is called ok."""
    examined = make(healthy)
    assert check("found", examined).level == "warning"
    assert {check(name, examined).level for name in ("readable", "limits", "class", "settings")} == {"skipped"}


def test_named_mediawiki_is_not_there(healthy: Path, place: Path) -> None:
    """Whoever names one must not read that all is well."""
    finding = check("found", case.make_case(str(healthy), str(place / "nowhere")))
    assert finding.level == "failed"
    assert "expected the directory of a MediaWiki that has extensions/Scribunto" in finding.text
    assert finding.advice == "Name the directory that has MediaWiki's index.php."
    write(place / "index.php", "")
    assert check("found", case.make_case(str(healthy), str(place))).advice == "Install Scribunto there."


@pytest.mark.parametrize("text", ["", "{", "[]", "1"])
def test_broken_extension(healthy: Path, wiki: Path, make: Make, text: str) -> None:
    write(wiki / "extensions" / "Scribunto" / "extension.json", text)
    finding = check("found", make(healthy, wiki))
    assert finding.level == "failed"
    assert "extension.json cannot be read" in finding.text


@pytest.mark.parametrize("name", ["lua_ulimit.sh", "MWServer.lua"])
def test_file_missing(healthy: Path, wiki: Path, make: Make, name: str) -> None:
    (wiki / ENGINE / name).unlink()
    finding = check("readable", make(healthy, wiki))
    assert finding.level == "failed"
    assert finding.text == f"{wiki / ENGINE / name} is not there"


def test_wiki_closed_to_the_web_server(healthy: Path, wiki: Path, make: Make) -> None:
    user = other_user()
    (wiki / ENGINE / "lua_ulimit.sh").chmod(0o600)
    finding = check("readable", make(healthy, wiki))
    assert finding.level == "failed"
    assert f"{user.name} may not read it" in finding.text
    (wiki / "extensions").chmod(0o700)
    assert f"{wiki / 'extensions'} is drwx------" in check("readable", make(healthy, wiki)).text


def test_ulimit_script_with_windows_line_ends(healthy: Path, wiki: Path, make: Make) -> None:
    script = wiki / ENGINE / "lua_ulimit.sh"
    write(script, script.read_text().replace("\n", "\r\n"))
    finding = check("limits", make(healthy, wiki))
    assert finding.level == "failed"
    assert "sed -i" in finding.advice


@pytest.mark.slow  # starts a server under several limits
def test_limit_above_that_of_the_shell(healthy: Path, wiki: Path) -> None:
    """A service with a lower limit of its own (LimitAS=, LimitCPU=) cannot set Scribunto's."""
    write(wiki / "LocalSettings.php", f"{GOOD}{CONF}['cpuLimit'] = 900;\n", 0o644)
    command = [sys.executable, "-m", "luaproc", "doctor", "--json", "--lua", str(healthy), "--mediawiki", str(wiki)]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -t 600; exec "$@"', "sh", *command], capture_output=True, timeout=600, check=False
    )
    found = {entry["check"]: entry for entry in json.loads(done.stdout)["checks"]}
    if os.geteuid() == 0 and not json.loads(done.stdout)["tried_as_user"]:
        pytest.fail("root may raise every limit")
    assert found["limits"]["level"] == "failed"
    assert "ulimit" in found["limits"]["text"]
    assert done.returncode == 1


def test_class_of_newer_scribunto(healthy: Path, wiki: Path, make: Make) -> None:
    escaped = NEW_CLASS.replace("\\", "\\\\")
    write(wiki / ENGINE / "MWServer.lua", f"'O:{len(NEW_CLASS)}:\"{escaped}\":2:{{'\n", 0o644)
    assert check("class", make(healthy, wiki)).text == f"functions are {NEW_CLASS}"
    assert check("handshake", make(healthy, wiki)).level == "ok"


def test_class_forced_wrongly(healthy: Path, wiki: Path, make: Make) -> None:
    finding = check("class", make(healthy, wiki, environment={"LUAPROC_FUNCTION_CLASS": NEW_CLASS}))
    assert finding.level == "failed"
    assert CLASS in finding.text


# LocalSettings.php


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (f"{CONF}['luaPath'] = '/usr/bin/lua';", "luaPath", "/usr/bin/lua"),
        ('$wgScribuntoEngineConf["luastandalone"]["luaPath"]="/a b/lua" ;', "luaPath", "/a b/lua"),
        (f"{CONF}[ 'luaPath' ]\n\t= 'it\\'s \\\\ here';", "luaPath", "it's \\ here"),
        (f"{CONF}['luaPath'] = '/first';\n{CONF}['luaPath'] = '/last';", "luaPath", "/last"),
        (f"# {CONF}['luaPath'] = '/comment';", "luaPath", None),
        (f"// {CONF}['luaPath'] = '/comment';", "luaPath", None),
        (f"/* {CONF}['luaPath'] = '/comment';\n*/", "luaPath", None),
        (f"$a = '# no comment'; {CONF}['luaPath'] = '/b#c//d';", "luaPath", "/b#c//d"),
        (f"{CONF}['luaPath'] = null;", "luaPath", None),
        (f"{CONF}['luaPath'] = \"$IP/lua\";", "luaPath", settings.Unreadable('"$IP/lua"')),
        (f"{CONF}['luaPath'] = getenv( 'LUA' );", "luaPath", settings.Unreadable("getenv( 'LUA' )")),
        (f"{CONF}['luaPath'] = __DIR__ . '/bin' . '/lua';", "luaPath", "<here>/bin/lua"),
        (f"{CONF}['luaPath'] = \"$IP\" . '/lua';", "luaPath", settings.Unreadable("\"$IP\" . '/lua'")),
        (f"{CONF}['luaPath'] = $IP . '/lua';", "luaPath", "<here>/lua"),
        (f"{CONF} = [ 'cpuLimit' => 9, 'luaPath' => '/in/array' ];", "luaPath", "/in/array"),
        (f"{CONF} = [ 'cpuLimit' => 9, 'luaPath' => '/in/array' ];", "cpuLimit", 9),
        ("$wgScribuntoEngineConf = [ 'luastandalone' => array('luaPath' => '/x') ];", "luaPath", "/x"),
        (f"{CONF}['memoryLimit'] = 100 * 1024 * 1024;", "memoryLimit", 104_857_600),
        (f"{CONF}['memoryLimit'] = 52_428_800;", "memoryLimit", 52_428_800),
        (f"{CONF}['cpuLimit'] = 7;", "cpuLimit", 7),
        (f"{CONF}['cpuLimit'] = -1;", "cpuLimit", -1),
        (f"{CONF}['cpuLimit'] = 9 -1;", "cpuLimit", settings.Unreadable("9 -1")),
        (f"{CONF}['errorFile'] = '/var/log/lua.log';", "errorFile", "/var/log/lua.log"),
        ("$wgScribuntoEngineConf['luasandbox']['memoryLimit'] = 1;", "memoryLimit", None),
    ],
)
def test_settings(place: Path, text: str, key: str, expected: object) -> None:
    path = write(place / "LocalSettings.php", f"<?php\n{text}\n")
    found = settings.read(path).conf.get(key)
    if isinstance(expected, str) and not isinstance(expected, settings.Unreadable):
        expected = expected.replace("<here>", str(place))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.real
def test_settings_read_as_php_reads_them(place: Path) -> None:
    """PHP is the judge of what our own lines mean."""
    lua = "/a 'quoted' \\ path/lua"
    lines = local_settings(lua, loads=True)
    path = write(place / "LocalSettings.php", "<?php\n" + "\n".join(lines))
    code = f"require '{path}'; echo $wgScribuntoEngineConf['luastandalone']['luaPath'];"
    assert subprocess.run([need("php"), "-r", code], capture_output=True, text=True, check=True).stdout == lua
    assert settings.read(path).text("luaPath") == lua


@pytest.mark.parametrize(
    ("text", "level", "expected"),
    [
        (GOOD + f"{CONF}['luaPath'] = '<lua>';", "ok", "names it"),
        (None, "warning", "is not set up yet"),
        ("<?php\n", "failed", "does not load Scribunto itself"),
        (GOOD, "failed", "names no luaPath"),
        (GOOD + f"{CONF}['luaPath'] = '/other';", "failed", "names /other as luaPath"),
        (GOOD.replace("luastandalone", "luasandbox"), "failed", "chooses luasandbox"),
        ("<?php\nwfLoadExtension( 'Scribunto' );", "failed", "chooses no engine"),
        (GOOD + f"{CONF}['luaPath'] = getenv( 'LUA' );", "warning", "which only PHP can tell"),
    ],
)
def test_local_settings(healthy: Path, wiki: Path, make: Make, text: str | None, level: str, expected: str) -> None:
    if text is not None:
        write(wiki / "LocalSettings.php", text.replace("<lua>", str(healthy)), 0o644)
    finding = check("settings", make(healthy, wiki))
    assert finding.level == level
    assert expected in finding.text


@pytest.mark.slow  # starts PHP for each row
@pytest.mark.parametrize(
    ("text", "level", "advice"),
    [
        ("<?php\n$wgScribuntoDefaultEngine = $engine;\nwfLoadExtension( 'Scribunto' );", "warning", "'luastandalone'"),
        ("<?php\nrequire $farm;\n", "warning", "wfLoadExtension"),
        ("<?php\n", "failed", "wfLoadExtension( 'Scribunto' );"),
        (GOOD, "failed", "['luaPath'] = '<lua>';"),
        (GOOD.replace("luastandalone", "luasandbox"), "failed", "$wgScribuntoDefaultEngine = 'luastandalone';"),
        ("<?php\nwfLoadExtension( 'Scribunto' );", "failed", "$wgScribuntoDefaultEngine = 'luastandalone';"),
    ],
)
def test_the_line_that_is_missing_is_there_to_paste(
    healthy: Path, wiki: Path, make: Make, text: str, level: str, advice: str
) -> None:
    """A wiki without one of these runs its modules on something else, and nothing tells."""
    write(wiki / "LocalSettings.php", text, 0o644)
    finding = check("settings", make(healthy, wiki))
    assert (finding.level, advice.replace("<lua>", str(healthy)) in finding.advice) == (level, True)


@pytest.mark.real  # PHP
def test_local_settings_that_do_not_parse(healthy: Path, wiki: Path, make: Make) -> None:
    """The wiki shows no page at all, whatever its luaPath is."""
    need("php")
    write(wiki / "LocalSettings.php", f"{GOOD}{CONF}['luaPath'] = '{healthy}'\n$wgSitename = 'x';\n", 0o644)
    finding = check("settings", make(healthy, wiki))
    assert finding.level == "failed"
    assert "LocalSettings.php on line" in finding.text
    assert 'unexpected variable "$wgSitename"' in finding.text


def test_settings_in_files_that_are_required(place: Path) -> None:
    """By names that can be told, as wiki farms and packages have it; the later setting wins, and loops end."""
    write(place / "inc" / "lua.php", f"<?php\n{CONF}['luaPath'] = '/from/inc';\n{CONF}['cpuLimit'] = 3;\n")
    write(place / "Base.php", "<?php\nwfLoadExtension( 'Scribunto' );\nrequire_once __DIR__ . '/LocalSettings.php';\n")
    text = (
        "<?php\nrequire_once( 'Base.php' );\n// require 'nothing.php';\ninclude __DIR__ . '/inc/lua.php';\n"
        f"include 'missing.php';\nrequire $farm;\n{CONF}['cpuLimit'] = 5;\n"
    )
    found = settings.read(write(place / "LocalSettings.php", text))
    assert found.loads
    assert (found.text("luaPath"), found.number("cpuLimit", 7)) == ("/from/inc", 5)


def test_local_settings_that_we_cannot_read(healthy: Path, wiki: Path, make: Make) -> None:
    (wiki / "LocalSettings.php").mkdir()
    finding = check("settings", make(healthy, wiki))
    assert finding.level == "warning"
    assert "LocalSettings.php cannot be read" in finding.text


def test_luapath_and_limits_of_the_wiki_are_taken(wiki: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --lua the wiki's own luaPath is examined, under the wiki's own limits; MW_CONFIG_FILE counts."""
    text = f"{GOOD}{CONF}['luaPath'] = '/the/wikis/lua';\n{CONF}['memoryLimit'] = 99;\n{CONF}['cpuLimit'] = 3;\n"
    monkeypatch.setenv("MW_CONFIG_FILE", str(write(place / "Elsewhere.php", text)))
    made = case.make_case(None, str(wiki))
    assert (made.lua, made.lua_from) == ("/the/wikis/lua", str(place / "Elsewhere.php"))
    assert (made.memory_limit, made.cpu_limit) == (99, 3)
    assert case.make_case("/given", str(wiki)).lua == "/given"


@pytest.mark.slow  # starts many processes
@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("'50M'", "failed"), ("0", "failed"), ("-1", "failed"), ("1000", "failed"), ("null", "failed"),
        ("'52428800'", "ok"), ("'6e7'", "ok"), ("getenv( 'X' )", "ok"),
    ],
)  # fmt: skip
def test_limits_as_php_computes_them(healthy: Path, wiki: Path, make: Make, value: str, level: str) -> None:
    """PHP makes 0 KB of what is no number; what only PHP can tell is taken to be the default."""
    write(wiki / "LocalSettings.php", f"{GOOD}{CONF}['memoryLimit'] = {value};\n", 0o644)
    finding = check("limits", make(healthy, wiki))
    assert finding.level == level
    if level == "failed":
        assert finding.text.startswith("memoryLimit is ")
        assert finding.advice.endswith("['memoryLimit'] = 52428800;")
    if value == "'6e7'":
        assert "58593 KB" in finding.text


def test_local_settings_that_the_web_server_cannot_read(healthy: Path, wiki: Path, make: Make) -> None:
    user = other_user()
    path = write(wiki / "LocalSettings.php", f"{GOOD}{CONF}['luaPath'] = '{healthy}';", 0o600)
    finding = check("settings", make(healthy, wiki))
    assert (finding.level, f"{user.name} may not read it" in finding.text) == ("failed", True)
    assert str(path) in finding.advice


def test_two_wikis_on_a_machine(wiki: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which one was examined is said, and that there is another; the same one by a link is no other."""
    other, link = place / "other", place / "link"
    shutil.copytree(wiki, other)
    link.symlink_to(wiki)
    monkeypatch.setattr(mediawiki, "PLACES", (str(wiki), str(link)))
    assert check("found", case.make_case("/lua")).level == "ok"
    monkeypatch.setattr(mediawiki, "PLACES", (str(wiki), str(link), str(other)))
    finding = check("found", case.make_case("/lua"))
    assert (finding.level, f"another wiki in {other}" in finding.text) == ("warning", True)
    assert check("found", case.make_case("/lua", str(wiki))).level == "ok"


def test_no_error_file_is_a_warning(healthy: Path, wiki: Path, make: Make) -> None:
    """Everything that the Lua side says of a failure would be lost; the directory is made by one command."""
    write(wiki / "LocalSettings.php", GOOD, 0o644)
    finding = check("errorFile", make(healthy, wiki))
    assert finding.level == "warning"
    assert finding.advice.startswith(f"`install -d -o {make(healthy).user.name} /var/log/luaproc`")


def error_file_case(make: Make, lua: Path, path: Path) -> Any:
    return make(lua, settings=settings.Settings(conf={"errorFile": str(path)}))


def test_error_file(healthy: Path, place: Path, make: Make) -> None:
    """PHP starts nothing if it cannot open it."""
    user = other_user()
    assert check("errorFile", make(healthy)).level == "skipped"
    finding = check("errorFile", error_file_case(make, healthy, place / "no" / "log"))
    assert (finding.level, "is not there" in finding.text) == ("failed", True)
    finding = check("errorFile", error_file_case(make, healthy, place / "log"))
    assert (finding.level, f"{user.name} may not" in finding.text) == ("failed", True)
    finding = check("errorFile", error_file_case(make, healthy, place))
    assert (finding.level, "is a directory" in finding.text) == ("failed", True)
    log = write(place / "log", "", 0o644)
    finding = check("errorFile", error_file_case(make, healthy, log))
    assert f"{user.name} may not write to it" in finding.text
    os.chown(log, user.uid, user.gid)
    assert check("errorFile", error_file_case(make, healthy, log)).level == "ok"
