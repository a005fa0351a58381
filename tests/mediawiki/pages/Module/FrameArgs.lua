local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, args = Show.new(), frame.args
	out:say('by position', args[1], args[2], args[3], args[4])
	out:say('by digit string', args['1'], args['2'])
	out:say('by name', args.name, args['two words'], args.missing, args[''])
	out:say('non-Latin name', args['имя'], args['名前'])
	out:say('other keys', args[1.5], args[-1], args[0], args['01'])
	local seen = {}
	for k, v in pairs(args) do
		seen[k] = v
	end
	out:say('pairs', seen)
	local list = {}
	for i, v in ipairs(args) do
		list[#list + 1] = i .. '=' .. v
	end
	out:say('ipairs', list)
	out:say('next', next(args) ~= nil, #args)
	out:say('type', type(args), type(frame), frame == mw.getCurrentFrame())
	out:try('a table as key', function () return args[{}] end)
	args.added = 'by the module'
	out:say('added', args.added, frame.args.added)
	return out:text()
end

function p.echo(frame)
	return frame.args[1] or 'nothing'
end

return p
