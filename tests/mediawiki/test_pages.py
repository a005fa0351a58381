"""Every page of tests/mediawiki/pages, rendered by MediaWiki with luaproc and with real Lua: the same bytes."""

from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize(("subject", "runtime"), CASES)
def test_parse_php_gives_the_same_html(wiki: Wiki, subject: Subject, runtime: str) -> None:
    """maintenance/parse.php: one process, one parser, one page."""

    def parse(engine: Engine) -> str:
        return wiki.parse(subject.name, engine=engine, extra=subject.settings)

    with ThreadPoolExecutor() as pool:  # each is a PHP process and a Lua process: two cores halve the time
        ours, *real = pool.map(parse, (engines(runtime)[0], *references(runtime)))
    subject.check(ours)
    assert normal.strange(ours, real) == []


@pytest.mark.parametrize(("subject", "runtime"), OVER_HTTP)
def test_api_gives_the_same_page(server: Server, subject: Subject, runtime: str) -> None:
    """api.php?action=parse: HTML with its limit report, errors with their traces, logs, categories, warnings."""
    urls = [server(engine) for engine in (engines(runtime)[0], *references(runtime))]

    def parsed(url: str) -> dict[str, Any]:
        answer = api(url, action="parse", page=subject.name, prop=PROPERTIES)
        return normal.parsed(answer, sizes=runtime == "lua51")

    with ThreadPoolExecutor() as pool:
        ours, *real = pool.map(parsed, urls)
    subject.check(ours["text"])
    assert normal.strange(ours, real) == []
