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
from luaproc.wiki.values import PHP_SPACE

DROPPED_SUFFIXES = (".lua", ".wikitext", ".wiki", ".mediawiki")
"""Suffixes that are no part of the title."""

KEPT_SUFFIXES = (".json", ".css", ".js")
"""Suffixes that are."""

NO_PAGE_SUFFIXES = (
    *(".md", ".rst", ".orig", ".rej", ".bak", ".swp", "~"),
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"),
)
"""Suffixes of files that lie beside pages and are none; images are pages in the namespace File."""

PACKAGES = ("node_modules", "lua_modules", "__pycache__")
"""Folders that tools fill with files of their own; so are those with a `pyvenv.cfg`, by which Python knows a venv."""

TITLE_MAPS = ("hash", "dash", "d", "first-line")
"""hash: ``#`` in a file's name is a slash. dash: ``-`` is one. d: the folder ``X.d`` has the subpages of X. first-line:
``-- page=Module:Foo`` (or ``<!-- page=… -->``) in the first line is the title."""

_MAIN = ("page", "main")
_PAGE = re.compile(r"^(?:--|<!--|/\*)\s*page\s*=\s*(.+?)\s*(?:-->|\*/)?\s*$")


class Folder:
    """The pages of a folder. title_map: names of `TITLE_MAPS`. Raises `PagesError` for two files of one title.

    left_out: files that look like pages and are none, with the reason: their names are no titles, or they are symbolic
    links that lead out of the folder or nowhere; and folders of `PACKAGES`.
    """

    def __init__(self, site: Site, directory: Path, title_map: Sequence[str] = ()) -> None:
        must_be_maps(title_map)
        self._site = site
        self._map = frozenset(title_map)
        self.directory = directory
        self._files: dict[PageKey, Path] = {}
        self._texts: dict[PageKey, tuple[int, str]] = {}
        self.left_out: list[tuple[Path, str]] = []
        doubled: list[tuple[PageKey, Path]] = []
        for path in self._walk(directory, (os.path.realpath(directory),)):
            self._add(path, doubled)
        for key, path in doubled:
            # Foo/Foo.lua, for want of a Foo.lua; otherwise it is Foo's subpage Foo.
            if key in self._files:
                namespace, text = key
                key = (namespace, f"{text}/{text.rpartition('/')[2]}")
            self._put(key, path)

    def _walk(self, directory: Path, above: tuple[str, ...]) -> Iterator[Path]:
        """Files below a directory, sorted; what is hidden and tools' packages are left out.

        above: the real paths of the directory and of those above it.

        Symbolic links are followed inside the folder: what a page shows has to be the collection's own.
        """
        try:
            with os.scandir(directory) as found:
                shown = (entry for entry in found if not entry.name.startswith("."))
                entries = sorted(shown, key=lambda entry: entry.name)
        except OSError as error:
            if len(above) == 1:
                raise PagesError(f"{directory}: {error.strerror}") from None
            self.left_out.append((directory, error.strerror or str(error)))
            return
        for entry in entries:
            path, real = directory / entry.name, ""
            if entry.is_symlink():
                real = os.path.realpath(path)
                if not os.path.exists(real) or os.path.commonpath((above[0], real)) != above[0]:
                    self.left_out.append((path, f"a link to {real}, which is not in this folder"))
                    continue
            if entry.is_dir():
                if entry.name in PACKAGES or os.path.exists(path / "pyvenv.cfg"):
                    self.left_out.append((path, "a folder of a tool's packages"))
                    continue
                real = real or os.path.join(above[-1], entry.name)
                if real not in above:  # a link to a directory above it would never end
                    yield from self._walk(path, (*above, real))
            elif entry.is_file():  # a pipe would be waited for
                yield path

    def _add(self, path: Path, doubled: list[tuple[PageKey, Path]]) -> None:
        relative = path.relative_to(self.directory)
        named = self._first_line(path) if "first-line" in self._map else None
        key = self._titled(named, path) if named is not None else self._key(relative)
        if key is None:
            return
        parts = [self._plain(part) for part in relative.parts]
        stem = _stem(parts[-1])
        is_doubled = named is None and path.suffix == ".lua" and len(parts) > 1 and parts[-2] == stem
        if is_doubled and key[1].endswith(f"{stem}/{stem}"):
            doubled.append(((key[0], key[1][: -len(stem) - 1]), path))
        else:
            self._put(key, path)

    def _put(self, key: PageKey, path: Path) -> None:
        other = self._files.setdefault(key, path)
        if other != path:
            title = titles.Title(self._site, *key).prefixed_text
            raise PagesError(f"expected one file for the page {title}, got {other} and {path}")

    def _first_line(self, path: Path) -> str | None:
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
        return title.page_key

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
        if namespace is None and not name.endswith(DROPPED_SUFFIXES + KEPT_SUFFIXES):
            return None
        if namespace != titles.FILE and name.lower().endswith(NO_PAGE_SUFFIXES):
            return None
        plain = self._plain(name) if namespace == titles.FILE else _stem(self._plain(name))
        text = "/".join([*names, plain])
        if namespace is None:
            # Module:Foo.lua and the like: the name says it.
            found = self._site.title(text) if ":" in text else None
            if found is not None and found.namespace != titles.MAIN:
                return found.page_key
            namespace = titles.MODULE if name.endswith((".lua", ".json")) else titles.MAIN
        title = self._site.make_title(namespace, text)
        if title is None:
            self.left_out.append((self.directory / relative, "its name is no title"))
            return None
        return title.page_key

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
        text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip(PHP_SPACE).removeprefix("\ufeff")
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
    for suffix in DROPPED_SUFFIXES:
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name
