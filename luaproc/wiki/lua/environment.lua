-- Lua in a module's environment, piece by piece. Runs behind `luaproc.host.copying.COPY`, which makes `copier`.
-- Arguments: mw.lua's executeModule, a chunk that returns a function, and what gets the log, or nil.
-- Returns functions: adopt( chunk ) has a chunk run in the environment; show( chunk, … ) runs one and copies its results;
-- fields( path ) lists the names in a table.
local execute, opener, write = ...
local setfenv, getfenv, setmetatable, getmetatable, next, type, rawget, pcall =
	setfenv, getfenv, setmetatable, getmetatable, next, type, rawget, pcall
if write then
	local get, clear = mw.getLogBuffer, mw.clearLogBuffer
	for _, name in next, { 'log', 'logObject' } do
		local original = mw[name]
		mw[name] = function( ... )
			original( ... )
			local text = get()
			clear()
			write( text )
		end
	end
end
-- executeModule gives a module's environment to the chunk that it runs, and is called with false as PHP's console does.
-- Names that pieces assign are kept apart from it: a module that requires `strict` forbids new globals in it.
local _, inside = execute( opener, false )
local env = getfenv( inside )
local names = setmetatable( { print = env.mw.log }, { __index = env } )
local function adopt( chunk )
	setfenv( chunk, names )
end
local function given( ... )
	return ...
end
local function show( chunk, functions, metatables, tables )
	local function packed( ... )
		local copy = copier( functions, metatables, tables )
		local results, count = { ... }, select( '#', ... )
		for index = 1, count do
			results[index] = copy( results[index] )
		end
		return unpack( results, 1, count )
	end
	return packed( given( chunk )() ) -- so the chunk has no name in a trace, as PHP calls it
end
local function fields( path )
	local value = names
	for index = 1, #path do
		if type( value ) ~= 'table' then
			return {}
		end
		local found = rawget( value, path[index] )
		if found == nil and value == names then
			found = rawget( env, path[index] )
		end
		value = found
	end
	local found, depth = {}, 0
	while type( value ) == 'table' and depth < 10 do
		for key in next, value do
			if type( key ) == 'string' then
				found[#found + 1] = key
			end
		end
		local meta = getmetatable( value )
		value, depth = type( meta ) == 'table' and rawget( meta, '__index' ), depth + 1
	end
	return found
end
return adopt, show, fields
