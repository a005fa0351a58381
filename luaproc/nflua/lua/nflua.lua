-- `require 'nflua'` in `luaproc lua`: control and data sockets, as userdata with the methods and results of NFLua's document.
-- Arguments: the module's name, what modules of luaproc's share, and functions of Python's, which take and give numbers,
-- strings and booleans. A socket is a number to them. Each returns true and results, or false, a text, a code (a negative
-- errno) and perhaps the server's reason.

local _, shared, open, close, getfd, getpid, getstate, create, destroy, execute, list, receive, next_state, send, receive_data =
	...
local error, getinfo, newproxy, require, select, tostring, type = error, debug.getinfo, newproxy, require, select, tostring, type
local getmetatable, setmetatable = getmetatable, setmetatable
local global = _G

global.data = require("data")
local is_data, data_bytes, data_put = shared.data.is, shared.data.bytes, shared.data.put

local DATA_MAX = 4012
local nflua = {
	datamaxsize = DATA_MAX,
	defaultmaxallocbytes = 32768,
	fragsize = 3748,
	maxstates = 904,
	scriptnamemaxsize = 255,
	statenamemaxsize = 64,
}

-- The error of luaL_argerror, for the function that called the one that calls this. unnamed: what a function without a
-- name is called.
local function argument_error(number, text, unnamed)
	local info = getinfo(2, "n")
	local name = info.name
	if info.namewhat == "method" then
		number = number - 1
		if number == 0 then
			error("calling '" .. name .. "' on bad self (" .. text .. ")", 3)
		end
	end
	error("bad argument #" .. number .. " to '" .. (name or unnamed or "?") .. "' (" .. text .. ")", 3)
end

-- Results of Python's function as the document has them.
local function results(ok, ...)
	if ok then
		if select("#", ...) == 0 then
			return true
		end
		return ...
	end
	return nil, ...
end

-- Socket -> its number; false when it is closed.
local controls, datas = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

local function no_socket(kind, id, self)
	return id == nil and kind .. " socket expected, got " .. type(self) or "socket closed"
end

-- Why a value is no state's name; false for one.
local function no_name(name)
	if type(name) ~= "string" then
		return "string expected, got " .. type(name)
	end
	return #name >= nflua.statenamemaxsize and "name too long"
end

-- A method of a kind of sockets. check: gets the arguments behind the socket; the number of a bad one and what is wrong with
-- it, or nothing. run: gets the socket's number and those arguments.
local function method(kind, ids, check, run)
	return function(self, ...)
		local id = ids[self]
		if not id then
			argument_error(1, no_socket(kind, id, self))
		end
		local number, fault = check(...)
		if number then
			argument_error(number, fault)
		end
		return run(id, ...)
	end
end

local function no_check() end

local function kind_of(kind, ids, methods)
	local prototype = newproxy(true)
	local metatable = getmetatable(prototype)
	metatable.__index = methods
	metatable.__metatable = false
	function metatable.__gc(self)
		if ids[self] then
			close(ids[self])
			ids[self] = false
		end
	end
	function methods.close(self)
		local id = ids[self]
		if not id then
			argument_error(1, no_socket(kind, id, self))
		end
		ids[self] = false
		close(id)
		return true
	end
	methods.getfd = method(kind, ids, no_check, function(id)
		return results(getfd(id))
	end)
	methods.getpid = method(kind, ids, no_check, function(id)
		return results(getpid(id))
	end)
	return prototype
end

local function opener(kind, ids, methods)
	local prototype, name = kind_of(kind, ids, methods), "nflua." .. kind
	return function(port)
		if port ~= nil and type(port) ~= "number" then
			argument_error(1, "must be integer or nil", name)
		elseif port and not (port >= 1 and port < 2 ^ 31 and port % 1 == 0) then
			argument_error(1, "must be in range [0, 2^31)", name)
		end
		local ok, id, code = open(kind, port)
		if not ok then
			return nil, id, code
		end
		local made = newproxy(prototype)
		ids[made] = id
		return made
	end
