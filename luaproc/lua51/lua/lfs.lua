-- `require 'lfs'` in `luaproc lua`: the functions of LuaFileSystem 1.8.0, their results and their errors.
-- Arguments: the module's name, what modules of luaproc's share, and functions of Python's (luaproc/lua51/lfs.py), which
-- return true and results, or false, C's text of an error and its number. A file is its descriptor to them.

local _, shared, information, readlink, chdir, getcwd, link, mkdir, rmdir, touch, lock, open, next_name, close, unlink =
	...
local error, getfenv, getinfo, getmetatable, ipairs = error, getfenv, debug.getinfo, getmetatable, ipairs
local newproxy, rawset, select, setmetatable = newproxy, rawset, select, setmetatable
local tonumber, tostring, type = tonumber, tostring, type
local io_type, match, sub = io.type, string.match, string.sub
local trace_begins = shared.trace_begins

-- 1. Arguments. Each check is called by the function that the script called: that name and the script's line are told.
-- given: how many arguments came.

local function argument_error(position, text)
	local info = getinfo(3, "n")
	local name = info.name or "?"
	if info.namewhat == "method" then
		position = position - 1
		if position == 0 then
			error("calling '" .. name .. "' on bad self (" .. text .. ")", 4)
		end
	end
	error("bad argument #" .. position .. " to '" .. name .. "' (" .. text .. ")", 4)
end

trace_begins[argument_error] = 5

local function got(position, given, value)
	return given < position and "no value" or type(value)
end

-- A string as C takes it: a zero byte ends it.
local function check_string(position, given, value)
	local kind = type(value)
	if kind ~= "string" and kind ~= "number" then
		argument_error(position, "string expected, got " .. got(position, given, value))
	end
	return match(tostring(value), "^[^%z]*")
end

local function optional_number(position, given, value, default)
	if value == nil then
		return default
	end
	local number = tonumber(value)
	if not number then
		argument_error(position, "number expected, got " .. got(position, given, value))
	end
	return number
end

local function check_file(given, value, name)
	local kind = io_type(value)
	if not kind then
		argument_error(1, "FILE* expected, got " .. got(1, given, value))
	elseif kind == "closed file" then
		error(name .. ": closed file", 3)
	end
end

trace_begins[check_file] = 4

local function result(ok, ...)
	if ok then
		return true
	end
	return nil, ...
end

-- 2. Directories. Userdata, as LuaFileSystem's; what belongs to each is in a table out of the scripts' reach.

local function kind_of(methods, finish)
	local prototype = newproxy(true)
	local metatable = getmetatable(prototype)
	metatable.__index = methods
	metatable.__gc = finish
	return function()
		return newproxy(prototype)
	end
end

local directories = setmetatable({}, { __mode = "k" }) -- directory -> its number; false when it is closed

local function check_directory(given, value)
	local number = directories[value]
	if number == nil then
		argument_error(1, "directory metatable expected, got " .. got(1, given, value))
	elseif not number then
		argument_error(1, "closed directory")
	end
	return number
end

local function close_directory(directory)
	local number = directories[directory]
	if number then
		directories[directory] = false
		close(number)
	end
end

local function next_entry(directory, number)
	local name = next_name(number)
	if name == nil then
		close_directory(directory)
		return
	end
	return name
end

local directory_methods = { close = close_directory }

function directory_methods.next(...)
	local directory = ...
	return next_entry(directory, check_directory(select("#", ...), directory))
end

local new_directory = kind_of(directory_methods, close_directory)

local function iterate(...)
	local directory = ...
	return next_entry(directory, check_directory(select("#", ...), directory))
end

local lfs = {}

function lfs.dir(...)
	local path = check_string(1, select("#", ...), (...))
	local ok, found = open(path)
	if not ok then
		error("cannot open " .. path .. ": " .. found, 2)
	end
	local directory = new_directory()
	directories[directory] = found
	return iterate, directory
end

function lfs.chdir(...)
	local path = check_string(1, select("#", ...), (...))
	local ok, text = chdir(path)
	if not ok then
		return nil, "Unable to change working directory to '" .. path .. "'\n" .. text .. "\n"
	end
	return true
end

function lfs.currentdir()
	local ok, found, number = getcwd()
	if not ok then
		return nil, "get_dir getcwd() failed: " .. found, number
	end
	return found
end

function lfs.mkdir(...)
	return result(mkdir(check_string(1, select("#", ...), (...))))
end

function lfs.rmdir(...)
	return result(rmdir(check_string(1, select("#", ...), (...))))
end

-- 3. What is known of a file.

local MEMBERS = {
	"mode",
	"dev",
	"ino",
	"nlink",
	"uid",
	"gid",
	"rdev",
	"access",
	"modification",
	"change",
	"size",
	"permissions",
	"blocks",
	"blksize",
}
local NUMBERS = {}
for number, member in ipairs(MEMBERS) do
	NUMBERS[member] = number
