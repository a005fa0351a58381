"""The page of HTML, in a real Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from luaproc.wire.messages import Call, Error, LoadString, RegisterLibrary, Return
from tests.transcripts.browser import Page, browser
from tests.transcripts.making import Said, conversation, luaproc

# A real Chromium draws the page.
pytestmark = pytest.mark.real

EXAMPLE = Path(__file__).parents[2] / "examples" / "greeting.jsonl"

# What would run, load or end the script element, if it ever came into the page as markup.
MARKUP = (
    "</script><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
    "<!--<script>]]>{{script}}\u2028&lt;b&gt;<svg onload=\"document.title='broken'\">"
)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    assert luaproc("show", str(EXAMPLE), "--html", str(path)).returncode == 0
    return path


@pytest.fixture
def quiet(tab: Page) -> Iterator[Page]:
    """The browser; nothing may have gone wrong in it when the test is over."""
    tab.problems.clear()
    yield tab
    assert tab.problems == []


def test_everything_is_there(quiet: Page, example: Path) -> None:
    """The script ran: heading, times, timeline, functions, and a row for each message."""
    quiet.open(example)
    assert quiet.run("document.title") == "greeting.jsonl"
    assert quiet.run("document.querySelectorAll('.step').length") == 19  # 18 frames, and one side closes its pipe
    assert quiet.run("document.querySelector('#php tbody').innerText").split()[:2] == ["php.exists", "2"]
    assert quiet.run("document.querySelectorAll('#lua tbody tr').length") == 6
    assert "SIGTERM" in quiet.run("document.querySelector('#facts').innerText")
    drawn = "new Set(document.querySelector('canvas').getContext('2d').getImageData(0, 0, 1300, 80).data).size"
    assert quiet.run(drawn) > 20


def test_a_click_opens_a_message(quiet: Page, example: Path) -> None:
    """Its contents, its bytes on the wire, and the way to its partner; a second click closes it."""
    quiet.open(example)
    quiet.click("#m4 > button")
    text = quiet.run("document.querySelector('#m4 .detail').innerText")
    assert 'error("no such page: " .. name)' in text
    assert '{["op"]="loadString"' in text
    quiet.click("#m4 .detail button")
    assert quiet.run("document.querySelector('#m5').classList.contains('open')") is True
    quiet.click("#m4 > button")
    assert quiet.run("document.querySelector('#m4 .detail')") is None


def test_a_click_in_the_timeline_opens_its_message(quiet: Page, example: Path) -> None:
    """The widest box is the first request: Lua was still starting."""
    quiet.open(example)
    box = quiet.run("(b => [b.x + b.width / 3, b.y + 35])(document.querySelector('canvas').getBoundingClientRect())")
    quiet.click_at(*box)
    assert quiet.run("document.querySelector('.step.open').id") == "m2"


def test_filters_and_sorting(quiet: Page, example: Path) -> None:
    """By word, by error, by function; the table by any column."""
    quiet.open(example)
    rows = "document.querySelectorAll('.step').length"
    quiet.click("#errors")
    assert quiet.run(rows) == 1
    quiet.click("#errors")
    quiet.click("#php tbody tr")
    assert quiet.run("document.querySelector('#filter').value") == "=php.exists"
    assert quiet.run(rows) == 4
    quiet.click("#lua th:nth-child(2) button")
    assert quiet.run("document.querySelector('#lua th[aria-sort]').innerText").startswith("Calls")
    counts = quiet.run("[...document.querySelectorAll('#lua td:nth-child(2)')].map(cell => +cell.innerText)")
    assert counts == sorted(counts, reverse=True)


def test_light_and_dark(quiet: Page, example: Path) -> None:
    """As the system has it, and otherwise as the button says."""
    ground = "getComputedStyle(document.body).backgroundColor"
    quiet.open(example, dark=True)
    dark = quiet.run(ground)
    quiet.open(example)
    light = quiet.run(ground)
    assert [sum(map(int, re.findall(r"\d+", colour))) > 384 for colour in (dark, light)] == [False, True]
    seen = []
    for _ in range(3):
        quiet.click("#theme")
        seen.append(quiet.run(ground))
    assert seen == [light, dark, light]


def test_hostile_text_stays_text(quiet: Page, tmp_path: Path) -> None:
    """Modules are strangers' code: nothing in a name, a text, an error or the header becomes markup or script."""
    said: list[Said] = [
        ("host", RegisterLibrary(MARKUP.encode(), {MARKUP.encode(): b"f"})),
        ("responder", Return()),
        ("host", LoadString(MARKUP.encode(), MARKUP.encode())),
        ("responder", Return((1,))),
        ("host", Call(1, (MARKUP, {MARKUP: MARKUP}))),
        ("responder", Call(b"f", (MARKUP,))),
        ("host", Return((MARKUP,))),
        ("responder", Error(MARKUP, ({b"short_src": MARKUP.encode()},))),
    ]
    path = Path(conversation(tmp_path / "<b>&'\".jsonl", said))
    path.write_text(path.read_text().replace('"lua5.1"', '"</script><b>&lt;{{data}}"'))
    page = tmp_path / "page.html"
    assert luaproc("show", str(path), "--html", str(page)).returncode == 0
    assert "</script><" not in re.sub(r"</script>\n<(script|/body)", "", page.read_text())
    quiet.open(page)
    for line in range(2, 10):
        quiet.click(f"#m{line} > button")
    assert quiet.run("document.title") == path.name
    assert quiet.run("document.querySelectorAll('img, svg, b b, main script').length") == 0
    assert MARKUP in quiet.run("document.querySelector('#m4 .detail pre:nth-of-type(2)').textContent") .replace(
        "\\xe2\\x80\\xa8", "\u2028")  # fmt: skip


