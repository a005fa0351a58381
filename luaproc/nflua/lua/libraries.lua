-- What scripts see: the environment, made of the standard libraries without what reaches files, processes, other states
-- or the server. Arguments: the table to fill, which has pcall, xpcall and coroutine already; a number to seed math.random
-- with; and what takes instructions from a call for what C does. The locals' names are those that Lua reports a bad argument
-- under.

local environment, seed, charge = ...
local error, getmetatable, next, rawget, tonumber, type = error, getmetatable, next, rawget, tonumber, type
local collectgarbage, getfenv, load, loadstring, select = collectgarbage, getfenv, load, loadstring, select
local setfenv, setmetatable, unpack = setfenv, setmetatable, unpack
local byte, concat, floor, max, min, time = string.byte, table.concat, math.floor, math.max, math.min, os.time
local globals = _G
local is_luajit, is_puc51 = jit ~= nil, not jit and setfenv ~= nil

local BASE = {
	"assert", "error", "getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "rawset", "select",
	"setmetatable", "tonumber", "tostring", "type", "_VERSION",
}
for _, name in next, BASE do
	environment[name] = globals[name]
end
-- `string` is the table that strings index. bit32 is there where the library was built with it.
for _, library in next, { "string", "table", "math", "utf8", "bit32" } do
	environment[library] = globals[library]
end
environment._G = environment
environment.string.dump = nil

-- 1. Chunks: text only, in the environment.

