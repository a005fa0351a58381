"""Every page of tests/mediawiki/pages, rendered by MediaWiki with luaproc and with real Lua: the same bytes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest

from tests.mediawiki import normal
from tests.mediawiki.conftest import Server
from tests.mediawiki.installation import Engine, Wiki, api, engines, references
from tests.mediawiki.subjects import SUBJECTS, Subject

# MediaWiki and PHP render pages here.
pytestmark = pytest.mark.real

RUNTIMES = ("lua51", "luajit21")
CASES = [
    pytest.param(subject, runtime, id=f"{subject.name}-{runtime}")
    for subject in SUBJECTS
    for runtime in RUNTIMES
    if subject.only in ("", runtime)
]
OVER_HTTP = [case for case in CASES if isinstance(case.values[0], Subject) and not case.values[0].settings]
# Of a page's rendering, all that can depend on Lua.
PROPERTIES = "text|jsconfigvars|limitreportdata|categories|links|templates|modules|properties|parsewarnings"


Parse = Callable[[Subject, Engine], str]
Ask = Callable[[Subject, Engine, bool], dict[str, Any]]


@pytest.fixture(scope="module")
def parse(wiki: Wiki) -> Parse:
    """What maintenance scripts render: parse.php where a page has settings of its own; the others together, since
    starting MediaWiki takes half a second for each page. An engine renders a page once for all tests."""
    together = [subject.name for subject in SUBJECTS if not subject.settings]

    @cache
    def all_pages(engine: Engine) -> dict[str, str]:
        return wiki.parse_all(together, engine=engine)

    @cache
    def one_page(subject: Subject, engine: Engine) -> str:
        return wiki.parse(subject.name, engine=engine, extra=subject.settings)

    def html(subject: Subject, engine: Engine) -> str:
        return one_page(subject, engine) if subject.settings else all_pages(engine)[subject.name]

    return html


@pytest.fixture(scope="module")
def ask(server: Server) -> Ask:
    """What api.php answers; an engine is asked once for all tests."""

    @cache
    def answer(page: str, engine: Engine) -> dict[str, Any]:
        return api(server(engine), action="parse", page=page, prop=PROPERTIES)

    return lambda subject, engine, sizes: normal.parsed(answer(subject.name, engine), sizes=sizes)


def compare(runtime: str, render: Callable[[Engine], Any]) -> Any:
    """What ours renders, each line of it as a real Lua has it. Whatever PUC Lua has LuaJIT is not asked for."""
    first, *others = references(runtime)
    with ThreadPoolExecutor() as pool:  # each is a PHP process and a Lua process: two cores halve the time
        ours, real = pool.map(render, (engines(runtime)[0], first))
    if normal.strange(ours, [real]):
        assert normal.strange(ours, [real, *map(render, others)]) == []
    return ours


@pytest.mark.parametrize(("subject", "runtime"), CASES)
def test_parser_gives_the_same_html(parse: Parse, subject: Subject, runtime: str) -> None:
    """One parser and one Lua process a page, from a maintenance script."""
    subject.check(compare(runtime, lambda engine: parse(subject, engine)))


@pytest.mark.parametrize(("subject", "runtime"), OVER_HTTP)
def test_api_gives_the_same_page(server: Server, ask: Ask, subject: Subject, runtime: str) -> None:
    """api.php?action=parse: HTML with its limit report, errors with their traces, logs, categories, warnings."""
    for engine in (engines(runtime)[0], *references(runtime)):
        server(engine)  # starting a server is not for several threads
    subject.check(compare(runtime, lambda engine: ask(subject, engine, runtime == "lua51"))["text"])
