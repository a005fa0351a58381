-- A suite as wikis write them for ScribuntoUnit: methods named test..., assertions of the suite, a report as a table.
local function unit()
	local suite = { results = {} }
	function suite:assertEquals(expected, actual, message)
		if expected ~= actual then
			error(("%s: expected %s, got %s"):format(message or "assertEquals", tostring(expected), tostring(actual)), 2)
		end
	end
	function suite:assertStringContains(pattern, text, plain)
		if not string.find(text, pattern, nil, plain) then
			error(("Failed to find %s \"%s\" in string \"%s\""):format(plain and "plain string" or "pattern", pattern, text), 2)
		end
	end
	function suite:assertThrows(f, expected)
		local ok, message = pcall(f)
		if ok then error("Expected exception but none was thrown", 2) end
		message = message:gsub("^.*:%d+: ", "")
		if expected and message ~= expected then error("wrong message: " .. message, 2) end
	end
	function suite:run()
		local names = {}
		for name, value in pairs(self) do
			if name:lower():find("^test") and type(value) == "function" then names[#names + 1] = name end
		end
		table.sort(names)
		for _, name in ipairs(names) do
			local ok, message = xpcall(function() self[name](self) end, function(m)
				return tostring(m):gsub("^.*/", "") .. "\n" .. #debug.traceback("", 2):gsub("[^\n]", "") .. " frames"
			end)
			self.results[#self.results + 1] = { name = name, error = not ok and message or nil }
		end
		return self.results
	end
	return suite
end

local mw = setmetatable({
	getCurrentFrame = function() return { preprocess = function(_, text) return (text:gsub("{{1x|(.-)}}", "%1")) end } end,
}, { __index = require("mwstub") })

local suite = unit()
function suite:testPreprocess() self:assertEquals("x y", mw.getCurrentFrame():preprocess("{{1x|x}} {{1x|y}}")) end
function suite:testContains() self:assertStringContains("%d+ m", "about 12 m") end
function suite:testThrows() self:assertThrows(function() error("as expected") end, "as expected") end
function suite:testFails() self:assertEquals(1, 1.5, "a third of three") end
function suite:testSplit() self:assertEquals("a|b|", table.concat(mw.text.split("a--b--", "--"), "|")) end
suite.testNotAFunction = true

describe("ScribuntoUnit", function()
	for _, result in ipairs(suite:run()) do
		it(result.name, function() if result.error then error(result.error, 0) end end)
	end
end)
