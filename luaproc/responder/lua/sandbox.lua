-- The modules' environment: the names of names.lua, with the wrappers that keep the responder safe.
-- Runs once, before any module. Takes every function it uses into locals: modules share `string` with us and may
-- overwrite any of it. The locals' names are part of the contract: Lua reports a bad argument under the name of the
-- local a C function was called by ("bad argument #1 to 'old_unpack'").

local names, old_G = ...
local error, getmetatable, type, next, rawequal, floor = error, getmetatable, type, next, rawequal, math.floor
local old_pairs, old_ipairs, old_unpack, old_tostring, old_clock = pairs, ipairs, unpack, tostring, os.clock
local old_setfenv, old_getfenv = setfenv, getfenv

-- Environments that getfenv must not show and setfenv must not replace, functions that setfenv must not touch.
local protected_environments = { [old_G] = true }
local protected_functions = setmetatable( {}, { __mode = 'k' } )

local replaced = { _G = {}, os = {} }
local globals = replaced._G

function globals.pairs( t )
	local mt = getmetatable( t )
	-- Three results and no tail call: a module's level 2 is its own line, and __pairs can give no fourth value.
	local f, s, var = ( mt and mt.__pairs or old_pairs )( t )
	return f, s, var
end

function globals.ipairs( t )
	local mt = getmetatable( t )
	local f, s, var = ( mt and mt.__ipairs or old_ipairs )( t )
	return f, s, var
end

-- No addresses: they would tell a module where things lie in memory, and change the page from view to view.
local shown_by_value = { number = true, string = true, boolean = true, ['nil'] = true }
function globals.tostring( value )
	local mt = getmetatable( value )
	if mt and mt.__tostring then
		return mt.__tostring( value )
	end
	local name = type( value )
	if shown_by_value[name] then
		rawequal( 0, 0 ) -- see the fast functions below
		return old_tostring( value )
	end
	return name
end

-- Lua 5.1 crashes on unpack( {}, -2^31, 2^31 - 1 ) and on NaN bounds: bounds are checked as the numbers they become.
-- The distance of the bounds that is refused is the reference server's (REL1_46), so that the error has its position; what
-- a stack really holds is less (MAX_RESULTS in dispatch.lua).
local MAX_DISTANCE, MAX_BOUND = 8000, 2 ^ 31 - 1
local abs = math.abs
function globals.unpack( t, i, j )
	if i == nil and j == nil and type( t ) == 'table' and #t <= MAX_DISTANCE then
		return old_unpack( t )
	elseif type( t ) == 'table' then
		local from, to = i, j
		if from == nil then
			from = 1
		end
		if to == nil then
			to = #t
		end
		-- "not <=" rather than ">": every comparison with NaN is false.
		if not ( abs( from ) <= MAX_BOUND and abs( to ) <= MAX_BOUND and to - from <= MAX_DISTANCE ) then
			error( 'too many results to unpack', 2 )
		end
	end
	return old_unpack( t, i, j )
end

-- 20 microseconds: too coarse to time another process's caches with.
function replaced.os.clock()
	return floor( old_clock() * 50000 + 0.5 ) / 50000
end

local function is_protected( env )
	return env == nil or protected_environments[env]
end

function globals.setfenv( func, env )
	local kind = type( func )
	if kind == 'number' then
		local level = floor( func )
		-- Written so that NaN is refused as well.
		if not ( level > 0 ) then
			error( "'setfenv' cannot set the global environment, it is protected", 2 )
		end
		if level > 10 then
			error( "'setfenv' cannot set an environment at a level greater than 10", 2 )
		end
		level = level + 1 -- this function is one more level
		if is_protected( old_getfenv( level ) ) then
			error( "'setfenv' cannot set the requested environment, it is protected", 2 )
		end
		func = old_setfenv( level, env )
	elseif kind == 'function' then
		if protected_functions[func] then
			error( "'setfenv' cannot be called on a protected function", 2 )
		end
		if is_protected( old_getfenv( func ) ) then
			error( "'setfenv' cannot set the requested environment, it is protected", 2 )
		end
		old_setfenv( func, env )
	else
		error( "'setfenv' can only be called with a function or integer as the first argument", 2 )
	end
	return func
end

function globals.getfenv( func )
	local env
	local kind = type( func )
	if kind == 'number' then
		if not ( func > 0 ) then
			error( "'getfenv' cannot get the global environment" )
		end
		env = old_getfenv( func + 1 )
	elseif kind == 'function' then
		env = old_getfenv( func )
	else
		error( "'getfenv' cannot get the global environment" )
	end
	if protected_environments[env] then
		return nil
	end
	return env
end

-- LuaJIT's gsub takes 8 kB of C's stack: recursion by way of its callback is a segmentation fault after 900 levels (PUC
-- Lua stops at 200). A call adds one level at most, so the stack is looked through once in MAX_GSUBS calls with a
-- callback, and only where it is deep. By tail call: error positions, levels and traces stay as they are.
if jit then
	local old_gsub, getinfo = old_G.string.gsub, debug.getinfo
	local MAX_GSUBS = 400
	local left = MAX_GSUBS

	local function count_gsubs()
		local count, level = 0, 1
		local info = getinfo( MAX_GSUBS, 'l' ) and getinfo( level, 'f' )
		while info do
			if info.func == old_gsub then
				count = count + 1
			end
			level = level + 1
			info = getinfo( level, 'f' )
		end
		return count
	end

	function old_G.string.gsub( ... )
		local _, _, replacement = ...
		if type( replacement ) ~= 'string' then
			left = left - 1
			if left <= 0 then
				left = MAX_GSUBS - count_gsubs()
				if left <= 0 then
					error( 'C stack overflow', 2 )
				end
			end
		end
		return old_gsub( ... )
	end
end

-- LuaJIT's fast functions do not say where the Lua stack ends: where one of them gets no memory for its result, LuaJIT
-- writes the error's text to where the last C function's stack ended, which may lie among the frames in use. From there
-- on the process dies of SIGSEGV. So each of those that make strings is called where a C function, on top of the stack,
-- has just returned. All arguments are passed on as they came, by tail call: what errors say of them stays the same.
if jit then
	for _, name in next, { 'char', 'lower', 'reverse', 'sub', 'upper' } do
		local fast = old_G.string[name]
		old_G.string[name] = function ( ... )
			rawequal( 0, 0 )
			return fast( ... )
		end
	end
end

-- `string` must stay the table that strings index; the other libraries are copies, so that what a module writes into
-- them never reaches a function of ours.
local environment = {}
for _, library in next, { 'debug', 'math', 'os', 'string', 'table' } do
	environment[library] = library == 'string' and old_G.string or {}
end
environment._G = environment
for library, list in next, names do
	local source = library == '_G' and old_G or old_G[library]
	local target = library == '_G' and environment or environment[library]
	local ours = replaced[library] or {}
	local allowed = {}
	for _, name in next, list do
		allowed[name] = true
		if target[name] == nil then
			target[name] = ours[name] or source[name]
		end
	end
	for name in next, target do
		if not allowed[name] then
			target[name] = nil
		end
	end
end

return environment, protected_functions
