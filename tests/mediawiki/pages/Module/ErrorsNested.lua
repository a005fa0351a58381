local p = {}

local function through(frame, what)
	local text = frame:expandTemplate{ title = 'Failing', args = { what } }
	return text
end

-- The inner error is shown in the text, and the outer module goes on.
function p.inner(frame)
	return 'outer[' .. through(frame, frame.args[1]) .. ']outer'
end

-- The outer module fails after the inner one did.
function p.both(frame)
	local text = through(frame, 'index')
	error('the outer one too, after ' .. #text .. ' bytes')
end

return p
