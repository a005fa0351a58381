local p = {}

-- While this Lua waits, PHP asks another Lua, which asks a third.
function p.main(frame)
	local kept = { 'kept' }
	local text = frame:extensionTag('other', '{{#invoke:Other|second}}')
	return kept[1] .. ' over: ' .. text
end

function p.second(frame)
	return 'second: ' .. frame:extensionTag('other', '{{#invoke:FrameArgs|echo|third}}')
end

return p
