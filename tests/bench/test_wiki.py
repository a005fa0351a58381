"""The page is a real one, made by MediaWiki with the server in question."""

from collections.abc import Iterator

import pytest

from luaproc.bench import wiki
from luaproc.bench.servers import BenchError, Server
from luaproc.bench.wiki import BenchWiki
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


@pytest.mark.real
@pytest.mark.parametrize("blocks", [1, 40])
def test_both_servers_make_the_same_page(site: BenchWiki, ours: Server, reference: Server, blocks: int) -> None:
    """`render` compares them, and counts more for 40 blocks than any start can cost."""
    for server in (reference, ours):
        assert site.render(server, blocks) > (0.1 if blocks == 40 else 0.005)


@pytest.mark.real
def test_a_complete_command_serves_a_page(site: BenchWiki, reference: Server) -> None:
    """One that PHP's own words are not given to."""
    complete = Server("complete", tuple(reference.command))
    assert not complete.is_lua_path
    assert site.render(complete, 1) > 0.005


@pytest.mark.real
def test_a_page_with_an_error_is_no_figure(site: BenchWiki) -> None:
    """A server that dies is quick."""
    with pytest.raises(BenchError, match="the page shows an error: "):
        site.render(Server("false", ("/bin/false",)), 1)


@pytest.mark.real
def test_a_different_page_is_no_figure(site: BenchWiki, reference: Server) -> None:
    """The first page of that size is what all others have to be."""
    site.render(reference, 2)
    server, html = site._rendered[2]
    site._rendered[2] = (server, html.replace("1856", "1857"))
    with pytest.raises(BenchError, match="the page is not the one that reference made"):
        site.render(reference, 2)


def test_wikitext_has_its_blocks() -> None:
    """An infobox, two citations and a call in each, no name left to fill in."""
    text = wiki.wikitext(40)
    assert text.count("{{BenchInfobox") == text.count("{{#invoke:BenchCitation|age") == 40
    assert text.count("{{BenchCitation") == 80
    assert "NUMBER" not in text
    assert "DAY" not in text
