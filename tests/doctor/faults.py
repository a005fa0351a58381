"""Faults of a machine that serves a wiki: files, packages, what stands between PHP and the server."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from luaproc.install import launchers
from tests.doctor.conftest import launcher, write
from tests.doctor.scenes import CONF, Scene


class Fault(NamedTuple):
    """What an admin did, and what doctor has to find: the check, its level, words of its sentence and of its advice.

    In the words, ``<lua>`` is luaPath, ``<place>`` the scene's directory, and ``<user>`` the web server's user.
    """

    name: str
    provoke: Callable[[Scene], object]
    check: str
    level: str
    text: str
    advice: str


def _python_of(scene: Scene, python: str) -> None:
    text = scene.path.read_text()
    scene.script(text.replace(str(launchers.interpreter_of(text)), python))


def _closed_directory(scene: Scene) -> None:
    scene.move("closed/lua").parent.chmod(0o700)


def _extension(scene: Scene) -> Path:
    (path,) = (scene.copy() / "lupa").glob("lua51*")
    return path


def _cut_extension(scene: Scene) -> None:
    path = _extension(scene)
    path.write_bytes(path.read_bytes()[:5000])


def _without_luajit(scene: Scene) -> None:
    (path,) = (scene.copy("--runtime", "luajit21") / "lupa").glob("luajit21*")
    path.unlink()


def _made_for_another_python(scene: Scene) -> None:
    scene.script(scene.path.read_text().replace("sys.version_info[:2] != (3, ", "sys.version_info[:2] != (2, "))


def _unknown_option(scene: Scene) -> None:
    scene.script(scene.path.read_text().replace("launch(", "launch(('--speed=9',) + "))


def _half_an_upgrade(scene: Scene) -> None:
    (scene.copy() / "luaproc" / "responder" / "serve.py").unlink()


def _wrapper(text: str) -> Callable[[Scene], None]:
    return lambda scene: scene.script(f"#!/bin/sh\n{text}\n")


def _foreign_program(scene: Scene) -> None:
    path = scene.place / "of-another-machine"
    text = bytearray(Path("/bin/true").read_bytes()[:4096])
    text[18] = 0xF7  # ELF's e_machine: none of this world
    path.write_bytes(bytes(text))
    path.chmod(0o755)
    scene.lua = str(path)


def _mode(mode: int) -> Callable[[Scene], None]:
    return lambda scene: scene.path.chmod(mode)


def _lua(text: str) -> Callable[[Scene], None]:
    def provoke(scene: Scene) -> None:
        scene.lua = text.replace("<lua>", scene.lua).replace("<place>", str(scene.place))

    return provoke


def _link(scene: Scene) -> None:
    (scene.place / "link").symlink_to("/nowhere/lua")
    scene.lua = str(scene.place / "link")


def _options(*options: str) -> Callable[[Scene], None]:
    def provoke(scene: Scene) -> None:
        scene.lua = str(launcher(scene.place / "other-lua", scene.installed, *options))

    return provoke


def _old_launcher(scene: Scene, megabytes: int = 13) -> None:
    # Whatever archive this machine has, glibc does not map it where LOCPATH is set.
    scene.script(scene.path.read_text().replace("export LC_ALL=C\n", "export LOCPATH=/nowhere\n"))
    archive = scene.place / "locale-archive"
    archive.touch()
    os.truncate(archive, megabytes << 20)
    scene.options["locale_archive"] = archive


def _old_launcher_and_many_locales(scene: Scene) -> None:
    _old_launcher(scene, 38)


def _old_launcher_and_little_memory(scene: Scene) -> None:
    _old_launcher(scene)
    scene.conf("memoryLimit", "22 * 1024 * 1024")


def _noexec(scene: Scene) -> None:
    mounts = f"/dev/a / ext4 rw 0 0\ntmpfs {os.path.realpath(scene.place)} tmpfs rw,noexec 0 0\n"
    scene.options["mounts"] = write(scene.place / "mounts", mounts)


def windows(path: Path) -> None:
    path.write_text(path.read_text().replace("\n", "\r\n"))


LINK = "luaproc link"

FILES = [
    Fault("luaPath that is not there", _lua("<place>/nothing"), "file", "failed", "there is no <place>/nothing", LINK),
    Fault("link to nothing", _link, "file", "failed", "is a link to /nowhere/lua", LINK),
    Fault("directory", _lua("<place>"), "file", "failed", "is no file", LINK),
    Fault(
        "options in luaPath",
        _lua("<lua> --max-memory=1G"),
        "file",
        "failed",
        "can carry no options",
        "`luaproc link PATH --max-memory=1G`",
    ),
    Fault("relative", _lua("bin/lua"), "file", "failed", "there is no bin/lua", LINK),
    Fault("not executable", _mode(0o644), "executable", "failed", "is not executable", "`chmod 755 <lua>`"),
    Fault("a file that is no program", _lua("<place>/log"), "executable", "failed", "nor a program", LINK),
    Fault("for root only", _mode(0o700), "executable", "failed", "<user> may not execute it", "`chmod a+rx <lua>`"),
    Fault("not readable", _mode(0o711), "executable", "failed", "a script is read", "`chmod a+r <lua>`"),
    Fault(
        "closed directory",
        _closed_directory,
        "executable",
        "failed",
        "<user> cannot get through it",
        "`chmod a+x <place>/closed`",
    ),
    Fault("noexec", _noexec, "noexec", "failed", "is mounted noexec", "mount -o remount,exec"),
    Fault("private /tmp", lambda scene: None, "place", "warning", "PrivateTmp", "/opt"),
    Fault(
        "Windows line ends",
        lambda scene: windows(scene.path),
        "interpreter",
        "failed",
        "carriage return",
        "`sed -i 's/\\r$//' <lua>`",
    ),
    Fault(
        "deleted environment",
        lambda scene: scene.script("#!/opt/old/bin/python3\n"),
        "interpreter",
        "failed",
        "script for /opt/old/bin/python3, which is not there",
        LINK,
    ),
    Fault(
        "system upgraded, Python gone",
        lambda scene: _python_of(scene, "/usr/bin/python3.4"),
        "interpreter",
        "failed",
        "starts /usr/bin/python3.4, which is not there",
        LINK,
    ),
    Fault(
        "Python of a home directory",
        lambda scene: _python_of(scene, "/root/python/bin/python3"),
        "interpreter",
        "failed",
        "/root is ",
        "-m venv /opt/luaproc",
    ),
    Fault(
        "no such program on PATH",
        lambda scene: scene.script("#!/usr/bin/env python2\n"),
        "interpreter",
        "failed",
        "looks for python2 by PATH",
        LINK,
    ),
    Fault(
        "text",
        lambda scene: scene.script("luaproc serve\n"),
        "interpreter",
        "failed",
        "neither a program nor a script",
        LINK,
    ),
    Fault(
        "empty file", lambda scene: scene.script(""), "interpreter", "failed", "neither a program nor a script", LINK
    ),
]

PACKAGES = [
    Fault(
        "closed package",
        lambda scene: (scene.copy() / "lupa").chmod(0o700),
        "modules",
        "failed",
        "<user> cannot get through it",
        "`chmod a+x <place>/own/lupa`",
    ),
    Fault(
        "closed extension",
        lambda scene: _extension(scene).chmod(0o600),
        "modules",
        "failed",
        "<user> may not read it",
        "`chmod a+r <place>/own/lupa/lua51",
    ),
    Fault(
        "lupa uninstalled",
        lambda scene: shutil.rmtree(scene.copy() / "lupa"),
        "modules",
        "failed",
        "there is no lupa",
        "pip install --force-reinstall lupa`",
    ),
    Fault(
        "lupa without Lua 5.1",
        lambda scene: _extension(scene).unlink(),
        "modules",
        "failed",
        "there is no lupa with Lua 5.1",
        "pip install --force-reinstall lupa`",
    ),
    Fault(
        "luaproc uninstalled",
        lambda scene: shutil.rmtree(scene.copy() / "luaproc"),
        "modules",
        "failed",
        "there is no luaproc in <place>/own",
        "-m luaproc link --force <lua>`",
    ),
    Fault(
        "moved environment",
        lambda scene: scene.copy().rename(scene.place / "moved"),
        "modules",
        "failed",
        "a moved or deleted environment?",
        "-m luaproc link --force <lua>`",
    ),
    Fault(
        "extension cut short",
        _cut_extension,
        "version",
        "failed",
        "received signal",
        "pip install --force-reinstall lupa`",
    ),
    Fault(
        "half an upgrade",
        _half_an_upgrade,
        "start",
        "failed",
        "No module named 'luaproc.responder.serve'",
        "pip install --force-reinstall luaproc`",
    ),
    Fault(
        "another Python's launcher",
        _made_for_another_python,
        "version",
        "failed",
        "made for Python",
        "-m luaproc link --force <lua>`",
    ),
    Fault(
        "runtime that this lupa has not",
        _without_luajit,
        "version",
        "failed",
        "'luajit21' is not in this lupa",
        "pip install --force-reinstall lupa`",
    ),
    Fault(
        "option that is none",
        _unknown_option,
        "version",
        "failed",
        "unknown option --speed",
        "-m luaproc link --force <lua>`",
    ),
    Fault(
        "program of another machine",
        _foreign_program,
        "version",
        "failed",
        "Exec format error",
        "another kind of machine",
    ),
    Fault("a shell", _lua("/bin/sh"), "version", "failed", "/bin/sh -v says nothing", LINK),
    Fault(
        "archive of locales", _old_launcher, "locales", "warning", "13.6 MB, which glibc maps into it; it starts", LINK
    ),
    Fault(
        *("archive of many locales", _old_launcher_and_many_locales, "locales", "warning"),
        *("39.8 MB, which glibc maps into it: Python does not start in what is left of 52.4", LINK),
    ),
]

WORK = [
    Fault(
        "archive of locales and little memory",
        _old_launcher_and_little_memory,
        "memory",
        "warning",
        "are left to modules",
        "The archive of locales takes it",
    ),
    Fault(
        "wrapper that talks",
        _wrapper('[ "$1" = -v ] || echo starting\nexec <lua> "$@"'),
        "start",
        "failed",
        "got 'starting",
        "Only frames may go to stdout",
    ),
    Fault(
        "wrapper that warns",
        _wrapper('[ "$1" = -v ] || echo careful >&2\nexec <lua> "$@"'),
        "start",
        "warning",
        "says on stderr: careful",
        "errorFile",
    ),
    Fault("wrapper that stays", _wrapper('<lua> "$@"'), "start", "warning", "as a child of a wrapper", "`exec`"),
    Fault(
        "wrapper with a limit",
        _wrapper('ulimit -v 20000\nexec <lua> "$@"'),
        "memory",
        "failed",
        "are left to modules",
        "`ulimit -v` out of <lua>",
    ),
    Fault(
        "wrapper that loses arguments",
        _wrapper("exec <lua> $1"),
        "handshake",
        "failed",
        "another number than that of the interpreter",
        '`"$@"`',
    ),
    Fault(
        "wrapper that loses all arguments", _wrapper("exec <lua>"), "version", "failed", "exited with status", '`"$@"`'
    ),
    Fault(
        "wrapper that needs another program",
        _wrapper('exec no-such-sudo <lua> "$@"'),
        "version",
        "failed",
        "exited with status 127",
        "install what it names, or correct <lua>",
    ),
    Fault(
        "log that cannot be written",
        _options("--log", "/root/luaproc.log"),
        "start",
        "warning",
        "no log, '/root/luaproc.log' cannot be opened",
        "Mend what it says",
    ),
    Fault(
        "launcher with little memory",
        _options("--max-memory", "3M"),
        "start",
        "failed",
        "not enough memory",
        "carries --max-memory=3145728",
    ),
    Fault(
        "class of another Scribunto",
        _options("--function-class", "Other"),
        "handshake",
        "failed",
        "functions arrive as Other",
        "--function-class",
    ),
    Fault(
        "variable that cannot be met",
        lambda scene: scene.variables.update(LUAPROC_RUNTIME="lua99"),
        "variables",
        "failed",
        "unknown runtime 'lua99'",
        "unset the variable",
    ),
    Fault(
        "memoryLimit in words",
        lambda scene: scene.conf("memoryLimit", "'50M'"),
        "limits",
        "failed",
        "memoryLimit is '50M'",
        f"{CONF}['memoryLimit'] = 52428800;",
    ),
    Fault(
        "memoryLimit too small to start",
        lambda scene: scene.conf("memoryLimit", "12 * 1024 * 1024"),
        "start",
        "failed",
        "under 7 s and 12288 KB",
        f"{CONF}['memoryLimit'] = 52428800;",
    ),
    Fault(
        "cpuLimit of none",
        lambda scene: scene.conf("cpuLimit", "0"),
        "limits",
        "failed",
        "cpuLimit is 0",
        f"{CONF}['cpuLimit'] = 7;",
    ),
]
