-- A module under test, with `mw` set up as a global for it, and a fresh copy for each test.
mw = nil

describe("Module:List", function()
	local list, frame
	before_each(function()
		_G.mw = nil
		package.loaded.list, package.loaded.mwstub = nil, nil
		rawset(getfenv(0), "mw", require("mwstub"))
		list = require("list")
		frame = getfenv(0).mw.frame
	end)
	it("joins", function() check.equal("a, b and c", list.main(frame({ " a", "b ", "c" }))) end)
	it("takes a last separator", function() check.equal("a or b", list.main(frame({ "a", "b", last = " or " }))) end)
	it("knows letters beyond ASCII", function() check.equal("ÄÖ AND ÜB", list.main(frame({ "äö", "üb", upper = "1" }))) end)
	it("refuses an empty list", function() check.raises("module_spec.lua:%d+: no items", function() local text = list.main(frame({})) return text end) end)
	it("is called by a child frame", function()
		local child = frame({ "x" }):newChild({ args = { "y" } })
		check.equal("y", list.main(child))
		check.equal("x", list.main(child:getParent()))
	end)
end)

describe("mw.loadData", function()
	it("loads once, read-only", function()
		local mw = require("mwstub")
		local units = mw.loadData("Module:units")
		check.equal(0.3048, units.foot.factor)
		check.raises("read%-only", function() units.yard = {} end)
	end)
end)
