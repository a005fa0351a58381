-- Instructions, counted over a call and all its coroutines, against code that fights the count. Arguments: the
-- environment of scripts, whose pcall, xpcall and coroutine library this makes. Returns three functions: one that runs
-- a function within a limit, one that tells how it went, one that has a call pay for what C does in it.
--
-- A count hook raises the error. What follows from how Lua runs hooks:
-- - The error can be caught. After the first, the hook raises at every instruction; pcall, xpcall and resume raise it again.
-- - PUC Lua has a hook a coroutine. Each is armed when it is first resumed in a call. Instructions are paid before they are
--   run, `period` at a time, so that coroutines that end early cannot run for nothing.
-- - A message handler that is called for an error of the hook's runs with hooks off. So such an error skips it; and so does
--   an overflow of the C stack, which may come in place of the hook.
-- - Finalizers run with hooks off: scripts cannot make any (libraries.lua).
-- - LuaJIT has one hook for all coroutines: arming one would begin the count anew, so none is.

local environment = ...
local coroutine, error, next, pcall, setmetatable = coroutine, error, next, pcall, setmetatable
local setfenv, type, xpcall = setfenv, type, xpcall
local create, resume, status = coroutine.create, coroutine.resume, coroutine.status
local find, floor, max, min = string.find, math.floor, math.max, math.min
local sethook = debug.sethook
local is_luajit = jit ~= nil

-- C's stack holds this many coroutines in one another: Lua 5.1 counts C levels for each coroutine anew, up to 200.
local MAX_NESTED = 10
local COROUTINE = 100 -- instructions that a coroutine pays for first
local TRIPPED = "instruction limit"
local NO_MEMORY = "not enough memory"

local left, period = 0, 0 -- instructions: not yet paid, and paid at a time
local tripped = false
local nested = 0 -- coroutines that resumed one another
local call = 0 -- number of this call
local armed = setmetatable({}, { __mode = "k" }) -- coroutine -> the call that it was armed in

local function pay(wanted)
	local count = min(wanted, left)
	left = left - count
	return count
end

local function hook()
	if left <= 0 then
		tripped = true
		sethook(hook, "", 1)
		error(TRIPPED, 0)
	end
	sethook(hook, "", pay(period))
end

local function trip()
	tripped = true
	error(TRIPPED, 0)
end

local function arm(thread)
	if left <= 0 then
		trip()
	end
	armed[thread] = call
	sethook(thread, hook, "", pay(min(period, COROUTINE)))
end

-- Whether an error is one that no script may swallow. Overflows are: near 200 C levels the hook cannot be called.
local function must_pass(message)
	return tripped
		or type(message) == "string"
			and #message < 300
			and (find(message, "stack overflow", 1, true) or find(message, "error in error handling", 1, true))
end

-- Lua 5.1 keeps the hooks of coroutines in a table, by address, also of those that are collected: thousands of coroutines
-- filled a state's memory. So what ends is taken out, and all the rest when a call begins, where none runs.
local hooks
if setfenv and not is_luajit then
	sethook(hook, "", 1000000)
	for key, value in next, debug.getregistry() do
		if type(key) == "userdata" and type(value) == "table" then
			for _, func in next, value do
				hooks = func == hook and value or hooks
			end
		end
	end
	sethook()
end

local function forget_hooks()
	for key in next, hooks do
		hooks[key] = nil
	end
end

-- What pcall, xpcall and resume return, unless it must pass on.
local function caught(ok, message, ...)
	if tripped then
		error(TRIPPED, 0)
	elseif not ok then
		if must_pass(message) then
			error(message, 0)
		elseif message == NO_MEMORY then
			-- Where memory is full even the hook may fail. So this costs instructions.
			left = left - period
			if left <= 0 then
				trip()
			end
		end
	end
	return ok, message, ...
end

function environment.pcall(...)
	return caught(pcall(...))
end

function environment.xpcall(body, handler, ...)
	local passing = false
	local function handle(message)
		passing = must_pass(message)
		if passing then
			return message
		end
		-- An error of the handler's would call it again, until C's stack overflows, which no script may catch.
		local ok, result = pcall(handler, message)
		passing = not ok and must_pass(result)
		return result
	end
	local function checked(ok, message, ...)
		if passing then
			error(message, 0)
		end
		return caught(ok, message, ...)
	end
	return checked(xpcall(body, handle, ...))
end

local threads = {}
for name, value in next, coroutine do
	threads[name] = value
end
environment.coroutine = threads

local function resumed(thread, outer, ...)
	nested = outer
	if hooks and status(thread) == "dead" then
		sethook(thread)
	end
	return caught(...)
end

function threads.resume(thread, ...)
	if type(thread) ~= "thread" then
		return resume(thread)
	elseif nested >= MAX_NESTED then
		return false, "coroutines are nested too deeply"
	elseif not is_luajit and armed[thread] ~= call then
		arm(thread)
	end
	nested = nested + 1
	return resumed(thread, nested - 1, resume(thread, ...))
end

local function unwrap(ok, message, ...)
	if not ok then
		error(message, 3)
	end
	return message, ...
end

function threads.wrap(body)
	local thread = create(body)
	return function(...)
		return unwrap(threads.resume(thread, ...))
	end
end

-- Run a function for at most `instructions`, more than 0; `handler` gets its error, unless that is the limit's or an
-- overflow's. Returns what xpcall returns. Once the limit has tripped, this function itself is stopped where xpcall returns:
-- the caller, out of Lua, then clears the hook with debug.sethook itself.
local function within(instructions, body, handler)
	tripped, nested, call = false, 0, call + 1
	left = instructions
	period = max(1, min(1000, floor(instructions / 64)))
	local function handle(message)
		if must_pass(message) then
			return message
		end
		return handler(message)
	end
	if hooks then
		forget_hooks()
	end
	sethook(hook, "", pay(period))
	local ok, message = xpcall(body, handle)
	sethook()
	return ok, message
end

local function charge(instructions)
	left = left - floor(instructions)
	if left <= 0 then
		trip()
	end
end

return within, function()
	return tripped
end, charge
