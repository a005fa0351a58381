-- The little of `mw` that off-wiki tests of modules set up for themselves.
local mw = { text = {}, ustring = setmetatable({}, { __index = string }), loaded = {} }

function mw.text.trim(text)
	return (text:gsub("^%s+", ""):gsub("%s+$", ""))
end

function mw.text.split(text, separator)
	local parts, from = {}, 1
	while true do
		local start, finish = text:find(separator, from, true)
		parts[#parts + 1] = text:sub(from, (start or 0) - 1)
		if not start then return parts end
		from = finish + 1
	end
end

function mw.ustring.upper(text)
	return (text:upper():gsub("\195([\160-\190])", function(c) return "\195" .. string.char(c:byte() - 32) end))
end

-- mw.loadData: read-only, loaded once.
function mw.loadData(name)
	local data = mw.loaded[name] or require((name:gsub("^Module:", "")))
	mw.loaded[name] = data
	return setmetatable({}, { __index = data, __newindex = function() error("table from mw.loadData is read-only", 2) end })
end

-- A frame, as #invoke hands it to a module.
function mw.frame(args)
	local frame = { args = args }
	function frame:getParent() return self.parent end
	function frame:newChild(child) local made = mw.frame(child.args) made.parent = self return made end
	return frame
end

return mw
