"""The documents: what they show runs, what they name is there, and each page is reached from the README."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.parts import need

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"])
_EXAMPLE = re.compile(
    r"^<!-- run(?:: (\w+))?(?: beside: luaproc ([\w ]+))? -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
EXAMPLES = [
    pytest.param(part, beside, kind, text, id=f"{page.name}-{number}", marks=[pytest.mark.real] if part else [])
    for page in PAGES
    for number, (part, beside, kind, text) in enumerate(_EXAMPLE.findall(page.read_text(encoding="utf-8")))
]


@pytest.mark.slow  # starts what each example starts
@pytest.mark.parametrize(("part", "beside", "kind", "text"), EXAMPLES)
def test_examples_run_as_they_are_shown(part: str, beside: str, kind: str, text: str, tmp_path: Path) -> None:
    """Commands end well; of a console also what they print, where … stands for anything. beside: the command that
    runs in another terminal."""
    if part:
        need(part)
    scripts = tmp_path / "bin"
    scripts.mkdir()
    for name in ("luaproc", "pytest"):
        (scripts / name).write_text(f'#!/bin/sh\nexec {sys.executable} -m {name} "$@"\n')
        (scripts / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONIOENCODING": "utf-8"}
    environment["LUAPROC_NFLUA_SOCKET"] = f"2:{1_100_000_000 + os.getpid()}"  # nobody's server
    place = tmp_path / "here"
    place.mkdir()

    def run(words: list[str]) -> str:
        done = subprocess.run(
            words, cwd=place, env=environment, capture_output=True, encoding="utf-8", timeout=600, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), words
        return done.stdout

    with _running(beside.split(), environment):
        if kind == "python":
            run([sys.executable, "-c", text])
        elif kind == "sh":
            run(["sh", "-ec", text])
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:] if kind == "console" else []:
            command, _, expected = step.partition("\n")
            pattern = "(.*)".join(map(re.escape, expected.split("…")))
            shown = run(["sh", "-ec", command])
            assert shown == expected or re.fullmatch(pattern, shown, re.DOTALL), command


@contextmanager
def _running(words: list[str], environment: dict[str, str]) -> Iterator[None]:
    """With luaproc as a server of states, where there are words for it."""
    if not words:
        yield
        return
    process = subprocess.Popen([sys.executable, "-m", "luaproc", *words], env=environment)
    try:
        while subprocess.run([sys.executable, "-m", "luaproc", "nflua", "list"], env=environment, capture_output=True,
                             check=False).returncode:  # fmt: skip
            assert process.poll() is None
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_each_page_shows_something_that_runs(page: Path) -> None:
    """What a page says is held by at least one example of its own, which `test_examples_run_as_they_are_shown` runs."""
    assert _EXAMPLE.search(page.read_text(encoding="utf-8"))


def test_readme_is_short_and_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 150
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []


def test_names_in_the_journey_of_a_frame_are_there() -> None:
    """A reader greps for them."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for path in set(re.findall(r"`(luaproc/[\w/]+\.(?:py|lua))`", text)):
        assert (ROOT / path).is_file(), path
    journey = text.partition("## The journey of one frame")[2].partition("\n## ")[0]
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "luaproc" / "responder").rglob("*.*")
                      if file.suffix in (".py", ".lua"))  # fmt: skip
    names = {name.rpartition(".")[2] for name in re.findall(r"`([A-Za-z_.]+)`", journey) if "/" not in name}
    names -= {"lua", "call", "getStatus"}
    # Defined, not mentioned: a comment may go on having a word when the function has another name.
    assert {name for name in names if not re.search(rf"\b(?:class|def|function|local) {name}\b", sources)} == set()


def test_comments_cite_documents_that_are_there() -> None:
    """What a comment names as its source can be read by who has the repository only."""
    missing = {
        f"{file.relative_to(ROOT)}: {name}"
        for folder in ("luaproc", "tests")
        for file in (ROOT / folder).rglob("*.*")
        if file.suffix in (".py", ".lua") and file != Path(__file__)
        for name in re.findall(r"\b(?:docs/)?([a-z-]+\.md)\b", file.read_text(encoding="utf-8"))
        if not (ROOT / "docs" / name).exists()
    }
    assert missing == set()


@pytest.mark.slow  # imports everything in a process of its own
def test_the_library_page_is_what_the_docstrings_say() -> None:
    """Every public name of luaproc.host and luaproc.wiki has its line."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "library_page.py", "--check"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
