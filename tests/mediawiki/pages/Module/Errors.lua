local p = {}

local function fail(what)
	if what == 'string' then
		error('a plain message')
	elseif what == 'nowhere' then
		error('a message without position', 0)
	elseif what == 'caller' then
		error('blamed on the caller', 2)
	elseif what == 'number' then
		error(12)
	elseif what == 'true' then
		error(true)
	elseif what == 'index' then
		return what.missing.field
	elseif what == 'call' then
		return undefinedFunction(1)
	elseif what == 'arithmetic' then
		return {} + 1
	elseif what == 'concat' then
		return 'x' .. {}
	elseif what == 'compare' then
		return 1 < 'x'
	elseif what == 'assert' then
		assert(false, 'an assertion')
	elseif what == 'argument' then
		return ('x'):rep({})
	elseif what == 'html' then
		error('<b>bold</b> & "quotes" \255 жук')
	elseif what == 'lines' then
		error('first line\nsecond line: 5: not a position')
	elseif what == 'long' then
		error(('long '):rep(2000))
	elseif what == 'php' then
		return mw.title.new('x', {})
	end
	return 'no error: ' .. what
end

local function down(n, what)
	if n == 0 then
		return (fail(what))
	end
	local result = down(n - 1, what)
	return result
end

function p.deep(frame)
	local result = down(tonumber(frame.args.depth) or 3, frame.args[1])
	return result
end

function p.tail(frame)
	return fail(frame.args[1])
end

function p.callback(frame)
	return (('abc'):gsub('b', function () return (fail(frame.args[1])) end))
end

function p.sorted(frame)
	table.sort({ 3, 2, 1 }, function () return fail(frame.args[1]) end)
end

function p.rethrown(frame)
	local ok, e = pcall(fail, frame.args[1])
	error(e, 0)
end

function p.meta(frame)
	return setmetatable({}, { __index = function (_, k) return fail(k) end })[frame.args[1]]
end

return p
