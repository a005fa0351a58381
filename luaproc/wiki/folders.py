"""Folders of pages, as people keep them in git.

`Module/Foo/bar.lua` is Module:Foo/bar. A folder at the top is a namespace by its canonical, local or alias name in any
case; `page` and `Main` are the main namespace. What else lies at the top is a module if its name ends in ``.lua``, a
page of the main namespace otherwise; `Foo/Foo.lua` is Module:Foo where there is no `Foo.lua`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from luaproc.errors import NotReadError
from luaproc.install import files
from luaproc.wiki import titles
from luaproc.wiki.errors import PagesError
from luaproc.wiki.pages import PageKey
from luaproc.wiki.site import Site

DROPPED = (".lua", ".wikitext", ".wiki", ".mediawiki")
"""Suffixes that are no part of the title."""

KEPT = (".json", ".css", ".js")
"""Suffixes that are."""

TITLE_MAPS = ("hash", "dash", "d", "first-line")
"""hash: ``#`` in a file's name is a slash. dash: ``-`` is one. d: the folder ``X.d`` has the subpages of X. first-line:
``-- page=Module:Foo`` (or ``<!-- page=… -->``) in the first line is the title."""

_MAIN = ("page", "main")
_PAGE = re.compile(r"^(?:--|<!--|/\*)\s*page\s*=\s*(.+?)\s*(?:-->|\*/)?\s*$")
_TRAILING = " \t\n\r\0\x0b"


class Folder:
    """The pages of a folder. title_map: names of `TITLE_MAPS`. Raises `PagesError` for two files of one title."""

    def __init__(self, site: Site, directory: Path, title_map: Sequence[str] = ()) -> None:
        must_be_maps(title_map)
        self._site = site
        self._map = frozenset(title_map)
        self.directory = directory
        self._files: dict[PageKey, Path] = {}
        self._texts: dict[PageKey, tuple[int, str]] = {}
        spare: list[tuple[PageKey, Path]] = []
        for path in _walk(directory):
            self._add(path, spare)
        for key, path in spare:
            # Foo/Foo.lua, for want of a Foo.lua; otherwise it is Foo's subpage Foo.
            if key in self._files:
                namespace, text = key
                key = (namespace, f"{text}/{text.rpartition('/')[2]}")
            self._put(key, path)

    def _add(self, path: Path, spare: list[tuple[PageKey, Path]]) -> None:
        relative = path.relative_to(self.directory)
        named = self._first_line(path) if "first-line" in self._map else None
        key = self._titled(named, path) if named is not None else self._key(relative)
        if key is None:
            return
        parts = [self._plain(part) for part in relative.parts]
        stem = _stem(parts[-1])
        doubled = named is None and path.suffix == ".lua" and len(parts) > 1 and parts[-2] == stem
        if doubled and key[1].endswith(f"{stem}/{stem}"):
            spare.append(((key[0], key[1][: -len(stem) - 1]), path))
        else:
            self._put(key, path)

    def _put(self, key: PageKey, path: Path) -> None:
        other = self._files.setdefault(key, path)
        if other != path:
            title = titles.Title(self._site, *key).prefixed_text
            raise PagesError(f"expected one file for the page {title}, got {other} and {path}")

    def _first_line(self, path: Path) -> str | None:
        if not path.is_file():
            return None  # a pipe would be waited for
        try:
            with path.open("rb") as file:
                line = file.readline(1000).decode("utf-8", "replace").rstrip()
        except OSError:
            return None
        match = _PAGE.match(line)
        return match[1] if match else None

    def _titled(self, name: str, path: Path) -> PageKey:
        title = self._site.title(name)
        if title is None or title.interwiki:
            raise PagesError(f"{path}: expected a page's title in the first line, got {name!r}")
        return title.namespace, title.text

    def _plain(self, part: str) -> str:
        """A part of a path as a part of a title."""
        text = unquote(part, errors="surrogateescape")
        if "hash" in self._map:
            text = text.replace("#", "/")
        if "dash" in self._map:
            text = text.replace("-", "/")
        return text.replace("_", " ")

    def _key(self, relative: Path) -> PageKey | None:
        """The page that a file is by its name; None for a file that is none."""
        *folders, name = relative.parts
        names = [self._plain(folder) for folder in folders]
        if "d" in self._map:
            names = [folder.removesuffix(".d") for folder in names]
        namespace: int | None = None
        if names:
            namespace = titles.MAIN if names[0].lower() in _MAIN else self._site.namespace_number(names[0])
            if namespace is not None:
                del names[0]
        if namespace is None and not name.endswith(DROPPED + KEPT):
            return None
        plain = self._plain(name) if namespace == titles.FILE else _stem(self._plain(name))
        text = "/".join([*names, plain])
        if namespace is None:
            # Module:Foo.lua and the like: the name says it.
            found = self._site.title(text) if ":" in text else None
            if found is not None and found.namespace != titles.MAIN:
                return found.namespace, found.text
            namespace = titles.MODULE if name.endswith((".lua", ".json")) else titles.MAIN
        title = self._site.make_title(namespace, text)
        return None if title is None else (title.namespace, title.text)

    def get(self, key: PageKey) -> str | None:
        """The text of a page, without white space at its end, as a wiki saves it; read again when the file changed."""
        path = self._files.get(key)
        if path is None:
            return None
        try:
            changed = path.stat().st_mtime_ns
            known = self._texts.get(key)
            if known is not None and known[0] == changed:
                return known[1]
            text = files.read(path, files.TEXT).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None
        except NotReadError as error:
            raise PagesError(f"{path}: {error.reason}") from None
        except OSError as error:
            raise PagesError(f"{path}: {error.strerror}") from None
        text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip(_TRAILING).removeprefix("\ufeff")
        self._texts[key] = (changed, text)
        return text

    def has(self, key: PageKey) -> bool:
        """Whether there is such a page."""
        return key in self._files

    def page_keys(self) -> Iterable[PageKey]:
        """All pages."""
        return self._files.keys()

    def where(self, key: PageKey) -> str:
        """The file of a page."""
        return str(self._files[key])


def must_be_maps(names: Sequence[str]) -> None:
    """Raises `PagesError` for a name that `TITLE_MAPS` does not have."""
    for name in names:
        if name not in TITLE_MAPS:
            raise PagesError(f"expected a title_map of {', '.join(TITLE_MAPS)}, got {name!r}")


def _stem(name: str) -> str:
    for suffix in DROPPED:
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def _walk(directory: Path) -> Iterator[Path]:
    """Files below a directory, sorted; hidden ones are left out."""
    for root, folders, names in os.walk(directory, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(root) / name
