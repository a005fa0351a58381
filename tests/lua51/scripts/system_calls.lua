-- LuaSystem and lua-term; prints what they answer, and nothing that changes from run to run.

local system, term = require("system"), require("term")

local function names_of(library)
	local names = {}
	for name, value in pairs(library) do
		names[#names + 1] = name .. " " .. type(value)
	end
	table.sort(names)
	return table.concat(names, ", ")
end

print(names_of(system), system == require("system.core"), system._VERSION)
print(names_of(term), term == require("term.core"), term.colors == require("term.colors"))
print(term.cursor == require("term.cursor"), rawget(_G, "system"), rawget(_G, "term"))

local began, seconds = system.monotime(), system.gettime()
print(select("#", system.sleep(0.05)), system.sleep(0), system.sleep(-1), system.sleep("0.001"))
print(system.monotime() - began >= 0.05, system.gettime() - seconds > 0, math.abs(seconds - os.time()) < 100)
for _, value in ipairs({ "x", true, {}, print }) do
	print(pcall(system.sleep, value))
end
print(pcall(system.sleep))
print(pcall(function()
	system.sleep({})
end))

print(term.isatty(io.stdout), term.isatty(io.stdin), term.isatty("any", io.stderr))
local colors = {}
for name, color in pairs(term.colors) do
	colors[#colors + 1] = name .. (" %q %q %q"):format(tostring(color), color .. "x" .. color, color("text"))
end
table.sort(colors)
print(table.concat(colors, "\n"))
for _, name in ipairs({ "jump", "goto", "goup", "godown", "goleft", "goright" }) do
	io.write(name, " ")
	print(term.cursor[name](3, 4), term.cursor[name](io.stdout, 5, 6))
end
print(term.clear(), term.cleareol(io.stdout), term.cursor.save(), term.cursor.restore())