local function pieces(reader)
	local list = {}
	while true do
		local piece = reader()
		if piece == nil or piece == "" then
			return concat(list)
		elseif type(piece) ~= "string" then
			error("reader function must return a string", 0)
		end
		list[#list + 1] = piece
	end
end

local function compile(text, name, chunk_environment)
	if byte(text) == 27 then
		return nil, "attempt to load a binary chunk (mode is 't')"
	elseif not setfenv then
		return load(text, name, "t", chunk_environment)
	end
	local chunk, message = loadstring(text, name)
	if chunk then
		setfenv(chunk, chunk_environment)
	end
	return chunk, message
end

-- A reader is called here and not from C: LuaJIT's load would swallow the error of a limit.
function environment.load(chunk, ...)
	local name, _, given = ...
	local chunk_environment = environment
	if select("#", ...) >= 3 then
		chunk_environment = given
	end
	if type(chunk) == "string" then
		return compile(chunk, name == nil and chunk or name, chunk_environment)
	elseif type(chunk) ~= "function" then
		error("bad argument #1 to 'load' (function expected, got " .. type(chunk) .. ")", 2)
	end
	return compile(pieces(chunk), name == nil and "=(load)" or name, chunk_environment)
end

-- To hand over thousands of values is one instruction of Lua's, and 300 us of C's: each pays for itself.
local table_unpack = environment.table.unpack
if table_unpack then
	function environment.table.unpack(list, from, to)
		local last = to
		if to == nil and type(list) == "table" then
			last = #list
		end
		local first, number = tonumber(from == nil and 1 or from), tonumber(last)
		if first and number and number > first then
			charge(min(number - first, 2 ^ 20))
		end
		return table_unpack(list, from, last)
	end
end

if setfenv then
	environment.loadstring = environment.load
	environment.unpack = unpack

	-- Lua 5.1 crashes on unpack({}, -2^31, 2^31 - 1), and on bounds that are no numbers to compare.
	local abs = math.abs
	function environment.unpack(list, from, to)
		local first, last = tonumber(from == nil and 1 or from), tonumber(to == nil and #list or to)
		if first and last and not (abs(first) < 2 ^ 31 and abs(last) < 2 ^ 31 and last - first < 8000) then
			error("too many results to unpack", 2)
		elseif first and last then
			charge(max(last - first, 0))
		end
		return unpack(list, from, to)
	end

	-- Level 0 and C functions have Lua's own globals, which are no script's business: the environment in their place. Level 0,
	-- which C also reads in "0" and in 2^32, would give lupa a traceback function of the script's, outside of all limits.
	local function level_of(of, name)
		local level = tonumber(of)
		if not level or level % 1 ~= 0 or level < 0 or level > 2 ^ 20 then
			error("bad argument #1 to '" .. name .. "' (a function or a level expected)", 3)
		end
		return level
	end

	function environment.getfenv(of)
		if type(of) ~= "function" then
			of = level_of(of == nil and 1 or of, "getfenv") + 1
			if of == 1 then
				return environment
			end
		end
		local found = getfenv(of)
		return found == globals and environment or found
	end

	function environment.setfenv(of, to)
		if type(of) ~= "function" then
			of = level_of(of, "setfenv") + 1
			if of == 1 then
				error("'setfenv' cannot change the environment of a state", 2)
			end
		end
		return setfenv(of, to)
	end
end

-- 2. Finalizers run with hooks off, so a script makes none. Lua 5.1 and LuaJIT know them for userdata only.

if not setfenv then
	function environment.setmetatable(value, metatable)
		if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
			error("a state's tables have no finalizers (__gc)", 2)
		end
		return setmetatable(value, metatable)
	end
end

-- As in NFLua's own Lua, the count is in bytes. A collection is of C's, and takes as long as memory is large: an instruction pays for 8 bytes.
-- With settings out of these bounds there is one at each allocation, or none.
local SETTINGS = { setpause = { 100, 400 }, setstepmul = { 100, 1000 } }

function environment.collectgarbage(option, value)
	local bounds = SETTINGS[option]
	if option == "count" then
		return floor(collectgarbage("count") * 1024)
	elseif option == nil or option == "collect" or option == "step" then
		charge(100 + collectgarbage("count") * 128)
		return collectgarbage(option or "collect")
	elseif bounds then
		local number = tonumber(value)
		return collectgarbage(option, max(bounds[1], min(number == number and number or bounds[1], bounds[2])))
	end
	return collectgarbage(option)
end

-- 3. PUC's patterns recurse in C, an item a level (Lua 5.3 stops at 200), and LuaJIT's gsub takes 8 kB of C's stack a level.

local MAX_PATTERN = 20000
local string = environment.string
if is_puc51 then
	for _, name in next, { "find", "match", "gmatch", "gfind", "gsub" } do
		local original = string[name]
		string[name] = function(text, pattern, ...)
			if (type(pattern) == "string" or type(pattern) == "number") and #(pattern .. "") > MAX_PATTERN then
				error("pattern too complex", 2)
			end
			return original(text, pattern, ...)
		end
	end
elseif is_luajit then
	local MAX_GSUBS = 40
	local gsub, getinfo = string.gsub, debug.getinfo
	function string.gsub(text, pattern, replacement, count)
		if type(replacement) ~= "string" and getinfo(2 * MAX_GSUBS, "l") then
			local level, found = 2, 0
			local info = getinfo(level, "f")
			while info do
				found = info.func == gsub and found + 1 or found
				level = level + 1
				info = getinfo(level, "f")
			end
			if found >= MAX_GSUBS then
				error("C stack overflow", 2)
			end
		end
		return gsub(text, pattern, replacement, count)
	end
end

-- 4. C's random numbers are one sequence for the process: a state could tell what others draw. So each has its own
-- (Lehmer's generator, as Park and Miller chose its numbers).

local function draw()
	seed = seed * 16807 % 2147483647
	return (seed - 1) / 2147483646
end

function environment.math.randomseed(given)
	seed = floor(tonumber(given) or 0) % 2147483646 + 1
	draw()
end

function environment.math.random(from, to)
	if from == nil then
		return draw()
	end
	local first, last = tonumber(from), tonumber(to)
	if to == nil then
		first, last = 1, first
	end
	if not first or not last or first % 1 ~= 0 or last % 1 ~= 0 then
		error("bad argument #1 to 'random' (whole numbers expected)", 2)
	elseif first > last then
		error("bad argument #" .. (to == nil and 1 or 2) .. " to 'random' (interval is empty)", 2)
	end
	return floor(first + draw() * (last - first + 1))
end
environment.math.randomseed(seed)

-- 5. os: the time, without an argument in seconds and, second, nanoseconds, as scripts for NFLua's timers expect.

return function(now)
	environment.os = {
		time = function(...)
			if select("#", ...) > 0 then
				return time(...)
			end
			return now()
		end,
	}
	-- 6. require: what is loaded already, and package.preload. No files.
	local loaded, preload = {}, {}
	environment.package = { loaded = loaded, preload = preload }
	for _, name in next, { "string", "table", "math", "utf8", "bit32", "coroutine", "os", "package", "_G" } do
		loaded[name] = environment[name]
	end
	function environment.require(name)
		if type(name) ~= "string" then
			error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2)
		end
		local found = loaded[name]
		if found == nil then
			local loader = preload[name]
			if type(loader) ~= "function" then
				error("module '" .. name .. "' not found: states load no files", 2)
			end
			local made = loader(name)
			if made ~= nil then
				loaded[name] = made
			elseif loaded[name] == nil then
				loaded[name] = true
			end
			found = loaded[name]
		end
		return found
	end
	return compile
end
