"""XML dumps as sources of pages."""

import bz2
import gzip
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from luaproc.wiki.dumps import SUFFIX, Dump
from luaproc.wiki.errors import PagesError
from luaproc.wiki.pages import Pages
from luaproc.wiki.site import Namespace, Site
from luaproc.wiki.sources import open_source

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


def exported(*pages: str, siteinfo: str = "") -> bytes:
    """A dump of page elements as they are given."""
    return f"<mediawiki>{siteinfo}{''.join(pages)}</mediawiki>".encode()


def page(title: str, revisions: str, more: str = "<ns>0</ns>") -> str:
    return f"<page><title>{title}</title>{more}<id>1</id>{revisions}</page>"


def revision(text: str, timestamp: str = "2024-01-01T00:00:00Z") -> str:
    return f"<revision><timestamp>{timestamp}</timestamp>{text}</revision>"


def texts_of(pages: Pages) -> dict[str, str]:
    return {str(title): text for title, text in pages.items()}


def read(place: Path, content: bytes, site: Site | None = None) -> dict[str, str]:
    """The pages of a dump with that content."""
    site = site or Site()
    (place / "d.xml").write_bytes(content)
    return texts_of(Pages(site, [open_source(site, place / "d.xml")]))


def test_revisions_and_texts(tmp_path: Path) -> None:
    """The newest revision counts, and the last page of a title; white space stays; a hidden text is empty."""
    old, new = revision("<text>old</text>", "2001-01-01T00:00:00Z"), revision("<text>new</text>")
    content = exported(
        *(page("Newest last", old + new), page("Newest first", new + old), page("Twice", old), page("Twice", new)),
        page("Space", revision('<text xml:space="preserve">  x \n y  </text>')),
        page("Hidden", revision('<text bytes="9" deleted="deleted" />')),
        page("Empty", revision('<text bytes="0" />')),
        page("Redirect", revision("<text>#REDIRECT [[Empty]]</text>"), '<ns>0</ns><redirect title="Empty" />'),
        page("No title[", old),
    )
    assert read(tmp_path, content) == {
        "Newest last": "new", "Newest first": "new", "Twice": "new", "Space": "  x \n y  ", "Hidden": "", "Empty": "",
        "Redirect": "#REDIRECT [[Empty]]",
    }  # fmt: skip


GERMAN = """<siteinfo><namespaces>
<namespace key="0" case="case-sensitive" /><namespace key="10" case="case-sensitive">Vorlage</namespace>
<namespace key="118" case="first-letter">Entwurf</namespace></namespaces></siteinfo>"""


def test_the_dump_knows_its_namespaces(tmp_path: Path) -> None:
    """A dump in another language, and of a wiki that keeps the first letter's case, is read without --site."""
    site = Site()
    content = exported(
        page("Vorlage:box", revision("<text>b</text>"), "<ns>10</ns>"),
        page("wasser", revision("<text>w</text>")),
        page("Entwurf:X", revision("<text>e</text>"), "<ns>118</ns>"),
        page("Portal:Y", revision("<text>p</text>"), "<ns>100</ns>"),
        siteinfo=GERMAN,
    )
    pages = {"Vorlage:box": "b", "wasser": "w", "Entwurf:X": "e", "Portal:Y": "p"}
    assert read(tmp_path, content, site) == pages
    assert str(site.title("template:box")) == "Vorlage:box"
    again = Site()
    assert texts_of(Pages(again, [open_source(again, tmp_path / "d.xml")])) == pages  # from the index
    own = Site(namespaces={0: Namespace(0, "", ""), 10: Namespace(10, "Template", "Template")})
    open_source(own, tmp_path / "d.xml")
    assert (own.namespaces[10].name, own.namespaces[118].name) == ("Template", "Entwurf")  # what is configured stays


