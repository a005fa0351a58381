"""pytest and a wiki: what the fixture `wiki` gives, and test modules as pytest's items (``--wiki-tests``).

`luaproc.host.pytest_plugin`, which pytest imports on every run, has the options and loads this module when one of the
two is asked for. Settings come from the nearest `luaproc.toml` (or pyproject.toml) of the directory in which pytest is
called or above it, of pytest's root directory where it is called from elsewhere, and over them from pytest's own ini
file: `luaproc_wiki_pages`, `_scribunto`, `_site`, `_now`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from luaproc.errors import LuaprocError, readable
from luaproc.wiki import reports, testing, watching
from luaproc.wiki.configuration import Configuration, find
from luaproc.wiki.failures import ModuleError
from luaproc.wiki.opening import open_wiki
from luaproc.wiki.selection import discover
from luaproc.wiki.titles import Title
from luaproc.wiki.wiki import Page, Wiki

SOURCE_LINES = 5
"""Lines of a module that are shown above the one that failed."""


def settings(config: pytest.Config, given: Mapping[str, Any]) -> Configuration:
    """The settings of the directory and over them those of pytest's ini file. Raises `SiteError`."""
    file = f"{config.inipath}: " if config.inipath is not None else ""
    called_in = config.invocation_params.dir  # a collection may lie below pytest's root, with a file of its own
    directory = called_in if called_in.is_relative_to(config.rootpath) else config.rootpath
    return find(directory).overridden(given, f"{file}luaproc_wiki_")


def for_a_test(config: pytest.Config, given: Mapping[str, Any]) -> Iterator[Wiki]:
    """The fixture `wiki`: a wiki for one test; what the test writes and stubs is gone with it."""
    try:
        wiki = open_wiki(settings(config, given), config.rootpath)
        _ = wiki.lualib  # raises where there is none
    except LuaprocError as error:
        pytest.fail(f"the fixture wiki: {error}", pytrace=False)
    with wiki:
        yield wiki


class Collection:
    """The plugin of ``--wiki-tests``: the files that are test modules of the wiki become collectors."""

    def __init__(self, config: pytest.Config, given: Mapping[str, Any]) -> None:
        try:
            found = settings(config, given)
            self.wiki = open_wiki(found, config.rootpath)
            _ = self.wiki.lualib  # raises where there is none
        except LuaprocError as error:
            raise pytest.UsageError(f"--wiki-tests: {error}") from None
        modules = set(discover(self.wiki, found.tests))
        self._titles = {path: title for path, title in watching.pages_of(self.wiki).items() if title in modules}

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        title = self._titles.get(file_path.resolve())
        if title is None:
            return None
        collector: WikiTests = WikiTests.from_parent(parent, path=file_path)
        collector.wiki, collector.title = self.wiki, title
        return collector


class WikiTestFailed(Exception):
    """A test of a module failed; the result says how."""

    def __init__(self, result: testing.CaseResult) -> None:
        super().__init__(reports.failure_line(result))
        self.result = result


class WikiTests(pytest.File):
    """A test module: one page view, opened before its first test and closed after its last."""

    wiki: Wiki
    title: Title
    page: Page

    def collect(self) -> Iterator[pytest.Item]:
        reason = self.wiki.site.skip_of(self.title)
        if reason is not None:
            pytest.skip(reason, allow_module_level=True)
        with self.wiki.page(self.title) as page:
            names = testing.names_of(page, self.title)
        if isinstance(names, testing.CaseResult):
            raise WikiTestFailed(names)
        for name in names:
            yield WikiTest.from_parent(self, name=name)

    def setup(self) -> None:
        self.page = self.wiki.page(self.title)

    def teardown(self) -> None:
        self.page.close()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return shown(self, excinfo.value) or super().repr_failure(excinfo)


class WikiTest(pytest.Item):
    """A test of a module."""

    parent: WikiTests

    def runtest(self) -> None:
        self.parent.page = testing.with_running_lua(self.parent.page)
        result = testing.run_test(self.parent.page, self.parent.title, self.name)
        if result.skipped:
            pytest.skip(result.skipped)
        if not result.passed:
            raise WikiTestFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return shown(self.parent, excinfo.value) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.parent.title.prefixed_text} {self.name}"


class Crash(NamedTuple):
    """What pytest's short summary and JUnit's XML say of a failure."""

    path: str
    lineno: int
    message: str


class Shown:
    """A failure as pytest shows one, in lines."""

    def __init__(self, lines: list[str], crash: Crash) -> None:
        self.lines = lines
        self.reprcrash = crash

    def toterminal(self, terminal: Any) -> None:
        for line in self.lines:
            terminal.line(line, red=line.startswith("E "))

    def __str__(self) -> str:
        return "\n".join(self.lines)


def shown(tests: WikiTests, error: BaseException) -> Shown | None:
    """A failure as pytest shows one: Lua's lines, what went wrong, and the place; None for another error."""
    if not isinstance(error, WikiTestFailed):
        return None
    result = error.result
    name = result.module_at or result.module
    title = tests.wiki.site.title(name)
    lines = (tests.wiki.pages.text(title) or "").split("\n") if title is not None and result.line else []
    file = tests.wiki.pages.where(title) if title is not None else None
    start = max(result.line - SOURCE_LINES, 1)
    source = [
        f"{'>' if number == result.line else ' '}   {readable(lines[number - 1])}"
        for number in range(start, min(result.line, len(lines)) + 1)
    ]
    wrong = [f"E   {line}" for line in readable(result.message).split("\n")]
    if result.expected is not None:
        wrong += [f"E   expected: {readable(result.expected)}", f"E   got:      {readable(result.got or 'nil')}"]
    crash = Crash(_relative(file, tests.config.rootpath) if file else name, result.line or 1, reports.problem(result))
    return Shown([*source, *wrong, "", f"{crash.path}:{crash.lineno}: in {name}"], crash)


def _relative(file: str, root: Path) -> str:
    path = Path(file).resolve()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """Add what Lua says to the failure of a test in Python that a module's error ended."""
    outcome = yield
    error = None if call.excinfo is None else call.excinfo.value
    add = getattr(outcome.get_result().longrepr, "addsection", None)
    if isinstance(error, ModuleError) and error.trace and add is not None:
        add("Lua", error.traceback)
