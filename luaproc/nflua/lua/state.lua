-- A state: puts the parts together, takes away what no script may find, and runs what the server delivers. Arguments: the
-- server's callable `host`, which takes a number of what to do and never raises; the machine's byte order; a seed; and the
-- other Lua files as functions, debugging.lua only where scripts get the debug library.
-- Returns the functions that the server calls: deliver, run, outcome; and debug.sethook and collectgarbage.

local host, byte_order, seed, part_limits, part_libraries, part_data, part_debugging = ...
local LOG, SEND, SET_TIMER, CANCEL_TIMER, TIME = 1, 2, 3, 4, 5

local concat, error, floor, getmetatable, next, pcall = table.concat, error, math.floor, getmetatable, next, pcall
local select, setmetatable, sub, tonumber, tostring, type = select, setmetatable, string.sub, tonumber, tostring, type
local collectgarbage, match, sethook, traceback = collectgarbage, string.match, debug.sethook, debug.traceback

if jit then
	jit.off() -- compiled code runs no hooks
	jit.flush()
end

local environment, shared = {}, {}
local within, tripped, charge = part_limits(environment)
local finish = part_libraries(environment, seed, charge)

local function now()
	return host(TIME)
end
local compile = finish(now)
local data = part_data("data", shared, function()
	return byte_order
end)
local is_data, bytes_of = shared.data.is, shared.data.bytes

-- 1. print: a line of the log.

function environment.print(...)
	local texts, count = { ... }, select("#", ...)
	for index = 1, count do
		local text = tostring(texts[index])
		if type(text) ~= "string" then
			error("'tostring' must return a string to 'print'", 2)
		end
		texts[index] = text
	end
	host(LOG, concat(texts, "\t"))
end

-- 2. nf and netlink: messages to ports, and the clock. What needs a packet raises, as it does in NFLua outside of a
-- packet's callback.

local MAX_PAYLOAD = 4012

local function send(port, payload)
	local text = payload
	if is_data(payload) then
		text = bytes_of(payload)
	elseif type(payload) == "number" then
		text = tostring(payload)
	elseif type(payload) ~= "string" then
		error("a message is a string or a data object, not a " .. type(payload) .. " value", 3)
	end
	local number = tonumber(port)
	if not number or number % 1 ~= 0 or number < 1 or number >= 2 ^ 32 then
		error("a port is a whole number from 1 to 2^32 - 1", 3)
	end
	local code = -90 -- EMSGSIZE
	if #text > 0 and #text <= MAX_PAYLOAD then
		code = host(SEND, floor(number), text)
	end
	if code ~= 0 then
		error("failed to send message. Return code " .. code, 3)
	end
	return #text
end

local nf = {
	netlink = function(port, _, payload)
		local size = send(port, payload)
		return size
	end,
	time = function()
		local seconds, nanoseconds = now()
		return seconds, floor(nanoseconds / 1000000)
	end,
}
for _, name in next, { "reply", "getpacket", "hotdrop", "connid" } do
	nf[name] = function()
		error("couldn't get packet context", 2)
	end
end
local netlink = {
	send = function(port, group, payload)
		local size = send(port, payload == nil and group or payload)
		return size
	end,
}

-- 3. Timers: once each, kept while pending.

local MAX_DELAY = 2 ^ 31 - 1 -- milliseconds
local pending = {} -- id -> { function, timer }
local last_id = 0
local ids = setmetatable({}, { __mode = "k" }) -- timer -> id
local timer_metatable = { __metatable = "timer" }
local timer = {}

function timer.create(milliseconds, callback)
	local delay = tonumber(milliseconds)
	if not delay or not (delay >= 0 and delay <= MAX_DELAY) then
		error("bad argument #1 to 'create' (milliseconds expected, from 0 to 2^31 - 1)", 2)
	elseif type(callback) ~= "function" then
		error("bad argument #2 to 'create' (function expected, got " .. type(callback) .. ")", 2)
	end
	-- The server hears of it last: the limits may stop a script anywhere, and a timer that the server has and the script
	-- does not know would keep the state from being destroyed.
	local made, id = setmetatable({}, timer_metatable), last_id + 1
	last_id = id
	ids[made] = id
	pending[id] = { callback, made }
	if host(SET_TIMER, id, floor(delay)) < 0 then
		pending[id] = nil
		error("too many timers are pending", 2)
	end
	return made
end

function timer.destroy(made)
	local id = ids[made]
	if made == nil or id == nil then
		error("bad argument #1 to 'destroy' (timer expected, got " .. type(made) .. ")", 2)
	elseif not pending[id] then
		return nil, "timer already destroyed"
	end
	host(CANCEL_TIMER, id)
	pending[id] = nil
	return true
end

local loaded = environment.package.loaded
for name, library in next, { data = data, nf = nf, netlink = netlink, timer = timer } do
	environment[name], loaded[name] = library, library
end
if part_debugging then
	environment.debug = part_debugging(environment, shared.data.is)
	loaded.debug = environment.debug
end

-- 4. What the server calls. Values are delivered while memory has no limit; run takes none and returns a number, so that
-- nothing is allocated where Lua could not raise an error. lupa looks up the global "debug" in each call: the name is
-- kept, so that it need not be made again.

local DONE, FAILED, NO_CALLBACK = 0, 1, 2
local EXECUTE, RECEIVE, TIMER = 1, 2, 3
local instructions, kind, first, second, failure, trace, missing
local kept = "debug"

local function body()
	local what, one, two = kind, first, second
	first, second = nil, nil
	if what == EXECUTE then
		local chunk, message = compile(one, two, environment)
		one, two = nil, nil
		if not chunk then
			failure = message
			error(message, 0)
		end
		chunk()
	elseif what == RECEIVE then
		local callback = environment.__receive_callback
		if type(callback) ~= "function" then
			missing = true
			return
		end
		callback(one, data.new(two))
	elseif what == TIMER and pending[one] then
		local callback = pending[one][1]
		pending[one] = nil
		callback()
	end
end

local function text_of(message)
	if type(message) == "string" then
		return message
	end
	local ok, text = pcall(tostring, message)
	if ok and type(text) == "string" and (type(message) == "number" or getmetatable(message) ~= nil) then
		return text
	end
	return "(error object is a " .. type(message) .. " value)"
end

-- The four outermost functions of a traceback are xpcall and ours. A chunk that does not compile has none of its own.
local ABOVE_OURS = "^(.*)\n[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*$"

local function handle(message)
	if failure == nil then
		failure = sub(text_of(message), 1, 1000)
		trace = match(sub(traceback("", 3), 2, 8000), ABOVE_OURS)
	end
end

local function deliver(limit, what, one, two)
	instructions, kind, first, second = limit, what, one, two
	failure, trace, missing = nil, nil, false
	return kept and 0
end

local function run()
	local ok, message = within(instructions, body, handle)
	if not ok then
		failure = failure or message
		return FAILED
	end
	return missing and NO_CALLBACK or DONE
end

-- How the last run went, if run could not say: whether the limit tripped, the error's text, and its traceback.
local function outcome()
	local text, lines = failure, trace
	first, second, failure, trace = nil, nil, nil, nil
	return tripped(), type(text) == "string" and text or "not enough memory", lines or ""
end

-- 5. Every part has what it needs in locals. What is left of Lua's own globals would be a way out if anything leaked: lupa's
-- `python`, io, os, debug, package, ffi. The environment's libraries are theirs, less what libraries.lua removed.

local globals = _G
for name in next, package.loaded do
	package.loaded[name] = nil
end
for name in next, globals do
	globals[name] = nil
end

return deliver, run, outcome, sethook, collectgarbage
