local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, text = Show.new(), mw.text
	out:say('split', text.split('a,b,,c', ','))
	out:say('split by pattern', text.split('a1b22c333d', '%d+'))
	out:say('split plain', text.split('a.b.c', '.', true))
	out:say('split to characters', text.split('жук', ''))
	out:say('split of nothing', text.split('', ','), text.split('abc', 'x'))
	out:say('split non-Latin', text.split('один、два、три', '、'))
	local parts = {}
	for part in text.gsplit(' x ; y;z ', '%s*;%s*') do
		parts[#parts + 1] = part
	end
	out:say('gsplit', parts)
	out:say('nowiki', text.nowiki([==[''[[a|b]]'' {{c}} <d> & == e == ~~~~ ISBN 1 -- __TOC__ http://x]==]))
	out:say('nowiki at line starts', text.nowiki('* a\n# b\n: c\n; d\n\n ---- \n{| |}'))
	out:say('tag', text.tag('span', { title = '"<&>"' }, 'inner'), text.tag('br'))
	out:say('tag by table', text.tag{ name = 'b', content = false }, text.tag{ name = 'i', attrs = { a = true }, content = 3 }, text.tag('i', { b = 2 }, ''))
	out:say('listToText', text.listToText{ 'a' }, text.listToText{ 'a', 'b' }, text.listToText{ 'a', 'b', 'c' })
	out:say('listToText with separators', text.listToText({ 1, 2, 3 }, '; ', ' or '), text.listToText{})
	out:say('trim', text.trim('  \t x y \n'), text.trim('--x--', '-'), text.trim('  ж  '))
	out:say('truncate', text.truncate('длинный текст', 6), text.truncate('long text', -4), text.truncate('abc', 9))
	out:say('truncate with ellipsis', text.truncate('a long text', 6, '…'), text.truncate('a long text', 6, '…', true))
	out:say('encode', text.encode('<a href="x">&\'é'), text.encode('abc', 'b'))
	out:say('decode', text.decode('&lt;&amp;&gt;&#65;&#x42;&nbsp;&eacute;'), text.decode('&eacute;&sum;&Ouml;', true))
	out:say('decode of no entity', text.decode('&nosuch; &#xFFFFFFFF; &#0; &'))
	out:message('split by nil', text.split, 'a', nil)
	out:try('split of a table', text.split, {}, ',')
	out:try('tag without name', text.tag)
	out:try('tag with bad attribute', text.tag, 'a', { ['<'] = 1 })
	out:try('listToText of mixed', text.listToText, { 'a', {} })
	return out:text()
end

function p.markers(frame)
	local marker = frame:preprocess('<nowiki>kept</nowiki><ref>note</ref>')
	local out = Show.new()
	out:say('unstripNoWiki', (text or mw.text).unstripNoWiki(frame:preprocess('<nowiki>a<b></nowiki>')))
	out:say('unstrip', mw.text.unstrip(frame:preprocess('x<nowiki>y</nowiki>z')))
	out:say('killMarkers', mw.text.killMarkers('x' .. marker .. 'z'))
	return out:text() .. marker
end

return p
