-- `require 'term'`, and its parts 'term.core', 'term.colors' and 'term.cursor', in `luaproc lua`: what lua-term 0.07 has.
-- Arguments: the module's name, what modules of luaproc's share, and a function of Python's (luaproc/lua51/term.py).

local name, shared, is_terminal = ...
local error, getinfo, io_type, select, stdout, type = error, debug.getinfo, io.type, select, io.stdout, type
local format, ipairs, setmetatable, tostring = string.format, ipairs, setmetatable, tostring

-- A function of a file (stdout, when the first argument is none) and of the numbers in a control sequence.
local function control(sequence)
	sequence = "\27[" .. sequence
	return function(first, ...)
		if io_type(first) == "file" then
			return first:write(format(sequence, ...))
		end
		return stdout:write(format(sequence, first, ...))
	end
end

local parts = {}

parts["term.core"] = function()
	local function isatty(...)
		local count = select("#", ...)
		local terminal = is_terminal((select(count > 0 and count or 1, ...)))
		if terminal == nil then
			local came = count == 0 and "no value" or type((select(count, ...)))
			local called = getinfo(1, "n").name or "?"
			local position = count == 0 and 1 or count
			error("bad argument #" .. position .. " to '" .. called .. "' (FILE* expected, got " .. came .. ")", 2)
		end
		return terminal
	end
	shared.trace_begins[isatty] = 3
	return { isatty = isatty }
end

-- A color is a table that can be joined to strings, and called with the text that is to have it.
parts["term.colors"] = function()
	local colors, metatable = {}, {}
	function metatable.__tostring(color)
		return color.value
	end
	function metatable.__concat(left, right)
		return tostring(left) .. tostring(right)
	end
	function metatable.__call(color, text)
		return color .. text .. colors.reset
	end
	local function add(names, first)
		for index, color in ipairs(names) do
			if color ~= "" then
				colors[color] = setmetatable({ value = "\27[" .. first + index - 1 .. "m" }, metatable)
			end
		end
	end
	add({ "reset", "bright", "dim", "", "underscore", "blink", "", "reverse", "hidden" }, 0)
	colors.clear, colors.default = colors.reset, colors.reset
	local names = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" }
	add(names, 30)
	for index, color in ipairs(names) do
		names[index] = "on" .. color
	end
	add(names, 40)
	return colors
end

parts["term.cursor"] = function()
	local jump = control("%d;%dH")
	return {
		["goto"] = jump,
		jump = jump,
		goup = control("%d;A"),
		godown = control("%d;B"),
		goright = control("%d;C"),
		goleft = control("%d;D"),
		save = control("s"),
		restore = control("u"),
	}
end

function parts.term()
	local term = require("term.core")
	term.colors = require("term.colors")
	term.cursor = require("term.cursor")
	term.clear = control("2J")
	term.cleareol = control("K")
	return term
end

return parts[name]()
