-- Puts the parts together and takes away what no module may find. Runs once; returns the function that serves for ever,
-- or, with `host.`, what inner.lua returns.
-- Arguments: names and values by turns. A name has a group before its dot: `pipes.` (callables of Python's, see
-- delivery.lua and dispatch.lua; `report` writes a line to stderr), `reserve.` (callables of Python's, see memory.lua),
-- `settings.`, `records.` (a file's name in observers/ -> who writes what it finds into a file), `host.` (callables of the
-- host's, where it is in this process: see inner.lua), and `boot.` for what is needed here (boot.source: part -> its
-- text, or its function where that was compiled ahead).

local given = { pipes = {}, reserve = {}, settings = {}, records = {}, boot = {}, host = {} }
for i = 1, select( '#', ... ), 2 do
	local name, value = select( i, ... )
	local group, key = string.match( name, '^(%l+)%.([%l_]+)$' )
	given[group][key] = value
end
local pipes, settings, source = given.pipes, given.settings, given.boot.source

-- LuaJIT's first error allocates thread-local data, and where memory is full then, glibc aborts. So it comes now.
pcall( error )

-- A page's modules run for milliseconds: with LuaJIT's own 56 and 10 it compiles what will not run often enough to repay
-- it. A page of 40 blocks takes 0.88 of the time, one of 40 citations 0.93; pure Lua work of 15 ms 1.05.
if jit then
	jit.opt.start( 'hotloop=2000', 'hotexit=200' )
	if next( given.records ) then
		jit.off() -- compiled code calls no hook
	end
end

-- The C stack grows by the page, and where the address space is full then, the process dies of SIGSEGV. So it takes now
-- what modules and Python need later: 36 calls of gsub in one another, of 9 KB each. Of a smaller stack (`ulimit -s`) a
-- third, so that the process starts.
local levels, gsub = given.boot.stack_levels, string.gsub
local function deeper()
	levels = levels - 1
	if levels > 0 then
		gsub( 'x', 'x', deeper )
	end
end
deeper()

local function part( name )
	local found = source( name )
	return type( found ) == 'function' and found or assert( loadstring( found, '=luaproc/' .. name .. '.lua' ) )
end

local observers = { microseconds = pipes.cpu_microseconds }
for name, record in next, given.records do
	observers[name] = part( 'observers/' .. name )( record )
end
if observers.lines then
	local exit, flush, pcall = pipes.exit, observers.lines.flush, pcall
	function pipes.exit( status )
		pcall( flush )
		exit( status )
	end
end

local environment, protected_functions = part 'sandbox' ( part 'names' (), _G )
local memory = part 'memory' ( given.reserve, pipes.die )
local watch, stack_of, next_look = part 'cpu_watch' ( settings.cpu_limit, pipes.cpu_left, pipes.report, observers )
local begin, _, inner = part 'dispatch' (
	pipes, memory, part 'delivery', environment, protected_functions, part 'encode', part 'traceback', watch, settings
)
if given.host.tick then
	local keep, keep_more, restore = part 'snapshot' ( environment, inner.chunks )
	local host = given.host
	begin = part 'inner' ( pipes, inner, memory, keep, keep_more, restore, host.tick, host.report, stack_of, next_look )
end

-- Every part keeps its functions in locals. The globals are emptied, because a leaked table would lead to them: lupa's
-- `python` (also package.loaded.python), io, os, debug, package, ffi.
local loaded, globals, next = package.loaded, _G, next
for name in next, loaded do
	loaded[name] = nil
end
for name in next, globals do
	globals[name] = nil
end

return begin
