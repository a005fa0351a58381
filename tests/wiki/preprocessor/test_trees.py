"""Trees that are kept between page views: their memory has a bound, and what comes again is parsed once."""

import tracemalloc

import pytest

from luaproc.wiki.preprocessor.expansion import TAGS
from luaproc.wiki.preprocessor.trees import Trees


def test_a_text_is_parsed_once() -> None:
    """As a template and as a page's own text it has two trees."""
    trees = Trees()
    first = trees.parse("a{{b}}<noinclude>c</noinclude>", TAGS, True)
    assert trees.parse("a{{b}}<noinclude>c</noinclude>", TAGS, True) is first
    assert trees.parse("a{{b}}<noinclude>c</noinclude>", TAGS, False) != first


def test_the_one_that_was_not_asked_for_longest_goes() -> None:
    trees = Trees()
    trees.parse("{{a}}", TAGS, True)
    trees = Trees(kept_bytes=4 * trees.bytes)
    kept = {text: trees.parse(text, TAGS, True) for text in ("{{a}}", "{{b}}", "{{c}}", "{{d}}")}
    trees.parse("{{a}}", TAGS, True)
    trees.parse("{{e}}", TAGS, True)
    for text in ("{{a}}", "{{c}}", "{{d}}"):
        assert trees.parse(text, TAGS, True) is kept[text]
    assert trees.parse("{{b}}", TAGS, True) is not kept["{{b}}"]


@pytest.mark.slow  # keeps many trees
@pytest.mark.parametrize("text", ["{{{1|}}}", "{{a|" + "|" * 20 + "}}", "<pre/>", "\n==a==", "[[", "plain text", "я"])
def test_memory_is_bounded(text: str) -> None:
    """Whatever the texts are made of: 100 KB of trees are not 300 KB."""
    trees = Trees(kept_bytes=100_000, max_bytes=100_000)
    trees.parse(text, TAGS, True)  # the grammar's patterns are compiled
    tracemalloc.start()
    try:
        for number in range(100):
            trees.parse(f"{number}{text * (500 // len(text))}", TAGS, True)
        assert tracemalloc.get_traced_memory()[0] < 300_000
    finally:
        tracemalloc.stop()
    assert trees.bytes <= 100_000


def test_a_large_text_takes_no_others_place() -> None:
    trees = Trees(kept_bytes=100_000, max_bytes=10_000)
    small = trees.parse("{{small}}", TAGS, True)
    large = "{{large}}" * 1000
    assert trees.parse(large, TAGS, True) is not trees.parse(large, TAGS, True)
    assert trees.parse("{{small}}", TAGS, True) is small
