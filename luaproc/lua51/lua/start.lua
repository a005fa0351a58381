-- Runs once in a fresh state, before LUA_INIT and any script; what stays of it are a few functions.
-- In: whether LUA_PATH and LUA_CPATH count, the default package.path and package.cpath, the C function that finds the
-- modules that luaproc brings along, and, where the library lacks them, C functions for io.popen and os.tmpname.
-- Out: the function for luajit's own options, the message handler, debug.sethook, the function that interrupts.

local environment, path_default, cpath_default, find_own, popen, tmpname = ...

local debug_getinfo, debug_getmetatable, debug_sethook = debug.getinfo, debug.getmetatable, debug.sethook
local debug_traceback = debug.traceback
local error, getfenv, loadstring, package, pcall, rawget = error, getfenv, loadstring, package, pcall, rawget
local select, tonumber, tostring, type, unpack = select, tonumber, tostring, type, unpack
local find, gmatch, gsub, match, open = string.find, string.gmatch, string.gsub, string.match, io.open
local is_luajit = rawget(_G, "jit") ~= nil

-- Functions of ours that call `error` -> the level, in the message handler, at which a trace begins: lua's own are in
-- C and raise without it.
local trace_begins = {}

-- 1. Where modules are looked for: as loadlib.c's setpath does it, ";;" in the variable stands for the default.

local function search_path(variable, default)
	local path = environment and os.getenv(variable) or nil
	if not path then
		return default
	end
	path = gsub(path, ";;", ";\1;")
	return (gsub(path, "\1", (gsub(default, "%%", "%%%%"))))
end

package.path = search_path("LUA_PATH", path_default)
package.cpath = search_path("LUA_CPATH", cpath_default)

-- 2. C modules: those that luaproc has itself (luaproc/lua51/modules.py) are loaded in place of any file. All others are
-- looked for as lua does, so that a module that is nowhere gives lua's own text, and are refused when found.

local REFUSAL = "luaproc loads no C modules; take one written in Lua"

local function find_c_module(name)
	local templates = package.cpath
	if type(templates) ~= "string" then
		error("'package.cpath' must be a string", 0)
	end
	local tried = ""
	local file_name = gsub(name, "%.", "/")
	for template in gmatch(templates, "[^;]+") do
		local file = gsub(template, "%?", (gsub(file_name, "%%", "%%%%")))
		local handle = open(file, "r")
		if handle then
			handle:close()
			return file
		end
		tried = tried .. "\n\tno file '" .. file .. "'"
	end
	return nil, tried
end

-- A table that the modules of luaproc's share, and no script sees.
local shared = { trace_begins = trace_begins }

local function own_module(text, chunk_name, ...)
	if not text then
		return nil, chunk_name
	end
	local chunk, wrong = loadstring(text, chunk_name)
	if not chunk then
		return nil, wrong
	end
	local functions, count = { ... }, select("#", ...)
	return function(name)
		return chunk(name, shared, unpack(functions, 1, count))
	end
end

-- Which part of a module's name is the file's: the whole, or up to its first dot, for a module that has one.
local function c_loader(part)
	local function load(name)
		local root = match(name, part)
		if not root then
			return nil
		end
		if root == name then
			local loader, wrong = own_module(find_own(name))
			if loader then
				return loader
			elseif wrong then
				error("error loading module '" .. name .. "':\n\t" .. wrong, 0)
			end
		end
		local file, tried = find_c_module(root)
		if file then
			error("error loading module '" .. name .. "' from file '" .. file .. "':\n\t" .. REFUSAL, 0)
		end
		return tried
	end
	trace_begins[load] = 3
	return load
end

package.loaders[3] = c_loader(".*")
package.loaders[4] = c_loader("^([^.]*)%.")

-- What luaL_checkstring would say of an argument of the function that asks; nil for what it takes. given: how many came.
local function complaint(position, given, value)
	local came = given < position and "no value" or type(value)
	if came == "string" or came == "number" then
		return nil
	end
	local name = debug_getinfo(2, "n").name or "?"
	return "bad argument #" .. position .. " to '" .. name .. "' (string expected, got " .. came .. ")"
end

function package.loadlib(...)
	local file, name = ...
	local wrong = complaint(1, select("#", ...), file) or complaint(2, select("#", ...), name)
	if wrong then
		error(wrong, 2)
	end
	return nil, REFUSAL, "absent"
end

trace_begins[package.loadlib] = 3

-- 3. What an ISO C build of Lua 5.1 lacks.

if popen then
	function io.popen(...)
		local command, mode = ...
		local wrong = complaint(1, select("#", ...), command) or mode ~= nil and complaint(2, 2, mode)
		if wrong then
			error(wrong, 2)
		end
		command = tostring(command)
		local file, reason, number = popen(command, mode == nil and "r" or tostring(mode))
		if file then
			return file
		end
		return nil, command .. ": " .. reason, tonumber(number)
	end

	trace_begins[io.popen] = 3
end

if tmpname then
	function os.tmpname()
		return tmpname() or error("unable to generate a unique filename", 2)
	end

	trace_begins[os.tmpname] = 3
end

-- 4. Ctrl-C. lua's hook is a C function without a frame of its own; ours has two (this one and `error`), which the
-- level and the handler below leave out. PUC Lua names the caller's line, LuaJIT that of the function itself.

local function interrupted()
	debug_sethook()
	error("interrupted!", is_luajit and 2 or 3)
end

trace_begins[interrupted] = 4

-- 5. The message handler: lua.c's uses whatever debug.traceback is at the time, luajit.c's always the original.

local function traceback_now()
	local library = rawget(getfenv(0), "debug")
	local traceback = type(library) == "table" and library.traceback
	return type(traceback) == "function" and traceback or nil
end

local function handler(message)
	local kind = type(message)
	if kind ~= "string" and kind ~= "number" then
		if not is_luajit then
			return message
		end
		local metatable = debug_getmetatable(message)
		local convert = message ~= nil and type(metatable) == "table" and rawget(metatable, "__tostring")
		local text = convert and convert(message)
		if type(text) ~= "string" and type(text) ~= "number" then
			return text or message
		end
		message = text
	end
	local traceback = is_luajit and debug_traceback or traceback_now()
	if not traceback then
		return message
	end
	local raiser = debug_getinfo(3, "f")
	local text = traceback(message, raiser and trace_begins[raiser.func] or 2)
	return text
end

-- 6. luajit's -j, -O and -b: the function that carries the option out, and its arguments.

local loaded, require = package.loaded, require

local function jit_module(name)
	local ok, module = pcall(require, "jit." .. name)
	if not ok and not find(tostring(module), "^module ") then
		error(module, 0)
	end
	return ok and module.start or error("unknown luaJIT command or jit.* modules not installed", 0)
end

local function split(text)
	local words, count = {}, 0
	if text ~= "" then
		for word in gmatch(text .. ",", "([^,]*),") do
			count = count + 1
			words[count] = word ~= "" and word or nil
		end
	end
	return unpack(words, 1, count)
end

local function jit_option(letter, text)
	if letter == "b" then
		return jit_module("bcsave")
	elseif letter == "O" then
		return loaded["jit.opt"].start, split(text)
	end
	local command, options = match(text, "^([^=]*)=?(.*)$")
	local ready = loaded.jit[command]
	return type(ready) == "function" and ready or jit_module(command), split(options)
end

return jit_option, handler, debug_sethook, interrupted
