local Show = require('Module:Show')
local p = {}

function p.main(frame)
	local out, encode, decode = Show.new(), mw.text.jsonEncode, mw.text.jsonDecode
	out:say('list', encode{ 1, 2.5, 'three', true })
	out:say('scalars', encode(1), encode(0.1), encode(-0.5), encode(1e100), encode('x'), encode(true), encode(false))
	out:say('large', encode(2 ^ 53), encode(-2 ^ 53), encode(2 ^ 53 + 2), encode(2 ^ 63), encode(1e15))
	out:say('object', encode{ key = 'value' }, encode{ [1] = 'a', [3] = 'c' }, encode{ ['1'] = 'digit string' })
	out:say('empty', encode{}, encode{ {}, {} })
	out:say('escapes', encode('"\\/\b\f\n\r\t\1\127<>&\'é日𝄞'))
	out:say('pretty', encode({ a = { 1, 2 } }, mw.text.JSON_PRETTY))
	out:say('keys kept', encode({ 'a', 'b' }, mw.text.JSON_PRESERVE_KEYS))
	out:say('decode', decode('{"a":[1,2,{"b":null}],"c":"\\u0436\\ud834\\udd1e","d":1.50,"e":-0,"f":1e3,"g":true}'))
	out:say('decode list', decode('[10,20,30]'), decode('[]'), decode('{}'))
	out:say('decode keys kept', decode('["x","y"]', mw.text.JSON_PRESERVE_KEYS), decode('{"0":"z","1":"o"}'))
	out:say('decode scalars', decode('12'), decode('"s"'), decode('true'), decode('12345678901234567890'))
	out:say('fixed', decode('[1,2,]', mw.text.JSON_TRY_FIXING))
	out:say('round trip', decode(encode{ list = { 1, { x = 'ы' } }, n = 12.25, s = ('long '):rep(2000) }))
	for _, n in ipairs{ 0, 1, -1, 0.1, 1 / 3, 1e21, 1e-7, 123456789012, 2 ^ 31, -2 ^ 31, 2 ^ 52 + 0.5 } do
		out:say('number', decode(encode{ n })[1] == n, encode(n))
	end
	out:try('syntax', decode, '{"a":}')
	out:try('a function', encode, { print = tostring })
	out:try('a circle', function ()
		local t = {}
		t.t = t
		return encode(t)
	end)
	out:message('same table twice', function ()
		local t = { 1 }
		return encode{ t, t }
	end)
	out:try('infinity', encode, { 1 / 0 })
	out:try('not a number', encode, { 0 / 0 })
	out:try('a table key', encode, { [{}] = 1 })
	out:try('a boolean key', encode, { [true] = 1 })
	out:message('keys that collide', encode, { [1] = 'a', ['1'] = 'b', x = 1 })
	out:try('broken UTF-8', encode, { '\255\254' })
	out:try('too deep', function ()
		local t = {}
		for i = 1, 200 do
			t = { t }
		end
		return encode(t)
	end)
	return out:text()
end

return p
