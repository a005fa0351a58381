"""What a collection of modules says of itself: ``luaproc.toml``, or ``[tool.luaproc.wiki]`` in pyproject.toml."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luaproc.errors import NotReadError
from luaproc.install import files
from luaproc.wiki.errors import SiteError

FILES = ("luaproc.toml", "pyproject.toml")
"""Looked for in this order in the current directory, and then in the ones above it."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of `luaproc.wiki.Wiki` that a file or a command line gives; paths are those of the file's directory.

    tests: the last parts of the titles of test modules.
    """

    pages: tuple[str, ...] = ()
    scribunto: str | None = None
    mediawiki: str | None = None
    site: str | None = None
    now: str | None = None
    timezone: str | None = None
    seed: int | None = None
    server: str | None = None
    title_map: tuple[str, ...] = ()
    lua_path: tuple[str, ...] = ()
    tests: tuple[str, ...] = ("testcases", "tests")
    path: Path | None = field(default=None, compare=False)


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
    return value


def _moment(value: Any) -> str:
    return value if isinstance(value, str) else value.isoformat() if hasattr(value, "isoformat") else _text(value)


# Key -> how its value is read, and whether it names files beside the configuration.
_KEYS: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "pages": (_texts, True), "scribunto": (_text, True), "mediawiki": (_text, True), "site": (_text, True),
    "now": (_moment, False), "timezone": (_text, False), "seed": (_number, False), "server": (_text, False),
    "title_map": (_texts, False), "lua_path": (_texts, True), "tests": (_texts, False),
}  # fmt: skip


def find(directory: Path) -> Configuration:
    """The configuration of a directory, from the nearest file in it or above it that has one; else the defaults.

    Raises `SiteError` for a file that is no TOML, and for a wrong key or value, with file and key.
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
        document = tomllib.loads(files.read(path, files.TEXT).decode())
    except (NotReadError, ValueError) as error:
        if path.name == "pyproject.toml":
            return None  # somebody else's to complain about
        raise SiteError(f"{path}: {getattr(error, 'reason', error)}") from None
    if path.name != "pyproject.toml":
        return document
    table = document.get("tool", {}).get("luaproc", {}).get("wiki")
    return table if isinstance(table, dict) else None


def _read(path: Path, table: Mapping[str, Any]) -> Configuration:
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in _KEYS:
            raise SiteError(f"{path}: unknown key {key!r}: expected one of {', '.join(_KEYS)}")
        read, is_file = _KEYS[name]
        try:
            found[name] = read(value)
        except ValueError as error:
            raise SiteError(f"{path}: {key} expects {error}, got {value!r}") from None
        if is_file:
            found[name] = _beside(path, found[name])
    return Configuration(**found, path=path)


def _beside(path: Path, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(str(path.parent / item) for item in value)
    return str(path.parent / value)
