"""Where Scribunto's own Lua library lies: its `mw.lua` and the files beside it, which are not part of luaproc."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from luaproc.errors import UsageError
from luaproc.install.mediawiki import PLACES

# Below a Scribunto; the directories were renamed in REL1_40 and REL1_43.
_BELOW = ("includes/engines/LuaCommon/lualib", "includes/Engines/LuaCommon/lualib")

# What tells a release: the first one whose file has the word.
_MARKS = ((46, "mw.title.lua", "newBatchLookupExistence"), (43, "mw.title.lua", "getPageLangCode"))
_OLDEST = 39

_Stamp = tuple[int, int, int] | None

_TO_LOOK_BELOW = getattr(os, "O_PATH", os.O_RDONLY)
"""How a directory is opened to find names below it: no right to list it is needed, where the system has that."""

BRANCH = re.compile(r"REL1_\d\d|master")
"""What a branch of Scribunto is called."""

FOLDERS = ("", "luabit/", "ustring/")
"""Where `require` finds the library's files, in this order."""

FILES = ("mw.lua", "mwInit.lua")
"""What makes a directory the library."""


@dataclass(frozen=True, slots=True)
class Lualib:
    """Scribunto's library. release: 39 stands for REL1_35 to REL1_42, 43 for 1.43 to 1.45, 46 for 1.46 and newer:
    what differs in the callbacks differs between these."""

    path: Path
    release: int

    def now(self) -> LualibFiles:
        """The files as they are now: the same object as before, unless something has changed since."""
        files = _files.get(self.path)
        if files is None or not files.are_current():
            files = _files[self.path] = LualibFiles(self)
        return files


class LualibFiles:
    """The library's files at one moment. What was read once stays, though the file may change meanwhile."""

    def __init__(self, lualib: Lualib) -> None:
        self._lualib = lualib
        self._texts: dict[str, bytes | None] = {}
        # Of what was looked at, by names below the library: a directory's time tells of new files and of lost ones.
        self._stamps = {name: _stamp(f"{lualib.path}/{name}") for name in (f"./{folder}" for folder in FOLDERS)}

    def are_current(self) -> bool:
        """Whether the files are still the same on disk."""
        stamps = list(self._stamps.items())
        if os.stat not in os.supports_dir_fd:
            return all(_stamp(f"{self._lualib.path}/{name}") == stamp for name, stamp in stamps)
        try:
            directory = os.open(self._lualib.path, _TO_LOOK_BELOW)
        except OSError:
            return False
        try:  # from there, names are found in half the time
            return all(_stamp(name, directory) == stamp for name, stamp in stamps)
        finally:
            os.close(directory)

    def find(self, path: str) -> bytes | None:
        """The text of the file that `require` means, in the first of the folders that has it; None if there is none."""
        if path in self._texts:
            return self._texts[path]
        for folder in FOLDERS:
            name = folder + path
            stamp = _stamp(f"{self._lualib.path}/{name}")
            text = read_below(self._lualib.path, name)
            if text is not None:
                self._stamps[name] = stamp
                self._texts[path] = text
                return text
        directory = os.path.dirname(path)
        if len(self._texts) < _MOST_TEXTS and not (
            directory and any(os.path.isdir(f"{self._lualib.path}/{folder}{directory}") for folder in FOLDERS)
        ):
            self._texts[path] = None
        return None


def read_below(directory: Path, name: str) -> bytes | None:
    """A file by its name below a directory; None if there is none, or it would lie elsewhere.

    What was read is kept until the file's time or size changes: page views ask for a `lua_path` again and again.
    """
    path = f"{directory}/{name}"
    stamp = _stamp(path)
    known = _texts.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    try:
        file = directory.resolve() / name
        if not file.resolve().is_relative_to(directory.resolve()):
            return None
        text = file.read_bytes()
    except (OSError, ValueError):
        return None
    if len(_texts) >= _MOST_TEXTS:
        _texts.clear()
    _texts[path] = stamp, text
    return text


def _stamp(path: str, directory: int | None = None) -> _Stamp:
    """What changes with a file or a directory: its time, size and number; None where there is none. directory: of which
    the path is seen, a file descriptor."""
    try:
        status = os.stat(path, dir_fd=directory)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


_texts: dict[str, tuple[_Stamp, bytes]] = {}
_files: dict[Path, LualibFiles] = {}
_MOST_TEXTS = 500


def cache_directory() -> Path:
    """Where fetched libraries are kept: a folder for each branch."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "luaproc" / "scribunto"


def find_lualib(directory: str | os.PathLike[str] | None = None) -> Lualib | None:
    """The library in a directory (lualib itself, a Scribunto, a MediaWiki), that of a fetched branch by its name
    (``REL1_43``), or where it usually lies; None if nowhere.

    Raises `UsageError` if `directory` has none, or there is no such branch in the cache.
    """
    if directory is not None:
        branch = str(directory) if BRANCH.fullmatch(str(directory)) and not Path(directory).exists() else None
        found = next(_candidates(cache_directory() / branch if branch else Path(directory)), None)
        if found is None and branch:
            raise UsageError(
                f"expected a fetched branch, or a directory, got {branch}: it is not in {cache_directory()}; "
                f"luaproc wiki fetch {branch} brings it there"
            )
        if found is None:
            raise UsageError(
                "expected the directory of Scribunto's Lua library, of a Scribunto or of a MediaWiki, got "
                f"{directory}: no mw.lua there"
            )
        return Lualib(found.absolute(), _release(found))
    for place in (*map(Path, PLACES), *fetched()):
        for found in _candidates(place):
            return Lualib(found.absolute(), _release(found))
    return None


def fetched() -> list[Path]:
    """The directories of the fetched libraries, newest branch first."""
    try:
        found = [path for path in cache_directory().iterdir() if BRANCH.fullmatch(path.name) and path.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda path: path.name, reverse=True)


def _candidates(directory: Path) -> Iterator[Path]:
    for below in ("", "lualib", *_BELOW, *(f"extensions/Scribunto/{below}" for below in _BELOW)):
        place = directory / below if below else directory
        if all((place / name).is_file() for name in FILES):
            yield place


def _release(lualib: Path) -> int:
    for release, name, word in _MARKS:
        try:
            if word in (lualib / name).read_text("utf-8", "replace"):
                return release
        except OSError:
            continue
    return _OLDEST
