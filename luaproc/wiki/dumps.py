"""XML dumps of a wiki, indexed once into an SQLite file beside them."""

from __future__ import annotations

import bz2
import gzip
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from luaproc.errors import NotWrittenError
from luaproc.install import files
from luaproc.wiki.errors import PagesError
from luaproc.wiki.pages import PageKey
from luaproc.wiki.site import Site
from luaproc.wiki.titles import Title

SUFFIX = ".luaproc.sqlite"
_VERSION = 1
_BATCH = 1000  # pages in one statement
_SCHEMA = (
    "CREATE TABLE page (namespace INTEGER, title TEXT, id INTEGER, text BLOB, PRIMARY KEY (namespace, title)) "
    "WITHOUT ROWID"
)


class Dump:
    """The pages of a dump (.xml, .bz2, .gz): the last revision of each.

    The index lies beside the dump, or in the cache where that directory cannot be written; it is made anew when the
    dump has another size or date. progress: called with (bytes read, bytes in all). Raises `PagesError`, also for a
    dump that is cut off.
    """

    def __init__(self, site: Site, path: Path, progress: Callable[[int, int], None] | None = None) -> None:
        self._site = site
        self.path = path
        self.index = _index_path(path)
        if not _is_current(self.index, path):
            _build(site, path, self.index, progress)
        try:
            self._database = sqlite3.connect(f"{self.index.absolute().as_uri()}?mode=ro", uri=True)
        except sqlite3.Error as error:
            raise PagesError(f"{self.index}: {error}") from None

    def get(self, key: PageKey) -> str | None:
        """The text of a page."""
        row = self._one("SELECT text FROM page WHERE namespace = ? AND title = ?", key)
        return None if row is None else zlib.decompress(row[0]).decode("utf-8", "surrogateescape")

    def has(self, key: PageKey) -> bool:
        """Whether there is such a page."""
        return self._one("SELECT 1 FROM page WHERE namespace = ? AND title = ?", key) is not None

    def page_keys(self) -> Iterable[PageKey]:
        """All pages, in the order of namespaces and titles."""
        for row in self._database.execute("SELECT namespace, title FROM page"):
            yield row[0], row[1]

    def where(self, key: PageKey) -> str:
        """The dump and the page's name in it."""
        return f"{self.path}: {Title(self._site, *key).prefixed_text}"

    def _one(self, query: str, key: PageKey) -> Any:
        try:
            return self._database.execute(query, key).fetchone()
        except UnicodeEncodeError:
            return None  # a title with bytes that are no UTF-8 is in no dump

    def close(self) -> None:
        """Close the index."""
        self._database.close()


def _index_path(path: Path) -> Path:
    beside = path.with_name(path.name + SUFFIX)
    if os.access(path.parent, os.W_OK) or beside.exists():
        return beside
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "luaproc" / "dumps"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{zlib.crc32(os.fsencode(path.absolute())):08x}-{path.name}{SUFFIX}"


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{_VERSION} {status.st_size} {status.st_mtime_ns}"


def _is_current(index: Path, path: Path) -> bool:
    if not index.is_file():
        return False
    try:
        database = sqlite3.connect(index)
        try:
            row = database.execute("SELECT stamp FROM about").fetchone()
        finally:
            database.close()
    except sqlite3.Error:
        return False
    return row is not None and row[0] == _stamp(path)


def _build(site: Site, path: Path, index: Path, progress: Callable[[int, int], None] | None) -> None:
    """Write the index whole or not at all."""

    def make(file: Path) -> None:
        database = sqlite3.connect(file)
        try:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute(_SCHEMA)
            database.execute("CREATE TABLE about (stamp TEXT)")
            batch: list[tuple[int, str, int, bytes]] = []
            for row in _rows(site, path, progress):
                batch.append(row)
                if len(batch) >= _BATCH:
                    database.executemany("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)", batch)
                    batch.clear()
            database.executemany("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)", batch)
            database.execute("INSERT INTO about VALUES (?)", (_stamp(path),))
            database.commit()
        finally:
            database.close()

    try:
        files.put(index, make)
    except (sqlite3.Error, NotWrittenError) as error:
        raise PagesError(f"{index}: cannot be written: {error}") from None


def _rows(site: Site, path: Path, progress: Callable[[int, int], None] | None) -> Iterator[tuple[int, str, int, bytes]]:
    total = path.stat().st_size
    with path.open("rb") as raw:
        text = _unpacked(path, raw)
        try:
            for count, page in enumerate(_pages(text)):
                row = _row(site, page)
                if row is not None:
                    yield row
                page.clear()
                if progress is not None and count % _BATCH == 0:
                    progress(raw.tell(), total)
        except ElementTree.ParseError as error:
            raise PagesError(f"{path}: expected a whole XML dump: {error}") from None
        except (EOFError, OSError, zlib.error) as error:
            raise PagesError(f"{path}: expected a whole dump: {error}") from None
    if progress is not None:
        progress(total, total)


def _unpacked(path: Path, raw: IO[bytes]) -> IO[bytes]:
    if path.name.endswith(".bz2"):
        return bz2.BZ2File(raw)
    return gzip.GzipFile(fileobj=raw) if path.name.endswith(".gz") else raw  # type: ignore[return-value]


def _pages(text: IO[bytes]) -> Iterator[ElementTree.Element]:
    """The page elements; each is emptied and taken off the root before the next one, so that memory stays flat."""
    root: ElementTree.Element | None = None
    for event, element in ElementTree.iterparse(text, ("start", "end")):
        if root is None:
            root = element
        if event == "end" and element.tag.rpartition("}")[2] == "page":
            yield element
            root.clear()


def _row(site: Site, page: ElementTree.Element) -> tuple[int, str, int, bytes] | None:
    found: dict[str, str] = {}
    for element in page:
        name = element.tag.rpartition("}")[2]
        if name in ("title", "id", "ns"):
            found[name] = element.text or ""
        elif name == "revision":
            for part in element:
                if part.tag.rpartition("}")[2] == "text":
                    found["text"] = part.text or ""
    title = site.title(found.get("title", ""))
    if title is None or "text" not in found:
        return None
    namespace = title.namespace
    if found.get("ns", "").lstrip("-").isdigit() and int(found["ns"]) != namespace:
        # A namespace that the site does not know by name: the dump's number is right, the name before the colon is its.
        namespace = int(found["ns"])
        text = found["title"].partition(":")[2] or found["title"]
    else:
        text = title.text
    packed = zlib.compress(found["text"].encode("utf-8", "surrogateescape"), 1)
    return namespace, text, int(found.get("id") or 0), packed
