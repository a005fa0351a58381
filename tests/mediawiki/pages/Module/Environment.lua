local Show = require('Module:Show')
local p = {}

-- Every name that a module can reach from its globals, with its type.
function p.names()
	local lines, seen = {}, {}
	local function walk(t, path)
		if seen[t] then
			return
		end
		seen[t] = true
		for k, v in pairs(t) do
			local name = path .. tostring(k)
			if type(k) == 'string' and not name:find('^mw%.site%.namespaces') then
				lines[#lines + 1] = name .. ' ' .. type(v)
			end
			if type(v) == 'table' and not name:find('package%.loaded') and not name:find('mw%.site') then
				walk(v, name .. '.')
			end
		end
	end
	walk(_G, '')
	table.sort(lines)
	return '<pre>' .. table.concat(lines, '\n') .. '</pre>'
end

function p.fences()
	local out = Show.new()
	for _, name in ipairs{ 'io', 'python', 'jit', 'ffi', 'bit', 'load', 'loadstring', 'loadfile', 'dofile', 'module', 'newproxy',
		'collectgarbage', 'gcinfo', 'print', 'coroutine', 'mw_interface' } do
		out:say(name, rawget(_G, name))
	end
	out:say('version', _VERSION)
	out:say('string', string.dump, getmetatable(''))
	out:say('debug', debug.traceback ~= nil, debug.getinfo, debug.sethook, debug.getregistry)
	out:say('tostring shows no address', tostring({}), tostring(print), tostring(tostring), tostring(p.fences))
	out:say('not without allowEnvFuncs', getfenv, setfenv)
	out:say('metatables', getmetatable(setmetatable({}, { __metatable = 'locked' })), pcall(setmetatable, setmetatable({}, { __metatable = 1 }), {}))
	local paired = setmetatable({}, {
		__pairs = function () return function (_, k) if not k then return 1, 'by __pairs' end end end,
		__ipairs = function () return function (_, k) if not k then return 1, 'by __ipairs' end end end,
	})
	for k, v in pairs(paired) do
		out:say('__pairs', k, v)
	end
	for k, v in ipairs(paired) do
		out:say('__ipairs', k, v)
	end
	out:message('pairs of nothing', pairs)
	out:message('ipairs of a number', ipairs, 1)
	out:message('unpack of nothing', unpack)
	out:say('unpack', unpack({ 1, 2, 3 }, 2), select('#', unpack({}, 1, 200)))
	out:try('bad next', next, {}, 'nosuch')
	return out:text()
end

-- getfenv and setfenv, where the wiki's admin allows them.
function p.functions()
	local out = Show.new()
	out:say('environment', getfenv(1) == _G, getfenv(p.names) == _G, getfenv(tostring))
	out:try('getfenv 0', getfenv, 0)
	out:try('setfenv 0', setfenv, 0, {})
	out:try('setfenv of the host', setfenv, tostring, {})
	out:try('setfenv far away', setfenv, 12, {})
	out:try('setfenv of a string', setfenv, 'x', {})
	out:say('setfenv of its own', (function ()
		local f = setfenv(function () return x end, { x = 'own environment' })
		return f()
	end)())
	return out:text()
end

function p.leak()
	Leaked = (Leaked or 0) + 1
	return 'Globals start anew: ' .. Leaked
end

return p
