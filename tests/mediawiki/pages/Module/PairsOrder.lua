local p = {}

-- The order of pairs is an accident of the VM that many modules have come to rely on.
function p.main()
	local lines = {}
	for _, n in ipairs{ 3, 7, 20, 100 } do
		local t, keys = {}, {}
		for i = 1, n do
			t['key' .. i * 7 % 101] = i
			t[i * 13 % 37 + 0.5] = i
			t[i] = i
		end
		for i = 1, n, 3 do
			t['key' .. i * 7 % 101] = nil
		end
		for k in pairs(t) do
			keys[#keys + 1] = tostring(k)
		end
		lines[#lines + 1] = table.concat(keys, ' ') .. ' #' .. #t
	end
	local holes = { 1, 2, nil, 4, nil, nil, 7 }
	lines[#lines + 1] = #holes .. ' ' .. table.maxn(holes)
	return '<pre>' .. table.concat(lines, '\n') .. '</pre>'
end

-- Where the order shows on pages: attributes, styles and query strings that were given as tables.
function p.users()
	local node = mw.html.create('span'):attr{ title = 't', ['data-x'] = 5, id = 'i' }:css{ color = 'red', width = '1em', margin = '0' }
	local query = { a = 'b c', d = 'é', x = 1, y = { 1, 2 } }
	return '<pre>' .. mw.text.nowiki(table.concat({
		tostring(node),
		mw.text.tag('a', { class = 'c', title = 'x', id = 'y' }, 'inner'),
		tostring(mw.uri.fullUrl('Page', query)),
		mw.title.new('Page'):fullUrl(query),
		mw.text.jsonEncode(query),
	}, '\n')) .. '</pre>'
end

return p
