-- Fails while it is loaded, two calls deep.
local function check(t)
	return t.missing.field
end
check({})
