local p = {}

-- #invoke -> template -> #invoke …, every level a Lua call inside a PHP call inside a Lua call. A template may not
-- come twice on the way down: one for each level.
function p.down(frame)
	local n = tonumber(frame.args[1])
	if n <= 0 then
		return 'bottom'
	end
	return n .. '(' .. frame:expandTemplate{ title = 'Recursion' .. n - 1, args = { n - 1 } } .. ')' .. n
end

-- The same template again: MediaWiki's own error, raised into Lua.
function p.loop(frame)
	local text = frame:expandTemplate{ title = 'RecursionLoop', args = { frame.args[1] - 1 } }
	return text
end

-- The same by preprocess, with a value kept over the inner call.
function p.preprocess(frame)
	local n = tonumber(frame.args[1])
	local kept = ('<' .. n .. '>'):rep(2)
	if n == 0 then
		return 'end'
	end
	local inner = frame:preprocess('{{#invoke:Recursion|preprocess|' .. (n - 1) .. '}}')
	return kept:sub(2, -2) .. inner .. kept:sub(2, -2)
end

-- Two branches on each level: 2^n leaves.
function p.tree(frame)
	local n = tonumber(frame.args[1])
	if n == 0 then
		return 'x'
	end
	local half = '{{#invoke:Recursion|tree|' .. (n - 1) .. '}}'
	return '[' .. frame:preprocess(half) .. frame:preprocess(half) .. ']'
end

return p
