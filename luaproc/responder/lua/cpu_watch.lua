-- Where the CPU time went: shortly before the process dies of SIGXCPU, the Lua stack of that moment goes to stderr,
-- which Scribunto's errorFile keeps. A count hook looks at the clock: every 100,000 instructions cost 0.7 % on
-- Lua-heavy work (20,000 cost 1.7 %, a million 0.1 %). A loop of long C calls may pass the margin unseen, and then
-- there is no trace. LuaJIT runs no hooks in compiled code, so there it is not set.
--
-- Returns a function that watches a coroutine. Touches nothing of the modules.

local limit, report = ... -- seconds of CPU time, and who writes to stderr
local clock, pcall, sethook, getinfo = os.clock, pcall, debug.sethook, debug.getinfo
local format, gsub, sub, concat = string.format, string.gsub, string.sub, table.concat

local EVERY = 100000 -- instructions
local MARGIN = 0.15 -- seconds before the limit; the kernel looks every few milliseconds
local LEVELS = 30

-- Names are the module's to choose: no line end and no escape of a terminal may come by them, and no megabytes.
local function plain( text )
	return ( gsub( sub( text, 1, 100 ), '[%c]', '?' ) )
end

local function tell( used )
	local lines = { format( 'luaproc: %.2f of %d seconds of CPU time are used up\nstack traceback:', used, limit ) }
	for level = 4, 3 + LEVELS do -- below this function, pcall and look
		local info = getinfo( level, 'Snl' )
		if not info then
			break
		end
		local place = plain( info.short_src )
		if sub( place, 1, 8 ) ~= 'luaproc/' then
			local line = info.currentline > 0 and info.currentline .. ':' or ''
			local named = info.name and info.name ~= '' and "in function '" .. plain( info.name ) .. "'"
			lines[#lines + 1] = '\t' .. place .. ':' .. line .. ' ' .. ( named or info.what == 'main' and 'in main chunk' or '?' )
		end
	end
	report( concat( lines, '\n' ) )
end

local function look()
	local used = clock()
	if used >= limit - MARGIN then
		sethook()
		pcall( tell, used ) -- what fails in here must not reach the module
	end
end

return function ( thread )
	if limit > 0 and not jit then
		sethook( thread, look, '', EVERY )
	end
end
