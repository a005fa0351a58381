"""What `luaproc.wiki` costs for the page that MediaWiki makes with PHP and a Lua server: Python and Lua together."""

from __future__ import annotations

import functools
import resource
import time
from typing import TYPE_CHECKING

from luaproc.bench.servers import BenchError, Server
from luaproc.bench.wiki import SOURCES, BenchPage

if TYPE_CHECKING:
    from luaproc.wiki import Wiki

WIKI = Server("luaproc.wiki", ())
"""No server: `Wiki` with our own one, in front of PHP with another."""


def expanded(page: BenchPage) -> float:
    """Seconds of CPU time, of this process and of its Lua server from exec to its end, for one page view.

    The first view of a process reads Scribunto's library and messages: it is not counted. Raises BenchError where
    the page is not the one that a wiki makes.
    """
    wiki = _wiki()
    wiki.close()  # the next page view has a server of its own, as PHP has it, and no fork
    before = _clocks()
    found = wiki.expand(page.wikitext, "Bench")
    spent = _clocks() - before
    if found.errors:
        raise BenchError(f"the page shows an error: {found.errors[0]}")
    for mark, count in page.marks:
        text = mark.lstrip(">")  # the end of an element is still wikitext here
        if found.text.count(text) < count:
            raise BenchError(f"expected {text!r} {count} times on the page, got {found.text.count(text)}")
    return spent


@functools.cache
def _wiki() -> Wiki:
    from luaproc.wiki import Wiki  # a tenth of a second, for this row alone

    wiki = Wiki(SOURCES)
    wiki.expand("{{#invoke:BenchCitation|age|year=1963}}")
    return wiki


def _clocks() -> float:
    # The only child that ends meanwhile is the server.
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime
