-- The debug library of states that were created with the flag d: what looks at a script's own functions. Nothing of ours:
-- not the hook, not the functions that hold it, no C function below the script. Arguments: the environment, and whether
-- a value is a LuaData object.

local environment, is_data = ...
local error, getmetatable, next, rawget, type = error, getmetatable, next, rawget, type
local find = string.find
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

local function is_theirs(info)
	return info and info.what ~= "C" and info.source ~= OURS
end

local function must_be_theirs(func, name)
	if type(func) ~= "function" or not is_theirs(getinfo(func, "S")) then
		error("bad argument #1 to '" .. name .. "' (a Lua function of the script's expected)", 3)
	end
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
			of = of + 1
		end
		info = getinfo(of, what)
	end
	if info and info.func and not public[info.func] and not is_theirs(getinfo(info.func, "S")) then
		info.func = nil
	end
	return info
end

-- The level is that of the caller's caller here, so one is added for this function and one for that.
local function frame(name, thread, level, add)
	local info
	if thread then
		info = getinfo(thread, level, "S")
	else
		info = getinfo(level + add + 1, "S")
	end
	if not info then
		error("bad argument #1 to '" .. name .. "' (level out of range)", 3)
	end
	return is_theirs(info)
end

function library.getlocal(...)
	local thread, level, index = ...
	if type(thread) ~= "thread" then
		thread, level, index = nil, ...
	end
	if type(level) == "function" then
		must_be_theirs(level, "getlocal")
		return getlocal(level, index)
	elseif type(level) ~= "number" then
		error("bad argument #1 to 'getlocal' (level expected)", 2)
	elseif not frame("getlocal", thread, level, 1) then
		return nil
	end
	if thread then
		return getlocal(thread, level, index)
	end
	local name, value = getlocal(level + 1, index)
	return name, value
end

function library.setlocal(...)
	local thread, level, index, value = ...
	if type(thread) ~= "thread" then
		thread, level, index, value = nil, ...
	end
	if type(level) ~= "number" then
		error("bad argument #1 to 'setlocal' (level expected)", 2)
	elseif not frame("setlocal", thread, level, 1) then
		return nil
	end
	if thread then
		return setlocal(thread, level, index, value)
	end
	local name = setlocal(level + 1, index, value)
	return name
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
