local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, parent = Show.new(), frame:getParent()
	out:say('titles', frame:getTitle(), parent and parent:getTitle())
	out:say('own', frame.args[1], frame.args.name)
	if parent then
		out:say('parent', parent.args[1], parent.args[2], parent.args.name, parent.args.missing)
		local seen = {}
		for k, v in parent:argumentPairs() do
			seen[k] = v
		end
		out:say('all', seen)
		out:say('grandparent', parent:getParent())
		out:say('getArgument', parent:getArgument('name') and parent:getArgument('name'):expand())
		out:say('getArgument by table', parent:getArgument{ name = 1 } and parent:getArgument{ name = 1 }:expand())
		out:say('preprocess in the parent', parent:preprocess('{{{1|none}}} {{{name|none}}}'))
	end
	return out:text()
end

return p
