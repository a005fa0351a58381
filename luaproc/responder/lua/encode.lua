-- The value codec: Lua values to PHP's serialize() format. Reads the modules' tables (and runs their __pairs), so it
-- keeps every function it uses in locals and indexes no string.
--
-- Arguments: int_size (4 or 8, bytes of PHP's integers), function_head (the serialized function object up to its id),
-- id_of (function -> chunk id, given out if it has none). Returns `encode` and `own_failure` (see below).

local int_size, function_head, id_of = ...
local type, next, getmetatable, setmetatable, error, tostring = type, next, getmetatable, setmetatable, error, tostring
local concat, format, match, floor, huge = table.concat, string.format, string.match, math.floor, math.huge

-- Integers beyond 2^53 are not exact in Lua: they go as doubles. Keys may use PHP's whole range.
local INT_MAX = int_size == 4 and 2 ^ 31 or 2 ^ 53
local KEY_MAX = int_size == 4 and 2 ^ 31 or 2 ^ 63

-- PHP's unserialize() gives up below 4096 levels; message and value list take two.
local MAX_DEPTH = 4000

-- The message of the failure that `encode` raised last. The function that catches an error compares it with this message:
-- our own messages get the position of the module's line, an error of a module's __pairs passes unchanged.
local failure
local function fail( text )
	failure = text
	error( text, 0 )
end
local function own_failure( err )
	return failure ~= nil and err == failure
end

-- Caches of encoded text. Formatting a number or a head costs more than the rest of a small value (a table of 100
-- strings: 120 us without, 80 us with). Bounded: names and small numbers repeat, others do not enter.
local heads = setmetatable( {}, { -- string length -> 's:N:"', up to 255 kept from its first use on
	__index = function ( known, length )
		local head = 's:' .. length .. ':"'
		if length < 256 then
			known[length] = head
		end
		return head
	end,
} )
local key_texts, key_count = {}, 0 -- string key -> its encoding
local numbers = {} -- small integer -> its encoding, from its first use on

-- '%d' takes a C long, which has 32 bits on Windows and on 32-bit systems; '%.0f' is exact and half as fast.
local function encode_integer( v )
	return format( v >= -0x80000000 and v < 0x80000000 and 'i:%d;' or 'i:%.0f;', v )
end

local function encode_number( v )
	if v >= 2000 and v < 0x80000000 and v % 1 == 0 then
		return format( 'i:%d;', v )
	elseif v >= -INT_MAX and v < INT_MAX and v % 1 == 0 then
		local text = encode_integer( v )
		if v >= 0 and v < 2000 then
			numbers[v] = text
		end
		return text
	elseif v > -huge and v < huge then
		return format( 'd:%.17g;', v )
	elseif v == huge then
		return 'd:INF;'
	elseif v == -huge then
		return 'd:-INF;'
	end
	return 'd:NAN;'
end

local function encode_string( v )
	return heads[#v] .. v .. '";'
end

-- The text under which PHP knows a key, and whether PHP makes it an integer.
local function php_key( key )
	local kind = type( key )
	if kind == 'number' then
		if floor( key ) == key and key >= -KEY_MAX and key < KEY_MAX then
			return format( key > -0x80000000 and key < 0x80000000 and '%d' or '%.0f', key ), true -- '%.0f' has -0
		end
		return tostring( key ), false
	elseif kind ~= 'string' then
		fail( 'Cannot use ' .. kind .. ' as an array key when passing data from Lua to PHP' )
	end
	if key ~= '0' and not match( key, '^%-?[1-9]%d*$' ) then
		return key, false
	end
	-- Canonical; in range? Doubles are too coarse at the edge of 64 bits, so long numbers compare as text.
	local digits = match( key, '%d+' )
	local limit = int_size == 4 and '2147483647' or '9223372036854775807'
	if key ~= digits then
		limit = int_size == 4 and '2147483648' or '9223372036854775808'
	end
	return key, #digits < #limit or #digits == #limit and digits <= limit
end

-- The buffer and the set of tables of the encoding that is under way. A module's __pairs may call PHP, and so start
-- another encoding, in between: whoever calls foreign code keeps both and puts them back. Given up afterwards: they
-- hold the module's values.
local buffer, seen_tables

local function finish( n )
	local text = concat( buffer, '', 1, n )
	buffer, seen_tables = nil, nil
	return text
end

local encode_value

-- Numbers among the keys are distinct as PHP sees them, and so are strings; a collision takes one of each, or two
-- doubles that print alike. So only a table with an odd key is looked through.
local function check_collisions( t )
	local seen = {}
	for key in next, t do
		local text = php_key( key )
		if seen[text] then
			fail( 'Collision for array key ' .. text .. ' when passing data from Lua to PHP' )
		end
		seen[text] = true
	end
end

-- A table that brings its own pairs (mw.loadData's do). Every key is compared: what __pairs yields need not be unique.
local function encode_by_pairs( t, custom, n, depth )
	local our_buffer, our_tables = buffer, seen_tables
	local slot, count, seen = n, 0, {}
	local iterate, state, key = custom( t )
	while true do
		local value
		key, value = iterate( state, key )
		buffer, seen_tables = our_buffer, our_tables
		if key == nil then
			break
		end
		local text, is_integer = php_key( key )
		if seen[text] then
			fail( 'Collision for array key ' .. text .. ' when passing data from Lua to PHP' )
		end
		seen[text] = true
		n = n + 1
		buffer[n] = is_integer and 'i:' .. text .. ';' or encode_string( text )
		n = encode_value( value, n, depth + 1 )
		count = count + 1
	end
	buffer[slot] = 'a:' .. count .. ':{'
	buffer[n + 1] = '}'
	return n + 1
end

local function encode_table( t, n, depth )
	if seen_tables[t] then
		fail( 'Cannot pass circular reference to PHP' )
	end
	if depth > MAX_DEPTH then
		fail( 'Cannot pass a table nested deeper than ' .. MAX_DEPTH .. ' levels to PHP' )
	end
	seen_tables[t] = true
	n = n + 1
	local mt = getmetatable( t )
	if type( mt ) == 'table' then
		local our_buffer, our_tables = buffer, seen_tables
		local custom = mt.__pairs
		buffer, seen_tables = our_buffer, our_tables
		if custom then
			return encode_by_pairs( t, custom, n, depth )
		end
	end
	local slot, count, checked = n, 0, false
	for key, value in next, t do
		local text = key_texts[key]
		if not text then
			if type( key ) == 'number' and floor( key ) == key and key >= -KEY_MAX and key < KEY_MAX then
				text = numbers[key] or encode_integer( key )
			else
				local name, is_integer = php_key( key )
				if is_integer or type( key ) == 'number' then
					if not checked then
						check_collisions( t )
						checked = true
					end
					text = is_integer and 'i:' .. name .. ';' or encode_string( name )
				else
					text = encode_string( name )
					if #name < 40 and key_count < 2000 then
						key_count = key_count + 1
						key_texts[key] = text
					end
				end
			end
		end
		n = n + 1
		buffer[n] = text
		-- Short strings, integers and tables are what tables hold: no further call for them.
		local kind = type( value )
		if kind == 'string' and #value < 256 then
			n = n + 1
			buffer[n] = heads[#value] .. value .. '";'
		elseif kind == 'table' then
			n = encode_table( value, n, depth + 1 )
		elseif kind == 'number' then
			n = n + 1
			if value >= 2000 and value < 0x80000000 and value % 1 == 0 then
				buffer[n] = format( 'i:%d;', value )
			else
				buffer[n] = numbers[value] or encode_number( value )
			end
		else
			n = encode_value( value, n, depth + 1 )
		end
		count = count + 1
	end
	buffer[slot] = 'a:' .. count .. ':{'
	buffer[n + 1] = '}'
	return n + 1
end

-- Appends a value to the buffer behind its n-th piece; returns the new count of pieces.
function encode_value( value, n, depth )
	local kind = type( value )
	if kind == 'table' then
		return encode_table( value, n, depth )
	end
	n = n + 1
	if kind == 'string' then
		buffer[n] = 's:' .. #value .. ':"'
		buffer[n + 1] = value
		buffer[n + 2] = '";'
		n = n + 2
	elseif kind == 'number' then
		buffer[n] = numbers[value] or encode_number( value )
	elseif kind == 'boolean' then
		buffer[n] = value and 'b:1;' or 'b:0;'
	elseif kind == 'nil' then
		buffer[n] = 'N;'
	elseif kind == 'function' then
		buffer[n] = function_head .. id_of( value ) .. ';}'
	else
		fail( 'Cannot pass ' .. kind .. ' to PHP' )
	end
	return n
end

-- A value that is no table and not nil, as one string; nil for those.
local function encode_single( value )
	local kind = type( value )
	if kind == 'string' then
		return heads[#value] .. value .. '";'
	elseif kind == 'number' then
		return numbers[value] or encode_number( value )
	elseif kind == 'boolean' then
		return value and 'b:1;' or 'b:0;'
	elseif kind == 'function' then
		return function_head .. id_of( value ) .. ';}'
	end
	return nil
end

-- heads[count] .. the values (by position, nils left out) .. '}}', as one string. Up to four values, none of them a table
-- or nil, take one concatenation.
local function encode_list( heads_of, count, ... )
	local head = heads_of[count]
	if count == 0 then
		return head .. 'a:0:{}}'
	elseif count <= 2 then
		local first, second = ...
		if count == 1 and type( first ) == 'string' then -- it may be long: no copy more than needed
			return head .. 'a:1:{i:1;' .. heads[#first] .. first .. '";}}'
		end
		local one = encode_single( first )
		if one and count == 1 then
			return head .. 'a:1:{i:1;' .. one .. '}}'
		end
		local two = one and encode_single( second )
		if two then
			return head .. 'a:2:{i:1;' .. one .. 'i:2;' .. two .. '}}'
		end
	elseif count <= 4 then
		local first, second, third, fourth = ...
		if count == 3 and type( first ) == 'string' and type( second ) == 'string' and type( third ) == 'string' then
			-- A call of mw.ustring's: no string for each value, which costs as much as the message does.
			return head .. 'a:3:{i:1;' .. heads[#first] .. first .. '";i:2;' .. heads[#second] .. second .. '";i:3;'
				.. heads[#third] .. third .. '";}}'
		end
		local one = encode_single( first )
		local two = one and encode_single( second )
		local three = two and encode_single( third )
		if three and count == 3 then
			return head .. 'a:3:{i:1;' .. one .. 'i:2;' .. two .. 'i:3;' .. three .. '}}'
		end
		local four = three and encode_single( fourth )
		if four then
			return head .. 'a:4:{i:1;' .. one .. 'i:2;' .. two .. 'i:3;' .. three .. 'i:4;' .. four .. '}}'
		end
	end
	buffer, seen_tables = { head, '', nil, nil, nil, nil, nil, nil }, {}
	local values, n, present = { ... }, 2, 0
	for i = 1, count do
		local value = values[i]
		if value ~= nil then
			present = present + 1
			n = n + 1
			buffer[n] = numbers[i] or 'i:' .. i .. ';'
			n = encode_value( value, n, 3 )
		end
	end
	buffer[2] = 'a:' .. present .. ':{'
	buffer[n + 1] = '}}'
	return finish( n + 1 )
end

local RETURN_HEAD = 'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:'
local CALL_HEAD = 'a:4:{s:2:"op";s:4:"call";s:2:"id";'

-- Number of values -> before .. number .. behind, up to eight kept from their first use on: the number's text costs as
-- much as two values do.
local function heads_by_count( before, behind )
	return setmetatable( {}, {
		__index = function ( known, count )
			local whole = before .. count .. behind
			if count <= 8 then
				known[count] = whole
			end
			return whole
		end,
	} )
end
local VALUES_HEADS = heads_by_count( RETURN_HEAD, ';s:6:"values";' )
for count = 0, 8 do -- there before a module has filled the memory
	local _ = VALUES_HEADS[count]
end

-- The three messages we send. Each raises an error (a string) where a value cannot be passed; see own_failure.
local encode = {}

-- Drops the values that a failed encoding still holds.
function encode.forget()
	buffer, seen_tables = nil, nil
end

-- A reply's values, in the order 1..n: PHP takes them by position when their number is nvalues.
function encode.values( count, ... )
	return encode_list( VALUES_HEADS, count, ... )
end

-- A call of the PHP function that has these heads, the number of arguments, and the arguments.
encode.call = encode_list

-- What calls of a PHP function begin with, whose id is as registered: a string, or whatever PHP gave.
function encode.call_heads( id )
	local head = CALL_HEAD .. ( type( id ) == 'number' and encode_number( id ) or encode_string( id ) ) .. 's:5:"nargs";i:'
	return heads_by_count( head, ';s:4:"args";' )
end

-- An error reply; trace and log are left out where they are nil.
function encode.failure( value, trace, log )
	local members = 2 + ( trace and 1 or 0 ) + ( log and 1 or 0 )
	buffer, seen_tables = { 'a:' .. members .. ':{s:2:"op";s:5:"error";s:5:"value";' }, {}
	local n = encode_value( value, 1, 2 )
	if trace then
		n = n + 1
		buffer[n] = 's:5:"trace";'
		n = encode_value( trace, n, 2 )
	end
	if log then
		n = n + 1
		buffer[n] = 's:3:"log";'
		n = encode_value( log, n, 2 )
	end
	buffer[n + 1] = '}'
	return finish( n + 1 )
end

return encode, own_failure
