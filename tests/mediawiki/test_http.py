"""The wiki as a browser and its editors use it, over PHP's own web server."""

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.mediawiki import normal
from tests.mediawiki.conftest import Server
from tests.mediawiki.installation import Engine, Wiki, api, engines, get, references

# MediaWiki and PHP render pages here.
pytestmark = pytest.mark.real

CONTENT = re.compile(r'<div id="mw-content-text".*?</div>\s*<div class="printfooter"', re.DOTALL)
ERRORS = re.compile(r'"ScribuntoErrors":(\[.*?[^\\]"\])')

LIVE = """local p = {}
function p.main(frame)
	return 'version %d of ' .. frame:getTitle() .. ', ' .. mw.ustring.upper('жук')
end
return p
"""


def view(url: str, title: str) -> tuple[str, list[tuple[str, list[str]]]]:
    """(content, Scribunto's errors with their traces) of a page view."""
    page = get(f"{url}/index.php?title={title}")
    content = CONTENT.search(page)
    assert content, page
    found = ERRORS.search(page)
    errors = json.loads(found[1]) if found else []
    return normal.html(content[0]), [normal.error(text) for text in errors]


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
@pytest.mark.parametrize("title", ["RealLife", "Errors", "Parser"])
def test_page_views_are_the_same(server: Server, runtime: str, title: str) -> None:
    """index.php: content, and the errors that the skin's script shows on a click."""
    ours, *real = (view(server(engine), title) for engine in (engines(runtime)[0], *references(runtime)))
    assert normal.strange(ours, real) == []
    assert len(ours[0]) > 500


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_requests_at_the_same_time_do_not_meet(wiki: Wiki, runtime: str) -> None:
    """Four workers, 32 requests: each gets its own page, however many Lua processes live at once."""
    engine = engines(runtime)[0]

    def render(i: int) -> str:
        answer = api(
            url, action="parse", contentmodel="wikitext", prop="text", text=f"{{{{Infobox|name=No. {i}!|note1={i}}}}}"
        )
        return str(answer["parse"]["text"])

    with wiki.serve(engine, workers=4) as url, ThreadPoolExecutor(8) as pool:
        for i, text in enumerate(pool.map(render, range(32))):
            assert re.findall(r"No\. (\d+)!", text) == [str(i)], text


def session(url: str) -> list[object]:
    """An editor at work: save a module, look at it, change it, break it, mend it. What the wiki said each time."""
    said: list[object] = []

    def save(text: str) -> None:
        answer = api(url, action="edit", title="Module:Live", text=text, token="+\\", errorformat="plaintext")
        said.append(answer["edit"]["result"] if "edit" in answer else answer["errors"])

    def show(text: str) -> None:
        answer = api(url, action="parse", contentmodel="wikitext", text=text, prop="text|jsconfigvars|limitreportdata")
        said.append(normal.parsed(answer))

    for version in (1, 2):
        save(LIVE % version)
        show("{{#invoke:Live|main}}")
    save(LIVE % 3 + "end")
    show("{{#invoke:Live|main}}")
    save(LIVE % 4)
    show("{{#invoke:Live|main}} {{#invoke:Live|nosuch}}")
    return said


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_an_editors_session(server: Server, runtime: str) -> None:
    """Each request is a PHP process' work with a Lua process of its own; a module with a syntax error is not saved."""
    ours, reference = (session(server(engine)) for engine in engines(runtime))
    assert ours == reference
    assert ours[0] == "Success"
    assert "version 1 of Module:Live, ЖУК" in str(ours[1])
    assert "scribunto-lua-error-location" in str(ours[4])
    assert "version 2 of" in str(ours[5])
    assert "version 4 of" in str(ours[7])


@pytest.mark.parametrize(("runtime", "named"), [("lua51", r"Lua</a></td>\s*<td[^>]*>5\.1"), ("luajit21", "LuaJIT")])
def test_special_version_names_the_lua(server: Server, runtime: str, named: str) -> None:
    """Scribunto asks `luaPath -v` and shows the answer among the installed software."""
    page = html.unescape(get(f"{server(engines(runtime)[0])}/index.php?title=Special:Version"))
    assert re.search(named, page), page[page.find("Installed software") :][:3000]


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_editing_from_the_command_line(wiki: Wiki, runtime: str) -> None:
    """maintenance/edit.php: a good module is saved, a bad one is refused in the words of the real Lua."""

    def refused(engine: Engine) -> str:
        with pytest.raises(AssertionError) as failure:
            wiki.edit("Module:Refused", "return {\n\n", engine=engine)
        return str(failure.value).split("\n", 1)[1]

    ours, reference = engines(runtime)
    assert "done" in wiki.edit(f"Module:Saved {runtime}", LIVE % 9, engine=ours)
    assert "version 9 of" in wiki.run("parse.php", engine=ours, stdin=f"{{{{#invoke:Saved {runtime}|main}}}}")
    assert refused(ours) == refused(reference)
    assert "unexpected symbol near" in refused(ours)