def test_policy_holds_script_and_style_to_their_hashes(tab: Page, example: Path, tmp_path: Path) -> None:
    """Were anything added to the page, it would not run."""
    broken = tmp_path / "broken.html"
    broken.write_text(example.read_text().replace("'use strict';", "'use strict'; document.title = 'run';"))
    tab.open(broken)
    assert tab.run("document.title") == "greeting.jsonl"
    assert any("Content Security Policy" in problem for problem in tab.problems)


def test_thousands_of_messages(quiet: Page, tmp_path: Path) -> None:
    """They come into the list as one scrolls, and a link finds any of them."""
    said: list[Said] = [("host", Call(1)), ("responder", Return())] * 3000
    page = tmp_path / "page.html"
    path = conversation(tmp_path / "t.jsonl", said, {"t": 9.0, "end": "unseen"})
    assert luaproc("show", path, "--html", str(page)).returncode == 0
    quiet.open(page)
    assert quiet.run("document.querySelectorAll('.step').length") == 1000
    quiet.open(page, hash="#m5000")
    assert quiet.run("document.querySelector('#m5000').classList.contains('open')") is True
    frames = "new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 100))"
    quiet.run(frames)
    top, bottom, height = quiet.run(
        "(b => [b.top, b.bottom, innerHeight])(document.querySelector('#m5000').getBoundingClientRect())"
    )
    # A browser places boxes at fractions of a pixel, and scrolls by whole ones.
    assert -1 <= top < bottom <= height + 1


@pytest.mark.parametrize("said", [[], [("host", b"nonsense")]])
def test_next_to_nothing(said: list[Said], quiet: Page, tmp_path: Path) -> None:
    """An empty conversation, and one that cannot be understood."""
    page = tmp_path / "page.html"
    assert luaproc("show", conversation(tmp_path / "t.jsonl", said), "--html", str(page)).returncode == 0
    quiet.open(page)
    assert quiet.run("document.querySelectorAll('.step').length") == len(said)


def test_a_cut_transcript_says_so_on_the_page(quiet: Page, tmp_path: Path) -> None:
    """And on stderr, with exit status 1; the page is written all the same."""
    path = tmp_path / "cut.jsonl"
    path.write_bytes(EXAMPLE.read_bytes()[:1000])
    page = tmp_path / "page.html"
    done = luaproc("show", str(path), "--html", str(page))
    assert done.returncode == 1
    assert "is cut off" in done.stderr
    quiet.open(page)
    assert "is cut off" in quiet.run("document.querySelector('#cut').innerText")
