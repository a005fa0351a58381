"""XML dumps as sources of pages."""

import bz2
import gzip
import os
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from luaproc.wiki.dumps import SUFFIX, Dump
from luaproc.wiki.errors import PagesError
from luaproc.wiki.opening import open_source
from luaproc.wiki.pages import Pages
from luaproc.wiki.site import Site

SITE = Site()


def dump(pages: list[tuple[str, int, str]]) -> bytes:
    """A dump as MediaWiki exports it: (title, namespace, text)."""
    body = "".join(
        f"<page><title>{escape(title)}</title><ns>{namespace}</ns><id>{number}</id>"
        f'<revision><id>{number}1</id><text xml:space="preserve">{escape(text)}</text></revision></page>'
        for number, (title, namespace, text) in enumerate(pages, 7)
    )
    return f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11">{body}</mediawiki>'.encode()


PAGES = [("Template:Box", 10, "a < b & c"), ("Module:M/x", 828, "return {}"), ("Ünï", 0, "ŧext"), ("Draft:X", 118, "d")]


@pytest.mark.parametrize(("name", "pack"), [("d.xml", bytes), ("d.xml.bz2", bz2.compress), ("d.xml.gz", gzip.compress)])
def test_each_kind(tmp_path: Path, name: str, pack: type[bytes]) -> None:
    """Plain and packed dumps give the same pages; a namespace that the site lacks keeps its number."""
    (tmp_path / name).write_bytes(pack(dump(PAGES)))
    pages = Pages(SITE, [open_source(SITE, tmp_path / name)])
    assert pages["Template:Box"] == "a < b & c"
    assert pages["module:M/x"] == "return {}"
    assert pages["ünï"] == "ŧext"
    assert pages.count(118) == 1
    assert len(pages) == 4


def test_the_index_is_made_once_and_anew_for_another_dump(tmp_path: Path) -> None:
    """A second start reads the index alone; a dump that changed is read again; progress is told."""
    file = tmp_path / "d.xml"
    file.write_bytes(dump(PAGES))
    told: list[tuple[int, int]] = []
    Dump(SITE, file, lambda done, total: told.append((done, total)))
    size = file.stat().st_size
    assert told[-1] == (size, size)
    index = tmp_path / f"d.xml{SUFFIX}"
    before = index.stat().st_mtime_ns
    told.clear()
    Dump(SITE, file, lambda done, total: told.append((done, total)))
    assert (index.stat().st_mtime_ns, told) == (before, [])
    file.write_bytes(dump([("Other", 0, "x")]))
    os.utime(file, ns=(1, 1))
    assert dict(Pages(SITE, [Dump(SITE, file)])) == {"Other": "x"}


@pytest.mark.parametrize(("name", "pack"), [("d.xml", bytes), ("d.xml.gz", gzip.compress), ("d.bz2", bz2.compress)])
def test_a_cut_dump(tmp_path: Path, name: str, pack: type[bytes]) -> None:
    """A dump that ends too early is an error that names it, and leaves no index."""
    whole = pack(dump(PAGES))
    (tmp_path / name).write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(PagesError, match=rf"{name}: expected a whole"):
        open_source(SITE, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
