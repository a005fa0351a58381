"""The settings of `luaproc wiki`: of luaproc.toml, of pyproject.toml and of the command line."""

import os
import re
from pathlib import Path

import pytest

from luaproc.commands.wiki.common import configuration, open_wiki
from luaproc.wiki.errors import SiteError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


EXPECTED = "expected one of pages, scribunto, mediawiki, site, now, timezone, seed, server, title_map, lua_path, tests"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sed = 1", f"unknown key 'sed': {EXPECTED}"),
        ("pages = 3", "pages expects a text, or a list of texts, got 3"),
        ("seed = 'x'", "seed expects a whole number, got 'x'"),
        ("seed = true", "seed expects a whole number, got True"),
        ("seed = ", "expected TOML: "),
        ("seed = '\udcff'", "expected UTF-8, got the byte 0xff"),
        ("now = 'yesterday'", "now: expected a moment as 2024-02-29T12:00:00, got 'yesterday'"),
        ("timezone = 'No/Where'", "timezone: expected a time zone's IANA name as Europe/Berlin, got 'No/Where'"),
        ("timezone = '../../etc/passwd'", "timezone: expected a time zone's IANA name"),
        ("title-map = 'slash'", "title-map: expected a title_map of hash, dash, d, first-line, got 'slash'"),
        ("server = 'no-such-program'", "server: expected a command, got 'no-such-program': no such program"),
        ("server = '\"'", "server: expected a command, got '\"': No closing quotation"),
        ("server = ''", "server: expected a command, got '': no such program"),
        ("scribunto = 'none'", "scribunto: expected the directory of Scribunto's Lua library"),
        ("mediawiki = 'none'", "mediawiki: expected the directory of a MediaWiki"),
        ("site = 'none.json'", "site: {place}/none.json: No such file"),
        ("pages = ['none']", "pages: expected a folder or a dump with pages, got {place}/none: there is no such file"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line_with_file_and_key(place: Path, text: str, message: str) -> None:
    """Wrong keys, types and values, and files that are none."""
    (place / "luaproc.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SiteError) as error:
        open_wiki(configuration({}))
    assert str(error.value).startswith(f"{place}/luaproc.toml: " + message.replace("{place}", str(place)))
    assert "\n" not in str(error.value)
    assert error.value.exit_status == 2


def test_what_is_wrong_on_the_command_line_names_the_option(place: Path) -> None:
    """Also where a file has the same key."""
    (place / "luaproc.toml").write_text("now = '2024-01-01'")
    with pytest.raises(SiteError, match=r"^--now: expected a moment"):
        open_wiki(configuration({"now": "nope"}))
    (place / "site.json").write_text('{"timezone": "Nope"}')
    with pytest.raises(SiteError, match=r"^--site: .*site.json: timezone: expected a time zone"):
        open_wiki(configuration({"site": ("site.json",)}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool = 'luaproc'", "tool expects a table, got 'luaproc'"),
        ("[tool]\nluaproc = 3", "luaproc expects a table, got 3"),
        ("[tool.luaproc]\nwiki = 3", "wiki expects a table, got 3"),
        ("[tool.luaproc.wiki]\nseed", "expected TOML: "),
        ("[tool.luaproc.wiki]\nsed = 3", f"unknown key 'sed': {EXPECTED}"),
    ],
)
def test_what_is_wrong_in_pyproject_toml(place: Path, text: str, message: str) -> None:
    """A file that speaks of luaproc has to be right."""
    (place / "pyproject.toml").write_text(text)
    with pytest.raises(SiteError, match=re.escape(f"{place}/pyproject.toml: {message}")):
        configuration({})


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1", "[tool.luaproc]\nother = 1", "broken, and not ours"])
def test_a_pyproject_toml_of_others_says_nothing(place: Path, text: str) -> None:
    """The settings of a directory above are found."""
    (place / "luaproc.toml").write_text("seed = 5")
    below = place / "below"
    below.mkdir()
    (below / "pyproject.toml").write_text(text)
    os.chdir(below)
    assert configuration({}).seed == 5


def test_every_setting_stands_in_either_file(place: Path) -> None:
    """Paths are those of the file's directory, wherever the command runs; the command line wins."""
    text = (
        "pages = ['a', 'b']\nsite = 'site.json'\nnow = 2024-02-29T12:00:00Z\ntimezone = 'Asia/Tokyo'\nseed = 3\n"
        "server = 'x y'\ntitle-map = 'd'\nlua_path = 'lua'\ntests = ['spec']\nscribunto = 's'\nmediawiki = 'm'\n"
    )
    found = []
    for name, head in (("luaproc.toml", ""), ("pyproject.toml", "[tool.luaproc.wiki]\n")):
        folder = place / name.partition(".")[0]
        (folder / "deep").mkdir(parents=True)
        (folder / name).write_text(head + text)
        os.chdir(folder / "deep")
        found.append(configuration({"seed": 4, "pages": (), "timezone": None}))
        assert found[-1].pages == (str(folder / "a"), str(folder / "b"))
        assert found[-1].path == folder / name
    assert [(one.seed, one.now, one.timezone, one.title_map, one.tests) for one in found] == [
        (4, "2024-02-29T12:00:00+00:00", "Asia/Tokyo", ("d",), ("spec",))
    ] * 2


def test_pages_are_by_default_those_beside_the_file(place: Path) -> None:
    """So that a command gives the same in each folder of a collection."""
    (place / "Module").mkdir()
    (place / "Module" / "M.lua").write_text("return {}")
    (place / "luaproc.toml").write_text("")
    os.chdir(place / "Module")
    assert list(open_wiki(configuration({})).pages) == ["Module:M"]


def test_the_first_pages_that_have_a_title_win(place: Path) -> None:
    """--pages is repeatable."""
    for folder, name in (("a", "X"), ("b", "X"), ("b", "Y")):
        (place / folder).mkdir(exist_ok=True)
        (place / folder / f"{name}.wikitext").write_text(folder)
    assert dict(open_wiki(configuration({"pages": ("a", "b")})).pages) == {"X": "a", "Y": "b"}
