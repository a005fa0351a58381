"""Tests that a wiki's people write in Lua: suites of ScribuntoUnit and UnitTests, and plain modules.

A test is a function whose name begins with ``test``, in the table that a test module returns. It gets that table, and
fails by an error. The assertions of ScribuntoUnit raise errors of their own; those of the UnitTests family write rows
of a table of wikitext, so they are replaced by ones that raise. Each module is a page view of its own.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, NamedTuple

from luaproc.wiki.failures import ModuleError
from luaproc.wiki.selection import Chosen
from luaproc.wiki.titles import Title
from luaproc.wiki.values import text_of
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
    module, skips = title.prefixed_text, wiki.site.skips
    if module in skips:
        yield CaseResult(module, "", True, skipped=skips[module])
        return
    page = wiki.page(title)
    try:
        names = names_of(page, title)
        if isinstance(names, CaseResult):
            yield names
            return
        for name in names:
            if chosen(f"{title.prefixed_text} {name}"):
                page = alive(page)
                yield run_test(page, title, name)
    finally:
        page.close()


def alive(page: Page) -> Page:
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
        table = page.eval(_NAMES.format(name=_quoted(title.prefixed_text)))[0]
    except ModuleError as error:
        return _failed(title.prefixed_text, "", error, time.perf_counter() - began)
    return sorted(text_of(each) for each in (table.values() if isinstance(table, dict) else table))


def run_test(page: Page, title: Title, name: str) -> CaseResult:
    """Run one test of a module in a page view that it shares with the module's other tests."""
    module, began = title.prefixed_text, time.perf_counter()
    if f"{module} {name}" in page.wiki.site.skips:
        return CaseResult(module, name, True, skipped=page.wiki.site.skips[f"{module} {name}"])
    try:
        problem = page.eval(_RUN.format(name=_quoted(module), test=_quoted(name)))[0]
    except ModuleError as error:
        return _failed(module, name, error, time.perf_counter() - began)
    return _result(module, name, problem, time.perf_counter() - began)


def _quoted(text: str) -> str:
    """A text as a Lua string."""
    return '"' + "".join(f"\\{byte:03}" for byte in text.encode("utf-8", "surrogateescape")) + '"'


def _failed(module: str, test: str, error: ModuleError, seconds: float) -> CaseResult:
    return CaseResult(module, test, False, seconds, error.message, error.module or "", error.line or 0)


def _result(module: str, test: str, problem: Any, seconds: float) -> CaseResult:
    if not isinstance(problem, dict):
        return CaseResult(module, test, True, seconds)
    fields = {key: text_of(value) if isinstance(value, (str, bytes)) else value for key, value in problem.items()}
    return CaseResult(
        module,
        test,
        False,
        seconds,
        str(fields.get("message", "")),
        str(fields.get("module", "")),
        int(fields.get("line", 0)),
        fields.get("expected"),
        fields.get("got"),
    )


# The table of a test module, or what ScribuntoUnit's `new` put under it: __index has the assertions, not the tests.
_NAMES = """
local suite = require( {name} )
if type( suite ) ~= 'table' then
	error( 'expected a test module to return a table, got ' .. type( suite ), 0 )
end
local names = {{}}
for key, value in pairs( suite ) do
	if type( key ) == 'string' and key:lower():sub( 1, 4 ) == 'test' and type( value ) == 'function' then
		names[#names + 1] = key
	end
end
return names
"""

_RUN = """
local suite, name = require( {name} ), {test}
local frame = mw.getCurrentFrame()

local function shown( value )
	if type( value ) == 'table' then
		return mw.dumpObject( value )
	elseif type( value ) == 'string' then
		return '"' .. value .. '"'
	end
	return tostring( value )
end

local function fail( message, expected, got )
	error( {{ luaproc = true, text = message, expected = expected, actual = got, compared = true }}, 3 )
end

local function same( a, b )
	if type( a ) ~= 'table' or type( b ) ~= 'table' then
		return a == b
	end
	for key, value in pairs( a ) do
		if not same( value, b[key] ) then return false end
	end
	for key in pairs( b ) do
		if a[key] == nil then return false end
	end
	return true
end

if type( suite.preprocess_equals ) == 'function' then -- the UnitTests family
	local function compare( text, actual, expected )
		if actual ~= expected then fail( 'failed to assert ' .. tostring( text ), expected, actual ) end
	end
	function suite.equals( _, text, actual, expected ) compare( text, actual, expected ) end
	function suite.equals_deep( _, text, actual, expected )
		if not same( actual, expected ) then fail( 'failed to assert ' .. tostring( text ), expected, actual ) end
	end
	function suite.preprocess_equals( _, text, expected ) compare( text, frame:preprocess( text ), expected ) end
	function suite.preprocess_equals_many( _, prefix, suffix, cases )
		for _, case in ipairs( cases ) do
			local text = prefix .. case[1] .. suffix
			compare( text, frame:preprocess( text ), case[2] )
		end
	end
	function suite.preprocess_equals_preprocess( _, one, two )
		compare( one, frame:preprocess( one ), frame:preprocess( two ) )
	end
	function suite.preprocess_equals_preprocess_many( _, prefix1, suffix1, prefix2, suffix2, cases )
		for _, case in ipairs( cases ) do
			local one, two = prefix1 .. case[1] .. suffix1, prefix2 .. ( case[2] or case[1] ) .. suffix2
			compare( one, frame:preprocess( one ), frame:preprocess( two ) )
		end
	end
elseif type( suite.init ) == 'function' then -- ScribuntoUnit
	pcall( suite.init, suite, {{ frame = frame }} )
end
if suite.frame == nil then
	pcall( function () suite.frame = frame end )
end

local problem, trace
local function on_error( err )
	problem, trace = err, debug.traceback( '', 2 )
end
if xpcall( function () suite[name]( suite ) end, on_error ) then
	return false
end
local found = {{}}
if type( problem ) == 'table' then
	found.message = tostring( problem.text or problem.message or 'failed' )
	if problem.expected ~= nil or problem.actual ~= nil or problem.compared then
		found.expected, found.got = shown( problem.expected ), shown( problem.actual )
	end
else
	local module, line, text = tostring( problem ):match( '^(Module:.-):(%d+): (.*)$' )
	found.message = text or tostring( problem )
	found.module, found.line = module, tonumber( line )
end
if not found.line then
	-- The line of the test itself, below the assertion's.
	for module, line in trace:gmatch( '(Module:[^\\n]-):(%d+): in' ) do
		if module == {name} then
			found.module, found.line = module, tonumber( line )
			break
		end
	end
end
return found
"""
