-- Results as text, one a line, in a <pre>: what a page shows is what Lua answered, and wikitext has no part in it.
local Show = {}
Show.__index = Show

local function key(k)
	return type(k) .. ' ' .. tostring(k)
end

-- A value in a form that does not depend on the order of pairs. Strings show every byte.
function Show.value(v, depth)
	if type(v) == 'string' then
		return (string.format('%q', v):gsub('\\\n', '\\n'):gsub('%z', '\\0'))
	elseif type(v) ~= 'table' or (depth or 0) > 6 then
		return tostring(v)
	end
	local keys, parts = {}, {}
	for k in pairs(v) do
		keys[#keys + 1] = k
	end
	table.sort(keys, function (a, b)
		if type(a) == 'number' and type(b) == 'number' then
			return a < b
		end
		return key(a) < key(b)
	end)
	for i, k in ipairs(keys) do
		parts[i] = '[' .. Show.value(k, 7) .. ']=' .. Show.value(v[k], (depth or 0) + 1)
	end
	return '{' .. table.concat(parts, ', ') .. '}'
end

function Show.new()
	return setmetatable({}, Show)
end

-- label: value, value, … (trailing nils included)
function Show:say(label, ...)
	local parts = {}
	for i = 1, select('#', ...) do
		parts[i] = Show.value((select(i, ...)))
	end
	self[#self + 1] = label .. ': ' .. table.concat(parts, ', ')
end

-- Like say, of what pcall answers: error texts and their positions are part of the page.
function Show:try(label, f, ...)
	self:say(label, pcall(f, ...))
end

-- The same of an error that the Lua side itself raises: its position lies in that server's own code, and is no module's.
function Show:message(label, f, ...)
	local ok, e = pcall(f, ...)
	self:say(label, ok, (tostring(e):gsub('^%S*%.lua:%d+: ', '')))
end

function Show:text()
	return '<pre>' .. mw.text.nowiki(table.concat(self, '\n')) .. '</pre>'
end

return Show
