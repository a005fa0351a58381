-- Calls library functions by name with arguments in JSON, step by step, and shows the results.
-- {{#invoke:Call|main|mw.title.new|["Foo"]|:fullUrl|["a=b"]}} is mw.title.new("Foo"):fullUrl("a=b").
-- A step ":name" is a method, ".name" a member, any other one a path from the globals or from the frame ("frame.x").
local p = {}

local function show( value, depth )
	local kind = type( value )
	if kind == 'string' then
		return '"' .. value .. '"'
	elseif kind ~= 'table' then
		return kind == 'function' and 'function' or tostring( value )
	elseif depth > 4 then
		return '…'
	elseif getmetatable( value ) and getmetatable( value ).__tostring then
		return 'object ' .. tostring( value )
	end
	local keys = {}
	for key in pairs( value ) do
		keys[#keys + 1] = key
	end
	table.sort( keys, function ( a, b )
		if type( a ) ~= type( b ) then
			return type( a ) < type( b )
		end
		return a < b
	end )
	local parts = {}
	for i, key in ipairs( keys ) do
		parts[i] = ( type( key ) == 'number' and '[' .. key .. ']' or tostring( key ) ) .. '=' .. show( value[key], depth + 1 )
	end
	return '{' .. table.concat( parts, ', ' ) .. '}'
end

local function find( path, frame )
	local value = { frame = frame, mw = mw, string = string, table = table, math = math, os = os }
	for name in path:gmatch( '[^.]+' ) do
		value = value[tonumber( name ) or name]
	end
	return value
end

-- The results as text, if they are the last ones, and the first result.
local function results( last, ok, ... )
	if not last then
		return nil, ( ... )
	end
	local shown = {}
	for i = 1, select( '#', ... ) do
		shown[i] = show( ( select( i, ... ) ), 0 )
	end
	return ( ok and '' or 'error: ' ) .. ( #shown > 0 and table.concat( shown, ', ' ) or 'nothing' ), ( ... )
end

local function step( last, what, value, frame, args )
	if what:sub( 1, 1 ) == ':' then
		return results( last, pcall( value[what:sub( 2 )], value, unpack( args, 1, table.maxn( args ) ) ) )
	elseif what:sub( 1, 1 ) == '.' then
		return results( last, pcall( function () return value[what:sub( 2 )] end ) )
	end
	local found = find( what, frame )
	if type( found ) ~= 'function' and not ( type( found ) == 'table' and getmetatable( found ) ) then
		return last and show( found, 0 ), found
	end
	if what:sub( 1, 6 ) == 'frame.' then
		return results( last, pcall( found, frame, unpack( args, 1, table.maxn( args ) ) ) )
	end
	return results( last, pcall( found, unpack( args, 1, table.maxn( args ) ) ) )
end

function p.main( frame )
	local value, shown
	local i = 1
	while frame.args[i] do
		local text = mw.text.trim( frame.args[i + 1] or '' )
		local args = text == '' and {} or mw.text.jsonDecode( text )
		shown, value = step( not frame.args[i + 2], mw.text.trim( frame.args[i] ), value, frame, args )
		i = i + 2
	end
	return shown
end

return p
