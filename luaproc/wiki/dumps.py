"""XML dumps of a wiki, indexed once into an SQLite file beside them."""

from __future__ import annotations

import bz2
import gzip
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

from luaproc.errors import NotWrittenError
from luaproc.install import files
from luaproc.wiki.errors import PagesError
from luaproc.wiki.pages import IndexProgress, PageKey
from luaproc.wiki.site import Site
from luaproc.wiki.titles import Title

SUFFIX = ".luaproc.sqlite"
_VERSION = 3
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_BATCH = 1000  # pages in one statement
_SCHEMA = """
CREATE TABLE page (namespace INTEGER, title TEXT, id INTEGER, text BLOB, PRIMARY KEY (namespace, title)) WITHOUT ROWID;
CREATE TABLE namespace (id INTEGER PRIMARY KEY, name TEXT, is_capitalized INTEGER);
CREATE TABLE about (stamp TEXT, name TEXT, language TEXT);
"""


class Dump:
    """The pages of a dump (.xml, .bz2, .gz): the last revision of each.

    The index lies beside the dump, or in the cache where that directory cannot be written; it is made anew when the
    dump has another size or date. progress: called with (bytes read, bytes in all). namespaces: what the dump says of
    its own, by number: (name, whether titles begin with a capital letter). name, language: of its wiki, "" where the
    dump does not say it; language is a tag of BCP 47. Raises `PagesError`, also for a dump that is
    cut off, and for one without texts.
    """

    def __init__(self, site: Site, path: Path, progress: IndexProgress | None = None) -> None:
        self._site = site
        self.path = path
        self.index = _index(site, path, progress)
        self._database = sqlite3.connect(f"{self.index.absolute().as_uri()}?mode=ro", uri=True)
        rows = self._rows("SELECT id, name, is_capitalized FROM namespace")
        [(self.name, self.language)] = self._rows("SELECT name, language FROM about")
        self.namespaces: dict[int, tuple[str, bool]] = {row[0]: (row[1], bool(row[2])) for row in rows}

    def get(self, key: PageKey) -> str | None:
        """The text of a page."""
        row = self._one("SELECT text FROM page WHERE namespace = ? AND title = ?", key)
        try:
            return None if row is None else zlib.decompress(row[0]).decode("utf-8", "surrogateescape")
        except zlib.error as error:
            raise self._damaged(error) from None

    def has(self, key: PageKey) -> bool:
        """Whether there is such a page."""
        return self._one("SELECT 1 FROM page WHERE namespace = ? AND title = ?", key) is not None

    def page_keys(self) -> Iterable[PageKey]:
        """All pages, in the order of namespaces and titles."""
        for row in self._rows("SELECT namespace, title FROM page"):
            yield row[0], row[1]

    def where(self, key: PageKey) -> str:
        """The dump and the page's name in it."""
        return f"{self.path}: {Title(self._site, *key).prefixed_text}"

    def _one(self, query: str, key: PageKey) -> Any:
        try:
            return next(self._rows(query, *key), None)
        except UnicodeEncodeError:
            return None  # a title with bytes that are no UTF-8 is in no dump

    def _rows(self, query: str, *parameters: object) -> Iterator[Any]:
        try:
            yield from self._database.execute(query, parameters)
        except sqlite3.Error as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> PagesError:
        return PagesError(f"{self.index}: expected an index of {self.path}, got a damaged one ({error}): remove it")

    def close(self) -> None:
        """Close the index."""
        self._database.close()


def _index(site: Site, path: Path, progress: IndexProgress | None) -> Path:
    """The index of a dump, which is made where there is none that is current. Raises `PagesError`."""
    beside = path.with_name(path.name + SUFFIX)
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    name = f"{zlib.crc32(os.fsencode(path.absolute())):08x}-{beside.name}"
    cached = Path(home) / "luaproc" / "dumps" / name
    for index in (beside, cached):
        if _is_current(index, path):
            return index
    index = beside
    if not os.access(path.parent, os.W_OK):
        index = cached
        try:
            index.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PagesError(f"{index}: cannot be written: {error.strerror}") from None
    _build(site, path, index, progress)
    return index


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


