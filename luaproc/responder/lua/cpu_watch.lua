-- Where the CPU time went: shortly before the process dies of SIGXCPU, the Lua stack of that moment goes to stderr,
-- which Scribunto's errorFile keeps. A count hook looks at the clock: every 100,000 instructions cost 0.7 % on
-- Lua-heavy work (20,000 cost 1.7 %, a million 0.1 %). LuaJIT runs no hooks in compiled code, so there it is not set.
--
-- The kernel counts CPU time for SIGXCPU by its ticks, os.clock to the nanosecond; on a busy machine the two differed by
-- 1.1 s in 7. So the hook asks for the kernel's count (responder/limits.py, cpu_clock) from half the limit on.
--
-- Returns a function that watches a coroutine. Touches nothing of the modules.

local limit, left_ms, report = ... -- seconds of CPU time, the kernel's count down to SIGXCPU, and who writes to stderr
local clock, pcall, sethook, getinfo = os.clock, pcall, debug.sethook, debug.getinfo
local format, gsub, sub, concat, floor = string.format, string.gsub, string.sub, table.concat, math.floor
local max, min = math.max, math.min

local MARGIN, CLOSE = 150, 300 -- milliseconds that are left when the stack is told; and when each call is looked at
local NEAR = limit / 2 -- seconds of os.clock before which the kernel is not asked
local LEVELS = 30

-- Instructions from look to look. A loop of long C calls executes few: where a look took long to come, the next comes
-- sooner, and the other way round.
local FEWEST, MOST = 100, 100000
local SOON, LATE = 0.005, 0.02 -- seconds

-- Names are the module's to choose: no line end and no escape of a terminal may come by them, and no megabytes.
local function plain( text )
	return ( gsub( sub( text, 1, 100 ), '[%c]', '?' ) )
end

local function tell( left )
	local used = limit - left / 1000
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

local every, last = 1000, 0

local function look()
	local now = clock()
	local took = now - last
	last = now
	if now >= NEAR then
		-- An error of this hook, for lack of memory or stack, must not reach the module.
		local ok, left = pcall( left_ms )
		if ok and left <= MARGIN then
			sethook()
			pcall( tell, left )
			return
		elseif ok and left <= CLOSE then
			sethook( look, 'c', FEWEST )
			return
		end
	end
	if took > LATE and every > FEWEST then
		every = max( FEWEST, floor( every * SOON / took ) )
		sethook( look, '', every )
	elseif took < SOON and every < MOST then
		every = min( MOST, every * 4 )
		sethook( look, '', every )
	end
end

return function ( thread )
	if limit > 0 and not jit then
		sethook( thread, look, '', every )
	end
end
