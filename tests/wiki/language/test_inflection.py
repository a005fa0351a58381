"""Grammatical cases without a MediaWiki: what the real wiki gives, of tests/wiki/corpus/inflection.lines."""

import pytest

from luaproc.wiki.language.language import language


@pytest.mark.parametrize(
    ("code", "case", "word", "expected"),
    [
        ("fi", "elative", "Wikipedia", "Wikipediasta"),
        ("fi", "inessive", "Wiki", "Wikissä"),
        ("fi", "illative", "Commons", "Commonsiin"),
        ("fi", "partitive", "työ", "työä"),
        ("fit", "genitive", "talo", "talon"),  # Finnish stands in for it
        ("hu", "rol", "Wiki", "Wikiról"),
        ("hu", "x", "Wiki", ""),
        ("la", "genitive", "data", "datorum"),
        ("la", "accusative", "communia", "communia"),
        ("la", "ablative", "natio", "natione"),
        ("os", "genitive", "лæппу", "лæппуйы"),
        ("os", "genitive", "аунеу", "аунеуы"),
        ("os", "allative", "бæлæстæ", "бæлæстæм"),
        ("os", "comitative", "Wiki", "Wiki-имæ"),
        ("hsb", "lokatiw", "Wiki", "wo Wiki"),
        ("dsb", "instrumental", "Wiki", "wo z Wiki"),
        ("sl", "orodnik", "Wiki", "z Wiki"),
        ("ga", "ainmlae", "an Luan", "Dé Luain"),
        ("hy", "genitive", "գիրք", "գրքի"),
        ("hy", "genitive", "Wiki", "Wiki"),
        ("de", "genitive", "Wiki", "Wiki"),
    ],
)
def test_a_word_in_a_case(code: str, case: str, word: str, expected: str) -> None:
    assert language(code).grammar(case, word) == expected
