local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, hash = Show.new(), mw.hash
	local bytes = {}
	for i = 0, 255 do
		bytes[i + 1] = string.char(i)
	end
	bytes = table.concat(bytes)
	-- A hash over every byte value shows that each of them reaches PHP unchanged.
	for _, algorithm in ipairs{ 'md5', 'sha1', 'sha256', 'crc32b', 'fnv132' } do
		out:say(algorithm, hash.hashValue(algorithm, ''), hash.hashValue(algorithm, 'жук'), hash.hashValue(algorithm, bytes), hash.hashValue(algorithm, bytes:rep(300)))
	end
	out:say('escapes', hash.hashValue('md5', '\\n\\r\\\\ \n \r \\ \0 "'), hash.hashValue('md5', '\r\n'))
	out:say('algorithms', #hash.listAlgorithms() > 20)
	out:try('unknown', hash.hashValue, 'nosuch', 'x')
	out:try('bad value', hash.hashValue, 'md5', {})
	return out:text()
end

return p
