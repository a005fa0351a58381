-- `require 'system'` (and 'system.core', which LuaSystem's own Lua file asks for) in `luaproc lua`: what LuaSystem 0.2.1
-- has. Arguments: the module's name, what modules of luaproc's share, functions of Python's (luaproc/lua51/system.py).

local name, shared, gettime, monotime, sleep = ...
local error, getinfo, select, tonumber, type = error, debug.getinfo, select, tonumber, type

if name == "system" then
	return require("system.core")
end

local system = { _VERSION = "LuaSystem 0.2.1" }

-- Seconds since 1970.
function system.gettime()
	return (gettime())
end

-- Seconds since the machine was started, or any other moment.
function system.monotime()
	return (monotime())
end

function system.sleep(...)
	local given = ...
	local seconds = tonumber(given)
	if not seconds then
		local came = select("#", ...) == 0 and "no value" or type(given)
		error("bad argument #1 to '" .. (getinfo(1, "n").name or "?") .. "' (number expected, got " .. came .. ")", 2)
	end
	sleep(seconds)
end

shared.trace_begins[system.sleep] = 3

return system
