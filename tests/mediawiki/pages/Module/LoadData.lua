local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out = Show.new()
	local data = mw.loadData('Module:LoadDataColours')
	out:say('fields', data.red.hex, data.list[2], #data.list, data.answer, data.truth, data.nothing)
	out:say('equal', data == mw.loadData('Module:LoadDataColours'))
	local names = {}
	for k, v in pairs(data) do
		names[#names + 1] = tostring(k) .. ':' .. type(v)
	end
	table.sort(names)
	out:say('pairs', names)
	local list = {}
	for i, v in ipairs(data.list) do
		list[i] = v
	end
	out:say('ipairs', list)
	out:say('next', next(data.list))
	out:say('shared table twice', data.shared1.x, data.shared2.x, data.shared1 == data.shared2)
	out:say('metatable', getmetatable(data), type(data))
	out:try('to PHP', mw.text.jsonEncode, data.list)
	out:try('clone', mw.clone, data)
	out:try('write', function () data.red = 1 end)
	out:try('write deeper', function () data.red.hex = 1 end)
	out:try('rawset', rawset, data, 'x', 1)
	out:try('table.concat', table.concat, data.list, ',')
	out:try('with a function', mw.loadData, 'Module:LoadDataFunction')
	out:try('with a metatable', mw.loadData, 'Module:LoadDataMetatable')
	out:try('no table', mw.loadData, 'Module:LoadDataNumber')
	out:try('missing', mw.loadData, 'Module:No such data')
	out:try('bad key', mw.loadData, 'Module:LoadDataKey')
	out:say('json', mw.loadJsonData('Module:LoadData.json').name, mw.loadJsonData('Module:LoadData.json').list[3])
	out:try('json write', function () mw.loadJsonData('Module:LoadData.json').name = 1 end)
	out:try('json missing', mw.loadJsonData, 'Module:Missing.json')
	return out:text()
end

-- The data module counts how often it is run: once per page, however many #invokes read it.
function p.runs()
	return 'Data loaded ' .. mw.loadData('Module:LoadDataColours').red.hex .. '; '
		.. tostring(mw.loadData('Module:LoadDataColours').loaded)
end

return p
