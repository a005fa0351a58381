-- Lua's half of the memory policy: when garbage is collected, and above which use of memory the dispatcher asks for room.
-- Python's half, responder/memory.py, owns the reserve, Lua's limit and the state; its head has the table of states.
--
-- reserve.spend() frees the ballast and raises Lua's limit by its size; reserve.restore() takes both back.
-- reserve.lift() frees the ballast and takes Lua's limit away.
-- reserve.spend_if_full() spends where memory is nearly full, reserve.is_full() tells it.
-- die( reason ) ends the process. Touches nothing of the modules.

local reserve, die = ...
local collectgarbage, pcall, max, min, huge = collectgarbage, pcall, math.max, math.min, math.huge
local newproxy, getmetatable, gcinfo = newproxy, getmetatable, gcinfo

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

---- The collector's pace --------------------------------------------------------------------------------------------

-- Lua begins a collection where memory has grown by a pause, in per cent of what was alive after the last one, and does
-- it in steps between which memory grows on; and no Lua 5.1 collects when an allocation fails. With Lua's own pause of
-- 200 garbage counts as live data from half the limit on. So a collection is done in one step (a step multiplier of 0),
-- and the next comes the sooner, the less room there is: by the square of the room, so that a large allocation finds some.
local GROWTH = 2.5 -- of what is alive, where there is room: Lua's own pause of 200, with the steps in between, comes to that
local LEAST_GROWTH = 40 -- the 40th part of the limit: less would take more time than it is worth

local first = newproxy( true )
local armed = false

local function set_pace()
	local alive = collectgarbage( 'count' )
	local growth = max( ( limit_kb - alive ) ^ 2 / limit_kb, limit_kb / LEAST_GROWTH )
	collectgarbage( 'setpause', 100 + 100 * min( growth / alive, GROWTH ) )
end

-- A userdata that nothing refers to: each collection finalizes it before the next is due, so its finalizer sets the pace.
local function on_collection( proxy )
	armed = false
	if pcall( set_pace ) then
		armed = pcall( newproxy, proxy )
	end
end

-- Where there was no memory for the next userdata, a new one.
local function arm()
	if limit_kb < huge and not armed then
		armed = pcall( newproxy, first )
	end
end

-- limit: of Lua's memory, bytes, 0 for none.
function memory.set_limit( limit )
	if limit > 0 then
		limit_kb = limit / 1024
		memory.check_above_kb, collect_above_kb = limit_kb / 2, limit_kb * 0.75
		collectgarbage( 'setstepmul', 0 )
		getmetatable( first ).__gc = on_collection
		set_pace()
		arm()
	end
end

---- A collection ----------------------------------------------------------------------------------------------------

-- At the end of a sweep Lua shrinks the table of strings, if it is three quarters empty, into a new block. Where memory
-- is full of holes and there is none of that size, the collector raises `not enough memory`, and stays where it is: every
-- later step fails there, though nearly all may be garbage. Strings enough, and no shrinking is due. They are kept until
-- memory may look otherwise, in tables small enough for any hole.
local BATCH = 2000
local kept_strings, count_of_strings

local function keep_strings()
	for _ = 1, BATCH / 10 do
		local n = count_of_strings
		kept_strings = {
			kept_strings, 'luaproc' .. n, 'luaproc' .. n + 1, 'luaproc' .. n + 2, 'luaproc' .. n + 3, 'luaproc' .. n + 4,
			'luaproc' .. n + 5, 'luaproc' .. n + 6, 'luaproc' .. n + 7, 'luaproc' .. n + 8, 'luaproc' .. n + 9,
		}
		count_of_strings = n + 10
	end
end

-- What keeps a collection from its end is out of its way: Lua's limit and the reserve first, then an empty table.
local function collect_in_full_memory()
	reserve.lift()
	local ok = pcall( collectgarbage )
	if not ok then
		kept_strings, count_of_strings = nil, 0
		collectgarbage( 'stop' )
		repeat
			local kept = pcall( keep_strings )
			ok = pcall( collectgarbage )
		until ok or not kept
		pcall( keep_strings ) -- some more, for those that only this collection found alive
		collectgarbage( 'restart' )
	end
	reserve.restore()
	return ok
end

-- A whole collection, here and nowhere else. Never raises; returns whether the collector came to its end: it does not
-- begin where C's stack is full. What cannot be collected for lack of memory ends the process. Leaves the reserve held.
local function collect()
	local ok, reason = pcall( collectgarbage )
	if not ok and reason == memory.NO_MEMORY then
		ok, reason = pcall( collect_in_full_memory )
		if ok and not reason then
			pcall( die, 'not enough memory to collect garbage: raise Scribunto\'s memoryLimit, or --max-memory' )
		end
		return ok and reason
	end
	return ok
end
memory.collect = collect

-- Never raises: where Python lacks the memory to be called, the reserve stays as it is.
function memory.spend()
	pcall( reserve.spend )
end

-- Before a module runs: collects what earlier modules left, since Lua's own collector would let memory fill up with it.
-- Not at every call: memory has to have grown since the last time.
function memory.make_room()
	arm()
	if kept_strings then
		kept_strings = nil
		collect()
	end
	local used = gcinfo()
	if used > collect_above_kb
		or used > memory.check_above_kb and used > kb_after_last_gc * 1.25 and reserve.is_full()
	then
		collect()
		kb_after_last_gc = collectgarbage( 'count' )
		collect_above_kb = max( limit_kb * 0.75, ( kb_after_last_gc + limit_kb ) / 2 )
	end
end

return memory
