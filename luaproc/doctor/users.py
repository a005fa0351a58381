"""The web server's user: who it is, what it may read, and how to start a process as it."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from luaproc.errors import UsageError

# Who runs PHP: Debian and Ubuntu; Fedora and RHEL; nginx's packages; Arch; openSUSE; FreeBSD; macOS.
WEB_USERS = ("www-data", "apache", "nginx", "http", "wwwrun", "www", "_www")

# Becomes a user and then the command. Not setpriv(1): it keeps root's capabilities until exec, so the kernel would open
# the executable as root. Python's ignored SIGPIPE must not be handed on.
_BECOME = (
    "import os, signal, sys\n"
    "user, group, groups, *command = sys.argv[1:]\n"
    "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
    "os.setgroups([int(g) for g in groups.split(',')])\n"
    "os.setgid(int(group))\n"
    "os.setuid(int(user))\n"
)
_EXEC = (
    "try:\n    os.execvp(command[0], command)\n"
    "except OSError as error:\n    sys.exit('%s: %s' % (command[0], error.strerror))\n"
)
_ASK = "sys.exit(0 if os.access(command[0], int(command[1])) else 1)\n"

INSTALL = "/usr/bin/python3 -m venv /opt/luaproc && /opt/luaproc/bin/pip install ."
"""The commands that put luaproc where every user can read it, as README has them: in a clone of its repository."""

_HOMES = ("/root", "/home/")
_VERBS = {os.R_OK: "read", os.X_OK: "execute", os.W_OK: "write to", os.W_OK | os.X_OK: "make files in"}


@dataclass(frozen=True, slots=True)
class User:
    """A user of the system, by its numbers."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @property
    def is_me(self) -> bool:
        """Whether processes of ours are this user's anyway."""
        return self.uid == os.geteuid()

    @property
    def can_become(self) -> bool:
        """Whether we can start a process as this user."""
        return self.is_me or os.geteuid() == 0


def myself() -> User:
    """The user that runs this process."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = str(os.geteuid())
    return User(name, os.geteuid(), os.getegid(), tuple(os.getgroups()))


def find(name: str | None = None) -> User:
    """The user of that name; by default the web server's, or ourselves where there is none. Raises UsageError."""
    for candidate in (name,) if name else WEB_USERS:
        try:
            entry = pwd.getpwnam(candidate)
        except KeyError:
            continue
        return User(entry.pw_name, entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist(entry.pw_name, entry.pw_gid)))
    if name:
        raise UsageError(f"expected the name of a user of this system, got {name!r}")
    return myself()


def as_user(user: User, command: Sequence[str]) -> list[str]:
    """The command that runs `command` as that user; as it is where we cannot become it."""
    if user.is_me or not user.can_become:
        return list(command)
    return _python(user, _EXEC, command)


def obstacle(path: Path, user: User, access: int) -> str | None:
    """What keeps `user` from `path` (access: os.R_OK, os.W_OK, os.X_OK), in words; None if nothing does.

    Read off owner, group and mode of everything on the way; what access control lists allow beyond them is asked of the
    system, where we can become the user.
    """
    found = next((text for place in _way(path) if (text := _refusal(place, path, user, access))), None)
    if found is None or not user.can_become:
        return found
    if user.is_me:
        return None if os.access(path, access) else found
    asked = subprocess.run(_python(user, _ASK, [str(path), str(access)]), cwd="/", capture_output=True, check=False)
    return None if asked.returncode == 0 else found


def way_in(path: Path, user: User, access: int) -> str:
    """The command that takes an `obstacle` away; for what lies in a home directory, one that installs elsewhere."""
    place = next((place for place in _way(path) if _refusal(place, path, user, access)), path)
    if str(place).startswith(_HOMES) or str(path).startswith(_HOMES):
        return f"Install where every user can read, in a clone of luaproc: `{INSTALL}`"
    if os.path.realpath(path) != str(place):
        return f"`chmod a+x {shlex.quote(str(place))}`"
    if access & os.W_OK:
        return f"`chown {user.name} {shlex.quote(str(place))} && chmod u+w {shlex.quote(str(place))}`"
    return f"`chmod a+r{'x' if access & os.X_OK or os.path.isdir(place) else ''} {shlex.quote(str(place))}`"


def _python(user: User, then: str, words: Sequence[str]) -> list[str]:
    groups = ",".join(str(group) for group in user.groups or (user.gid,))
    return [sys.executable, "-ISc", _BECOME + then, str(user.uid), str(user.gid), groups, *words]


def _way(path: Path) -> Iterator[Path]:
    """Every directory that is passed on the way to `path`, the targets of symbolic links included, and the file."""
    todo = list(path.absolute().parts[1:])
    at = Path("/")
    links = 0
    yield at
    while todo:
        part = todo.pop(0)
        if part == "..":
            at = at.parent
            continue
        step = at / part
        try:
            target = os.readlink(step)
        except OSError:
            at = step
            yield at
            continue
        links += 1
        if links > 40:  # as the kernel: a loop
            return
        if target.startswith("/"):
            at = Path("/")
        todo = [part for part in Path(target).parts if part != "/"] + todo


def _refusal(place: Path, path: Path, user: User, access: int) -> str | None:
    try:
        status = os.stat(place)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{place}: {error.strerror}"
    is_end = os.path.realpath(path) == str(place)
    if _allows(status, user, access if is_end else os.X_OK):
        return None
    what = f"may not {_VERBS.get(access, 'use')} it" if is_end else f"cannot get through it to {path}"
    return f"{place} is {stat.filemode(status.st_mode)} {_owner(status)}: {user.name} {what}"


def _allows(status: os.stat_result, user: User, access: int) -> bool:
    if user.uid == 0:
        return not access & os.X_OK or stat.S_ISDIR(status.st_mode) or bool(status.st_mode & 0o111)
    shift = 6 if status.st_uid == user.uid else 3 if status.st_gid in (user.gid, *user.groups) else 0
    return (status.st_mode >> shift) & access == access


def _owner(status: os.stat_result) -> str:
    try:
        owner = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = str(status.st_uid)
    try:
        return f"{owner}:{grp.getgrgid(status.st_gid).gr_name}"
    except KeyError:
        return f"{owner}:{status.st_gid}"
