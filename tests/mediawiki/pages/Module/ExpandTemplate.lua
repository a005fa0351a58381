local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out = Show.new()
	out:say('positional', frame:expandTemplate{ title = 'Box', args = { 'one', 'two' } })
	out:say('named', frame:expandTemplate{ title = 'Box', args = { 'x', colour = 'green' } })
	out:say('numbers', frame:expandTemplate{ title = 'Box', args = { 12, 0.5, colour = 1e15 } })
	out:say('more numbers', frame:expandTemplate{ title = 'Box', args = { -0.0, 2 ^ 53, colour = 1e300 } })
	out:say('truth', pcall(frame.expandTemplate, frame, { title = 'Box', args = { true, false } }))
	out:say('no args', frame:expandTemplate{ title = 'Box' })
	out:say('template with invoke', frame:expandTemplate{ title = 'Parent', args = { 'from Lua', name = 'n' } })
	out:say('namespace', frame:expandTemplate{ title = 'Template:Box', args = { 'full title' } })
	out:say('a page', frame:expandTemplate{ title = ':Included', args = { 'page as template' } })
	out:say('a title object', frame:expandTemplate{ title = mw.title.new('Template:Box'), args = { 'object' } })
	out:say('not wikitext again', frame:expandTemplate{ title = 'Box', args = { '{{Box|raw}} {{{1}}} | =' } })
	out:try('missing template', frame.expandTemplate, frame, { title = 'No such template' })
	out:try('bad title', frame.expandTemplate, frame, { title = '<bad>' })
	out:try('no title', frame.expandTemplate, frame, {})
	out:try('bad argument', frame.expandTemplate, frame, { title = 'Box', args = { {} } })
	out:try('args no table', frame.expandTemplate, frame, { title = 'Box', args = 'text' })
	return out:text()
end

function p.rendered(frame)
	return frame:expandTemplate{ title = 'Box', args = { "''rendered''", colour = 'blue' } }
end

return p
