-- LuaFileSystem's functions with good and bad arguments, in a directory that tests/lua51/test_lfs.py has made; prints
-- what each answers. Run by luaproc's interpreter and by the real one with the real LuaFileSystem.

io.stdout:setvbuf("no")
local place = ...
local lfs = require("lfs")

local function show(value)
	if type(value) == "table" then
		local fields = {}
		for key, field in pairs(value) do
			fields[#fields + 1] = tostring(key) .. "=" .. show(field)
		end
		table.sort(fields)
		return "{" .. table.concat(fields, " ") .. "}"
	elseif type(value) == "number" then
		return string.format("%.14g", value)
	elseif type(value) == "string" then
		return string.format("%q", value)
	end
	return type(value) == "boolean" and tostring(value) or type(value)
end

local function tell(title, ...)
	local shown = {}
	for at = 1, select("#", ...) do
		shown[at] = show((select(at, ...)))
	end
	print(title, table.concat(shown, ", "))
end

-- 1. What is there.

local members = {}
for name, value in pairs(lfs) do
	members[#members + 1] = name .. " " .. type(value)
end
table.sort(members)
tell("members", members)
tell("version", lfs._VERSION)
tell("a global of that name", rawget(_G, "lfs") == lfs, package.loaded.lfs == lfs)

-- 2. Each function with arguments of every kind, called without a name, by name and as a method.

local closed = io.open("file")
closed:close()
local userdata = newproxy(true)
local values = { false, true, 0, 3.7, -1, "file", "/nowhere/x", "a\0b", "", {}, print, userdata, closed, io.stderr }
local FUNCTIONS = {
	"attributes",
	"chdir",
	"dir",
	"link",
	"lock",
	"lock_dir",
	"mkdir",
	"rmdir",
	"setmode",
	"symlinkattributes",
	"touch",
	"unlock",
}
for _, name in ipairs(FUNCTIONS) do
	local title = name .. " of "
	tell(title .. "nothing", pcall(lfs[name]))
	tell(title .. "nil", pcall(lfs[name], nil))
	for at, value in ipairs(values) do
		local creates = type(value) ~= "table" and name:find("dir$") and name ~= "rmdir" or name == "touch"
		if not (creates and value ~= "/nowhere/x" and value ~= "") and not (name == "chdir" and value == "a\0b") then
			tell(title .. at, pcall(lfs[name], value))
		end
	end
	tell(title .. "a table, by name", pcall(function()
		local answer = lfs[name]({})
		return answer
	end))
	tell(title .. "a table, as a method", pcall(function()
		local answer = lfs:attributes({})
		return answer
	end))
end
for at, value in ipairs(values) do
	local kind = type(value)
	local no_number = kind == "number" and "x" or value
	tell("second " .. at .. " of link", pcall(lfs.link, "/nowhere/x", value))
	tell("second of setmode", pcall(lfs.setmode, io.stderr, value))
	tell("second of unlock", pcall(lfs.unlock, io.stderr, no_number))
	tell("second of touch", pcall(lfs.touch, "/nowhere/x", value))
	tell("third " .. at .. " of touch", pcall(lfs.touch, "/nowhere/x", 1, value))
	tell("third of lock", pcall(lfs.lock, io.stderr, "r", no_number))
	tell("fourth " .. at .. " of lock", pcall(lfs.lock, io.stderr, "r", 0, no_number))
end

-- 3. Attributes: of every kind of file, every member, and every form.

for _, path in ipairs({ "file", "directory", "link", "dangling", "pipe", "socket", "/dev/null", "odd", "directory/below" }) do
	for _, name in ipairs({ "attributes", "symlinkattributes" }) do
		tell(name .. " " .. path, lfs[name](path))
		for _, member in ipairs({ "mode", "dev", "ino", "nlink", "uid", "gid", "rdev", "access", "modification", "change" }) do
			tell(member, lfs[name](path, member))
		end
		for _, member in ipairs({ "size", "permissions", "blocks", "blksize", "target" }) do
			tell(member, pcall(lfs[name], path, member))
		end
	end
end
local into = setmetatable({ kept = true, size = "old" }, { __newindex = error })
tell("into a table", lfs.attributes("file", into) == into, into.kept, into.size, into.mode)
tell("more arguments", type(lfs.attributes("file", nil, "mode")), lfs.attributes("file", "mode", {}))
tell("an unknown member", pcall(lfs.attributes, "file", "nope"))
tell("an unknown member, by name", pcall(function()
	local answer = lfs.attributes("file", "nope")
	return answer
end))
tell("an unknown member of nothing", pcall(lfs.attributes, "nowhere", "nope"))
tell("a number for a member", pcall(lfs.attributes, "file", 1))
tell("a member with a zero byte", pcall(lfs.attributes, "file", "size\0x"))
tell("a boolean for a member", type(lfs.attributes("file", true)))
tell("a name that is too long", lfs.attributes(("x"):rep(300)))
tell("a path through a file", lfs.attributes("file/x"))
tell("a loop of links", lfs.attributes("loop"))

-- 4. Directories.

local function list(path)
	local found = {}
	for name in lfs.dir(path) do
		found[#found + 1] = name
	end
	table.sort(found)
	tell("dir " .. path, found)
end

list("locked")
list(".")
tell("no directory", pcall(lfs.dir, "file"))
tell("no directory, by name", pcall(function()
	for _ in lfs.dir("nowhere") do
	end
end))
local iterate, directory = lfs.dir("locked")
tell("what dir gives", type(iterate), type(directory), select("#", lfs.dir("locked")))
tell("the methods", type(directory.next), type(directory.close), directory.other, iterate == directory.next)
local metatable = getmetatable(directory)
tell("the metatable", type(metatable.__index), type(metatable.__gc), metatable.__name)
tell("one metatable", metatable == getmetatable(select(2, lfs.dir("."))))
for _, value in ipairs({ "x", userdata, io.stderr, {} }) do
	tell("next of another", pcall(directory.next, value))
	tell("the iterator of another", pcall(iterate, value))
end
tell("next of nothing", pcall(directory.next))
tell("next", type(directory:next()), select("#", directory:next()))
tell("close", directory:close())
tell("close again", directory:close())
tell("next when closed", pcall(directory.next, directory))
tell("next when closed, as a method", pcall(function()
	local name = directory:next()
	return name
end))
iterate, directory = lfs.dir("locked")
while iterate(directory) do
end
tell("after the last", pcall(iterate, directory))
for _ = 1, 50 do -- which the collector closes
	lfs.dir("locked")
end

tell("chdir", lfs.chdir("locked"), lfs.currentdir() == place .. "/locked")
tell("back", lfs.chdir(".."), lfs.currentdir() == place)
tell("chdir to a file", lfs.chdir("file"))
tell("mkdir", lfs.mkdir("made"), lfs.attributes("made", "mode"), lfs.attributes("made", "permissions"))
tell("mkdir again", lfs.mkdir("made"))
tell("mkdir of a number", lfs.mkdir(12), lfs.rmdir("12"))
tell("mkdir in nowhere", lfs.mkdir("nowhere/x"))
tell("rmdir of a full one", lfs.rmdir("locked"))
tell("rmdir", lfs.rmdir("made"), lfs.rmdir("made"))
lfs.mkdir("gone")
lfs.chdir("gone")
lfs.rmdir("../gone")
tell("currentdir of one that is gone", lfs.currentdir())
lfs.chdir(place)

-- 5. Links, times, locks.

tell("link", lfs.link("touched", "hard"), lfs.attributes("hard", "nlink"), os.remove("hard"))
tell("a symbolic link", lfs.link("touched", "soft", true), lfs.symlinkattributes("soft", "target"), os.remove("soft"))
tell("... by any true value", lfs.link("touched", "soft", 0), lfs.symlinkattributes("soft").target, os.remove("soft"))
tell("link over a file", lfs.link("file", "locked"))
tell("a link to nothing", lfs.link("nowhere", "hard"))

local function times()
	return lfs.attributes("touched", "access"), lfs.attributes("touched", "modification")
end

local function touch(title, ...)
	tell(title, lfs.touch("touched", ...))
	tell("... and then", times())
end

touch("touch with both", 1000, 2000)
touch("touch with one", 3000)
touch("touch with a fraction", 10.9, 20.9)
touch("touch with strings", "11.9", "0x10")
touch("touch before 1970", -5.5, -7)
touch("touch with nil", nil)
touch("touch with nil and a time", nil, 77)
touch("touch with a time and nil", 88, nil)
tell("touch with now", lfs.touch("touched"), math.abs(os.time() - times()) < 100)

local file = io.open("touched", "r+")
local reader = io.open("touched", "r")
tell("lock", lfs.lock(file, "w"), lfs.unlock(file))
tell("lock a part", lfs.lock(file, "read", 1, 2), lfs.unlock(file, "1", "2"))
tell("unlock by lock", lfs.lock(file, "u"))
tell("lock for writing what is only read", lfs.lock(reader, "w"))
tell("lock before the beginning", lfs.lock(file, "r", -5))
tell("lock with another mode", pcall(lfs.lock, file, "x"))
tell("lock with an empty mode, by name", pcall(function()
	local answer = lfs.lock(file, "")
	return answer
end))
tell("setmode", lfs.setmode(file, "binary"))
tell("setmode", lfs.setmode(file, "text"))
file:close()
tell("lock when closed, by name", pcall(function()
	local answer = lfs.lock(file, "r")
	return answer
end))

local lock = lfs.lock_dir("locked")
tell("lock_dir", type(lock), type(lock.free), lfs.symlinkattributes("locked/lockfile.lfs", "target"))
tell("lock_dir again", lfs.lock_dir("locked"))
tell("free", select("#", lock:free()), lfs.symlinkattributes("locked/lockfile.lfs", "mode"))
tell("free again", select("#", lock:free()))
tell("free another", pcall(lock.free, directory))
tell("free another, as a method", pcall(function()
	local answer = lock.free("x")
	return answer
end))
lfs.lock_dir("locked")
collectgarbage()
collectgarbage()
tell("a lock that is collected", lfs.symlinkattributes("locked/lockfile.lfs", "mode"))
kept = lfs.lock_dir("locked") -- until the state is closed
