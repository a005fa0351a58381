-- The responder inside its host's process (responder/inner.py): the host calls in where it would send a message, and is
-- called where Lua would.
--
-- Arguments: what delivery.lua calls; what dispatch.lua returns last; see memory.lua, snapshot.lua, cpu_watch.lua; and two
-- callables of Python's. tick() sees the host's signals, and gives the reason for which the module that runs has to end,
-- or nil; report( text ) takes where that was.
-- Returns a function that begins (limit: see memory.set_limit) and returns seven: answer() takes the message that
-- pipes.receive() gives, and returns the reply, or nil; keep(), keep_more() and restore(), see snapshot.lua; sethook, which
-- without arguments ends the looks; raised() gives what a handler raised.

local pipes, answering, memory, keep, keep_more, restore, tick, report, stack_of, next_look = ...
local error, pcall, type, sethook, clock = error, pcall, type, debug.sethook, os.clock
local create, resume = coroutine.create, coroutine.resume
local gcinfo, randomseed = gcinfo, math.randomseed

-- A coroutine has a hook of its own, and modules make none. Where their time is over, each instruction raises the error
-- again: a module that catches it does not go on.
local every, last, told = 1000, 0, false

-- Python handles its signals where Lua calls it, before its own first line. What a handler raises there, as for Ctrl-C,
-- goes back to the host when Lua has ended; no module sees it.
local raised
function pipes.failed( err )
	raised = raised or err
end

local function tell( reason )
	report( stack_of( 'luaproc: ' .. reason, 5 ) ) -- below stack_of, this function, pcall and look
end

-- Where C's stack is full, or memory, Python cannot be asked. A loop there is no excuse: the error leads to where it can.
local PYTHON_FAILED = 'error during Python call' -- see delivery.lua
local MISSES = 20
local misses = 0

local function look()
	local ok, reason = pcall( tick )
	local is_lost = not ok and type( reason ) == 'string' and reason ~= PYTHON_FAILED
	misses = is_lost and misses + 1 or 0
	if not ok and not is_lost then
		pipes.failed( reason )
	end
	if raised then
		sethook( look, '', 1 )
		error( 'interrupted', 0 )
	elseif ok and reason then
		sethook( look, '', 1 )
		if not told then
			told = true
			pcall( tell, reason )
		end
		error( reason, 0 )
	elseif misses > MISSES then
		error( reason, 0 )
	end
	local now = clock()
	local coming = next_look( every, now - last )
	last = now
	if coming ~= every then
		every = coming
		sethook( look, '', every )
	end
end

-- Lua 5.1 allows 200 calls of C's in one another, and each message that comes while another is answered takes three of
-- them. In a coroutine of its own it takes one. MediaWiki ends a page at 100 levels.
local DIRECTLY = 20
local depth = 0

local function answer()
	depth = depth + 1
	local ok, reply = true, nil
	if depth <= DIRECTLY then
		reply = answering.answer()
	else
		local thread = create( answering.answer )
		sethook( thread, look, '', every )
		ok, reply = resume( thread )
	end
	depth = depth - 1
	if not ok then
		error( reply, 0 )
	end
	return not raised and reply or nil
end

-- What a page view leaves is garbage, which counts as memory in use to the next one until it is collected.
local GARBAGE_KB = 4096
local kept_kb = 0

local function begin_anew()
	answering.forget()
	randomseed( 1 ) -- as C begins; mw.lua does so for each #invoke, not for what runs besides
	local ok, in_order = pcall( restore )
	if gcinfo() > kept_kb + GARBAGE_KB then
		memory.collect()
		kept_kb = gcinfo()
	end
	return ok and in_order and not raised
end

return function ( limit )
	memory.set_limit( limit )
	sethook( look, '', every )
	return answer, keep, keep_more, begin_anew, sethook, look, function ()
		return raised
	end
end