def _build(site: Site, path: Path, index: Path, progress: IndexProgress | None) -> None:
    """Write the index whole or not at all."""

    def make(file: Path) -> None:
        database = sqlite3.connect(file)
        try:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.executescript(_SCHEMA)
            stamp = _stamp(path)  # of now: a dump that changes meanwhile is indexed anew
            namespaces: dict[int, tuple[str, bool]] = {}
            batch: list[tuple[int, str, int, bytes]] = []
            about: dict[str, str] = {}
            for row in _pages(site, path, namespaces, about, progress):
                batch.append(row)
                if len(batch) >= _BATCH:
                    database.executemany("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)", batch)
                    batch.clear()
            database.executemany("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?)", batch)
            spaces = [(number, *known) for number, known in namespaces.items()]
            database.executemany("INSERT INTO namespace VALUES (?, ?, ?)", spaces)
            known = (about.get("name", ""), about.get("language", ""))
            database.execute("INSERT INTO about VALUES (?, ?, ?)", (stamp, *known))
            database.commit()
        finally:
            database.close()

    try:
        files.put(index, make)
    except (sqlite3.Error, NotWrittenError) as error:
        raise PagesError(f"{index}: cannot be written: {error}") from None


def _pages(
    site: Site,
    path: Path,
    namespaces: dict[int, tuple[str, bool]],
    about: dict[str, str],
    progress: IndexProgress | None,
) -> Iterator[tuple[int, str, int, bytes]]:
    """The pages of a dump; what it says of namespaces and of its wiki is put into `namespaces` and `about`."""
    total = path.stat().st_size
    with path.open("rb") as raw:
        text = _unpacked(path, raw)
        try:
            for count, element in enumerate(_elements(path, text)):
                if _name(element) == "page":
                    row = _page(site, path, element, namespaces)
                    if row is not None:
                        yield row
                elif _name(element) == "siteinfo":
                    namespaces.update(_namespaces(element))
                    about["name"] = next((part.text or "" for part in element if _name(part) == "sitename"), "")
                elif _name(element) == "mediawiki":
                    about["language"] = element.get(_LANGUAGE, "")
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


def _elements(path: Path, text: IO[bytes]) -> Iterator[ElementTree.Element]:
    """The root as it begins, and the elements below it; each is taken off before the next one: memory stays flat."""
    root: ElementTree.Element | None = None
    depth = 0
    for event, element in ElementTree.iterparse(text, ("start", "end")):
        if root is None:
            root = element
            if _name(root) != "mediawiki":
                raise PagesError(f"{path}: expected a dump of a MediaWiki, got XML that begins with <{_name(root)}>")
            yield root
        depth += 1 if event == "start" else -1
        if event == "end" and depth == 1:
            yield element
            root.clear()


def _name(element: ElementTree.Element) -> str:
    """An element's name without its XML namespace, which has the version of the format in it."""
    return element.tag.rpartition("}")[2]


def _namespaces(siteinfo: ElementTree.Element) -> Iterator[tuple[int, tuple[str, bool]]]:
    for element in siteinfo.iter():
        number = element.get("key", "")
        if _name(element) == "namespace" and number.lstrip("-").isdigit():
            yield int(number), (element.text or "", element.get("case", "first-letter") == "first-letter")


def _page(
    site: Site, path: Path, page: ElementTree.Element, namespaces: dict[int, tuple[str, bool]]
) -> tuple[int, str, int, bytes] | None:
    found: dict[str, str] = {}
    newest = ""
    text: str | None = None
    for element in page:
        name = _name(element)
        if name in ("title", "id", "ns"):
            found[name] = element.text or ""
        elif name == "revision":
            parts = {_name(part): part for part in element}
            timestamp = parts["timestamp"].text or "" if "timestamp" in parts else ""
            if "text" in parts and timestamp >= newest:  # of several the newest, whatever their order
                newest, text = timestamp, _text(path, parts["text"])
    title = site.title(found.get("title", ""))
    if title is None or text is None:
        return None
    number, key = title.namespace, title.text
    if found.get("ns", "").lstrip("-").isdigit():
        # The dump's number is right, also for a namespace whose name the site does not know.
        number = int(found["ns"])
        prefix, colon, rest = found["title"].partition(":")
        key = rest if number and colon else found["title"]
        if number and colon:
            namespaces.setdefault(number, (prefix, True))
    packed = zlib.compress(text.encode("utf-8", "surrogateescape"), 1)
    return number, key, int(found.get("id") or 0), packed


def _text(path: Path, element: ElementTree.Element) -> str:
    """The text of a revision, "" for one that was hidden. Raises `PagesError` where the dump has no texts."""
    if not element.text and element.get("deleted") is None and element.get("bytes", "0") not in ("", "0"):
        raise PagesError(f"{path}: expected a dump with the texts of pages, got one without them")
    return element.text or ""
