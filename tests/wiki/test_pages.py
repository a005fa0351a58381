"""The store of pages: one mapping over sources, with writes that stay in memory."""

import pytest

from luaproc.wiki.errors import NoSuchTitle
from luaproc.wiki.pages import PageKey, Pages, redirect_target
from luaproc.wiki.site import Site

SITE = Site()


class Fixed:
    """A source of given texts."""

    def __init__(self, texts: dict[PageKey, str]) -> None:
        self.texts = texts

    def get(self, key: PageKey) -> str | None:
        return self.texts.get(key)

    def has(self, key: PageKey) -> bool:
        return key in self.texts

    def page_keys(self) -> list[PageKey]:
        return list(self.texts)

    def where(self, key: PageKey) -> str:
        return f"fixed {key}"


def test_it_is_a_mapping_of_titles() -> None:
    """Any way to write a title finds the page; what names no page says so."""
    pages = Pages(SITE, texts={"template:foo_bar": "x"})
    assert pages["Template:Foo bar"] == "x"
    assert "TEMPLATE:foo bar" in pages
    assert list(pages) == ["Template:Foo bar"]
    pages["User:A"] = "y"
    del pages["Template:Foo bar"]
    assert dict(pages) == {"User:A": "y"}
    with pytest.raises(KeyError):
        pages["Template:Foo bar"]
    with pytest.raises(KeyError):
        del pages["Nothing"]
    with pytest.raises(NoSuchTitle, match=r"expected a page's title, got 'a\|b'"):
        pages["a|b"] = ""


def test_the_first_source_wins_and_none_is_written() -> None:
    """Sources stay as they are, whatever is written or deleted."""
    first, second = Fixed({(0, "A"): "1"}), Fixed({(0, "A"): "2", (0, "B"): "3"})
    pages = Pages(SITE, [first, second])
    assert (pages["A"], pages["B"], len(pages)) == ("1", "3", 2)
    pages["A"] = "new"
    del pages["B"]
    assert dict(pages) == {"A": "new"}
    assert (first.texts, second.texts) == ({(0, "A"): "1"}, {(0, "A"): "2", (0, "B"): "3"})
    title = SITE.title("A")
    assert title is not None
    assert pages.where(title) is None
    assert Pages(SITE, [first]).where(title) == "fixed (0, 'A')"


def test_redirects() -> None:
    """Two redirects are followed, a third is text; modules are no redirects; words are the wiki's."""
    pages = Pages(
        SITE,
        texts={
            "Template:A": "#REDIRECT [[Template:B]]",
            "Template:B": "  #redirect: [[:template:c|label]] rest",
            "Template:C": "#REDIRECT [[Template:D]]",
            "Template:D": "text",
            "Template:E": "#REDIRECT [[Gone]]",
            "Module:M": "#REDIRECT [[Module:N]]",
            "Template:P": "#REDIRECT [[Template:%44]]",
        },
    )

    def follow(name: str) -> tuple[str | None, str]:
        title = SITE.title(name)
        assert title is not None
        text, found = pages.follow(title)
        return text, found.prefixed_text

    assert follow("Template:A") == ("#REDIRECT [[Template:D]]", "Template:D")
    assert follow("Template:B") == ("text", "Template:D")
    assert follow("Template:E") == (None, "Gone")
    assert follow("Module:M") == ("#REDIRECT [[Module:N]]", "Module:M")
    assert follow("Template:P") == ("text", "Template:D")
    german = Site(magic_words={"redirect": ["#WEITERLEITUNG", "#REDIRECT"]})
    assert str(redirect_target(german, "#weiterleitung [[x]]")) == "X"
    assert redirect_target(SITE, "#weiterleitung [[x]]") is None
    assert redirect_target(SITE, "#REDIRECT [[Special:Userlogout]]") is None
    assert redirect_target(SITE, "#REDIRECT x") is None


def test_numbers_of_pages() -> None:
    """A page's number finds the page again; a missing page is 0."""
    pages = Pages(SITE, texts={"A": "", "Template:B": ""})
    titles = pages.titles()
    assert [pages.by_id(pages.page_id(title)) for title in titles] == titles
    missing = SITE.title("Missing")
    assert missing is not None
    assert pages.page_id(missing) == 0
    assert pages.by_id(99) is None
    assert (pages.count(10), pages.count(0), pages.count(828)) == (1, 1, 0)
