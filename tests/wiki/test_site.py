"""A site's settings: JSON as api.php gives it and as people write it."""

import json
from pathlib import Path

import pytest

from luaproc.wiki.errors import SiteError
from luaproc.wiki.site import Limits, Site

API = {
    "batchcomplete": True,
    "query": {
        "general": {
            "sitename": "Wikipedia",
            "server": "//de.wikipedia.org",
            "scriptpath": "/w",
            "articlepath": "/wiki/$1",
            "generator": "MediaWiki 1.43.0-wmf.1",
            "lang": "de",
            "timezone": "Europe/Berlin",
            "mainpage": "Wikipedia:Hauptseite",
            "wikiid": "dewiki",
        },
        "namespaces": {
            "0": {"id": 0, "case": "first-letter", "name": "", "subpages": False, "content": True},
            "4": {"id": 4, "case": "first-letter", "name": "Wikipedia", "subpages": True, "canonical": "Project"},
            "10": {"id": 10, "case": "case-sensitive", "name": "Vorlage", "subpages": True, "canonical": "Template"},
        },
        "namespacealiases": [{"id": 4, "alias": "WP"}],
        "interwikimap": [{"prefix": "en", "url": "https://en.wikipedia.org/wiki/$1", "local": True}],
        "magicwords": [{"name": "redirect", "aliases": ["#WEITERLEITUNG", "#REDIRECT"], "case-sensitive": False}],
        "statistics": {"pages": 5, "articles": 2, "edits": 9, "images": 1, "users": 3, "activeusers": 1, "admins": 1},
    },
}


@pytest.mark.parametrize("version", [1, 2])
def test_what_api_php_answers(tmp_path: Path, version: int) -> None:
    """Both formats of the API: flags are "" or true, texts are under * or under a name."""
    answer = json.loads(json.dumps(API))
    if version == 1:
        for row in answer["query"]["namespaces"].values():
            row["*"] = row.pop("name")
            row.update({key: "" for key, value in row.items() if value is True})
            for key in [key for key, value in row.items() if value is False]:
                del row[key]
        answer["query"]["namespacealiases"] = [{"id": 4, "*": "WP"}]
        answer["query"]["interwikimap"][0]["local"] = ""
    (tmp_path / "site.json").write_text(json.dumps(answer))
    site = Site.load(tmp_path / "site.json")
    assert (site.name, site.language, site.timezone, site.version) == (
        *("Wikipedia", "de", "Europe/Berlin"),
        "1.43.0-wmf.1",
    )
    assert site.namespaces[4].aliases == ("WP",)
    assert (site.namespaces[0].is_content, site.namespaces[4].has_subpages) == (True, True)
    assert not site.namespaces[10].is_capitalized
    assert site.interwiki["en"].is_local
    assert site.main_page.prefixed_text == "Wikipedia:Hauptseite"
    assert str(site.title("wp:x")) == "Wikipedia:X"
    assert site.statistics["files"] == 1


