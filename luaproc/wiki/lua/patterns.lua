-- mw.ustring's find, match, gmatch and gsub with the manners of PHP's: a wiki with LuaStandalone asks PHP for these
-- four. A pattern is judged whole before it is tried, its faults have PHP's words and no position, and no match is one
-- nil. Runs behind mw.ustring.lua, with the line in it from which gmatch asks.
local gmatch_line = ...
local ustring = mw.ustring
local byte, find, match, gmatch, gsub = string.byte, string.find, string.match, string.gmatch, string.gsub
local error, select, type = error, select, type
local KEPT = 500 -- patterns that were found good

local function characters( text )
	local list, count = {}, 0
	for character in string.gmatch( text, '[%z\1-\127\192-\255][\128-\191]*' ) do
		count = count + 1
		list[count] = character
	end
	return list, count
end

-- The place of the bracket that closes a set, and what is wrong with it.
local function set_end( list, count, start )
	local place = start + 1
	if list[place] == '^' then
		place = place + 1
	end
	local first = place
	while place <= count and ( place == first or list[place] ~= ']' ) do
		if list[place] == '%' then
			place = place + 1
		elseif place + 2 <= count and list[place + 1] == '-' and list[place + 2] ~= ']' and list[place + 2] ~= '%' then
			place = place + 2
		end
		place = place + 1
	end
	if place > count then
		return place, 'Missing close-bracket for character set beginning at pattern character ' .. start
	end
	return place
end

