"""What a page view notes beside its text, and in another language: the real wiki's warnings, categories and errors."""

import pytest

from luaproc.wiki.site import Namespace, Site, default_namespaces
from luaproc.wiki.wiki import Wiki
from tests.mediawiki import installation
from tests.wiki import judge

# MediaWiki and PHP expand the texts here.
pytestmark = [pytest.mark.real, pytest.mark.slow]

TITLE = "Corpus page"
TEXTS = (
    *("{{Text loop}}{{Text loop}}", "{{Text self}}", "{{#if:x|{{Text echo|a|1=b}}}}", "{{#if:|{{Text echo|a|1=b}}}}"),
    *("{{Text echo|x=a| x = b}}", "{{Echo|a&b=1|a&b=2|'=1|'=2}}", "{{Nope|a|1=b}}", "{{#invoke:Frames|x|a=1|a=2}}"),
    *("{{formatnum:abc}}", "{{formatnum:1 2|NOSEP}}", "{{formatnum:1e3}}", "{{formatnum:}}", "{{formatnum:a|R}}"),
    *("{{formatnum:<nowiki>5</nowiki>}}", "{{formatnum:INF}}", "{{#invoke:Fails|text}}", "{{#invoke:Nope|x}}"),
    *("{{DISPLAYTITLE:Other}}", "{{DISPLAYTITLE:corpus_page}}", "{{DISPLAYTITLE:<i>Corpus</i> page}}"),
    "{{DISPLAYTITLE:Corpus page}}{{DISPLAYTITLE:corpus page}}{{DISPLAYTITLE:Corpus page|noerror}}",
    # Functions expand all of their arguments, or no more than they need.
    *("{{lc:1|{{formatnum:abc}}}}", "{{#pos:1|2|3|4|{{formatnum:abc}}}}", "{{#time:Y|2020|en||{{formatnum:abc}}}}"),
    *("{{#tag:pre|x|{{formatnum:abc}}}}", "{{#switch:a|a=1|b={{formatnum:abc}}}}", "{{PAGENAME:a|{{formatnum:abc}}}}"),
    "{{#tag:pre|" * 25 + "x" + "}}" * 25,
)

# Where the expansion is too deep, neither names nor arguments are expanded. These are not in the corpus: PHP counts on
# from one page view to the next where an exception ended one, as texts of the corpus have it.
DEEP = [(opening * count, "}}" * count) for opening, counts in (
    ("{{Text echo|", (50, 51, 52, 60)),
    ("{{lc:", (100, 101, 102)),
    ("{{#if:x|", (100, 101, 120)),
    ("{{#switch:a|a=", (100, 101)),
    ("{{Echo|1=", (50, 51)),
    ("{{{a|{{Text echo|a=", (50, 51)),
) for count in counts]  # fmt: skip

ERRORS = (
    *("{{#expr:1/0}}", "{{#expr:(}}", "{{#expr:)}}", "{{#expr:1 1}}", "{{#expr:*}}", "{{#expr:1+}}", "{{#expr:nope}}"),
    *("{{#expr:'}}", "{{#expr:acos 2}}", "{{#expr:ln 0}}", "{{#expr:sqrt -1}}", "{{#time:Y|nope}}", "{{#time:|nope}}"),
    *("{{#time:Y|10000-01-01}}", "{{#rel2abs:../../..|a}}", "{{#len:x}}{{#pos:" + "x" * 1001 + "|x}}", "{{Text self}}"),
    *("{{DEFAULTSORT:a<b}}{{DEFAULTSORT:'c'}}", "{{#invoke:Fails|text}}", "{{#invoke:Nope|x}}", "{{#ifexpr:1/0|a}}"),
    *("{{Text echo|a|1=b}}", "{{formatnum:abc}}", "{{#expr:" + "(" * 101 + "1}}", "{{int:Mainpage}}"),
)


def test_warnings_and_categories_are_the_real_wikis(our_wiki: Wiki, real_wiki: installation.Wiki) -> None:
    """Each text in a page view of its own."""
    texts = (*TEXTS, *(f"{opening}x{closing}" for opening, closing in DEEP))
    real = judge.real_views(real_wiki, [(TITLE, text) for text in texts])
    for text, answer in zip(texts, real, strict=True):
        ours = our_wiki.expand(text, TITLE)
        categories = [name.replace(" ", "_") for name in ours.categories]
        assert (text, sorted(categories), list(ours.warnings), judge.normal(ours.text)) == (
            *(text, sorted(answer["categories"]), answer["warnings"]),
            judge.normal(answer["text"]),
        )


def test_errors_are_in_the_content_language(real_site: Site, real_wiki: installation.Wiki) -> None:
    """As a wiki in German shows them, with MediaWiki's own messages."""
    views = [(TITLE, text) for text in ERRORS]
    real = judge.real_views(real_wiki, views, "$wgLanguageCode = 'de';")
    local = {
        10: Namespace(10, "Vorlage", "Template", has_subpages=True),
        828: Namespace(828, "Modul", "Module", has_subpages=True),
    }
    site = Site(language="de", name=real_site.name, namespaces=default_namespaces(real_site.name) | local)
    german = judge.our_wiki(site)
    for text, answer in zip(ERRORS, real, strict=True):
        ours = german.expand(text, TITLE)
        assert (text, judge.normal(ours.text), list(ours.warnings)) == (
            *(text, judge.normal(answer["text"])),
            answer["warnings"],
        )
