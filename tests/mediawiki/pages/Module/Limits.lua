local p = {}

-- Past the memory limit, each in a way of its own.
function p.doubling()
	local s = 'x'
	while true do
		s = s .. s
	end
end

function p.tables()
	local t = {}
	while true do
		t[#t + 1] = { #t, tostring(#t) }
	end
end

function p.rep()
	return #('0123456789'):rep(100000000)
end

function p.gsub()
	return #(('x'):rep(1000000):gsub('x', ('y'):rep(1000)))
end

function p.concat()
	local t = {}
	for i = 1, 1e7 do
		t[i] = 'a string that is long enough'
	end
	return #table.concat(t)
end

function p.caught()
	local ok, e = pcall(p.doubling)
	return 'caught: ' .. tostring(ok) .. ' ' .. tostring(e)
end

-- Past the CPU limit.
function p.loop()
	while true do
	end
end

function p.caughtLoop()
	while true do
		pcall(function () while true do end end)
	end
end

function p.longCall()
	return ('a'):rep(20000):find(('.-'):rep(10) .. 'b')
end

function p.callsPhp(frame)
	while true do
		mw.hash.hashValue('md5', ('x'):rep(1e6):gsub('x', 'y'))
	end
end

return p