@pytest.mark.parametrize(
    ("tag", "members", "expected"),
    [
        ("de", {}, ("Wörterbuch", "de")),
        ("de", {"name": "Mine", "language": "en"}, ("Mine", "en")),
        ("sr-Cyrl", {}, ("Wörterbuch", "sr-ec")),
        ("be-tarask", {}, ("Wörterbuch", "be-tarask")),
        ("qqx-nothing", {}, ("Wörterbuch", "en")),
        ("", {"language": "fr"}, ("Wörterbuch", "fr")),
    ],
)
def test_the_dump_knows_its_wiki(tmp_path: Path, tag: str, members: dict[str, str], expected: tuple[str, str]) -> None:
    """Numbers, dates and errors are in the dump's language; what is configured stays."""
    content = exported(siteinfo="<siteinfo><sitename>Wörterbuch</sitename></siteinfo>")
    (tmp_path / "d.xml").write_bytes(content.replace(b"<mediawiki>", f'<mediawiki xml:lang="{tag}">'.encode()))
    for _ in range(2):  # the second time from the index
        site = Site.from_dict(members)
        open_source(site, tmp_path / "d.xml")
        assert (site.name, site.language) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html><p>x</p></html>", "expected a dump of a MediaWiki, got XML that begins with <html>"),
        (exported(page("A", revision('<text bytes="5" id="1" />'))), "expected a dump with the texts of pages"),
        (exported(page("A", revision("<text>\x01</text>"))), "expected a whole XML dump: "),
        (b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + exported(page("A", "&x;")), "undefined entity"),
        (b"", "expected a whole XML dump: no element found"),
    ],
)
def test_what_is_no_dump(tmp_path: Path, content: bytes, message: str) -> None:
    """One line that names the dump, and no index."""
    with pytest.raises(PagesError, match=message) as error:
        read(tmp_path, content)
    assert str(error.value).startswith(f"{tmp_path / 'd.xml'}: ")
    assert [path.name for path in tmp_path.iterdir()] == ["d.xml"]


def test_a_damaged_index_is_named(tmp_path: Path) -> None:
    """One that cannot be opened is made anew; one that fails later is an error that says what to do."""
    (tmp_path / "d.xml").write_bytes(dump(PAGES))
    index = tmp_path / f"d.xml{SUFFIX}"
    index.write_bytes(b"no database" * 1000)
    source = Dump(SITE, tmp_path / "d.xml")
    assert source.get((10, "Box")) == "a < b & c"
    source.close()
    with sqlite3.connect(index) as database:
        database.execute("UPDATE page SET text = x'00'")
    database.close()
    with pytest.raises(PagesError, match=r"expected an index of .*d\.xml, got a damaged one .*: remove it"):
        Dump(SITE, tmp_path / "d.xml").get((10, "Box"))


def test_an_index_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the dump's directory is closed, also with an old index in it; without any place for it that is one line."""
    place = tmp_path / "closed"
    place.mkdir()
    (place / "d.xml").write_bytes(dump(PAGES))
    (place / f"d.xml{SUFFIX}").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place)  # root may write everywhere
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert len(Pages(SITE, [Dump(SITE, place / "d.xml")])) == 4
    assert (place / f"d.xml{SUFFIX}").read_bytes() == b"old"
    assert len(list((tmp_path / "cache" / "luaproc" / "dumps").iterdir())) == 1
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(PagesError, match="cannot be written: Not a directory"):
        Dump(SITE, place / "d.xml")


@pytest.mark.slow  # starts two processes
def test_two_processes_index_one_dump(tmp_path: Path) -> None:
    """Each makes the index whole; both have all pages."""
    (tmp_path / "d.xml").write_bytes(dump([(f"Page {number}", 0, "text") for number in range(3000)]))
    code = (
        "import sys\nfrom pathlib import Path\nfrom luaproc.wiki.dumps import Dump\n"
        "from luaproc.wiki.site import Site\n"
        "print(sum(1 for _ in Dump(Site(), Path(sys.argv[1])).page_keys()))"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "d.xml")]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=120)[0] for process in both] == ["3000\n", "3000\n"]
    assert {path.name for path in tmp_path.iterdir()} == {"d.xml", f"d.xml{SUFFIX}"}
