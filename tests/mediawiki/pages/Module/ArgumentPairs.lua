local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out = Show.new()
	for name, f in pairs{ frame = frame, parent = frame:getParent() } do
		local seen = {}
		for k, v in f:argumentPairs() do
			seen[k] = v
		end
		out:say(name, seen)
	end
	table.sort(out)
	local count = 0
	for k in frame:argumentPairs() do
		count = count + 1
		if count == 2 then
			break
		end
	end
	out:say('stopped after', count)
	return out:text()
end

-- The order that pairs gives is PHP's order of the arguments.
function p.order(frame)
	local names = {}
	for k, v in frame:argumentPairs() do
		names[#names + 1] = type(k) .. ':' .. k .. '=' .. v
	end
	return table.concat(names, '; ')
end

return p
