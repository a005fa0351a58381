-- For each line of hexadecimal: the value of that Lua expression, in hexadecimal again, written so that two values
-- are equal exactly when their texts are: s<hex> strings, n<%.17g> numbers, b0 b1, nil, c<id> chunks, and tables as
-- {key=value;...} sorted by the text of their keys.
local chunks = setmetatable( {}, { __index = function ( t, id )
	local f = function () return id end
	rawset( t, id, f )
	return f
end } )

local function hex( s )
	return ( s:gsub( '.', function ( c ) return ( '%02x' ):format( c:byte() ) end ) )
end

local write
local writers = {
	['nil'] = function () return 'nil' end,
	boolean = function ( v ) return v and 'b1' or 'b0' end,
	number = function ( v ) return v ~= v and 'nan' or ( 'n%.17g' ):format( v ) end,
	string = function ( v ) return 's' .. hex( v ) end,
	['function'] = function ( v ) return 'c' .. v() end,
	table = function ( v )
		local fields = {}
		for key, value in pairs( v ) do
			fields[#fields + 1] = write( key ) .. '=' .. write( value ) .. ';'
		end
		table.sort( fields )
		return '{' .. table.concat( fields ) .. '}'
	end,
}
function write( v )
	return writers[type( v )]( v )
end

for line in io.lines() do
	local text = line:gsub( '%x%x', function ( h ) return string.char( tonumber( h, 16 ) ) end )
	local f, problem = loadstring( 'return ' .. text )
	local answer
	if f then
		setfenv( f, { chunks = chunks } )
		local ok, value = pcall( f )
		answer = ok and write( value ) or 'refused: ' .. tostring( value )
	else
		answer = 'refused: ' .. problem
	end
	io.write( hex( answer ), '\n' )
	io.flush()
end
