"""Folders as people keep them in git."""

import os
from pathlib import Path

import pytest

from luaproc.wiki.errors import PagesError
from luaproc.wiki.folders import Folder
from luaproc.wiki.pages import Pages
from luaproc.wiki.site import Namespace, Site
from luaproc.wiki.sources import open_source

SITE = Site()


def write(directory: Path, *names: str) -> Path:
    """Files of these names, each with its name as its text."""
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return directory


def titles(directory: Path, *title_map: str, site: Site = SITE) -> dict[str, str]:
    """Titles and the files they came from."""
    pages = Pages(site, [Folder(site, directory, title_map)])
    return {str(title): text for title, text in pages.items()}


def test_a_folder_is_a_namespace(tmp_path: Path) -> None:
    """By canonical, alias or local name in any case; suffixes of wikitext and Lua go, those of data stay."""
    write(
        tmp_path,
        *(
            "Module/Foo.lua",
            "module_talk/Foo.wikitext",
            "TEMPLATE/In fo_box.wiki",
            "image/A.PNG",
            "Main/Page.mediawiki",
        ),
        *("Module/Data.json", "Template/Style.css", "page/Deep/er.wikitext", "Template/No suffix", "Module/A%3FB.lua"),
        *("Module/Foo/bar.lua", "Module/Foo/doc.wikitext"),
    )
    assert titles(tmp_path) == {
        "Module:Foo": "Module/Foo.lua",
        "Module talk:Foo": "module_talk/Foo.wikitext",
        "Template:In fo box": "TEMPLATE/In fo_box.wiki",
        "File:A.PNG": "image/A.PNG",
        "Page": "Main/Page.mediawiki",
        "Module:Data.json": "Module/Data.json",
        "Template:Style.css": "Template/Style.css",
        "Deep/er": "page/Deep/er.wikitext",
        "Template:No suffix": "Template/No suffix",
        "Module:A?B": "Module/A%3FB.lua",
        "Module:Foo/bar": "Module/Foo/bar.lua",
        "Module:Foo/doc": "Module/Foo/doc.wikitext",
    }
    german = Site(namespaces={0: Namespace(0, "", ""), 828: Namespace(828, "Modul", "Module")})
    assert titles(write(tmp_path / "de", "modul/X.lua"), site=german) == {"Modul:X": "modul/X.lua"}


def test_what_lies_at_the_top(tmp_path: Path) -> None:
    """One module in a folder is enough; other files of a repository are no pages."""
    write(
        tmp_path,
        *("Foo.lua", "Bar/Bar.lua", "Bar/sub.lua", "Text.wikitext", "README.md", "LICENSE", ".git/config", "Data.json"),
        *("Template:X.wikitext", "src/x.py"),
    )
    assert titles(tmp_path) == {
        "Module:Foo": "Foo.lua",
        "Module:Bar": "Bar/Bar.lua",
        "Module:Bar/sub": "Bar/sub.lua",
        "Module:Data.json": "Data.json",
        "Text": "Text.wikitext",
        "Template:X": "Template:X.wikitext",
    }


def test_a_file_named_as_its_folder(tmp_path: Path) -> None:
    """Foo/Foo.lua is Module:Foo, but Foo's subpage where there is a Foo.lua."""
    write(tmp_path / "a", "Module/Foo/Foo.lua")
    write(tmp_path / "b", "Module/Foo/Foo.lua", "Module/Foo.lua")
    assert list(titles(tmp_path / "a")) == ["Module:Foo"]
    assert list(titles(tmp_path / "b")) == ["Module:Foo", "Module:Foo/Foo"]


def test_title_maps(tmp_path: Path) -> None:
    """Collections that write another character for the slash, folders X.d, and a title in the first line."""
    write(tmp_path / "hash", "Module/A#b.lua")
    write(tmp_path / "dash", "Module/A-b.lua")
    write(tmp_path / "d", "Module/A.lua", "Module/A.d/b.lua")
    write(tmp_path / "first", "x.lua", "y.wikitext", "z.lua")
    (tmp_path / "first" / "x.lua").write_text("-- page=Module:Real name\nreturn 1")
    (tmp_path / "first" / "y.wikitext").write_text("<!-- page = Template:Box -->")
    assert list(titles(tmp_path / "hash", "hash")) == ["Module:A/b"]
    assert list(titles(tmp_path / "dash", "dash")) == ["Module:A/b"]
    assert list(titles(tmp_path / "d", "d")) == ["Module:A", "Module:A/b"]
    assert list(titles(tmp_path / "first", "first-line")) == ["Template:Box", "Module:Real name", "Module:Z"]
    with pytest.raises(PagesError, match="expected a title_map of hash, dash, d, first-line, got 'slash'"):
        Folder(SITE, tmp_path, ["slash"])


