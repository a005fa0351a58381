"""What tests of modules ran and where their time went: `luaproc wiki test --coverage` and `--profile`.

Lua's processes write both themselves (docs/modules.md, "Coverage and profile"), into files that the environment names;
so those that other processes start, with `-j`, write into the same.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from luaproc.errors import UsageError
from luaproc.install import files
from luaproc.profiling import coverage, executable, flame, folded
from luaproc.profiling.coverage_page import page
from luaproc.responder.records import MOST
from luaproc.wiki.engine import COVERAGE as _COVERAGE
from luaproc.wiki.titles import MODULE, Title
from luaproc.wiki.wiki import Wiki

_PROFILE, _RUNTIME = "LUAPROC_PROFILE", "LUAPROC_RUNTIME"
_PAGES = (".html", ".htm")

_FRAME = re.compile(r"(?s)(?P<name>.*) \((?P<place>.*):(?P<line>\d+)\)")
_DEFINED = re.compile(
    r"\bfunction\s+(?P<first>[\w.:]+)|(?P<second>[\w.]+|\[\s*(['\"])(?P<third>[^'\"]+)\3\s*\])\s*=\s*function\b"
)


class Observation:
    """Files that Lua's processes write while tests run."""

    def __init__(self, directory: Path, coverage: str | None, profile: str | None) -> None:
        self.coverage, self.profile = coverage, profile
        self._lines, self._samples = directory / "lines", directory / "samples"

    def environment(self) -> dict[str, str]:
        """The variables by which Lua's processes know of the files."""
        found: dict[str, str] = {}
        if self.coverage is not None:
            found |= {_COVERAGE: str(self._lines), _RUNTIME: "lua51"}
        if self.profile is not None:
            found[_PROFILE] = str(self._samples)
        return found

    def write(self, wiki: Wiki, places: dict[str, str], left_out: list[Title], ran: bool) -> Iterator[str]:
        """Write what was asked for; what to tell of it.

        places: files of pages by title. left_out: modules that are no subject, as the tests themselves. ran: whether
        any test did, so that there must be something. Raises `UsageError` for a server that is not luaproc's,
        `NotWrittenError`.
        """
        if self.coverage is not None:
            counts = coverage.read_counts(_record(self._lines, "--coverage", ran))
            found = list(_covered(wiki, places, left_out, counts))
            is_page = self.coverage.endswith(_PAGES)
            files.write(Path(self.coverage), _bytes(page(found) if is_page else coverage.lcov(found)))
            yield f"coverage: {coverage.summary(found)}; wrote {self.coverage}"
        if self.profile is not None:
            stacks = folded.read(_record(self._samples, "--profile", ran))
            stacks = folded.renamed(stacks, lambda frame: _named(wiki, frame))
            is_page = self.profile.endswith(_PAGES)
            files.write(Path(self.profile), _bytes(flame.page(stacks) if is_page else folded.text(stacks)))
            yield f"profile: {sum(stacks.values()) / 1e6:.2f} s of CPU time; wrote {self.profile}"


@contextmanager
def observing(coverage: str | None, profile: str | None) -> Iterator[Observation | None]:
    """Have every process of Lua that is started meanwhile write coverage, a profile, or both; None for neither.

    coverage, profile: where the reports are to go.
    """
    if coverage is None and profile is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="luaproc-") as directory:
        observation = Observation(Path(directory), coverage, profile)
        before = {name: os.environ.get(name) for name in (_COVERAGE, _PROFILE, _RUNTIME)}
        os.environ.update(observation.environment())
        try:
            yield observation
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _record(file: Path, option: str, ran: bool) -> bytes:
    if file.exists():
        return files.read(file, MOST + 1)
    if ran:
        raise UsageError(f"{option} needs luaproc's own server, and the one of --server wrote nothing: leave it out")
    return b""


def _covered(
    wiki: Wiki, places: dict[str, str], left_out: list[Title], counts: coverage.Counts
) -> Iterator[coverage.Covered]:
    compiled = executable.compiler()
    skipped = {title.prefixed_text for title in left_out}
    for title in sorted(wiki.pages.titles(MODULE), key=lambda title: title.prefixed_text):
        name = title.prefixed_text
        text = wiki.pages.text(title)
        if title.content_model == "Scribunto" and name not in skipped and text is not None:
            yield coverage.covered(name, places.get(name, ""), text, counts.get(title.prefixed_key, {}), compiled)


def _named(wiki: Wiki, frame: str) -> str:
    """A frame under the name by which its module's text defines the function; Lua knows only what callers call it."""
    match = _FRAME.fullmatch(frame)
    text = _text(wiki, match["place"]) if match else None
    if match is None or text is None:
        return frame
    lines = text.split("\n")
    number = int(match["line"])
    defined = list(_DEFINED.finditer(lines[number - 1])) if 0 < number <= len(lines) else []
    if len(defined) != 1:
        return frame
    name = defined[0]["first"] or defined[0]["third"] or defined[0]["second"]
    return f"{name} ({match['place']}:{number})"


def _text(wiki: Wiki, place: str) -> str | None:
    """The text of a chunk: a module's, or a file's of Scribunto's library."""
    if place.endswith(".lua"):
        code = wiki.lualib.now().find(place)
        return code.decode("utf-8", "replace") if code is not None else None
    title = wiki.site.title(place)
    return wiki.pages.text(title) if title is not None and title.content_model == "Scribunto" else None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
