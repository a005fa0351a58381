-- The debug library of states that were created with the flag d: what looks at a script's own functions. Nothing of ours:
-- not the hook, not the functions that hold it, no C function below the script. Arguments: the environment, and whether
-- a value is a LuaData object.

local environment, is_data = ...
local error, getmetatable, next, rawget, type = error, getmetatable, next, rawget, type
local byte, find = string.byte, string.find
local setmetatable_checked = environment.setmetatable
local debug = debug
local getinfo, getlocal, getmetatable_raw = debug.getinfo, debug.getlocal, debug.getmetatable
local getupvalue, setlocal, setmetatable_raw = debug.getupvalue, debug.setlocal, debug.setmetatable
local setupvalue, traceback, upvalueid = debug.setupvalue, debug.traceback, debug.upvalueid

local OURS = getinfo(1, "S").source

-- Functions that a script may be shown because it has them already.
local public = {}
local function publish(library)
	for _, value in next, library do
		if type(value) == "function" then
			public[value] = true
		end
	end
end
for _, value in next, environment do
	if type(value) == "table" then
		publish(value)
	end
end
publish(environment)

-- In Lua 5.1 a lost tail call is a level as well, whose stack is that of the server's call.
local function is_theirs(info)
	return info and (info.what == "Lua" or info.what == "main") and info.source ~= OURS
end

local function must_be_theirs(func, name)
	if type(func) ~= "function" or not is_theirs(getinfo(func, "S")) then
		error("bad argument #1 to '" .. name .. "' (a Lua function of the script's expected)", 3)
	end
end

-- Lua takes a negative level, and one that is no whole number, for another than was looked at.
local function is_level(value)
	return type(value) == "number" and value >= 0 and value < 2 ^ 20 and value % 1 == 0
end

local library = {}

function library.traceback(...)
	return traceback(...)
end

-- In the form (thread, level or function, what) or (level or function, what).
function library.getinfo(...)
	local thread, of, what = ...
	if type(thread) ~= "thread" then
		thread, of, what = nil, ...
	end
	if what ~= nil and (type(what) ~= "string" or find(what, "[^nSlutfrL]")) then
		error("bad argument #2 to 'getinfo' (invalid option)", 2)
	end
	what = what or "nSluf"
	local info
	if thread then
		info = getinfo(thread, of, what)
	else
		if type(of) == "number" then
			of = is_level(of) and of + 1 or 2 ^ 20
		end
		info = getinfo(of, what)
	end
	if info and info.func and not public[info.func] and not is_theirs(getinfo(info.func, "S")) then
		info.func = nil
	end
	return info
end

-- Whether a level is a function of the script's. The level is that of the caller's caller here, so one is added for this
-- function and one for that.
local function frame(name, thread, level)
	if not is_level(level) then
		error("bad argument #1 to '" .. name .. "' (level expected)", 3)
	end
	local info
	if thread then
		info = getinfo(thread, level, "S")
	else
		info = getinfo(level + 2, "S")
	end
	if not info then
		error("bad argument #1 to '" .. name .. "' (level out of range)", 3)
	end
	return is_theirs(info)
end

-- Locals have names. What has none is refused: Lua trusts the type of a temporary value (a table that is being made, a
-- loop's count), so that to set one corrupts memory; and in a coroutine that an error ended, what our functions left on the
-- stack can be read as temporary values. Varargs have an index below 0, of which Lua 5.3 crashes on -2^31.
local function is_index(index)
	return type(index) == "number" and index >= -255 and index <= 255 and index % 1 == 0
end

local function is_named(name, index)
	return name ~= nil and (index < 0 or byte(name) ~= 40) -- "("
end

function library.getlocal(...)
	local thread, level, index = ...
	if type(thread) ~= "thread" then
		thread, level, index = nil, ...
	end
	if not is_index(index) then
		error("bad argument #2 to 'getlocal' (index from -255 to 255 expected)", 2)
	elseif type(level) == "function" then
		must_be_theirs(level, "getlocal")
		return getlocal(level, index)
	elseif not frame("getlocal", thread, level) then
		return nil
	end
	local name, value
	if thread then
		name, value = getlocal(thread, level, index)
	else
		name, value = getlocal(level + 1, index)
	end
	if is_named(name, index) then
		return name, value
	end
end

function library.setlocal(...)
	local thread, level, index, value = ...
	if type(thread) ~= "thread" then
		thread, level, index, value = nil, ...
	end
	if not is_index(index) then
		error("bad argument #2 to 'setlocal' (index from -255 to 255 expected)", 2)
	elseif not frame("setlocal", thread, level) then
		return nil
	end
	local name
	if thread then
		name = getlocal(thread, level, index)
		return is_named(name, index) and setlocal(thread, level, index, value) or nil
	end
	name = getlocal(level + 1, index)
	if is_named(name, index) then
		name = setlocal(level + 1, index, value)
		return name
	end
end

function library.getupvalue(func, index)
	must_be_theirs(func, "getupvalue")
	return getupvalue(func, index)
end

function library.setupvalue(func, index, value)
	must_be_theirs(func, "setupvalue")
	return setupvalue(func, index, value)
end

if upvalueid then
	function library.upvalueid(func, index)
		must_be_theirs(func, "upvalueid")
		return upvalueid(func, index)
	end
end

-- Tables and strings only: what hides its metatable is ours.
local function is_hidden(value)
	return is_data(value) or getmetatable(value) == "timer" or type(value) == "userdata"
end

function library.getmetatable(value)
	if value == nil or is_hidden(value) then
		return nil
	end
	return getmetatable_raw(value)
end

function library.setmetatable(value, metatable)
	if type(value) ~= "table" or is_hidden(value) then
		error("bad argument #1 to 'setmetatable' (a table of the script's expected)", 2)
	elseif type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
		error("a state's tables have no finalizers (__gc)", 2)
	end
	return setmetatable_raw(value, metatable)
end

return library
