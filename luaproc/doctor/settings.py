"""LocalSettings.php: what can be read off it without running it, and the lines that it needs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

# Keys of $wgScribuntoEngineConf['luastandalone'] that change how the server is started.
KEYS = ("luaPath", "memoryLimit", "cpuLimit", "errorFile")

_STRING = r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""
# Strings are matched first, so that what looks like a comment inside one stays.
_COMMENT = re.compile(rf"({_STRING})|/\*.*?\*/|(?:#(?!\[)|//)[^\n]*", re.DOTALL)
_TOKEN = re.compile(rf"\s*(?:(?P<string>{_STRING})|(?P<number>-?\d[\d_]*)|(?P<place>\$IP\b|__DIR__)|(?P<sign>[.*()]))")
# What PHP takes for a number, as a string.
_NUMERIC = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_REQUIRE = re.compile(rf"\b(?:require|include)(?:_once)?\b((?:{_STRING}|[^;'\"])*);")
_DEEPEST = 5  # levels of files that require each other
_ASSIGNMENT = re.compile(
    r"\$wgScribuntoEngineConf\s*(?:\[\s*['\"]luastandalone['\"]\s*\]\s*"
    rf"(?:\[\s*['\"](?P<key>{'|'.join(KEYS)})['\"]\s*\]\s*)?)?(?P<added>\+|\?\?)?=(?![=>])(?P<value>(?:{_STRING}|[^;'\"])*);"
)


class Unreadable(str):
    """The PHP expression of a setting that cannot be told without running it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What LocalSettings.php says of Scribunto.

    path: the file; None if there is none. problem: why it could not be read. engine: $wgScribuntoDefaultEngine. loads:
    whether it loads Scribunto. requires: whether it requires files whose names only PHP can tell, or that could not be
    read. conf: the `KEYS` that are set.
    """

    path: Path | None = None
    problem: str = ""
    engine: str | None = None
    loads: bool = False
    requires: bool = False
    conf: Mapping[str, str | int | Unreadable | None] = field(default_factory=lambda: MappingProxyType({}))

    def text(self, key: str) -> str | None:
        """A setting that is a readable string."""
        value = self.conf.get(key)
        return value if isinstance(value, str) and not isinstance(value, Unreadable) else None

    def number(self, key: str, default: int) -> int | None:
        """A setting as PHP computes with it; None for a text that is no number.

        default: what it is where it is not set, or where only PHP can tell.
        """
        value = self.conf.get(key, default)
        if isinstance(value, Unreadable):
            return default
        if isinstance(value, str):
            return int(float(value)) if _NUMERIC.fullmatch(value) else None
        return value or 0

    @property
    def unreadable(self) -> dict[str, str]:
        """The settings that are expressions: key -> expression."""
        return {key: str(value) for key, value in self.conf.items() if isinstance(value, Unreadable)}


def place(mediawiki: Path) -> Path:
    """Where the LocalSettings.php of a MediaWiki lies: MW_CONFIG_FILE names another, as it does for MediaWiki."""
    return Path(os.environ.get("MW_CONFIG_FILE") or mediawiki / "LocalSettings.php")


def read(path: Path) -> Settings:
    """Read a LocalSettings.php, and the files that it requires by names that can be told."""
    try:
        text = _source(path, _DEEPEST)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        return Settings(path, problem=error.strerror or str(error))
    conf: dict[str, str | int | Unreadable | None] = {}
    for key, expression in _assigned(text).items():
        conf[key] = _evaluate(expression, path)
    engine = None
    for expression in re.findall(rf"\$wgScribuntoDefaultEngine\s*=(?!=)((?:{_STRING}|[^;'\"])*);", text):
        value = _evaluate(expression, path)
        engine = value if isinstance(value, str) else Unreadable(expression.strip())
    loads = re.search(r"wfLoadExtensions?\s*\([^;]*['\"]Scribunto['\"]|Scribunto/Scribunto\.php", text)
    requires = bool(_REQUIRE.search(text))
    return Settings(path, engine=engine, loads=bool(loads), requires=requires, conf=MappingProxyType(conf))


def _source(path: Path, depth: int) -> str:
    """A file without its comments, the files that it requires in their places. Raises OSError for the file itself."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    text = _COMMENT.sub(lambda match: match[1] or " ", text)

    def required(match: re.Match[str]) -> str:
        name = _evaluate(match[1], path)
        if depth == 0 or not isinstance(name, str) or isinstance(name, Unreadable):
            return match[0]
        try:
            return _source(path.parent / name, depth - 1)
        except OSError:
            return match[0]

    return _REQUIRE.sub(required, text)


def _assigned(text: str) -> dict[str, str]:
    """The expressions that the `KEYS` have in the end: an array that is assigned as a whole takes with it what was set
    before."""
    found: dict[str, str] = {}
    for match in _ASSIGNMENT.finditer(text):
        if match["key"]:
            found[match["key"]] = match["value"]
            continue
        value = match["value"]
        if not match["added"] and re.match(r"\s*(?:\[|array\b)", value):
            found.clear()
        for key in KEYS:
            # With other keys around it: [ 'luastandalone' => [ 'luaPath' => ... ] ], [ 'luaPath' => ... ].
            for inner in re.findall(rf"['\"]{key}['\"]\s*=>((?:{_STRING}|[^,\])'\"])*)", value):
                found[key] = inner
    return found


def _evaluate(expression: str, path: Path) -> str | int | Unreadable | None:
    """The value of strings put together by dots, or of a product of numbers; anything else is `Unreadable`."""
    expression = expression.strip()
    if expression.lower() == "null":
        return None
    parts: list[str] = []
    numbers: list[int] = []
    at = 0
    before = ""
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None or _is_interpolated(match["string"] or ""):
            return Unreadable(expression)
        at = match.end()
        if match["string"]:
            parts.append(re.sub(r"\\([\\'\"])", r"\1", match["string"][1:-1]))
        elif match["place"]:
            parts.append(str(path.parent))
        elif match["number"]:
            if match["number"].startswith("-") and before not in ("", "*", "("):
                return Unreadable(expression)  # a difference
            numbers.append(int(match["number"]))
        before = match[0].strip()
    if parts and not numbers:
        return "".join(parts)
    if numbers and not parts:
        product = 1
        for number in numbers:
            product *= number
        return product
    return Unreadable(expression)


def _is_interpolated(string: str) -> bool:
    return string.startswith('"') and "$" in string
