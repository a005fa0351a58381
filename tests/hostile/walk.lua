-- The walk of test_walk.py, as a module does it. Returns a function that provokes the n-th failure
-- (false: there is no n-th), one that walks what it raised, and one that reports.

local pcall, type, next, pairs = pcall, type, next, pairs
local getmetatable, getfenv, rawequal = getmetatable, getfenv, rawequal
local xpcall, error, unpack, php, format = xpcall, error, unpack, php, string.format
local G = _G

local PLAIN = { ['nil'] = true, boolean = true, number = true, string = true, table = true, ['function'] = true }
local seen, foreign, names, functions, count = {}, {}, {}, {}, 0

local function walk( value, path, depth )
	local kind = type( value )
	if not PLAIN[kind] then
		foreign[#foreign + 1] = path .. ' is a ' .. kind
		return
	end
	if kind == 'table' or kind == 'function' or path == 'string' then
		local ok, mt = pcall( getmetatable, value )
		if ok and mt ~= nil and not seen[mt] then
			walk( mt, path .. '<metatable>', depth + 1 )
		end
	end
	if kind ~= 'table' and kind ~= 'function' or seen[value] then
		return
	end
	seen[value] = path
	count = count + 1
	if kind == 'table' then
		for k, v in next, value do
			walk( k, path .. '<key>', depth + 1 )
			names[path .. '.' .. ( type( k ) == 'string' and k or '<' .. type( k ) .. '>' )] = type( v )
			walk( v, path .. '.' .. ( type( k ) == 'string' and k or '?' ), depth + 1 )
		end
	else
		functions[#functions + 1] = { value, path }
		local ok, env = pcall( getfenv, value )
		if ok and env ~= nil and not rawequal( env, G ) then
			foreign[#foreign + 1] = path .. ' has an environment of its own'
		end
	end
end

walk( G, '_G', 0 )
walk( '', 'string', 0 )

-- What functions return, and what they raise, for every kind of argument; and what a handler sees.
local nothing = {}
local odd = {
	{}, { nil }, { nothing }, { 1 }, { 0 }, { -1 }, { 1.5 }, { 'x' }, { '' }, { true }, { false }, { pcall }, { {} },
	{ {}, {} }, { 'x', 'x' }, { 'x', 'x', 'x' }, { 'x', 1, 2 }, { 1, 2, 3 }, { {}, 1, 2 }, { pcall, 1 },
	{ pcall, pcall }, { error, walk }, { {}, pcall }, { 'x', {} }, { 'x', '.', pcall }, { 'x', '.', {} }, { { 1, 2 }, 'x' },
	{ getmetatable( '' ) }, { 10, 'x' }, { 'abc', '(b)()' },
}
-- These change what is walked, or what the walk uses.
local LEFT = { ['_G.setfenv'] = true, ['_G.rawset'] = true, ['_G.setmetatable'] = true }
local function call( f, path, args )
	local results
	local function protected()
		results = { f( unpack( args, 1, 3 ) ) }
	end
	local handled
	xpcall( protected, function ( err ) handled = { err } end )
	local raised = { pcall( f, unpack( args, 1, 3 ) ) }
	for _, values in next, { results or nothing, handled or nothing, raised } do
		for i, value in next, values do
			walk( value, path .. '()[' .. i .. ']', 1 )
		end
	end
end
local index = 0
while index < #functions do
	index = index + 1
	local f, path = functions[index][1], functions[index][2]
	if not LEFT[path] and #path < 200 and index < 2000 then
		for _, args in next, odd do
			call( f, path, args )
		end
	end
end

-- Errors that pass through the host.
local failures = {
	function () php.echo( { [{}] = 1 } ) end, function () php.echo( { [0 / 0] = 1 } ) end,
	function () local t = {} t[1] = t php.echo( t ) end, function () php.many( 1e5 ) end,
	function () php.fail( 'nil' ) end, function () php.fail( 'huge' ) end, function () php.fail( 'table' ) end,
	function () php.fail( 'true' ) end, function () php.fail( 'function' ) end, function () php.huge( 6e7 ) end,
	function () php.call( error ) end, function () php.call( 5 ) end, function () php.load( nil ) end,
	function () local function f() return 1 + f() end f() end,
	function () local s = 'x' while true do s = s .. s end end,
	function () local t = {} while true do t = { t } end end,
	function () php.call( function () local t = {} while true do t = { t } end end ) end,
}


-- In two steps, as memory may have run out in the first one.
local raised, handled
local function handler( err )
	handled = err
	return err
end

local function provoke( n )
	if not failures[n] then
		return false
	end
	local _
	_, raised = pcall( failures[n] )
	_, raised = xpcall( failures[n], handler )
	return true
end

local function look( n )
	walk( raised, 'failure ' .. n, 1 )
	walk( handled, 'failure ' .. n .. ' in a handler', 1 )
	return type( raised ), type( handled )
end

return provoke, look, function () return foreign, names, count end