end

local function fill(into, ...)
	local values = { ... }
	for number, member in ipairs(MEMBERS) do
		rawset(into, member, values[number])
	end
	return into
end

-- The results of attributes and symlinkattributes, or false and the text of the error that either raises.
local function file_information(path, follow, wanted)
	local kind = type(wanted)
	local member = (kind == "string" or kind == "number") and match(tostring(wanted), "^[^%z]*")
	local function answer(ok, first, ...)
		if not ok then
			return nil, "cannot obtain information from file '" .. path .. "': " .. first, ...
		elseif not member then
			return fill(kind == "table" and wanted or {}, first, ...)
		elseif not NUMBERS[member] then
			return false, "invalid attribute name '" .. member .. "'"
		end
		return first
	end
	return answer(information(path, follow, member and (NUMBERS[member] or 0) or nil))
end

function lfs.attributes(...)
	local path, wanted = ...
	path = check_string(1, select("#", ...), path)
	local found, text, number = file_information(path, true, wanted)
	if found == false then
		error(text, 2)
	elseif found == nil then
		return nil, text, number
	end
	return found
end

function lfs.symlinkattributes(...)
	local path, wanted = ...
	path = check_string(1, select("#", ...), path)
	if wanted == "target" then
		local ok, target, number = readlink(path)
		if not ok then
			return nil, "could not obtain link target: " .. target, number
		end
		return target
	end
	local found, text, number = file_information(path, false, wanted)
	if found == false then
		error(text, 2)
	elseif found == nil then
		return nil, text, number
	elseif type(found) == "table" then
		local ok, target = readlink(path)
		if ok then
			found.target = target
		end
	end
	return found
end

function lfs.touch(...)
	local given = select("#", ...)
	local path, access, modification = ...
	path = check_string(1, given, path)
	if given == 1 then
		return result(touch(path))
	end
	access = optional_number(2, given, access, 0)
	return result(touch(path, access, optional_number(3, given, modification, access)))
end

function lfs.link(...)
	local given = select("#", ...)
	local old, new, symbolic = ...
	old = check_string(1, given, old)
	return result(link(old, check_string(2, given, new), symbolic and true or false))
end

-- 4. Locks, and the mode that only Windows has.

local function lock_result(ok, text)
	if ok then
		return true
	end
	return nil, text
end

function lfs.lock(...)
	local given = select("#", ...)
	local file, mode, start, length = ...
	check_file(given, file, "lock")
	mode = sub(check_string(2, given, mode), 1, 1)
	start, length = optional_number(3, given, start, 0), optional_number(4, given, length, 0)
	if mode ~= "r" and mode ~= "w" and mode ~= "u" then
		error("lock: invalid mode", 2)
	end
	return lock_result(lock(file, mode, start, length))
end

function lfs.unlock(...)
	local given = select("#", ...)
	local file, start, length = ...
	check_file(given, file, "unlock")
	start, length = optional_number(2, given, start, 0), optional_number(3, given, length, 0)
	return lock_result(lock(file, "u", start, length))
end

local function check_mode(given, value)
	local kind = type(value)
	if kind ~= "string" and kind ~= "number" then
		argument_error(2, "string expected, got " .. got(2, given, value))
	elseif value ~= "binary" and value ~= "text" then
		argument_error(2, "invalid option '" .. match(tostring(value), "^[^%z]*") .. "'")
	end
end

function lfs.setmode(...)
	local given = select("#", ...)
	local file, mode = ...
	check_file(given, file, "setmode")
	check_mode(given, mode)
	return true, "binary"
end

local locks = setmetatable({}, { __mode = "k" }) -- lock of a directory -> its file; false when it is free

local function check_lock(given, value)
	local file = locks[value]
	if file == nil then
		argument_error(1, "lock metatable expected, got " .. got(1, given, value))
	end
	return file
end

local function free(...)
	local held = ...
	local file = check_lock(select("#", ...), held)
	if file then
		locks[held] = false
		unlink(file)
	end
end

local new_lock = kind_of({ free = free }, function(held)
	if locks[held] then
		free(held)
	end
end)

function lfs.lock_dir(...)
	local file = check_string(1, select("#", ...), (...)) .. "/lockfile.lfs"
	local ok, text = link("lock", file, true)
	if not ok then
		return nil, text
	end
	local held = new_lock()
	locks[held] = file
	return held
end

for _, raises in pairs({ lfs.dir, lfs.attributes, lfs.symlinkattributes, lfs.lock }) do
	trace_begins[raises] = 3
end

lfs._VERSION = "LuaFileSystem 1.8.0"
lfs._DESCRIPTION = "LuaFileSystem's functions, as luaproc has them"
lfs._COPYRIGHT = "luaproc's, under the MIT license"
getfenv(0).lfs = lfs
return lfs
