"""Hostile text: what is opened and not closed, nested, or repeated costs in proportion to its length.

What is counted is Python's own steps (lines of code that run), which no busy machine changes: a text four times as long
takes four times as many, and sixteen times as many where something is tried again for each of its parts.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from luaproc.wiki import Wiki

SHORT, TIMES = 1500, 4

TEXTS: dict[str, Callable[[int], str]] = {
    "braces": lambda n: "{" * n,
    "brackets": lambda n: "[" * n,
    "opened templates": lambda n: "{{a|" * (n // 4),
    "opened parameters": lambda n: "{{{a|" * (n // 5),
    "nested templates": lambda n: "{{a|" * (n // 6) + "}}" * (n // 6),
    "nested parameters": lambda n: "{{{a|" * (n // 8) + "}}}" * (n // 8),
    "nested braces": lambda n: "{" * (n // 2) + "}" * (n // 2),
    "nested conditions": lambda n: "{{#if:1|" * (n // 10) + "}}" * (n // 10),
    "nested switches": lambda n: "{{#switch:a|a=" * (n // 16) + "}}" * (n // 16),
    "variants": lambda n: "-{" * (n // 2),
    "variants and braces": lambda n: "-{{{" * (n // 4) + "}}}-" * (n // 4),
    "links": lambda n: "[[a|" * (n // 6) + "]]" * (n // 6),
    "comments": lambda n: "<!--" * (n // 4),
    "comments on lines": lambda n: "\n <!-- x --> \n" * (n // 14),
    "comments in a row": lambda n: " <!-- -->" * (n // 9),
    "tags": lambda n: "<nowiki>" * (n // 8),
    "tags of two names": lambda n: "<pre><nowiki>" * (n // 13),
    "tags without an end": lambda n: "<pre " * (n // 5),
    "closed tags": lambda n: "<noinclude></noinclude>" * (n // 23),
    "headings": lambda n: "\n==" * (n // 3),
    "headings that open braces": lambda n: "\n={{" * (n // 4),
    "equals": lambda n: "\n" + "=" * n,
    "pipes": lambda n: "{{a" + "|b=c" * (n // 4) + "}}",
    "everything": lambda n: "{{[[{{{-{" * (n // 18) + "}-}}}]]}}" * (n // 18),
    "a template many times": lambda n: "{{T}}" * (n // 5),
}


def steps(text: str) -> int:
    """How many lines of Python an expansion takes."""
    wiki = Wiki({"Template:T": "<noinclude>x</noinclude>{{{1|a}}}"}, mediawiki=False)
    count = 0

    def local(_frame: FrameType, _event: str, _value: Any) -> Any:
        nonlocal count
        count += 1
        return local

    before = sys.gettrace()
    sys.settrace(lambda *_: local)
    try:
        wiki.expand(text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.slow  # expands texts of growing lengths
@pytest.mark.parametrize("name", TEXTS)
def test_steps_grow_as_the_text(name: str) -> None:
    """Four times the text: not more than five times the steps."""
    first, second = steps(TEXTS[name](SHORT)), steps(TEXTS[name](SHORT * TIMES))
    assert second <= first * (TIMES + 1)


@pytest.mark.parametrize("text", ["[[" + " " * 30_000, "[[" + "a:" * 30_000, "[[a:b|" + "x" * 30_000, "[[ " * 20_000])
def test_categories_of_hostile_links(text: str) -> None:
    """Regular expressions count no steps: what is quadratic takes minutes here, and this takes no time."""
    assert Wiki({}, mediawiki=False).expand(text).categories == {}


def test_templates_that_double() -> None:
    """Two calls of the next template in each of forty would be 2^40 expansions: the limit of nodes ends it."""
    pages = {f"Template:D{number}": f"{{{{D{number + 1}|}}}}{{{{D{number + 1}|}}}}" for number in range(40)}
    wiki = Wiki(pages, site={"limits": {"nodes": 2000}}, mediawiki=False)
    expansion = wiki.expand("{{D0|}}")
    assert "Node-count limit exceeded" in expansion.text
    assert expansion.limits["nodes"].used < 2000 + 200


def test_errors_within_errors_do_not_grow() -> None:
    """A sort key may hold the error of the key inside it, which shows two: twelve levels were 640 KB."""
    text = "{{DEFAULTSORT:z}}" + "{{DEFAULTSORT:a" * 12 + "}}" * 12
    assert len(Wiki({}, mediawiki=False).expand(text).text) < 5000


def test_arguments_that_are_passed_on_twice() -> None:
    """Forty templates that each double an argument: it is left out where it alone is longer than all may be."""
    pages = {f"Template:L{n}": f"{{{{L{n + 1}|{{{{{{1}}}}}}{{{{{{1}}}}}}}}}}" for n in range(40)}
    pages["Template:L40"] = "{{{1}}}"
    assert len(Wiki(pages, mediawiki=False).expand("{{L0|x}}").text) < 10_000


def test_tags_within_tags_are_put_back_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What markers stand for is counted, as in MediaWiki: each level of 20 may double it."""
    monkeypatch.setattr("luaproc.wiki.preprocessor.strip.MAX_BYTES", 5000)
    pages = {f"Template:L{n}": f"{{{{#tag:pre|{{{{L{n + 1}}}}}{{{{L{n + 1}}}}}}}}}" for n in range(12)}
    pages["Template:L12"] = "x"
    page = Wiki(pages, mediawiki=False).expand("{{L0}}")
    assert len(page.text) < 10_000
    assert (page.warnings, list(page.categories)) == (
        ("Unstrip size limit exceeded (5,000)",), ["Pages where the unstrip size limit is exceeded"]
    )  # fmt: skip


def test_a_page_that_is_longer_than_what_it_may_include_stays_as_it_is() -> None:
    wiki = Wiki({}, mediawiki=False, site={"limits": {"bytes": 100}})
    assert (wiki.expand("{{lc:Ä}}" * 11).text, wiki.expand("{{lc:Ä}}" * 12).text) == ("ä" * 11, "{{lc:Ä}}" * 12)