def test_two_files_for_one_page(tmp_path: Path) -> None:
    """The error names both files."""
    write(tmp_path, "Module/foo_bar.lua", "module/Foo bar.lua")
    with pytest.raises(PagesError, match="one file for the page Module:Foo bar") as error:
        Folder(SITE, tmp_path)
    assert "foo_bar.lua" in str(error.value)
    assert "Foo bar.lua" in str(error.value)


def test_texts_are_as_a_wiki_saves_them(tmp_path: Path) -> None:
    """No white space at the end, Unix line ends; bytes that are no UTF-8 survive; a changed file is read again."""
    file = tmp_path / "A.wikitext"
    file.write_bytes(b"a\r\nb\xff \n\n\t")
    pages = Pages(SITE, [Folder(SITE, tmp_path)])
    assert pages["A"] == "a\nb\udcff"
    file.write_bytes(b"new text")
    assert pages["A"] == "new text"
    file.unlink()
    assert pages.get("A") is None


def test_what_is_no_folder(tmp_path: Path) -> None:
    """A missing place and an odd file are one clear line."""
    with pytest.raises(PagesError, match="there is no such file"):
        open_source(SITE, tmp_path / "gone")
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(PagesError, match="expected a folder or a dump"):
        open_source(SITE, tmp_path / "x.txt")


def test_links_lead_inside_the_folder_only(tmp_path: Path) -> None:
    """A page shows nothing that lies elsewhere on the machine; links in a circle and pipes end nothing."""
    place = write(tmp_path / "pages", "Module/A.lua", "Module/D/x.lua")
    (tmp_path / "secret.lua").write_text("secret")
    for name, target in (
        *(
            ("Module/B.lua", "A.lua"),
            ("Module/E", "D"),
            ("Module/D/loop", ".."),
            ("Module/Away.lua", "../../secret.lua"),
        ),
        *(("Module/Gone.lua", "nowhere.lua"), ("Template", str(tmp_path))),
    ):
        (place / name).symlink_to(target)
    os.mkfifo(place / "Module" / "Pipe.lua")
    folder = Folder(SITE, place, ["first-line"])
    assert {str(title): text for title, text in Pages(SITE, [folder]).items()} == {
        **dict.fromkeys(("Module:A", "Module:B"), "Module/A.lua"),
        **dict.fromkeys(("Module:D/x", "Module:E/x"), "Module/D/x.lua"),
    }
    assert {path.name for path, _ in folder.left_out} == {"Away.lua", "Gone.lua", "Template"}
    (tmp_path / "link").symlink_to(place)
    assert len(Pages(SITE, [Folder(SITE, tmp_path / "link")])) == 4


def test_packages_are_no_pages(tmp_path: Path) -> None:
    """A repository has its tools' packages beside its modules; those have files ending in .json and .lua."""
    hidden = (".git/config.json", ".venv/pyvenv.cfg", ".venv/x.json", "Module/.cache/x.lua")
    packages = ("venv/lib/x.json", "env-3.12/x.lua", "node_modules/x/package.json", "lua_modules/share/x.lua")
    write(tmp_path, "Module/A.lua", "lib/x.lua", "Module/__pycache__/x.pyc", *hidden, *packages)
    write(tmp_path, "venv/pyvenv.cfg", "env-3.12/pyvenv.cfg")
    folder = Folder(SITE, tmp_path)
    assert [str(title) for title in Pages(SITE, [folder]).titles()] == ["Module:A", "Module:Lib/x"]
    left_out = {str(path.relative_to(tmp_path)): reason for path, reason in folder.left_out}
    assert left_out == dict.fromkeys(
        ("Module/__pycache__", "env-3.12", "lua_modules", "node_modules", "venv"), "a folder of a tool's packages"
    )


def test_what_lies_beside_pages(tmp_path: Path) -> None:
    """Documentation, images and what editors leave are no pages; names that are no titles are told."""
    write(
        tmp_path,
        "Module/README.md",
        "Module/A.lua",
        "Module/A.lua~",
        "Template/a.png",
        "File/a.png",
        "Template/[x].wiki",
    )
    (tmp_path / os.fsdecode(b"Template/\xe9.wiki")).touch()
    folder = Folder(SITE, tmp_path)
    assert sorted(str(title) for title in Pages(SITE, [folder]).titles()) == ["File:A.png", "Module:A"]
    assert [(path.name, reason) for path, reason in folder.left_out] == [
        ("[x].wiki", "its name is no title"),
        (os.fsdecode(b"\xe9.wiki"), "its name is no title"),
    ]
