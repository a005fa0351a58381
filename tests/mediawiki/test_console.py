"""The debug console below a module's edit form: api.php?action=scribunto-console, a session of many requests."""

import pytest

from tests.mediawiki import normal
from tests.mediawiki.conftest import Server
from tests.mediawiki.installation import api, engines

# MediaWiki and PHP render pages here.
pytestmark = pytest.mark.real

MODULE = """local p = { name = 'under edit' }
function p.hello(frame)
	return 'Hello from ' .. (frame and frame:getTitle() or 'the console')
end
function p.fail()
	error('as asked')
end
return p
"""

# Each line a request; state made by one line is there in the next, and an error leaves it as it was.
QUESTIONS = (
    "=p.name, p.hello()",
    "x = 12",
    "=x * 2, x / 5, nil, true",
    "print('logged', x)",
    "mw.log('one') mw.logObject({ 1, key = 'значение' })",
    "function twice(n) return n * 2 end",
    "=twice(x), twice(2.5)",
    "=mw.ustring.upper('привет'), mw.text.jsonEncode{ 1, 'two' }",
    "=p.hello(mw.getCurrentFrame())",
    "=nosuch.field",
    "=p.fail()",
    "=twice(",
    "error('an error of its own', 0)",
    "=x",
    "=mw.getCurrentFrame():preprocess('{{lc:ABC}} {{#invoke:FrameArgs|echo|from the console}}')",
    "=('x'):rep(1e9)",
    "=x, 'still there'",
    "=p, print, {}",
)


def converse(url: str) -> list[object]:
    """The answers to all questions, without what is a session's own number, and with errors made comparable."""
    answers: list[object] = []
    session: dict[str, str] = {}
    for question in QUESTIONS:
        answer = api(
            url, action="scribunto-console", title="Module:Under edit", content=MODULE, question=question, **session
        )
        session = {"session": str(answer.pop("session"))}
        if "html" in answer:
            answer["html"] = normal.error(answer["html"])
        answers.append(answer)
    answers.append(api(url, action="scribunto-console", title="Module:Under edit", question="=x", clear="1", **session))
    del answers[-1]["session"]  # type: ignore[attr-defined]
    return answers


@pytest.mark.parametrize("runtime", ["lua51", "luajit21"])
def test_the_console_answers_as_with_the_real_lua(server: Server, runtime: str) -> None:
    """Return values, logs, errors with traces, syntax errors, running out of memory, and going on after each."""
    ours, reference = (converse(server(engine)) for engine in engines(runtime))
    for question, mine, theirs in zip((*QUESTIONS, "=x after clear"), ours, reference, strict=True):
        assert mine == theirs, question
    text = str(ours)
    for expected in ("Hello from the console", "ПРИВЕТ", "logged\\t12", "as asked", "from the console", "still there"):
        assert expected in text
    assert {answer["type"] for answer in ours if isinstance(answer, dict)} == {"normal", "error"}
