"""The pages of coverage and profile, in a real Chromium: whole, quiet, readable on a telephone and in the dark."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from luaproc.profiling import coverage_page, flame
from luaproc.profiling.coverage import Covered
from tests.transcripts.browser import Page, browser

# A real Chromium draws the pages.
pytestmark = pytest.mark.real

MARKUP = (
    "</code></pre><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
    "&lt;{{script}}\x1b"
)

MODULES = [
    Covered("Module:A", "Module/A.lua", f"local p = {{}}\n\treturn p -- {MARKUP}\n\nlast", {1: 12345, 2: 0, 4: 1}),
    Covered(f"Module:{MARKUP}", "", "x = = 1", {}, compiles=False),
]
STACKS = {
    ("main (Module:A:1)", f"{MARKUP} (Module:B:2)"): 600_000,
    ("main (Module:A:1)", "f (Module:A:9)", "gsub [C]"): 300_000,
    ("[luaproc]",): 100_000,
}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def quiet(tab: Page) -> Iterator[Page]:
    """The browser; nothing may have gone wrong in it when the test is over."""
    tab.problems.clear()
    yield tab
    assert tab.problems == []


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_coverage_shows_the_source_with_what_ran(quiet: Page, tmp_path: Path) -> None:
    """By its text and not by colour alone; what a module's text has of markup is text."""
    quiet.open(written(tmp_path / "page.html", coverage_page.page(MODULES)))
    assert quiet.run("document.title") == "Coverage"
    assert quiet.run("document.querySelector('h1').innerText") == "Coverage: 66.7 %"
    assert quiet.run("[...document.querySelectorAll('pre i')].map(i => i.innerText)") == ["12k", "0", "", "1", ""]
    assert quiet.run("document.querySelector('.miss code').innerText").endswith("&lt;{{script}}\\x1b")
    assert quiet.run("document.querySelectorAll('img, script').length") == 0
    assert "does not compile" in quiet.run("document.querySelector('tbody').innerText")
    quiet.click("tbody a")
    assert quiet.run("location.hash") == "#m1"


def test_a_click_shows_one_function_alone(quiet: Page, tmp_path: Path) -> None:
    """And a click on what is above it all of that again."""
    quiet.open(written(tmp_path / "page.html", flame.page(STACKS)))
    assert quiet.run("document.title") == "Profile"
    assert quiet.run("document.querySelector('h1').innerText") == "Profile: 1.00 s of CPU time"
    assert quiet.run("document.querySelectorAll('#graph svg').length") == 6
    shown = "[...document.querySelectorAll('#graph svg')].filter(s => s.style.display != 'none').length"
    assert quiet.run("document.querySelectorAll('img').length") == 0
    quiet.run("[...document.querySelectorAll('#graph svg')].find(s => s.textContent.includes('f (Module:A:9)'))"
              ".dispatchEvent(new MouseEvent('click'))")  # fmt: skip
    assert quiet.run(shown) == 4  # all, main, f, gsub
    quiet.run("document.querySelector('#graph svg').dispatchEvent(new MouseEvent('click'))")
    assert quiet.run(shown) == 6


@pytest.mark.parametrize(
    "make", [lambda: coverage_page.page(MODULES), lambda: flame.page(STACKS)], ids=["lines", "time"]
)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_a_telephone_in_any_light(make, dark: bool, quiet: Page, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """No part is wider than the screen, and the colours are those that the system asks for."""
    quiet.open(written(tmp_path / "page.html", make()), size=(380, 800), dark=dark)
    assert quiet.run("document.documentElement.scrollWidth") <= 380
    ground = quiet.run("getComputedStyle(document.body).backgroundColor")
    red = int(re.findall(r"\d+", ground)[0])
    assert (red < 60) == dark


def test_pages_of_nothing_are_pages(quiet: Page, tmp_path: Path) -> None:
    """A collection without modules, tests that took no time."""
    quiet.open(written(tmp_path / "coverage.html", coverage_page.page([])))
    assert quiet.run("document.querySelector('h1').innerText") == "Coverage: –"
    quiet.open(written(tmp_path / "flame.html", flame.page({})))
    assert quiet.run("document.querySelector('h1').innerText") == "Profile: 0.0 ms of CPU time"
