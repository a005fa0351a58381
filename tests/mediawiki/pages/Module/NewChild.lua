local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out = Show.new()
	local child = frame:newChild{ title = 'Template:Made up', args = { 'one', k = 'v', [5] = 'five', n = 0.1 } }
	out:say('title', child:getTitle(), frame:getTitle())
	out:say('args', child.args[1], child.args.k, child.args[5], child.args.n, child.args.none)
	out:say('parent', child:getParent() == frame, child:getParent() and child:getParent():getTitle())
	out:say('preprocess', child:preprocess('{{{1}}} {{{k}}} {{{5}}} {{{none|no}}}'))
	out:say('expandTemplate', child:expandTemplate{ title = 'Parent', args = { 'via child' } })
	local grandchild = child:newChild{ args = { 'deeper' } }
	out:say('grandchild', grandchild:getTitle(), grandchild.args[1], grandchild:getParent():getTitle())
	local lots = {}
	for i = 1, 20 do
		lots[i] = frame:newChild{ title = 'T' .. i, args = { i } }
	end
	out:say('many', lots[1].args[1], lots[20].args[1], lots[20]:preprocess('{{{1}}}'))
	out:say('values', frame:newParserValue('{{lc:ABC}}'):expand(), frame:newParserValue{ text = '{{{1}}}' }:expand())
	out:say('template value', frame:newTemplateParserValue{ title = 'Box', args = { 'late' } }:expand())
	out:try('bad title', frame.newChild, frame, { title = '<>', args = {} })
	out:try('bad args', frame.newChild, frame, { args = { [{}] = 1 } })
	return out:text()
end

-- More child frames than Scribunto allows: the error is PHP's, the position the module's.
function p.tooMany(frame)
	for i = 1, 200 do
		frame:newChild{ args = { i } }
	end
	return 'no limit'
end

return p
