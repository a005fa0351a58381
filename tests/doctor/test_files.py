"""The file that luaPath names: each way in which it cannot be started is found, and named."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from luaproc.doctor import checks, files
from luaproc.install import launchers
from luaproc.responder import records
from tests.doctor.conftest import Make, check, launcher, other_user, write

SCRIPT = "#!/bin/sh\necho Lua 5.1.5\n"


def test_missing_file(place: Path, make: Make) -> None:
    finding = check("file", make(place / "nowhere"))
    assert finding.level == "failed"
    assert finding.text == f"there is no {place / 'nowhere'}"
    assert "luaproc link" in finding.advice


def test_missing_command(make: Make) -> None:
    assert check("file", make("no-such-lua")).level == "failed"


def test_options_in_luapath(place: Path, make: Make) -> None:
    """The mistake that everybody makes once: PHP escapes the whole text as one word."""
    write(place / "lua", SCRIPT)
    finding = check("file", make(f"{place / 'lua'} --runtime luajit21"))
    assert finding.level == "failed"
    assert "luaPath can carry no options" in finding.text
    assert finding.advice.endswith("`luaproc link PATH --runtime luajit21`")


def test_broken_link(place: Path, make: Make) -> None:
    (place / "lua").symlink_to(place / "gone")
    finding = check("file", make(place / "lua"))
    assert finding.level == "failed"
    assert f"a link to {place / 'gone'}, which is not there" in finding.text


def test_directory(place: Path, make: Make) -> None:
    assert check("file", make(place)).text == f"{place} is no file"


def test_relative_path(place: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place / "bin" / "lua", SCRIPT)
    monkeypatch.chdir(place)
    finding = check("file", make("bin/lua"))
    assert finding.level == "failed"
    assert finding.advice == f"Write {place / 'bin' / 'lua'} as luaPath."


def test_name_found_by_path(place: Path, make: Make) -> None:
    write(place / "lua5.1", SCRIPT)
    finding = check("file", make("lua5.1", environment={"PATH": str(place)}))
    assert finding.level == "warning"
    assert str(place / "lua5.1") in finding.text


def test_not_executable(place: Path, make: Make) -> None:
    path = write(place / "lua", SCRIPT, 0o644)
    finding = check("executable", make(path))
    assert finding.level == "failed"
    assert finding.advice == f"`chmod 755 {path}`"


def test_executable_by_its_owner_only(place: Path, make: Make) -> None:
    user = other_user()
    path = write(place / "lua", SCRIPT, 0o700)
    finding = check("executable", make(path))
    assert finding.level == "failed"
    assert re.search(rf"lua is -rwx------ \w+:\w+: {user.name} may not execute it", finding.text)


def test_directory_closed_to_the_web_server(place: Path, make: Make) -> None:
    """The usual one: luaproc in somebody's home directory."""
    user = other_user()
    path = write(place / "home" / "bin" / "lua", SCRIPT)
    (place / "home").chmod(0o700)
    finding = check("executable", make(path))
    assert finding.level == "failed"
    assert finding.text.startswith(f"{place / 'home'} is drwx------")
    assert f"{user.name} cannot get through it" in finding.text


def test_target_of_a_link_behind_a_closed_directory(place: Path, make: Make) -> None:
    other_user()
    write(place / "home" / "lua", SCRIPT)
    (place / "home").chmod(0o700)
    (place / "lua").symlink_to("home/lua")
    assert check("executable", make(place / "lua")).text.startswith(f"{place / 'home'} is drwx------")


def test_group_and_owner_count(place: Path, make: Make) -> None:
    """What another user may not is not what www-data may not: its own file, and its group's."""
    user = other_user()
    path = write(place / "lua", SCRIPT, 0o750)
    os.chown(path, 0, user.gid)
    assert check("executable", make(path)).level == "ok"
    path.chmod(0o500)
    os.chown(path, user.uid, 0)
    assert check("executable", make(path)).level == "ok"


def test_script_that_cannot_be_read(place: Path, make: Make) -> None:
    """--x is enough for a program and not for a script."""
    other_user()
    finding = check("executable", make(write(place / "lua", SCRIPT, 0o711)))
    assert finding.level == "failed"
    assert "a script is read to be executed" in finding.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#!/nowhere/bin/python3\n", "a script for /nowhere/bin/python3, which is not there"),
        ("#!/bin/sh\r\n", "ends with a carriage return"),
        ("#!\n", "names nothing"),
        ("#!/usr/bin/env no-such-python\n", "looks for no-such-python by PATH"),
        ("import luaproc\n", "neither a program nor a script with a #! line"),
        ("", "neither a program nor a script with a #! line"),
    ],
)
def test_wrong_interpreter(place: Path, make: Make, text: str, expected: str) -> None:
    finding = check("interpreter", make(write(place / "lua", text)))
    assert finding.level == "failed"
    assert expected in finding.text
    assert finding.advice