end

-- 1. Control sockets.

local control = {}

local function is_limit(value)
	return type(value) == "number" and value >= 0 and value < 2 ^ 32 and value % 1 == 0
end

local function check_name(name)
	if no_name(name) then
		return 2, no_name(name)
	end
end

control.getstate = method("control", controls, no_check, function(id)
	return results(getstate(id))
end)

-- create(name, instructions, memory [, flags]), or create(name [, memory]): a number alone is the memory.
local function limits(instructions, memory)
	if memory == nil then
		return 0, instructions
	end
	return instructions, memory
end

local function check_state(name, instructions, memory, flags)
	instructions, memory = limits(instructions, memory)
	if no_name(name) then
		return 2, no_name(name)
	elseif instructions ~= nil and not is_limit(instructions) then
		return 3, "must be an integer in range [0, 2^32)"
	elseif memory ~= nil and not is_limit(memory) then
		return 4, "must be an integer in range [0, 2^32)"
	elseif flags ~= nil and (type(flags) ~= "string" or flags:gsub("d", "") ~= "") then
		return 5, "unknown flags, expected 'd'"
	end
end

control.create = method("control", controls, check_state, function(id, name, instructions, memory, flags)
	instructions, memory = limits(instructions, memory)
	return results(create(id, name, instructions or 0, memory or nflua.defaultmaxallocbytes, flags or ""))
end)

control.destroy = method("control", controls, check_name, function(id, name)
	return results(destroy(id, name))
end)

local function check_script(name, chunk, script)
	if no_name(name) then
		return 2, no_name(name)
	elseif type(chunk) ~= "string" then
		return 3, "string expected, got " .. type(chunk)
	elseif script ~= nil and type(script) ~= "string" then
		return 4, "string expected, got " .. type(script)
	end
end

control.execute = method("control", controls, check_script, function(id, name, chunk, script)
	return results(execute(id, name, chunk, script or ""))
end)

control.list = method("control", controls, no_check, function(id)
	return results(list(id))
end)

-- true; or a sequence of states, which Python hands over one by one; or nil and why.
local function reply(id, ok, what, ...)
	if not ok then
		return nil, what, ...
	elseif type(what) ~= "number" then
		return what
	end
	local states = {}
	for index = 1, what do
		local _, name, maxruns, maxalloc, flags, curralloc = next_state(id)
		states[index] = { name = name, maxruns = maxruns, maxalloc = maxalloc, flags = flags, curralloc = curralloc }
	end
	return states
end

control.receive = method("control", controls, no_check, function(id)
	return reply(id, receive(id))
end)

-- 2. Data sockets.

local data = {}

local function check_sent(name, buffer)
	if no_name(name) then
		return 2, no_name(name)
	elseif not is_data(buffer) then
		return 3, "expected ldata object"
	end
end

data.send = method("data", datas, check_sent, function(id, name, buffer)
	return results(send(id, name, data_bytes(buffer)))
end)

local function check_buffer(buffer, offset)
	if not is_data(buffer) then
		return 2, "expected ldata object"
	elseif type(offset) ~= "number" or offset % 1 ~= 0 then
		return 3, "integer expected, got " .. (type(offset) == "number" and tostring(offset) or type(offset))
	elseif offset < 0 or #data_bytes(buffer) - offset < DATA_MAX then
		return 3, "not enough space in buffer"
	end
end

-- The size of what came and the state's name; the bytes lie in the buffer from the offset on.
data.receive = method("data", datas, check_buffer, function(id, buffer, offset)
	local ok, bytes, state = receive_data(id)
	if not ok then
		return nil, bytes, state
	end
	data_put(buffer, offset, bytes)
	return #bytes, state
end)

nflua.control = opener("control", controls, control)
nflua.data = opener("data", datas, data)

return nflua
