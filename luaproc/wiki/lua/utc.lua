-- os.date and os.time in UTC, in a process whose time zone is another one. Runs before mw.lua, which wraps both again.
local date, time = os.date, os.time
local find, format, gsub, floor, tonumber, type = string.find, string.format, string.gsub, math.floor, tonumber, type

function os.date( wanted, moment )
	if wanted == nil then
		wanted = '%c'
	end
	if type( wanted ) == 'string' and not find( wanted, '^!' ) then
		-- The two that would tell another zone's name, or would be counted in it.
		wanted = '!' .. gsub( wanted, '%%(.)', function ( letter )
			return letter == 'Z' and 'UTC' or letter == 's' and format( '%d', moment or time() ) or nil
		end )
	end
	return date( wanted, moment )
end

local function whole( field, default )
	local number = tonumber( field ) or default
	return number < 0 and -floor( -number ) or floor( number )
end

function os.time( fields )
	if fields == nil then
		return time()
	end
	local found = time( fields ) -- whose errors are the right ones, but for the line
	if found == nil then
		return nil
	end
	local month = whole( fields.month ) - 1
	local year = whole( fields.year ) + floor( month / 12 )
	month = month % 12
	-- Years from March on have their odd day at their end.
	local march_year = month < 2 and year - 1 or year
	local day_of_year = floor( ( 153 * ( ( month + 10 ) % 12 ) + 2 ) / 5 ) + whole( fields.day ) - 1
	local days = 365 * march_year + floor( march_year / 4 ) - floor( march_year / 100 ) + floor( march_year / 400 )
		+ day_of_year - 719468
	return ( ( days * 24 + whole( fields.hour, 12 ) ) * 60 + whole( fields.min, 0 ) ) * 60 + whole( fields.sec, 0 )
end
