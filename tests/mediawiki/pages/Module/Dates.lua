local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, time = Show.new(), 1000000000
	out:say('date', os.date('!%Y-%m-%d %H:%M:%S %a %A %b %B %p %j %U %w %y %%', time))
	out:say('default format', os.date('!%c', time), os.date('!%x %X', time))
	out:say('table', os.date('!*t', time), os.date('*t', time).isdst)
	out:say('local', os.date('%H', time) == os.date('!%H', time))
	out:say('time', os.time{ year = 2020, month = 2, day = 29, hour = 12 }, os.time{ year = 2020, month = 14, day = -3, hour = 0, min = 61, sec = 61 })
	out:say('difftime', os.difftime(20, 5), os.difftime(1, 2))
	out:say('now', type(os.time()), os.time() > time, os.date('%Y') >= '2024', type(os.clock()), os.clock() > 0)
	out:say('clock is coarse', os.clock() % 0.00002 < 1e-9 or 0.00002 - os.clock() % 0.00002 < 1e-9)
	out:say('epoch', os.date('!%c', 0), os.date('!%Y', 2 ^ 31))
	out:say('what is there', os.execute, os.getenv, os.exit, os.remove, os.tmpname)
	out:try('missing fields', os.time, {})
	out:try('bad type', os.date, {})
	out:try('bad time', os.date, '%Y', 'x')
	out:try('bad difftime', os.difftime)
	return out:text()
end

return p
