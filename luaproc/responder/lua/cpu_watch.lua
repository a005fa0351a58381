-- Where the CPU time went: shortly before the process dies of SIGXCPU, the Lua stack of that moment goes to stderr,
-- which Scribunto's errorFile keeps. A count hook looks at the clock: every 100,000 instructions cost 0.7 % on
-- Lua-heavy work (20,000 cost 1.7 %, a million 0.1 %). LuaJIT runs no hooks in compiled code, so there it is not set.
--
-- The kernel counts CPU time for SIGXCPU by its ticks, os.clock to the nanosecond; on a busy machine the two differed by
-- 1.1 s in 7. So the hook asks for the kernel's count (responder/limits.py, cpu_clock) from half the limit on.
--
-- A coroutine has one hook. So this one also looks for `--profile` and `--coverage`, where they were asked for:
-- observers.samples is called at each look, which comes every millisecond then; observers.lines has the hook for lines.
--
-- Returns a function that watches a coroutine, and stack_of and next_look for inner.lua. Touches nothing of the modules.

-- Seconds of CPU time, the kernel's count down to SIGXCPU, who writes to stderr, and see boot.lua.
local limit, left_ms, report, observers = ...
local os_clock, clock, pcall, sethook, getinfo = os.clock, os.clock, pcall, debug.sethook, debug.getinfo
local format, gsub, sub, concat, floor = string.format, string.gsub, string.sub, table.concat, math.floor
local max, min = math.max, math.min

local MARGIN, CLOSE = 150, 300 -- milliseconds that are left when the stack is told; and when each call is looked at
local NEAR = limit > 0 and limit / 2 or math.huge -- seconds of os.clock before which the kernel is not asked
local LEVELS = 30

-- Instructions from look to look. A loop of long C calls executes few: where a look took long to come, the next comes
-- sooner, and the other way round.
local FEWEST, MOST = 100, 100000
local SOON, LATE = 0.005, 0.02 -- seconds
local sample, lines = observers.samples, observers.lines
if sample then
	FEWEST, MOST, SOON, LATE = 1000, 100000, 0.0005, 0.002
end
-- The process's CPU time has the grain of the kernel's tick (4 ms) while left_ms has its timer set; the thread's is exact.
local microseconds = observers.microseconds
if microseconds then
	function clock()
		local ok, now = pcall( microseconds )
		return ok and now / 1e6 or os_clock()
	end
end
local FLUSHED, FLUSHED_LATE = 0.25, 0.02 -- seconds after which counts of lines go to their file; and near the limit
local mask = lines and 'l' or ''

-- Names are the module's to choose: no line end and no escape of a terminal may come by them, and no megabytes.
local function plain( text )
	return ( gsub( sub( text, 1, 100 ), '[%c]', '?' ) )
end

-- A title, and below it the Lua stack from a level on, without what is ours.
local function stack_of( title, from )
	local lines = { title .. '\nstack traceback:' }
	for level = from, from + LEVELS - 1 do
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
	return concat( lines, '\n' )
end

local function tell( left )
	local title = format( 'luaproc: %.2f of %d seconds of CPU time are used up', limit - left / 1000, limit )
	report( stack_of( title, 5 ) ) -- below stack_of, this function, pcall and look
end

-- How many instructions come before the next look, where the last came after so many and took so many seconds.
local function next_look( every, took )
	if took > LATE and every > FEWEST then
		return max( FEWEST, floor( every * SOON / took ) )
	elseif took < SOON and every < MOST then
		return min( MOST, every * 4 )
	end
	return every
end

local every, last = 1000, 0
local hook
local told, flushed = false, 0

-- An error of this hook, for lack of memory or stack, must not reach the module.
local function observe( now, took )
	if sample then
		local ok, more = pcall( sample, took )
		if ok and not more then
			sample = nil
		end
	end
	if lines and now - flushed > ( told and FLUSHED_LATE or FLUSHED ) then
		flushed = now
		pcall( lines.flush )
	end
end

local function look()
	local now = clock()
	local took = now - last
	last = now
	if sample or lines then
		observe( now, took )
	end
	if now >= NEAR and not told then
		local ok, left = pcall( left_ms )
		if ok and left <= MARGIN then
			told = true
			sethook( hook, mask, ( sample or lines ) and every or 0 )
			pcall( tell, left )
			return
		elseif ok and left <= CLOSE then
			sethook( hook, mask .. 'c', FEWEST )
			return
		end
	end
	local coming = next_look( every, took )
	if coming ~= every then
		every = coming
		sethook( hook, mask, every )
	end
end

hook = lines and lines.hook_with( look ) or look

return function ( thread )
	if limit > 0 and not jit or sample or lines then
		last = clock()
		sethook( thread, hook, mask, every )
	end
end, stack_of, next_look