def test_own_members(tmp_path: Path) -> None:
    """An object with members by name, laid over an API's answer."""
    (tmp_path / "api.json").write_text(json.dumps(API))
    (tmp_path / "own.json").write_text(
        json.dumps(
            {
                "name": "Mine",
                "limits": {"expensive": 5},
                "genders": {"Ada": "female"},
                "interwiki": {"X": "https://x.example/$1"},
                "namespaces": {"10": {"name": "Vorlage", "canonical": "Template", "has_subpages": True}},
            }
        )
    )
    site = Site.load(tmp_path / "api.json", tmp_path / "own.json")
    assert (site.name, site.language, site.limits) == ("Mine", "de", Limits(expensive=5))
    assert site.interwiki["x"].url == "https://x.example/$1"
    assert site.namespaces[10].has_subpages


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "site.json: expected JSON"),
        ("[]", "site.json: expected an object, got list"),
        ('{"nmae": "x"}', "site.json: unknown key 'nmae'; known are name, server"),
        ('{"name": 1}', "site.json: name: expected a text, got 1"),
        ('{"limits": {"expensiv": 1}}', "site.json: limits: unknown key 'expensiv'"),
        ('{"limits": 3}', "site.json: limits: expected an object, got 3"),
        ('{"namespaces": {"x": {}}}', "site.json: namespaces: expected their numbers as keys, got 'x'"),
        ('{"genders": {"Ada": 3}}', "site.json: genders.Ada: expected a text, got 3"),
        ('{"protection": {"A": {"edit": "sysop"}}}', "site.json: protection.A.edit: expected a list of texts"),
        ('{"cascading": {"A": {"sources": 3}}}', "site.json: cascading.A.sources: expected a list of texts, got 3"),
        ('{"cascading": {"A": {"source": []}}}', "site.json: cascading.A: unknown key 'source'; known are sources"),
        ('{"page_properties": {"A": 3}}', "site.json: page_properties.A: expected an object, got 3"),
        ('{"statistics": {"pages": "x"}}', "site.json: statistics.pages: expected a whole number, got 'x'"),
        ('{"magic_words": {"if": "x"}}', "site.json: magic_words.if: expected a list of texts, got 'x'"),
        ('{"namespaces": {"10": {"name": 3}}}', "site.json: namespaces.10.name: expected a text, got 3"),
        ('{"namespaces": {"10": {"aliases": "T"}}}', "site.json: namespaces.10.aliases: expected a list of texts"),
        ('{"limits": {"depth": -1}}', "site.json: limits.depth: expected a whole number above 0, got -1"),
        ('{"protocols": "http"}', "site.json: protocols: expected a list of texts"),
        ('{"query": {"namespaces": []}}', r"site.json: not what api.php gives: query.namespaces is \[\]"),
        ('{"query": 3}', "site.json: not what api.php gives: query: expected an object, got 3"),
        ('{"error": {"code": "x", "info": "Unrecognized value"}}', "site.json: .*got its error: Unrecognized value"),
        ('{"genders": {"Ada": "robot"}}', "site.json: genders.Ada: expected male, female or unknown, got 'robot'"),
        ('{"skips": {"Module:A/tests": " "}}', "site.json: skips.Module:A/tests: expected the reason, got ' '"),
        ('{"language": "DE"}', "site.json: language: expected a language's code as MediaWiki writes it: de, got 'DE'"),
        ('{"version": "latest"}', "site.json: version: expected MediaWiki's version, as 1.43.1, got 'latest'"),
        ('{"fragment_mode": "x"}', "site.json: fragment_mode: expected html5 or legacy, got 'x'"),
        ('{"article_path": "/wiki"}', r"site.json: article_path: expected a path with \$1"),
        (
            '{"page_properties": {"A": {"id": "x"}}}',
            "site.json: page_properties.A.id: expected a whole number, got 'x'",
        ),
        (
            '{"page_properties": {"A": {"timestamp": "x"}}}',
            "site.json: page_properties.A: expected a timestamp as 2024",
        ),
        ('{"protection": {"<x>": {}}}', "site.json: protection: expected a page's title, got '<x>'"),
        ('{"main_page_text": "[["}', "site.json: main_page_text: expected a page's title"),
        ('{"timezone": "Mars/Base"}', "site.json: timezone: expected a time zone's IANA name"),
        ('{"language_info": {"de": {"dir": 1}}}', "site.json: language_info.de.dir: expected a text, got 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    """File and key of a wrong setting, in one line."""
    file = tmp_path / "site.json"
    file.write_text(text)
    with pytest.raises(SiteError, match=message):
        Site.load(file)
    with pytest.raises(SiteError, match="No such file"):
        Site.load(tmp_path / "gone.json")


def test_pages_users_and_tests_are_named_in_many_ways() -> None:
    """What is kept by a page is found under its title: canonical and local namespaces, underscores, small letters."""
    namespaces = {"0": {}, "2": {"name": "Benutzer", "canonical": "User"}, "14": {"name": "Kategorie"}}
    members = {
        "namespaces": namespaces | {"828": {"name": "Modul", "canonical": "Module"}},
        "protection": {"module:a_b": {"edit": ["sysop"]}},
        "page_properties": {"a": {"timestamp": "2024-02-29"}},
        "genders": {"ada_B": "female", "User:Bo": "male"},
        "categories": {"Kategorie:x": {"all": 1}, "y": {"all": 2}},
        "skips": {"module:x_y/tests": "all", "Module:X/tests test_a": "one"},
        "extension_tags": ["<ref>", "Math"],
    }
    site = Site.from_dict(members)
    assert site.protection == {"Modul:A b": {"edit": ["sysop"]}}
    assert list(site.page_properties) == ["A"]
    assert site.genders == {"Ada B": "female", "Bo": "male"}
    assert site.categories == {"X": {"all": 1}, "Y": {"all": 2}}
    assert site.extension_tags == ("ref", "math")
    one, other = site.title("Modul:X y/tests"), site.title("Modul:X/tests")
    assert one is not None
    assert other is not None
    assert (site.skip_of(one), site.skip_of(other), site.skip_of(other, "test_a")) == ("all", None, "one")


def test_a_dump_that_names_namespaces() -> None:
    """Settings by page are of the same pages when the local name of their namespace is learned."""
    site = Site.from_dict({"protection": {"Module:A": {"edit": ["sysop"]}}, "skips": {"Module:A/tests": "later"}})
    site.learn_namespaces({828: ("Modul", True)})
    assert list(site.protection) == ["Modul:A"]
    assert list(site.skips) == ["Modul:A/tests"]
