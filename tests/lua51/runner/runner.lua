#!/usr/bin/env lua5.1
-- A test runner in plain Lua 5.1, of the kind that wiki modules are tested with off the wiki.
-- runner.lua [--filter TEXT] [--list] [--report FILE] SPEC... ; exit status: the number of failures, at most 125.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/modules/?.lua;" .. package.path
package.preload["runner.clock"] = function()
	return { now = os.clock, date = function() return os.date("!%Y-%m-%d", 0) end }
end
local clock = require("runner.clock")

local options = { specs = {} }
do
	local index = 1
	while arg[index] do
		local word = arg[index]
		if word == "--filter" or word == "--report" then
			index = index + 1
			options[word:sub(3)] = arg[index] or error(word .. " needs a value", 0)
		elseif word == "--list" then
			options.list = true
		elseif word:sub(1, 1) == "-" then
			io.stderr:write("runner: unknown option ", word, "\n")
			os.exit(126)
		else
			options.specs[#options.specs + 1] = word
		end
		index = index + 1
	end
	if #options.specs == 0 then
		local listing = assert(io.popen("ls '" .. here .. "/spec'"))
		for file in listing:lines() do
			if file:find("_spec%.lua$") then options.specs[#options.specs + 1] = here .. "/spec/" .. file end
		end
		listing:close()
	end
end

-- Values, shown and compared.

local function show(value, depth)
	if type(value) == "string" then return string.format("%q", value) end
	if type(value) ~= "table" or (depth or 0) > 4 then return tostring(value) end
	local parts = {}
	for key, inner in pairs(value) do
		parts[#parts + 1] = tostring(key) .. " = " .. show(inner, (depth or 0) + 1)
	end
	table.sort(parts)
	return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
	if type(a) ~= "table" or type(b) ~= "table" then return a == b end
	for key, value in pairs(a) do if not same(value, b[key]) then return false end end
	for key in pairs(b) do if a[key] == nil then return false end end
	return true
end

-- What specs see, on top of the globals.

local failure = {}
failure.__index = failure
failure.__tostring = function(self) return self.text end

local function fail(text, level)
	error(setmetatable({ text = text, at = debug.getinfo(level + 1, "Sl") }, failure), 0)
end

local check = setmetatable({
	equal = function(expected, got)
		if expected ~= got then fail("expected " .. show(expected) .. ", got " .. show(got), 2) end
	end,
	same = function(expected, got)
		if not same(expected, got) then fail("expected " .. show(expected) .. ", got " .. show(got), 2) end
	end,
	raises = function(pattern, f, ...)
		local arguments, count = { ... }, select("#", ...)
		local ok, message = pcall(function() return f(unpack(arguments, 1, count)) end)
		if ok then fail("expected an error", 2) end
		if not tostring(message):find(pattern) then
			fail("expected an error like " .. show(pattern) .. ", got " .. show(tostring(message)), 2)
		end
	end,
}, { __call = function(_, value, message) if not value then fail(message or "expected a true value", 2) end return value end })

local tests, path, hooks = {}, {}, {}

local function describe(name, body)
	path[#path + 1] = name
	hooks[#hooks + 1] = {}
	body()
	path[#path], hooks[#hooks] = nil, nil
end

local function it(name, body)
	local before = {}
	for _, level in ipairs(hooks) do before[#before + 1] = level.before_each end
	tests[#tests + 1] = { name = table.concat(path, " > ") .. " > " .. name, body = body, before = before }
end

local specs = { describe = describe, it = it, check = check, pending = function(name) it(name, nil) end }
function specs.before_each(body) hooks[#hooks].before_each = body end

for _, file in ipairs(options.specs) do
	local chunk, message = loadfile(file)
	if not chunk then
		io.stderr:write("runner: cannot load: ", message, "\n")
		os.exit(125)
	end
	-- A sandbox for each file: its globals are its own.
	local environment = setmetatable({}, { __index = function(_, key) local own = specs[key]; if own ~= nil then return own end; return _G[key] end })
	environment._G = environment
	describe(file:match("[^/]*$"), setfenv(chunk, environment))
end

-- Running.

local function traceback(problem)
	if getmetatable(problem) == failure then
		return string.format("%s (%s:%d)", problem.text, problem.at.short_src:match("[^/]*$"), problem.at.currentline)
	end
	local lines = {}
	for line in debug.traceback(tostring(problem), 2):gmatch("[^\n]+") do
		if line:find("in function 'xpcall'") then break end
		lines[#lines + 1] = line
	end
	return table.concat(lines, "\n    ")
end

local counts = { passed = 0, failed = 0, pending = 0 }
local report = options.report and assert(io.open(options.report, "w"))
local started = clock.now()
for number, test in ipairs(tests) do
	if not options.filter or test.name:find(options.filter, 1, true) then
		local state, problem = "passed", nil
		if options.list then
			state = "listed"
		elseif not test.body then
			state = "pending"
		else
			local ok, result = xpcall(function()
				for _, before in ipairs(test.before) do before() end
				test.body()
			end, traceback)
			if not ok then state, problem = "failed", result end
		end
		counts[state] = (counts[state] or 0) + 1
		io.write(("%-8s%s\n"):format(state, test.name))
		if problem then io.write("    ", problem, "\n") end
		if report then report:write(number, "\t", state, "\t", test.name, "\n") end
		io.stdout:flush()
	end
end
if report then
	report:write("date\t", clock.date(), "\n")
	report:close()
end
io.write(("%d passed, %d failed, %d pending\n"):format(counts.passed, counts.failed, counts.pending))
assert(clock.now() >= started)
os.exit(math.min(counts.failed, 125))