def test_interpreter_closed_to_the_web_server(place: Path, make: Make) -> None:
    """An environment made from root's own Python: all of it looks fine to root."""
    other_user()
    shutil.copy("/bin/sh", write(place / "root" / "python3", ""))
    (place / "root").chmod(0o700)
    finding = check("interpreter", make(write(place / "lua", f"#!{place}/root/python3\n")))
    assert finding.level == "failed"
    assert f"{place}/root is drwx------" in finding.text


def test_good_interpreters(place: Path, make: Make) -> None:
    assert check("interpreter", make(write(place / "lua", "#!/bin/sh -e\n"))).text == "/bin/sh -e"
    assert check("interpreter", make(write(place / "lua", "#!/usr/bin/env sh\n"))).text.endswith("/sh")
    assert check("interpreter", make("/bin/sh")).text == "a program, no script"


@pytest.mark.slow  # starts several Pythons
@pytest.mark.parametrize("package", ["luaproc", "lupa"])
def test_modules_closed_to_the_web_server(place: Path, environment: Path, make: Make, package: str) -> None:
    """Installed under umask 077: the launcher can be read, and what it imports cannot."""
    other_user()
    for name in ("luaproc", "lupa"):
        (place / name).mkdir(mode=0o755)
        shutil.copytree(environment / name, place / name, dirs_exist_ok=True)
    examined = make(launcher(place / "lua", place))
    assert check("modules", examined).level == "ok"
    (place / package).chmod(0o700)
    finding = check("modules", examined)
    assert finding.level == "failed"
    assert f"{place / package} is drwx------" in finding.text


def test_environment_gone(place: Path, make: Make) -> None:
    """The launcher says so itself, with the status that the wiki shows."""
    finding = check("version", make(launcher(place / "lua", place / "deleted")))
    assert finding.level == "failed"
    assert "exited with status 126" in finding.text
    assert "luaproc cannot be started from" in finding.text
    assert "luaproc link" in finding.advice


@pytest.mark.slow  # examines a luaPath as a whole
def test_one_cause_is_one_failure(place: Path, make: Make) -> None:
    """What depends on a failed check is not run, and does not count as well."""
    results = list(checks.examine(make(write(place / "lua", SCRIPT, 0o644))))
    assert [result.check.name for result in results if result.finding.level == "failed"] == ["executable"]
    skipped = {result.check.name for result in results if result.finding.level == "skipped"}
    assert {"interpreter", "version", "start", "handshake", "memory", "sandbox"} <= skipped
    assert not checks.works(results)


@pytest.mark.slow  # starts commands
def test_a_launcher_is_written_anew_with_its_options(environment: Path, place: Path, make: Make) -> None:
    """What is advised must not take away what the launcher carries, unless that is the fault."""
    lua = launcher(place / "lua", environment, "--max-memory", "60M", "--log", "/var/log/it's.log")
    command = files.relink(make(lua)).strip("`")
    assert shlex.split(command)[1:] == [
        "-m", "luaproc", "link", "--force", str(lua), "--max-memory=62914560", "--log=/var/log/it's.log"
    ]  # fmt: skip
    assert files.relink(make(lua), keep_options=False).strip("`").endswith(f"--force {lua}")


@pytest.mark.slow  # writes launchers, which are started once
def test_a_profile_is_told_with_what_keeps_it_from_being_written(place: Path, healthy: Path, make: Make) -> None:
    """Every page pays for it, and a wiki goes on where nothing can be written: so somebody has to say it."""

    def found(file: Path) -> tuple[str, str]:
        lua = place / "lua"
        launchers.write(lua, launchers.text([f"--profile={file}"]), force=True)
        (finding,) = files.profile(make(lua))
        return finding.level, finding.text

    profile, link = place / "open" / "wiki.folded", place / "open" / "link"
    profile.parent.mkdir()
    profile.parent.chmod(0o777)
    link.symlink_to(profile)
    level, text = found(profile)
    assert level == "ok"
    assert text.startswith(f"every page is profiled into {profile}, which has 0 KB; `luaproc profile ")
    assert found(link) == (
        "warning",
        f"every page is profiled into {link}, which is no regular file: nothing is written",
    )
    assert found(place / "nowhere" / "x")[0] == "warning"
    with open(profile, "wb") as stream:
        stream.truncate(records.MOST)
    profile.chmod(0o666)
    assert found(profile) == ("warning", f"the profile {profile} is full (64 MB)")
    assert files.profile(make(healthy)) == []
