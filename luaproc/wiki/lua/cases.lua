-- Texts of ASCII in the content language change their case here, without a change of processes: modules change case all
-- the time, by mw.language and mw.ustring. Runs where mw_interface has the functions of mw.language.lua.
-- Argument: the content language's code. An i at the beginning is left to Python: in Turkic languages it keeps its dot.
local content = ...
local php = mw_interface
local find, lower, sub, type, upper = string.find, string.lower, string.sub, type, string.upper

local function first( change )
	return function ( text )
		return change( sub( text, 1, 1 ) ) .. sub( text, 2 )
	end
end

for name, change in next, { lc = lower, uc = upper, lcfirst = first( lower ), ucfirst = first( upper ) } do
	local original = php[name]
	php[name] = function ( code, text, ... )
		if code == content and type( text ) == 'string' and not find( text, '^[iI]' )
			and not find( text, '[\128-\255]' )
		then
			return change( text )
		end
		return original( code, text, ... )
	end
end
