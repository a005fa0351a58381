"""The corpus, judged by the real wiki: same text in, same text out."""

import pytest

from luaproc.wiki.wiki import Wiki
from tests.mediawiki import installation
from tests.wiki import judge

# MediaWiki and PHP expand the texts here.
pytestmark = [pytest.mark.real, pytest.mark.slow]

AT_LEAST = 500
"""Texts that the corpus has to have."""
SHARE = 0.98
"""Of them that have to come out as the real wiki's; the others are named with @known."""


def test_the_corpus_comes_out_as_the_real_wikis(our_wiki: Wiki, real_wiki: installation.Wiki) -> None:
    """Grammar, functions, callbacks, frames, errors: only named texts differ, and those do."""
    pytest.importorskip("convertdate", reason="pip install 'luaproc[wiki]'")
    pytest.importorskip("strtotime", reason="pip install 'luaproc[wiki]'")
    cases = judge.read_corpus()
    found = judge.differences(our_wiki, cases, judge.real_texts(real_wiki, cases))
    known = {(case.file, case.name) for case in cases if case.known}
    unnamed = [difference for difference in found if not difference.case.known]
    equal_now = known - {(difference.case.file, difference.case.name) for difference in found}
    assert unnamed == [], "\n".join(map(str, unnamed))
    assert equal_now <= set(), f"these are equal now: take their @known off: {equal_now}"
    assert len(cases) >= AT_LEAST
    assert len(cases) - len(found) >= SHARE * len(cases)
