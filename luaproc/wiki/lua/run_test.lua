-- One test of a test module. Runs behind a line with the locals `suite_name` (the module's title), `name` (the test's)
-- and `namespace` (a pattern for what modules' chunks begin with). Returns false for a test that passed; else a table
-- with `skipped`, or with `message`, `module`, `line`, `expected` and `got`, as far as they are known.
local suite = require( suite_name )
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
	error( { luaproc = true, text = message, expected = expected, actual = got, compared = true }, 3 )
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
		local worked, got = pcall( call, unpack( arguments or {} ) )
		if worked then
			fail( 'failed to assert that ' .. tostring( text ) .. ' raises an error', expected, got )
		end
		local _, _, message = placed( got )
		compare( text, message or got, expected )
	end
	function suite.ignore() error( { luaproc = true, skipped = 'the test ignores itself' }, 2 ) end
	function suite.heading() end
elseif type( suite.init ) == 'function' then -- ScribuntoUnit
	pcall( suite.init, suite, { frame = frame } )
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
local found = {}
if type( problem ) == 'table' and problem.skipped then
	local reason = type( problem.skipped ) == 'string' and problem.skipped
	return { skipped = reason or problem.message or 'skipped by the test' }
elseif type( problem ) == 'table' then
	local parts = {}
	for _, part in ipairs{ problem.message or false, problem.text or false } do
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
	for module, line in trace:gmatch( '(' .. namespace .. ':[^\n]-):(%d+): in' ) do
		if module == suite_name then
			found.module, found.line = module, tonumber( line )
			break
		end
	end
end
return found
