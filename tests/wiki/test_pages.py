"""Every page of tests/wiki/pages, rendered by MediaWiki with luaproc and with the real Lua: the same, byte for byte."""

import pytest

from tests.wiki import normal
from tests.wiki.conftest import Server
from tests.wiki.mediawiki import Wiki, api, engines
from tests.wiki.subjects import SUBJECTS, Subject

RUNTIMES = ("lua51", "luajit21")
CASES = [
    pytest.param(subject, runtime, id=f"{subject.name}-{runtime}")
    for subject in SUBJECTS
    for runtime in RUNTIMES
    if subject.only in ("", runtime)
]
# Of a page's rendering, all that can depend on Lua.
PROPERTIES = "text|jsconfigvars|limitreportdata|categories|links|templates|modules|properties|parsewarnings"


@pytest.mark.parametrize(("subject", "runtime"), CASES)
def test_parse_php_gives_the_same_html(wiki: Wiki, subject: Subject, runtime: str) -> None:
    """maintenance/parse.php: one process, one parser, one page."""
    ours, reference = (wiki.parse(subject.name, engine=e, extra=subject.settings) for e in engines(runtime))
    subject.check(reference)
    assert ours == reference


@pytest.mark.parametrize(("subject", "runtime"), [case for case in CASES if not case.values[0].settings])  # type: ignore[union-attr]
def test_api_gives_the_same_page(server: Server, subject: Subject, runtime: str) -> None:
    """api.php?action=parse: HTML with its limit report, errors with their traces, logs, categories, warnings."""
    ours, reference = (
        normal.parsed(api(server(engine), action="parse", page=subject.name, prop=PROPERTIES))
        for engine in engines(runtime)
    )
    subject.check(reference["text"])
    assert ours == reference
