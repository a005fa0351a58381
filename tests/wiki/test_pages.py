"""Every page of tests/wiki/pages, rendered by MediaWiki with luaproc and with the real Lua: the same, byte for byte."""

import pytest

from tests.wiki import normal
from tests.wiki.conftest import Server
from tests.wiki.mediawiki import Wiki, api, engines, references
from tests.wiki.subjects import SUBJECTS, Subject

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
    ours = wiki.parse(subject.name, engine=engines(runtime)[0], extra=subject.settings)
    subject.check(ours)
    real = [wiki.parse(subject.name, engine=engine, extra=subject.settings) for engine in references(runtime)]
    assert normal.strange(ours, real) == []


@pytest.mark.parametrize(("subject", "runtime"), OVER_HTTP)
def test_api_gives_the_same_page(server: Server, subject: Subject, runtime: str) -> None:
    """api.php?action=parse: HTML with its limit report, errors with their traces, logs, categories, warnings."""
    ours, *real = (
        normal.parsed(api(server(engine), action="parse", page=subject.name, prop=PROPERTIES), sizes=runtime == "lua51")
        for engine in (engines(runtime)[0], *references(runtime))
    )
    subject.check(ours["text"])
    assert normal.strange(ours, real) == []


def test_an_error_of_php_names_the_line_of_the_module_on_luajit(wiki: Wiki) -> None:
    """Where neither real Lua can: mw.lua calls PHP by a tail call, which PUC Lua cannot name and LuaJIT skips."""
    html = wiki.parse("RecursionLoop", engine=engines("luajit21")[0])
    assert "Lua error in Module:Recursion at line 15: expandTemplate: template loop detected." in html
