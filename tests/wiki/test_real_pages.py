"""Pages that are there for other tests, expanded by both: those of tests/mediawiki and the benchmark's."""

from pathlib import Path

import pytest

from luaproc.bench.wiki import SOURCES, wikitext
from luaproc.wiki.site import Site
from luaproc.wiki.wiki import Wiki
from tests.mediawiki import installation
from tests.mediawiki.subjects import SUBJECTS
from tests.parts import need
from tests.wiki import judge

# MediaWiki and PHP expand the texts here.
pytestmark = [pytest.mark.real, pytest.mark.slow]

OURS_ALONE = {
    "CpuLimitCallsPhp": "both end by the CPU limit; 7 seconds each",
    "CpuLimitCaughtLoop": "both end by the CPU limit; 7 seconds each",
    "CpuLimitLongCall": "both end by the CPU limit; 7 seconds each",
    "CpuLimitLoop": "both end by the CPU limit; test_limits has it with a second",
}
"""Pages that are left out here, and why."""


def test_the_pages_of_the_other_room(real_site: Site, real_wiki: installation.Wiki) -> None:
    """Every page of tests/mediawiki/pages: what its modules and templates give, limits and errors too."""
    names = [subject.name for subject in SUBJECTS if subject.only != "luajit21" and subject.name not in OURS_ALONE]
    cases = [
        judge.Case(
            "pages", name, (installation.PAGES / "Page" / f"{name}.wikitext").read_text().rstrip(), name, alone=True
        )
        for name in names
    ]
    ours = judge.our_wiki(real_site, now=None)
    found = judge.differences(ours, cases, judge.real_texts(real_wiki, cases))
    assert found == [], "\n".join(map(str, found))
    assert len(cases) >= 38


def test_the_benchmarks_page(real_site: Site, real_wiki: installation.Wiki) -> None:
    """40 blocks of infoboxes and citations, as an article has them."""
    code = need("mediawiki")
    ours = Wiki(Path(SOURCES), scribunto=code, mediawiki=code, site=real_site, now=judge.NOW)
    case = judge.Case("bench", "40 blocks", wikitext(40).rstrip(), "Benchmark")
    found = judge.differences(ours, [case], judge.real_texts(real_wiki, [case]))
    assert found == [], "\n".join(map(str, found))
