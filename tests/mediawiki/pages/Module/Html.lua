local p = {}

function p.main(frame)
	local root = mw.html.create('table')
	root
		:addClass('infobox'):addClass('vcard')
		:attr('id', 'box'):attr{ title = 'A "quoted" <title> & more' }:attr('data-x', 5)
		:css('width', '20em'):css{ color = 'red' }
		:cssText('border:1px solid')
	root:tag('caption'):wikitext("''Caption''"):newline():done()
	for i, row in ipairs{ { 'Name', 'Łódź' }, { 'Formula', '1 < 2 && 3 > 2' }, { 'Link', '[[Included|an internal link]]' } } do
		root:tag('tr')
			:tag('th'):attr('scope', 'row'):wikitext(row[1]):done()
			:tag('td'):wikitext(row[2], ' #', i):done()
	end
	root:tag('tr'):tag('td'):attr('colspan', 2):tag('br'):done():node(mw.html.create('span'):wikitext('a node')):allDone()
	root:tag('tr'):tag('td'):css('color', nil):attr('title', nil):wikitext(nil):wikitext('nil is nothing')
	return tostring(root) .. '\n' .. tostring(mw.html.create('hr', { selfClosing = true }):addClass('end'))
		.. tostring(mw.html.create():wikitext('no tag'))
end

function p.attributes()
	local node = mw.html.create('span'):attr('a', 1):attr('a', 2):addClass('x'):attr('class', 'y'):css('c', '1'):css('c', '2')
	local texts = { tostring(node), tostring(node:getAttr('a')), tostring(node:getAttr('none')) }
	for _, case in ipairs{
		function () return mw.html.create('<b>') end,
		function () return mw.html.create(5) end,
		function () return mw.html.create('b'):attr('<', 'x') end,
		function () return mw.html.create('b'):css('a', {}) end,
		function () return mw.html.create('b'):node(5) end,
		function () return mw.html.create('b'):wikitext({}) end,
		function () return mw.html.create('b'):tag() end,
	} do
		local ok, text = pcall(case)
		texts[#texts + 1] = tostring(ok) .. ' ' .. tostring(text)
	end
	return '<pre>' .. mw.text.nowiki(table.concat(texts, '\n')) .. '</pre>'
end

return p
