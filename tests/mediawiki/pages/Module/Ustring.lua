local Show = require('Module:Show')
local p = {}

local SAMPLES = { 'Привет, мир', 'Ελληνικά', 'ภาษาไทย', '日本語テキスト', 'עִבְרִית', 'e\204\129\204\163', '👩‍👩‍👧 𝄞', 'ǅ ß ŉ İ' }

function p.main(frame)
	local out, u = Show.new(), mw.ustring
	for _, s in ipairs(SAMPLES) do
		out:say(s, u.len(s), u.upper(s), u.lower(s), u.sub(s, 2, 4), u.sub(s, -3), u.byteoffset(s, 3))
		out:say('codepoints', u.codepoint(s, 1, -1))
		out:say('forms', #u.toNFC(s), #u.toNFD(s), #u.toNFKC(s), #u.toNFKD(s))
		out:say('find', u.find(s, '%a+'), u.find(s, '%W'), u.match(s, '^(.)(.)'))
		out:say('gsub', u.gsub(s, '%a', { ['П'] = 'p', ['日'] = 'n' }), (u.gsub(s, '.', '%0-', 3)))
		local list = {}
		for c in u.gmatch(s, '[%w]') do
			list[#list + 1] = c
		end
		out:say('gmatch', table.concat(list, '|'))
	end
	out:say('char', u.char(0x416, 0x65E5, 0x1D11E), u.isutf8('\255'), u.isutf8('ж'))
	out:say('rep format', u.rep('ж', 3), u.format('%5s|%-5s|%.2s|%05.1f|%d|%x|%q', 'жук', 'жук', 'жук', 2.25, 42, 255, 'a"b'))
	out:say('sets', u.gsub('Ёлка ёж', '[Ёё]', 'Е'), u.gsub('абв где', '[а-в]', ''), u.find('xжy', '[^%z-\127]'))
	out:say('frontier and balance', u.gsub('один два', '%f[%w]%w', u.upper), u.match('x(ж(а)б)y', '%b()'))
	out:say('plain', u.find('a.ж.b', '.ж', 1, true), u.find('жжж', 'ж', 3), u.find('abc', '', 10), u.find('abc', '', 4))
	out:say('function', u.gsub('раз два три', '%w+', function (w) return '<' .. u.len(w) .. '>' end))
	out:say('anchors', u.gsub('ааа', '^а', 'б'), u.match('слово ', '^%s*(.-)%s*$'))
	out:say('position captures', u.match('абв', '()б()'), u.find('абвгд', '(в)(г)'))
	out:say('long', u.len(('ж'):rep(20000)), u.find(('ж'):rep(2000) .. 'x', 'x'))
	out:say('limits', u.maxPatternLength, u.maxStringLength)
	out:try('broken', u.len, '\255')
	out:try('broken upper', u.upper, '\255abc')
	out:try('bad pattern', u.find, 'ж', '[а')
	out:try('missing capture', u.gsub, 'ж', '(ж)', '%2')
	out:try('pattern ends with %', u.match, 'ж', 'ж%')
	out:try('nil', u.len, nil)
	out:try('char beyond Unicode', u.char, 0x110000)
	out:try('long pattern', u.find, 'ж', ('ж'):rep(20000))
	return out:text()
end

return p
