"""Tests that a wiki's people write in Lua: suites of ScribuntoUnit and UnitTests, and plain modules.

A test is a function whose name begins with ``test``, in the table that a test module returns. It gets that table, and
fails by an error. The assertions of ScribuntoUnit raise errors of their own; those of the UnitTests family write rows
of a table of wikitext, so they are replaced by ones that raise. Each module is a page view of its own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from typing import Any, NamedTuple

from luaproc.wiki.failures import ModuleError
from luaproc.wiki.own_lua import own_lua
from luaproc.wiki.selection import Chosen
from luaproc.wiki.titles import Title
from luaproc.wiki.values import lua_string, text_of
from luaproc.wiki.wiki import Page, Wiki


class CaseResult(NamedTuple):
    """What became of one test.

    module: the test module's title. name: of the test; empty where the module itself failed. message: why it failed,
    empty if it passed. seconds: that it took. skipped: why it was not run; such a test passes. module_at, line: where,
    as far as Lua says it. expected, got: of a comparison, as Lua code.
    """

    module: str
    name: str
    passed: bool
    seconds: float = 0.0
    message: str = ""
    module_at: str = ""
    line: int = 0
    expected: str | None = None
    got: str | None = None
    skipped: str = ""


def run_module(wiki: Wiki, title: Title, chosen: Chosen = lambda name: True) -> Generator[CaseResult, None, None]:
    """Run the tests of a module, in the order of their names. chosen: see `luaproc.wiki.selection`."""
    reason = wiki.site.skip_of(title)
    if reason is not None:
        yield CaseResult(title.prefixed_text, "", True, skipped=reason)
        return
    page = wiki.page(title)
    try:
        names = names_of(page, title)
        if isinstance(names, CaseResult):
            yield names
            return
        for name in names:
            if chosen(f"{title.prefixed_text} {name}"):
                page = with_running_lua(page)
                yield run_test(page, title, name)
    finally:
        page.close()


def with_running_lua(page: Page) -> Page:
    """The page view; another one in its place, where a test has used up what its Lua process may use."""
    if page.engine.started:
        return page
    page.close()
    return page.wiki.page(page.title)


def names_of(page: Page, title: Title) -> list[str] | CaseResult:
    """The names of a module's tests, sorted; how it failed, where it gives no table."""
    began = time.perf_counter()
    try:
        module = page.engine.module(title)
        if module is not None:
            page.engine.guarded(module.chunk)  # by `require` a syntax error has no place
        table = page.eval(_locals(suite_name=title.prefixed_key) + own_lua("test_names"))[0]
    except ModuleError as error:
        return _failed(title, "", error, time.perf_counter() - began)
    return sorted(text_of(each) for each in (table.values() if isinstance(table, dict) else table))


def run_test(page: Page, title: Title, name: str) -> CaseResult:
    """Run one test of a module in a page view that it shares with the module's other tests."""
    module, began = title.prefixed_text, time.perf_counter()
    reason = page.wiki.site.skip_of(title, name)
    if reason is not None:
        return CaseResult(module, name, True, skipped=reason)
    try:
        given = _locals(suite_name=title.prefixed_key, name=name, namespace=_pattern(title))
        problem = page.eval(given + own_lua("run_test"))[0]
    except ModuleError as error:
        return _failed(title, name, error, time.perf_counter() - began)
    return _result(title, name, problem, time.perf_counter() - began)


def _locals(**texts: str) -> str:
    """A line of Lua with local variables."""
    return f"local {', '.join(texts)} = {', '.join(map(lua_string, texts.values()))}\n"


def _pattern(title: Title) -> str:
    """The local name of a module's namespace, as Lua's chunks are called, as a pattern of Lua's."""
    return re.sub(r"([^\w\s])", r"%\1", title.prefixed_key.partition(":")[0], flags=re.ASCII)


def _failed(title: Title, test: str, error: ModuleError, seconds: float) -> CaseResult:
    places = [(error.module, error.line or 0), *((entry.short_src, entry.current_line) for entry in error.trace)]
    for name, line in places:  # the first that is a module's: `require` fails in Scribunto's own package.lua
        at = _module_at(title, name)
        if at and line > 0:
            return CaseResult(title.prefixed_text, test, False, seconds, error.message, at, line)
    return CaseResult(title.prefixed_text, test, False, seconds, error.message)


def _module_at(title: Title, name: str | None) -> str:
    """A module's title as people write it: chunks have underscores. Lua that is no module's is that of the test."""
    found = title.site.title(name) if name else None
    return found.prefixed_text if found is not None and found.namespace == title.namespace else ""


def _result(title: Title, test: str, problem: Any, seconds: float) -> CaseResult:
    module = title.prefixed_text
    if not isinstance(problem, dict):
        return CaseResult(module, test, True, seconds)
    fields = {key: text_of(value) if isinstance(value, (str, bytes)) else value for key, value in problem.items()}
    if "skipped" in fields:
        return CaseResult(module, test, True, seconds, skipped=str(fields["skipped"]))
    return CaseResult(
        module,
        test,
        False,
        seconds,
        str(fields.get("message", "")),
        _module_at(title, fields.get("module")),
        int(fields.get("line", 0)),
        fields.get("expected"),
        fields.get("got"),
    )
