local p = {}

function p.text(frame)
	local parts = {}
	for i = 1, 5000 do
		parts[i] = string.format('Line %d: %s', i, ('ж' .. i % 10):rep(10))
	end
	local text = table.concat(parts, '\n')
	local back = frame:preprocess(text)
	return '<pre>' .. tostring(back == text) .. ' ' .. #text .. ' ' .. mw.hash.hashValue('md5', back) .. '\n' .. text:sub(1, 20000) .. '</pre>'
end

function p.data(frame)
	local rows = {}
	for i = 1, 3000 do
		rows[i] = { id = i, name = 'name ' .. i, values = { i / 7, i % 2 == 0 } }
	end
	local json = mw.text.jsonEncode(rows)
	local back = mw.text.jsonDecode(json)
	return #json .. ' ' .. #back .. ' ' .. back[2999].name .. ' ' .. tostring(back[14].values[1]) .. ' ' .. tostring(back[14].values[2])
end

return p
