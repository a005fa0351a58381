"""What is examined (`Case`), and what can be found (`Finding`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from luaproc.doctor import settings, users
from luaproc.errors import UsageError
from luaproc.host.process import SCRIBUNTO_CPU_LIMIT, SCRIBUNTO_MEMORY_LIMIT
from luaproc.install.mediawiki import MAIN, find_mediawiki, php_words
from luaproc.install.starting import executable

Level = Literal["ok", "warning", "failed", "skipped"]
"""`skipped`: not checked, since what it needs has failed or is not there."""

# What a web server's PHP finds as PATH: PHP-FPM clears the environment, and the system's own is all that is left.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What MediaWiki exports as LC_ALL to all that it starts, whatever the web server has.
LOCALE = "C.UTF-8"
# Variables that reach the server from a shell that has them: ours, and PHP's own for where its settings lie.
KEPT = ("LUAPROC_", "PHP_INI_SCAN_DIR", "PHPRC")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: a sentence, and what to do about it (empty if nothing).

    only_user: whether it has failed for the web server's user alone, for want of permissions.
    """

    level: Level
    text: str
    advice: str = ""
    only_user: bool = False


def ok(text: str) -> Finding:
    """All is well."""
    return Finding("ok", text)


def warning(text: str, advice: str = "") -> Finding:
    """A wiki would work, but somebody should know."""
    return Finding("warning", text, advice)


def not_checked(reason: str) -> Finding:
    """There is nothing to look at, for this reason."""
    return Finding("skipped", reason)


def failed(text: str, advice: str) -> Finding:
    """A wiki would not work."""
    return Finding("failed", text, advice)


def refused(text: str, advice: str) -> Finding:
    """A wiki would not work: its web server's user may not get at something."""
    return Finding("failed", text, advice, only_user=True)


@dataclass(frozen=True, slots=True)
class Case:
    """A luaPath, and the wiki and the machine that it is for.

    lua: as LocalSettings.php would name it. lua_from: where that comes from, in words. mediawiki: its directory, or
    None, and then `no_mediawiki` says why, and `named` which one was asked for. environment: of the processes that are
    started. interpreter_id: PHP's number of the process, of those for one page. mounts, selinux, locale_archive: places
    of the system, for tests that need another system. php: its executable.
    """

    lua: str
    lua_from: str = "given"
    user: users.User = field(default_factory=users.myself)
    mediawiki: Path | None = None
    no_mediawiki: str = "none was looked for"
    named: Path | None = None
    settings: settings.Settings = field(default_factory=settings.Settings)
    environment: Mapping[str, str] = field(default_factory=lambda: environment())
    mounts: Path = Path("/proc/self/mounts")
    selinux: Path = Path("/sys/fs/selinux")
    locale_archive: Path = Path("/usr/lib/locale/locale-archive")
    php: str | None = "php"
    interpreter_id: int = 0

    @property
    def program(self) -> Path | None:
        """The file that a shell would execute for `lua`; None if there is none."""
        if "/" in self.lua:
            return Path(self.lua)
        found = shutil.which(self.lua, path=self.environment.get("PATH", PATH))
        return Path(found) if found else None

    @property
    def php_words(self) -> tuple[str, ...]:
        """What PHP appends to luaPath; without a MediaWiki, words that luaproc takes for it."""
        words = php_words(self.mediawiki) if self.mediawiki else (f"/nowhere/{MAIN}", "/nowhere", "0", "8")
        return (*words[:2], str(self.interpreter_id), *words[3:])

    @property
    def runs_as(self) -> str:
        """The name of the user that the server is really started as."""
        return (self.user if self.user.can_become else users.myself()).name

    @property
    def cpu_limit(self) -> int:
        """Seconds: the wiki's cpuLimit; 0 for what is no number."""
        return self.settings.number("cpuLimit", SCRIBUNTO_CPU_LIMIT) or 0

    @property
    def memory_limit(self) -> int:
        """Bytes: the wiki's memoryLimit; 0 for what is no number."""
        return self.settings.number("memoryLimit", SCRIBUNTO_MEMORY_LIMIT) or 0


def environment() -> dict[str, str]:
    """What a process of the web server would see of ours."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    return {"PATH": PATH, "LC_ALL": LOCALE, **kept}


def make_case(lua: str | None = None, mediawiki: str | None = None, user: str | None = None) -> Case:
    """The case of a command line: what is not given is looked for.

    lua: by default what LocalSettings.php says, or else this luaproc. user: by default the web server's.
    Raises UsageError for a user that does not exist, and where no luaproc can be found.
    """
    reason = "none was found in the usual places (--mediawiki DIR names one)"
    place = None
    try:
        place = find_mediawiki(mediawiki)
    except UsageError as error:
        reason = str(error)
    found = settings.read(settings.place(place)) if place else settings.Settings()
    configured = found.text("luaPath")
    if lua:
        origin = "--lua"
    elif configured:
        lua, origin = configured, str(found.path)
    else:
        try:
            lua, origin = str(executable()), "this luaproc"
        except UsageError as error:
            raise UsageError(f"{error}; name one with --lua PATH (`luaproc link PATH` writes one)") from None
    return Case(
        lua=lua,
        lua_from=origin,
        user=users.find(user),
        mediawiki=place,
        no_mediawiki=reason,
        named=Path(mediawiki) if mediawiki is not None else None,
        settings=found,
        php=shutil.which("php"),
    )
