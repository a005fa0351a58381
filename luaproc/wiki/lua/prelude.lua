-- A moment and a seed that stay: what os.time, os.date and math.randomseed then do. Arguments: the Unix time, or nil;
-- the seed, or nil. Runs before mw.lua, which wraps these functions again, and which seeds with 1 before each #invoke.
local now, seed = ...
local time, date, randomseed = os.time, os.date, math.randomseed
if now then
	function os.time( table )
		if table == nil then
			return now
		end
		return time( table )
	end
	function os.date( format, moment )
		return date( format or '%c', moment or now )
	end
end
if seed then
	function math.randomseed( number )
		return randomseed( number == 1 and seed or number )
	end
end
