-- The runner's own ways: nesting, hooks, files that keep their globals, failures of every kind.
leaked = "global of this file"

describe("nesting", function()
	local log = {}
	before_each(function() log[#log + 1] = "outer" end)
	it("runs hooks", function() check.same({ "outer" }, log) end)
	describe("deeper", function()
		before_each(function() log[#log + 1] = "inner" end)
		it("runs outer hooks first", function() check.same({ "outer", "outer", "inner" }, log) end)
		pending("a test that is still to be written")
	end)
end)

describe("failures", function()
	it("shows values", function() check.equal("a\n\0b", { 1, { x = true } }) end)
	it("shows where an error arose", function()
		local function helper(t) return t.missing.field end
		helper({})
	end)
	it("shows an error that is a table", function() error({}) end)
	it("expects errors", function()
		check.raises("bad argument #1 to '[^']+' %(string expected, got no value%)", string.rep)
		check.raises("this$", error, "this")
	end)
	it("keeps its globals", function() check.equal("global of this file", leaked) check.equal(nil, _G.print == nil or nil) end)
end)
