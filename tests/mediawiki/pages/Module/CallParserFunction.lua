local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out = Show.new()
	out:say('lc', frame:callParserFunction('lc', 'ÄÖÜ ABC'))
	out:say('args as list', frame:callParserFunction('padleft', { '7', '3', '0' }))
	out:say('args one by one', frame:callParserFunction('padleft', '7', '3', 'x'))
	out:say('by table', frame:callParserFunction{ name = 'padright', args = { 'ab', 5, '-' } })
	out:say('tag', frame:callParserFunction('#tag', { 'nowiki', '{{x}}' }) ~= nil)
	out:say('#if', frame:callParserFunction('#if', 'yes', 'then', 'else'))
	out:say('#switch', frame:callParserFunction('#switch', 'b', 'a=1', 'b=2', '#default=3'))
	out:say('#expr', frame:callParserFunction('#expr', '2^10 + 1'))
	out:say('named arguments', frame:callParserFunction{ name = '#tag', args = { 'span', 'content', class = 'c' } })
	out:say('formatnum', frame:callParserFunction('formatnum', '1234567.891'))
	out:say('ns', frame:callParserFunction('ns', 10), frame:callParserFunction('ns:10'))
	out:say('urlencode', frame:callParserFunction('urlencode', 'a b&c/ü', 'WIKI'))
	out:say('#invoke', frame:callParserFunction('#invoke', 'FrameArgs', 'echo', 'called'))
	out:say('with colon', frame:callParserFunction('lc:DONE'))
	out:try('unknown', frame.callParserFunction, frame, '#nosuchfunction', 'x')
	out:try('no name', frame.callParserFunction, frame)
	out:try('name of a wrong type', frame.callParserFunction, frame, {})
	out:try('argument of a wrong type', frame.callParserFunction, frame, 'lc', print)
	return out:text()
end

function p.tags(frame)
	return frame:extensionTag('nowiki', "''not italic''") .. ' '
		.. frame:extensionTag{ name = 'pre', content = '{{raw}}', args = { class = 'made-by-lua' } } .. ' '
		.. frame:extensionTag('ref', 'A footnote from Lua', { name = 'lua' }) .. ' '
		.. frame:callParserFunction('#tag:ref', { 'Another', group = 'g' }) .. ' '
		.. frame:extensionTag{ name = 'references' }
		.. frame:extensionTag{ name = 'references', args = { group = 'g' } }
end

return p
