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
        table = page.eval(_NAMES.format(name=_quoted(title.prefixed_key)))[0]
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
        lua = _RUN.format(name=_quoted(title.prefixed_key), test=_quoted(name), namespace=_pattern(title))
        problem = page.eval(lua)[0]
    except ModuleError as error:
        return _failed(title, name, error, time.perf_counter() - began)
    return _result(title, name, problem, time.perf_counter() - began)


def _quoted(text: str) -> str:
    """A text as a Lua string."""
    return '"' + "".join(f"\\{byte:03}" for byte in text.encode("utf-8", "surrogateescape")) + '"'


def _pattern(title: Title) -> str:
    """The local name of a module's namespace, as Lua's chunks are called, as a quoted pattern of Lua's."""
    return _quoted(re.sub(r"([^\w\s])", r"%\1", title.prefixed_key.partition(":")[0], flags=re.ASCII))


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
local suite, name, namespace = require( {name} ), {test}, {namespace}
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

-- Module, line and text of an error's message: Lua's own words begin with a module's title, in the wiki's language.
local function placed( message )
	return tostring( message ):match( '^(' .. namespace .. ':.-):(%d+): (.*)$' )
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

if type( suite.equals ) == 'function' or type( suite.preprocess_equals ) == 'function' then -- the UnitTests family
	-- Strip markers' numbers are others in each run; tests that expect markers say so.
	local function without_numbers( text, options )
		if type( options ) ~= 'table' or type( text ) ~= 'string' then
			return text
		elseif options.stripmarker or options.templatestyles then
			text = text:gsub( '(UNIQ%-%-[^\127]-%-)%x+(%-QINU)', '%1%2' )
		end
		return text
	end
	local function compare( text, actual, expected, options )
		if without_numbers( actual, options ) ~= without_numbers( expected, options ) then
			text = type( text ) == 'table' and table.concat( text, ', ' ) or tostring( text )
			fail( 'failed to assert ' .. text, expected, actual )
		end
	end
	function suite.equals( _, text, actual, expected ) compare( text, actual, expected ) end
	function suite.equals_deep( _, text, actual, expected )
		if not same( actual, expected ) then fail( 'failed to assert ' .. tostring( text ), expected, actual ) end
	end
	function suite.preprocess_equals( _, text, expected, options )
		compare( text, frame:preprocess( text ), expected, options )
	end
	function suite.preprocess_equals_many( _, prefix, suffix, cases, options )
		for _, case in ipairs( cases ) do
			local text = prefix .. case[1] .. suffix
			compare( text, frame:preprocess( text ), case[2], options )
		end
	end
	function suite.preprocess_equals_preprocess( _, one, two, options )
		compare( one, frame:preprocess( one ), frame:preprocess( two ), options )
	end
	function suite.preprocess_equals_preprocess_many( _, prefix1, suffix1, prefix2, suffix2, cases, options )
		for _, case in ipairs( cases ) do
			local one, two = prefix1 .. case[1] .. suffix1, prefix2 .. ( case[2] or case[1] ) .. suffix2
			compare( one, frame:preprocess( one ), frame:preprocess( two ), options )
		end
	end
	function suite.preprocess_equals_compare( _, live, sandbox, expected, options )
		compare( live, frame:preprocess( live ), expected, options )
		compare( sandbox, frame:preprocess( sandbox ), expected, options )
	end
	function suite.expect_error( _, text, call, arguments, expected )
		local worked, got = pcall( call, unpack( arguments or {{}} ) )
		if worked then
			fail( 'failed to assert that ' .. tostring( text ) .. ' raises an error', expected, got )
		end
		local _, _, message = placed( got )
		compare( text, message or got, expected )
	end
	function suite.ignore() error( {{ luaproc = true, skipped = 'the test ignores itself' }}, 2 ) end
	function suite.heading() end
elseif type( suite.init ) == 'function' then -- ScribuntoUnit
	pcall( suite.init, suite, {{ frame = frame }} )
end
if suite.frame == nil then
	pcall( function () suite.frame = frame end )
end

local trace = ''
local function on_error( problem )
	trace = debug.traceback( '', 2 )
	return problem
end
-- Where memory is full, Lua calls no handler.
local worked, problem = xpcall( function () suite[name]( suite ) end, on_error )
if worked then
	return false
end
local found = {{}}
if type( problem ) == 'table' and problem.skipped then
	local reason = type( problem.skipped ) == 'string' and problem.skipped
	return {{ skipped = reason or problem.message or 'skipped by the test' }}
elseif type( problem ) == 'table' then
	local parts = {{}}
	for _, part in ipairs{{ problem.message or false, problem.text or false }} do
		parts[#parts + 1] = part and tostring( part ) or nil
	end
	found.message = parts[1] and table.concat( parts, ': ' ) or shown( problem )
	if problem.expected ~= nil or problem.actual ~= nil or problem.compared then
		found.expected, found.got = shown( problem.expected ), shown( problem.actual )
	end
else
	local module, line, text = placed( problem )
	found.message = text or tostring( problem )
	found.module, found.line = module, tonumber( line )
end
if not found.line then
	-- The line of the test itself, below the assertion's.
	for module, line in trace:gmatch( '(' .. namespace .. ':[^\\n]-):(%d+): in' ) do
		if module == {name} then
			found.module, found.line = module, tonumber( line )
			break
		end
	end
end
return found
"""
