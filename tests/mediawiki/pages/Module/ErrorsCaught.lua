local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out = Show.new()
	out:try('from PHP', frame.expandTemplate, frame, { title = 'No such template' })
	out:try('from an inner #invoke', frame.preprocess, frame, '{{#invoke:Errors|deep|string}}')
	out:try('from a tail call', function () return error('tail') end)
	out:try('no function', 12)
	out:try('nothing')
	out:say('a table stays the same table', (function ()
		local t = { 'kept' }
		local ok, e = pcall(error, t)
		return ok, e == t, e[1]
	end)())
	out:say('xpcall', xpcall(function () error('inner') end, function (e) return 'handled: ' .. tostring(e) end))
	out:say('error in the handler', xpcall(function () error('inner') end, function (e) error('again') end))
	out:say('traceback', type(debug.traceback()), (debug.traceback('message', 1):match('^[^\n]*')))
	out:say('in a handler', select(2, xpcall(function () local x = nil; return x.y end, function (e)
		return (debug.traceback(e, 2):match('^[^\n]*\n[^\n]*'))
	end)))
	out:say('nested', pcall(pcall, pcall, error, 'deep'))
	out:say('stack overflow', (function ()
		local function f()
			return 1 + f()
		end
		local ok, e = pcall(f)
		return ok, (tostring(e):match('stack overflow'))
	end)())
	out:say('a thousand caught', (function ()
		local n = 0
		for i = 1, 1000 do
			if not pcall(error, i) then
				n = n + 1
			end
		end
		return n
	end)())
	out:say('a hundred from PHP', (function ()
		local n = 0
		for i = 1, 100 do
			if not pcall(frame.expandTemplate, frame, { title = '<>' }) then
				n = n + 1
			end
		end
		return n
	end)())
	return out:text()
end

return p