-- What is wrong with a pattern, in PHP's words; nil for one that is good.
local function fault( pattern )
	local list, count = characters( pattern )
	local captures, open, begun = 0, {}, {}
	local place = 1
	while place <= count do
		local start, character = place, list[place]
		local quantified = false
		if character == '(' then
			if place == count then
				return 'Unmatched open-paren at pattern character ' .. start
			end
			captures = captures + 1
			open[#open + 1] = captures
			begun[captures] = start
		elseif character == ')' then
			if #open == 0 then
				return 'Unmatched close-paren at pattern character ' .. start
			end
			open[#open] = nil
		elseif character == '%' then
			place = place + 1
			local class = list[place]
			if class == nil then
				return "malformed pattern (ends with '%')"
			elseif class == 'b' then
				if place + 2 > count then
					return "malformed pattern (missing arguments to \\'%b\\')"
				end
				place = place + 2
			elseif class == 'f' then
				if list[place + 1] ~= '[' then
					return "missing '[' after %f in pattern at pattern character " .. start
				end
				local wrong
				place, wrong = set_end( list, count, place + 1 )
				if wrong then
					return wrong
				end
			elseif find( class, '^%d$' ) then
				local number = byte( class ) - 48
				local good = number > 0 and number <= captures
				for index = 1, #open do
					good = good and open[index] ~= number
				end
				if not good then
					return 'invalid capture index %' .. number .. ' at pattern character ' .. start
				end
			else
				quantified = true
			end
		elseif character == '[' then
			local wrong
			place, wrong = set_end( list, count, place )
			if wrong then
				return wrong
			end
			quantified = true
		elseif character == ']' then
			return 'Unmatched close-bracket at pattern character ' .. start
		elseif character == '^' then
			quantified = start > 1
		elseif character == '$' then
			quantified = start < count
		else
			quantified = true
		end
		if quantified and list[place + 1] and find( list[place + 1], '^[*+?-]$' ) then
			place = place + 1
		end
		place = place + 1
	end
	if #open > 0 then
		return 'Unclosed capture beginning at pattern character ' .. begun[open[1]]
	end
end

-- What string's own functions find in a text of ASCII is the same, where a pattern has nothing but these: classes and
-- escapes (one sign here, \1), signs that mean themselves, sets of both and of ranges, all with or without a
-- quantifier; captures, and an anchor at either end. There a character is a byte, and each class has the same signs.
local ESCAPED, CLASS = '%%[][()%%.+*?^$-]', '%%[acdlsuwxACDLSUWX]'
local SIGN, IN_SET = '[\1%w%s_,;:!"\'#&/<=>@`{|}~.]', '^[\1%w%s_,;:!"\'#&/<=>@`{|}~().*+?$]+$'
local function set( members )
	return find( gsub( members, '%w%-%w', 'a' ), IN_SET ) and '\1' or '%'
end

-- 'once' for such a pattern that matches something wherever it matches, or only at the start: of matches of nothing
-- the two make different numbers. 'same' for another such pattern, true for all others.
local function kind_of( pattern )
	if #pattern > 200 or find( pattern, '[%z\1\128-\255]' ) or find( pattern, '%$', 1, true ) then
		return true
	end
	local rest = gsub( gsub( pattern, ESCAPED, '\1' ), CLASS, '\1' )
	rest = gsub( gsub( gsub( rest, '^%^', '' ), '%$$', '' ), '%[%^?([^][]+)%]', set )
	local brackets, signs = gsub( rest, SIGN .. '[*+?-]?', '' )
	if signs == 0 or not find( brackets, '^[()]*$' ) then
		return true
	end
	return ( find( pattern, '^%^' ) or not find( pattern, '[*?-]' ) ) and 'once' or 'same'
end

local function is_ascii( text )
	return type( text ) == 'string' and #text < 100000 and #text <= ustring.maxStringLength
		and not find( text, '[\128-\255]' )
end

-- Whether a pattern is as mw.text.trim makes it, of signs of ASCII: what such a pattern takes off ends at characters,
-- not inside of one, whatever stands between. Other patterns that have a dot may not be tried on bytes.
local function is_trim( pattern )
	local left, right = match( pattern, '^%^%[([^][^]+)%]%*%(%.%-%)%[([^][^]+)%]%*%$$' )
	return left ~= nil and set( left ) == '\1' and set( right ) == '\1'
end

-- Whether a text is certainly UTF-8, of characters of up to three bytes; where not, it may be UTF-8 all the same.
local function is_utf8( text )
	if type( text ) ~= 'string' or #text >= 100000 or #text > ustring.maxStringLength then
		return false
	end
	local rest = gsub( text, '[\225-\236\238\239][\128-\191][\128-\191]', 'a' )
	return not find( gsub( rest, '[\194-\223][\128-\191]', 'a' ), '[\128-\255]' )
end

local good, known = {}, 0 -- good patterns -> kind_of
local trimming = {} -- those that is_trim knows -> true

local function is_short( pattern, text )
	return ( good[pattern] == 'once' or good[pattern] == 'same' ) and is_ascii( text )
end

-- Whether a text may be searched from there as string's functions do.
local function is_place( start, text )
	return start == nil or start >= 1 and start <= #text + 1 and start % 1 == 0
end

-- where: the position in front of what is wrong with the pattern. plain: it is no pattern, but a text.
local function check( name, text, pattern, where, plain )
	local kind = type( text )
	if kind ~= 'string' and kind ~= 'number' then
		error( "bad argument #1 to '" .. name .. "' (string expected, got " .. kind .. ')', 0 )
	end
	kind = type( pattern )
	if kind == 'number' then
		pattern = pattern .. ''
	elseif kind ~= 'string' then
		error( "bad argument #2 to '" .. name .. "' (string expected, got " .. kind .. ')', 0 )
	end
	if plain or good[pattern] then
		return
	end
	local wrong
	if not ustring.isutf8( pattern ) then
		wrong = "bad argument #2 to '" .. name .. "' (string is not UTF-8)"
	elseif #pattern > ustring.maxPatternLength then
		wrong = "bad argument #2 to '" .. name .. "' (pattern is longer than " .. ustring.maxPatternLength .. ' bytes)'
	else
		wrong = fault( pattern )
	end
	if wrong then
		error( where .. wrong, 0 )
	end
	if known >= KEPT then
		good, trimming, known = {}, {}, 0
	end
	good[pattern] = kind_of( pattern )
	trimming[pattern] = is_trim( pattern ) or nil
	known = known + 1
end

local function check_start( name, start )
	if start ~= nil and type( start ) ~= 'number' then
		error( "bad argument #3 to '" .. name .. "' (number expected, got " .. type( start ) .. ')', 0 )
	end
end

local function results( ... )
	if select( '#', ... ) == 0 then
		return nil
	end
	return ...
end

local plain_find, plain_match, plain_gmatch, plain_gsub = ustring.find, ustring.match, ustring.gmatch, ustring.gsub

function ustring.find( ... )
	if select( '#', ... ) < 2 then
		error( 'too few arguments to mw.ustring.find', 2 )
	end
	local text, pattern, start, plain = ...
	check( 'find', text, pattern, '', plain )
	check_start( 'find', start )
	if plain == true then
		if is_ascii( text ) and is_ascii( pattern ) and is_place( start, text ) then
			return results( find( text, pattern, start, true ) )
		end
	elseif not plain and is_short( pattern, text ) and is_place( start, text ) then
		return results( find( text, pattern, start ) )
	end
	return results( plain_find( ... ) )
end

function ustring.match( ... )
	if select( '#', ... ) < 2 then
		error( 'too few arguments to mw.ustring.match', 2 )
	end
	local text, pattern, start = ...
	check( 'match', text, pattern, '' )
	check_start( 'match', start )
	if is_short( pattern, text ) and is_place( start, text ) then
		return results( match( text, pattern, start ) )
	end
	return results( plain_match( ... ) )
end

function ustring.gmatch( text, pattern )
	if type( text ) == 'string' and type( pattern ) == 'string' then
		check( 'gmatch', text, pattern, 'mw.ustring.lua:' .. gmatch_line .. ': ' )
		if good[pattern] == 'once' and not find( pattern, '^%^' ) and is_ascii( text ) then
			return gmatch( text, pattern )
		end
	end
	return plain_gmatch( text, pattern )
end

-- A percent sign before anything but a digit or another one stands for itself.
local function whole( replacement )
	if type( replacement ) == 'string' and find( replacement, '%', 1, true ) then
		return ( gsub( replacement, '%%(.?)', function ( following )
			return find( following, '^[%d%%]' ) and '%' .. following or '%%' .. following
		end ) )
	end
	return replacement
end

function ustring.gsub( ... )
	local count = select( '#', ... )
	if count < 3 then
		error( 'too few arguments to mw.ustring.gsub', 2 )
	end
	local text, pattern, replacement, most = ...
	check( 'gsub', text, pattern, '' )
	if most == nil and type( replacement ) == 'string'
		and not find( gsub( replacement, '%%[01]', '' ), '%', 1, true )
		and ( good[pattern] == 'once' and is_ascii( text ) or trimming[pattern] and is_utf8( text ) )
	then
		return gsub( text, pattern, replacement )
	end
	return plain_gsub( text, pattern, whole( replacement ), most )
end
