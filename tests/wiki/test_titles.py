"""Titles by MediaWiki's rules; that the real wiki agrees is measured in test_real_titles."""

import pytest

from luaproc.wiki import titles
from luaproc.wiki.site import Interwiki, Namespace, Site

SITE = Site(
    interwiki={"wp": Interwiki("wp", "https://wp.example/$1"), "here": Interwiki("here", "https://wiki.example/$1")},
    local_interwikis=("here",),
)


@pytest.mark.parametrize(
    ("text", "full", "namespace"),
    [
        ("foo", "Foo", 0),
        ("  foo__bar ", "Foo bar", 0),
        ("template: foo", "Template:Foo", 10),
        ("TEMPLATE TALK:x", "Template talk:X", 11),
        ("Image:A.png", "File:A.png", 6),
        ("project:x", "Wiki:X", 4),
        (":Category:x", "Category:X", 14),
        ("&eacute;&#65;&#x42;", "ÉAB", 0),
        ("e\u0301", "E\u0301", 0),
        ("ab\u200ec\u202d", "Abc", 0),
        ("a\u3000b\u00a0c", "A b c", 0),
        ("Foo#bar_baz", "Foo#bar baz", 0),
        ("Foo #x", "Foo#x", 0),
        ("#x", "#x", 0),
        ("wp:foo bar#x", "wp:foo bar#x", 0),
        ("WP:Template:x", "wp:Template:x", 0),
        ("here:template:x", "Template:X", 10),
        ("here:", "Main Page", 0),
        ("Nowhere:x", "Nowhere:x", 0),
        ("50%", "50%", 0),
        ("a&b", "A&b", 0),
        ("User:10/.x", "User:10/.x", 2),
        ("ß", "SS", 0),
    ],
)
def test_what_a_text_names(text: str, full: str, namespace: int) -> None:
    """White space, entities, prefixes, fragments and capitals come out as MediaWiki has them."""
    title = SITE.title(text)
    assert title is not None
    assert (title.full_text, title.namespace) == (full, namespace)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "title-invalid-empty"),
        (" _ ", "title-invalid-empty"),
        ("Template:", "title-invalid-empty"),
        ("Template:#x", "title-invalid-empty"),
        ("::x", "title-invalid-leading-colon"),
        ("a|b", "title-invalid-characters"),
        ("{x}", "title-invalid-characters"),
        ("a<b", "title-invalid-characters"),
        ("a%41", "title-invalid-characters"),
        ("&amp;lt;", "title-invalid-characters"),
        ("a\x01", "title-invalid-characters"),
        ("..", "title-invalid-relative"),
        ("a/./b", "title-invalid-relative"),
        ("a~~~b", "title-invalid-magic-tilde"),
        ("x" * 256, "title-invalid-too-long"),
        ("é" * 128, "title-invalid-too-long"),
        ("Talk:File:x", "title-invalid-talk-namespace"),
        ("Talk:wp:x", "title-invalid-talk-namespace"),
        ("a\ufffd", "title-invalid-utf8"),
    ],
)
def test_what_names_no_page(text: str, reason: str) -> None:
    """Each reason of MediaWiki's for refusing a title."""
    with pytest.raises(titles.InvalidTitle) as error:
        titles.parse(SITE, text)
    assert error.value.args == (reason,)
    assert SITE.title(text) is None


def test_bytes_that_are_no_utf8_name_no_page() -> None:
    """Lone surrogates stand for such bytes."""
    assert SITE.title("a\udcff") is None


def test_lengths_are_of_bytes_and_special_pages_may_be_longer() -> None:
    """255 bytes of UTF-8 are the most; 512 for a special page."""
    assert SITE.title("é" * 127 + "x") is not None
    assert SITE.title("Special:" + "x" * 512) is not None
    assert SITE.title("Special:" + "x" * 513) is None


def test_the_default_namespace_gives_way() -> None:
    """A template's name has its namespace unless a prefix or a colon says otherwise."""
    named = [SITE.title(text, titles.TEMPLATE) for text in ("x", ":x", "Help:x", "wp:x")]
    assert [str(title) for title in named] == ["Template:X", "X", "Help:X", "wp:x"]


def test_make_takes_text_as_it_is() -> None:
    """makeTitle decodes no entities and keeps a prefix as part of the text."""
    made = SITE.make_title(10, "Help:a&amp;b")
    assert made is None
    made = SITE.make_title(10, "Help:a", "frag_ment")
    assert made is not None
    assert (made.namespace, made.text, made.fragment) == (10, "Help:a", "frag ment")
    other = SITE.make_title(0, "Foo", "", "wp")
    assert other is not None
    assert other.interwiki == "wp"
    assert SITE.make_title(12345, "x") is None


def test_pages_around_a_page() -> None:
    """Talk and subject page, base, root and subpage, where the namespace has subpages."""
    title = SITE.title("User talk:A/b/c")
    assert title is not None
    assert (title.subject.prefixed_text, title.is_talk) == ("User:A/b/c", True)
    assert (title.root_text, title.base_text, title.subpage_text) == ("A", "A/b", "c")
    main = SITE.title("A/b")
    assert main is not None
    assert main.talk is not None
    assert (main.talk.prefixed_text, main.base_text) == ("Talk:A/b", "A/b")
    special = SITE.title("Special:Version")
    assert special is not None
    assert special.talk is None


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("Module:X", "Scribunto"),
        ("Module:X/doc", "wikitext"),
        ("Module:X.json", "json"),
        ("MediaWiki:Common.css", "css"),
        ("User:A/x.js", "javascript"),
        ("User:A.js", "wikitext"),
        ("Template:X.css", "wikitext"),
    ],
)
def test_content_models_by_name(text: str, model: str) -> None:
    """What a page's name says of its content; Scribunto's documentation pages are wikitext."""
    title = SITE.title(text)
    assert title is not None
    assert title.content_model == model


def test_case_sensitive_and_local_namespaces() -> None:
    """Names of namespaces in the wiki's language, aliases, and a namespace whose titles keep their case."""
    site = Site(
        language="tr",
        namespaces={
            0: Namespace(0, "", "", is_capitalized=False),
            10: Namespace(10, "Şablon", "Template", ("Kalıp",)),
        },
    )
    texts = ["şablon:i", "Template:x", "kalıp:x", "ix"]
    assert [str(site.title(text)) for text in texts] == ["Şablon:İ", "Şablon:X", "Şablon:X", "ix"]
