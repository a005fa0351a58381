"""The page is a real one, made by MediaWiki with the server in question."""

import sys
from collections.abc import Iterator

import pytest

from luaproc.bench import citations, own_wiki, wiki
from luaproc.bench.servers import BenchError, Server
from luaproc.bench.wiki import SANDBOX, BenchPage, BenchWiki, page_of_blocks, page_of_citations
from luaproc.install.mediawiki import find_mediawiki
from tests.parts import need


@pytest.fixture(scope="module")
def site() -> Iterator[BenchWiki]:
    """Installing it takes some seconds: once for all."""
    need("php")
    place = find_mediawiki(need("mediawiki"))
    assert place is not None
    assert wiki.missing() is None
    with BenchWiki(place) as found:
        yield found


PAGES = [page_of_blocks(1), page_of_blocks(40), page_of_citations(3)]


@pytest.mark.real
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_both_servers_make_the_same_page(site: BenchWiki, ours: Server, reference: Server, page: BenchPage) -> None:
    """`render` compares them, and counts more for 40 blocks than any start can cost; PHP's time is its own."""
    for server in (reference, ours):
        found = site.render(server, page)
        assert found.server > (0.1 if page.name == "page-40" else 0.005)
        assert found.php > 0.02
        assert found.wall > 0.02


@pytest.mark.slow  # burns a second of a processor
@pytest.mark.real
def test_php_is_counted_without_its_children(site: BenchWiki, reference: Server) -> None:
    """What the Lua side burns is in the server's account, though PHP starts that process and waits for it."""
    burn = "import time\nwhile time.process_time() < 1: pass"
    script = '"$0" -c "$1"; shift; exec "$@"'
    found = site.render(
        Server("burning", ("sh", "-c", script, sys.executable, burn, *reference.command)), page_of_blocks(1)
    )
    assert 0.001 < found.php < 1 < found.server


@pytest.mark.real
def test_a_complete_command_serves_a_page(site: BenchWiki, reference: Server) -> None:
    """One that PHP's own words are not given to."""
    complete = Server("complete", tuple(reference.command))
    assert not complete.is_lua_path
    assert site.render(complete, page_of_blocks(1)).server > 0.005


@pytest.mark.real
def test_a_page_with_an_error_is_no_figure(site: BenchWiki) -> None:
    """A server that dies is quick."""
    with pytest.raises(BenchError, match="the page shows an error: "):
        site.render(Server("false", ("/bin/false",)), page_of_blocks(1))


@pytest.mark.real
def test_a_different_page_is_no_figure(site: BenchWiki, reference: Server) -> None:
    """The first page of that size is what all others have to be."""
    site.render(reference, page_of_blocks(2))
    server, html = site._rendered["page-2"]
    site._rendered["page-2"] = (server, html.replace("1856", "1857"))
    with pytest.raises(BenchError, match="the page is not the one that reference made"):
        site.render(reference, page_of_blocks(2))


@pytest.mark.real
def test_lua_sandbox_has_no_server(site: BenchWiki) -> None:
    """Scribunto's engine inside PHP: all of it is PHP's time; where PHP has none, that is no figure."""
    if wiki.has_sandbox():
        found = site.render(SANDBOX, page_of_blocks(1))
        assert found.server == 0
        assert found.php > 0.02
    else:
        with pytest.raises(BenchError, match=r"expected a page of MediaWiki|the page shows an error"):
            site.render(SANDBOX, page_of_blocks(1))


@pytest.mark.real
def test_our_own_wiki_makes_the_page() -> None:
    """Python's time and the server's are counted; a page that lacks what it has to have is no figure."""
    need("mediawiki")
    page = page_of_blocks(2)
    assert own_wiki.expanded(page) > 0.02
    with pytest.raises(BenchError, match="expected 'nowhere' 1 times on the page, got 0"):
        own_wiki.expanded(page._replace(marks=(("nowhere", 1),)))
    with pytest.raises(BenchError, match="the page shows an error: Lua error"):
        own_wiki.expanded(page._replace(wikitext="{{#invoke:BenchCitation|age|no}}{{#invoke:BenchData|x}}"))


def test_citations_are_of_realistic_weight() -> None:
    """Thousands of lines, most of them the data module's; each citation has its own arguments."""
    lines = {name: text.count("\n") for name, text in citations.modules().items()}
    assert lines["BenchCiteData"] > 2500
    assert lines["BenchCiteIdentifiers"] > 1500
    text = citations.wikitext(200)
    assert text.count("{{BenchCite|") == len(set(text.splitlines())) == 200


def test_wikitext_has_its_blocks() -> None:
    """An infobox, two citations and a call in each, no name left to fill in."""
    text = wiki.wikitext(40)
    assert text.count("{{BenchInfobox") == text.count("{{#invoke:BenchCitation|age") == 40
    assert text.count("{{BenchCitation") == 80
    assert "NUMBER" not in text
    assert "DAY" not in text
