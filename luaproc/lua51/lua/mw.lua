-- `require 'luaproc.mw'` in `luaproc lua`, and so `luaproc lua --mw`: Scribunto's library `mw` in a plain Lua. Arguments:
-- the module's name, what modules of luaproc's share, functions of Python's (luaproc/lua51/mw.py).
--
-- The library, and every page that is required, run in an environment like that of a wiki's modules. The script's own
-- globals get three names of it: `mw`, and `pairs` and `ipairs` that ask a metatable, as Scribunto's tables want it.

local _, _, source, exchange, finish, function_head = ...
local assert, loadstring, next, pairs, ipairs, type = assert, loadstring, next, pairs, ipairs, type
local getmetatable, rawget, collectgarbage = debug.getmetatable, rawget, collectgarbage
local error, gsub, pcall = error, string.gsub, pcall
local string, setmetatable, globals, package = string, setmetatable, _G, package

-- 1. The responder's half of the conversation. There is no limit of memory here, so nothing is held in reserve.

local function part(name)
	return assert(loadstring(source(name), "=luaproc/" .. name .. ".lua"))
end

local function nothing() end

local last
local settings = {
	int_size = 8, function_head = function_head(), with_log = false, not_sent = 0, reply_lost = 1, request_lost = 2,
}
local pipes = {
	exchange = function(bytes)
		local reason
		last, reason = exchange(bytes)
		return last or finish(reason)
	end,
	again = nothing,
	plain = function() return last end,
	lost = function() return settings.reply_lost end,
	die = finish,
}
local memory = {
	NO_MEMORY = "not enough memory", check_above_kb = math.huge,
	make_room = nothing, spend = nothing, restore = nothing, spend_if_full = nothing,
	collect = function() collectgarbage() end,
}

-- The libraries of modules are copies: what a wiki does not have of `string` is left to the script.
local copy = { string = {} }
for name, value in next, string do
	copy.string[name] = value
end
local environment, protected_functions = part("sandbox")(part("names")(), setmetatable(copy, { __index = globals }))
local _, php_function = part("dispatch")(
	pipes, memory, part("delivery"), environment, protected_functions, part("encode"), part("traceback"), nothing, settings
)

-- 2. Python loads Scribunto's library by this call, and runs a chunk as a module's that gives its environment away.

local modules
function environment.luaproc_take(env)
	modules = env
end
php_function("setup")()
environment.luaproc_take = nil

-- 3. What the script gets.

local function asking(event, original)
	return function(t, ...)
		local metatable = getmetatable(t)
		local own = type(metatable) == "table" and rawget(metatable, event)
		return (own or original)(t, ...)
	end
end

globals.mw = modules.mw
globals.pairs, globals.ipairs = asking("__pairs", pairs), asking("__ipairs", ipairs)

-- `require` finds pages of the wiki and Scribunto's libraries where there is no file of that name. A runner that
-- empties package.loaded between its tests gets new modules: the pages that were loaded before are forgotten, too.

local loaded, loaders = modules.package.loaded, modules.package.loaders
local own, given = {}, {}
for name in next, loaded do
	own[name] = true
end

local function load(name)
	if given[name] then
		for other in next, loaded do
			if not own[other] then
				loaded[other] = nil
			end
		end
		given = {}
	end
	given[name] = true
	return modules.require(name)
end

package.loaders[#package.loaders + 1] = function(name)
	for i = 1, #loaders do
		local ok, found = pcall(loaders[i], name)
		if not ok then
			error((gsub(found, "^[^\n]-:%d+: (error loading module ')", "%1")), 0)
		elseif type(found) == "function" then
			return load
		end
	end
	return "\n\tno page '" .. name .. "' of the wiki"
end

return modules.mw
