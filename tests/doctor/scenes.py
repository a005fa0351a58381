"""Installations in which something is wrong, as admins have them: real files, real processes, real settings of PHP."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.doctor.conftest import launcher, write

CONF = "$wgScribuntoEngineConf['luastandalone']"
ENGINE = Path("extensions/Scribunto/includes/engines/LuaStandalone")


@dataclass
class Scene:
    """A machine with a wiki, and what its admin did to it.

    place: a directory of the scene's own. installed: luaproc and lupa, shared. lua: luaPath. ini: PHP's settings.
    lines: of LocalSettings.php after the first three; None where there is no such file. options: of the `Case`.
    variables: of its environment.
    """

    place: Path
    wiki: Path
    installed: Path
    lua: str
    ini: Path
    lines: list[str] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.lines is None:
            self.lines = [f"{CONF}['luaPath'] = '<lua>';", f"{CONF}['errorFile'] = '{self.place}/log';"]
        write(self.place / "log", "", 0o666)
        for way in ("cli", "fpm"):
            write(self.ini / way / "php.ini", "memory_limit = 256M\n", 0o644)
            (self.ini / way / "conf.d").mkdir(exist_ok=True)

    @property
    def path(self) -> Path:
        """The file of luaPath."""
        return Path(self.lua)

    def move(self, name: str) -> Path:
        """luaPath under another name."""
        target = self.place / name
        target.parent.mkdir(exist_ok=True)
        shutil.move(self.lua, target)
        self.lua = str(target)
        return target

    def copy(self, *options: str) -> Path:
        """luaproc and lupa for this scene alone, to be damaged, with a launcher of its own."""
        copy = self.place / "own"
        shutil.copytree(self.installed, copy)
        self.lua = str(launcher(self.place / "own-lua", copy, *options))
        return copy

    def script(self, text: str) -> None:
        """Another luaPath; ``<lua>`` in its text is the one before."""
        self.lua = str(write(self.place / "other-lua", text.replace("<lua>", self.lua)))

    def add(self, line: str) -> None:
        """A line at the end of LocalSettings.php."""
        assert self.lines is not None
        self.lines.append(line)

    def conf(self, key: str, value: str) -> None:
        """A setting of the engine, as PHP has it."""
        self.add(f"{CONF}['{key}'] = {value};")

    def php(self, line: str, way: str = "cli") -> None:
        """A line of PHP's settings, in a file of the scanned directory."""
        write(self.ini / way / "conf.d" / "99-admin.ini", line + "\n", 0o644)

    def pool(self, text: str) -> None:
        """A pool of PHP-FPM."""
        write(self.ini / "fpm" / "pool.d" / "www.conf", f"[www]\n{text}\n", 0o644)

    def engine(self, name: str) -> Path:
        """A file of Scribunto's engine."""
        return self.wiki / ENGINE / name
