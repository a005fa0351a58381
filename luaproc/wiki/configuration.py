"""What a collection of modules says of itself: ``luaproc.toml``, or ``[tool.luaproc.wiki]`` in pyproject.toml."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from luaproc.errors import NotReadError
from luaproc.install import files
from luaproc.install.lualib import BRANCH
from luaproc.wiki.errors import SiteError
from luaproc.wire.values import MAX_INT, MIN_INT

FILES = ("luaproc.toml", "pyproject.toml")
"""Looked for in this order in the current directory, and then in the ones above it."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of `luaproc.wiki.Wiki` that a file or a command line gives; paths are those of the file's directory.

    tests: the last parts of the titles of test modules; none for the usual ones of the wiki's language. path: the file.
    in_file: the keys that stand in it, as they are written there. prefix: what the names of all other settings begin
    with, of options or of another file.
    """

    pages: tuple[str, ...] = ()
    scribunto: str | None = None
    mediawiki: str | None = None
    site: tuple[str, ...] = ()
    now: str | None = None
    timezone: str | None = None
    seed: int | None = None
    server: str | None = None
    title_map: tuple[str, ...] = ()
    lua_path: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    trusted: bool | None = None
    path: Path | None = field(default=None, compare=False)
    in_file: Mapping[str, str] = field(default_factory=dict, compare=False)
    prefix: str = field(default="--", compare=False)

    def where(self, key: str) -> str:
        """Where a setting was made, for a person: file and key, or the option."""
        return f"{self.path}: {self.in_file[key]}" if key in self.in_file else f"{self.prefix}{key}"

    def overridden(self, given: Mapping[str, Any], prefix: str = "--") -> Configuration:
        """These settings, and over them those of a command line; None and () are none. prefix: see the class."""
        given = {key: value for key, value in given.items() if value not in (None, ())}
        in_file = {key: name for key, name in self.in_file.items() if key not in given}
        return replace(self, **given, in_file=in_file, prefix=prefix)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a text, or a list of texts")
    return tuple(value)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number")
    if not MIN_INT <= value <= MAX_INT:
        raise ValueError("a whole number of 64 bits")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _moment(value: Any) -> str:
    return value if isinstance(value, str) else value.isoformat() if hasattr(value, "isoformat") else _text(value)


# Key -> how its value is read, and whether it names files beside the configuration.
_KEYS: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "pages": (_texts, True), "scribunto": (_text, True), "mediawiki": (_text, True), "site": (_texts, True),
    "now": (_moment, False), "timezone": (_text, False), "seed": (_number, False), "server": (_text, False),
    "title_map": (_texts, False), "lua_path": (_texts, True), "tests": (_texts, False),
    "trusted": (_truth, False),
}  # fmt: skip


def find(directory: Path) -> Configuration:
    """The configuration of a directory, from the nearest file in it or above it that has one; else the defaults.

    Without `pages`, these are the directory of the file. Raises `SiteError` for a file that is no TOML, and for a wrong
    key or value, with file and key.
    """
    for place in (directory.absolute(), *directory.absolute().parents):
        for name in FILES:
            path = place / name
            if path.is_file() and (table := _table(path)) is not None:
                return _read(path, table)
    return Configuration()


def _table(path: Path) -> Mapping[str, Any] | None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        try:
            import tomli as tomllib
        except ImportError:
            raise SiteError(
                f"{path}: Python 3.10 reads it with the package tomli: pip install 'luaproc[wiki]'"
            ) from None
    try:
        content = files.read(path, files.TEXT)
    except NotReadError as error:
        raise SiteError(f"{path}: {error.reason}") from None
    is_shared = path.name == "pyproject.toml"
    if is_shared and b"luaproc" not in content:
        return None  # what is wrong in it is somebody else's to complain about
    try:
        table: Any = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise SiteError(f"{path}: expected UTF-8, got the byte 0x{content[error.start]:02x}") from None
    except ValueError as error:
        raise SiteError(f"{path}: expected TOML: {error}") from None
    except RecursionError:
        raise SiteError(f"{path}: expected TOML of fewer levels") from None
    for key in ("tool", "luaproc", "wiki") if is_shared else ():
        table = table.get(key)
        if table is None:
            return None
        if not isinstance(table, dict):
            raise SiteError(f"{path}: {key} expects a table, got {table!r}")
    return table  # type: ignore[no-any-return]


def _read(path: Path, table: Mapping[str, Any]) -> Configuration:
    found: dict[str, Any] = {"pages": (str(path.parent),)}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in _KEYS:
            raise SiteError(f"{path}: unknown key {key!r}: expected one of {', '.join(_KEYS)}")
        read, is_file = _KEYS[name]
        try:
            found[name] = read(value)
        except ValueError as error:
            raise SiteError(f"{path}: {key} expects {error}, got {value!r}") from None
        if is_file and not (name == "scribunto" and _is_branch(found[name], path.parent)):
            found[name] = _beside(path, found[name])
    return Configuration(**found, path=path, in_file={key.replace("-", "_"): key for key in table})


def _is_branch(value: str, directory: Path) -> bool:
    """Whether a setting names a branch (``REL1_43``), and not a directory of that name."""
    return BRANCH.fullmatch(value) is not None and not (directory / value).exists()


def _beside(path: Path, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(str(path.parent / item) for item in value)
    return str(path.parent / value)
