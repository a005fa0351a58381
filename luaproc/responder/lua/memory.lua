-- Lua's half of the memory policy: when garbage is collected, and above which use of memory the dispatcher asks for room.
-- Python's half, responder/memory.py, owns the reserve, Lua's limit and the state; its head has the table of states.
--
-- reserve.spend() frees the ballast and raises Lua's limit by its size; reserve.restore() takes both back.
-- reserve.spend_if_full() spends where memory is nearly full, reserve.is_full() tells it.
-- Touches nothing of the modules.

local reserve = ...
local collectgarbage, pcall, max, huge = collectgarbage, pcall, math.max, math.huge

if jit then
	-- LuaJIT's compiled code may run out of memory where a trace ends, which may be outside of our pcalls.
	jit.off( true, true )
end

local memory = {
	NO_MEMORY = 'not enough memory', -- Lua's text, which PHP knows
	-- KB of Lua's memory up to which neither Lua nor the process can be full: a block of malloc's is at most twice as large
	-- as what Lua counts for it. Up to there the dispatcher does not ask Python.
	check_above_kb = huge,
	restore = reserve.restore,
	spend_if_full = reserve.spend_if_full,
}

-- Lua's limit; where garbage is collected before a module runs; what was alive after the last such collection. All in KB.
local limit_kb, collect_above_kb, kb_after_last_gc = huge, huge, 0

-- limit: of Lua's memory, bytes, 0 for none. pause: of the collector, per cent (see responder/memory.py, collector_pause).
function memory.set_limit( limit, pause )
	if limit > 0 then
		limit_kb = limit / 1024
		memory.check_above_kb, collect_above_kb = limit_kb / 2, limit_kb * 0.75
	end
	collectgarbage( 'setpause', pause )
end

-- A whole collection, here and nowhere else. Never raises; returns whether the collector came to its end. (The collector
-- runs out of memory itself where it shrinks the table of strings, and does not begin where C's stack is full.)
local function collect()
	return ( pcall( collectgarbage ) )
end
memory.collect = collect

-- Never raises: where Python lacks the memory to be called, the reserve stays as it is.
function memory.spend()
	pcall( reserve.spend )
end

-- Before a module runs: collects what earlier modules left, since Lua's own collector would let memory fill up with it.
-- Not at every call: memory has to have grown since the last time.
function memory.make_room()
	local used = collectgarbage( 'count' )
	if used > collect_above_kb
		or used > memory.check_above_kb and used > kb_after_last_gc * 1.25 and reserve.is_full()
	then
		collect()
		kb_after_last_gc = collectgarbage( 'count' )
		collect_above_kb = max( limit_kb * 0.75, ( kb_after_last_gc + limit_kb ) / 2 )
	end
end

return memory
