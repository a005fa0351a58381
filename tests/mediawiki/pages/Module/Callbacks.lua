local Show = require('Module:Show')
local p = {}

-- Calls to PHP from every place where Lua itself calls back.
function p.main(frame)
	local out = Show.new()
	local function lc(text)
		return frame:callParserFunction('lc', text)
	end
	out:say('gsub', ('A-B-C'):gsub('%u', lc))
	local words = { 'C', 'a', 'B' }
	table.sort(words, function (a, b) return lc(a) < lc(b) end)
	out:say('sort', words)
	local lazy = setmetatable({}, {
		__index = function (_, k) return lc(k) end,
		__newindex = function (t, k, v) rawset(t, lc(k), lc(v)) end,
		__tostring = function () return lc('TOSTRING') end,
		__eq = function () return lc('X') == 'x' end,
		__lt = function () return lc('X') == 'x' end,
		__call = function (_, x) return lc(x) end,
		__concat = function (a, b) return lc('CONCAT') end,
		__add = function () return lc('ADD') end,
	})
	lazy.NEW = 'VALUE'
	out:say('metamethods', lazy.KEY, rawget(lazy, 'new'), tostring(lazy), lazy('CALL'), lazy .. 'x', lazy + 1)
	local list = {}
	for w in (function () local n = 0; return function () n = n + 1; if n < 4 then return lc('W' .. n) end end end)() do
		list[#list + 1] = w
	end
	out:say('iterator', list)
	out:say('pcall', pcall(lc, 'OK'), xpcall(function () return lc('INNER') end, tostring))
	out:say('handler', xpcall(function () error('X') end, function (e) return lc(e) end))
	out:say('ustring', mw.ustring.gsub('Ж Д', '%u', function (c) return lc(c) end))
	out:say('split', mw.text.listToText(mw.text.split(lc('A,B,C'), ',')))
	out:say('invoke inside gsub', ('1 2'):gsub('%d', function (d)
		return frame:preprocess('{{#invoke:FrameArgs|echo|<' .. d .. '>}}')
	end))
	out:try('an error inside gsub', string.gsub, 'x', 'x', function () return frame:expandTemplate{ title = '<>' } end)
	out:try('an error inside sort', table.sort, { 2, 1 }, function () return frame:expandTemplate{ title = '<>' } end)
	return out:text()
end

return p
