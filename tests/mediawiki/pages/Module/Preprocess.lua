local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out = Show.new()
	out:say('plain', frame:preprocess("''italic'' [[link]]"))
	out:say('template', frame:preprocess('{{Box|in preprocess|colour={{lc:RED}}}}'))
	out:say('arguments of this frame', frame:preprocess('{{{1}}} {{{name|unset}}} {{{missing|default}}}'))
	out:say('by table', frame:preprocess{ text = '{{uc:' .. frame.args[1] .. '}}' })
	out:say('magic words', frame:preprocess('{{PAGENAME}} {{NAMESPACE}} {{#expr: 6*7}}'))
	out:say('invoke', frame:preprocess('{{#invoke:FrameArgs|echo|from preprocess}}'))
	out:say('many', frame:preprocess(('{{lc:ABC}} '):rep(50)))
	out:say('every ASCII byte', #frame:preprocess((function ()
		local t = {}
		for i = 1, 126 do
			t[i] = string.char(i)
		end
		return table.concat(t)
	end)()))
	out:try('a number', frame.preprocess, frame, 12)
	out:try('no text', frame.preprocess, frame, {})
	out:try('a function', frame.preprocess, frame, print)
	out:try('without self', frame.preprocess, 'text')
	return out:text()
end

function p.markers(frame)
	local text = frame:preprocess('<nowiki>{{not expanded}}</nowiki>')
	return 'A strip marker of ' .. #text .. ' bytes: ' .. text .. ' and <pre>' .. mw.text.killMarkers(text) .. '</pre>'
end

return p
