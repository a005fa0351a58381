-- Puts the parts together and takes away what no module may find. Runs once; returns the function that serves for ever.
-- Arguments: source (part -> its text), the callables of server.lua's `wire`, then the settings.

local source, first, exchange, slice, again, plain, lost, lift, status, exit, die, report,
	cpu_limit, int_size, function_head, with_log = ...
local wire = {
	first = first, exchange = exchange, slice = slice, again = again, plain = plain, lost = lost, lift = lift,
	status = status, exit = exit, die = die,
}
local settings = { int_size = int_size, function_head = function_head, with_log = with_log }

-- LuaJIT's first error allocates thread-local data, and where memory is full then, glibc aborts. So it comes now.
pcall( error )

local function part( name )
	return assert( loadstring( source( name ), '=luaproc/' .. name .. '.lua' ) )
end

local environment, protected_functions = part 'environment' ( part 'names' (), _G )
local serve = part 'server' ( wire, environment, protected_functions, part 'codec', part 'trace', settings )

part 'watch' ( cpu_limit, report )

-- Every part has what it needs in locals. What is left of the globals would be a way out if anything leaked: lupa's
-- `python` (also package.loaded.python), io, os, debug, package, ffi.
local loaded, globals, next = package.loaded, _G, next
for name in next, loaded do
	loaded[name] = nil
end
for name in next, globals do
	globals[name] = nil
end

return serve
