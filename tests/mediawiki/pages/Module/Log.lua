local p = {}

function p.main(frame)
	mw.log('plain', 12, 0.5, true, nil, 'жук')
	mw.log()
	mw.log('tables and functions', {}, tostring, frame)
	mw.logObject({ 1, 'two', { three = 3, [4.5] = false }, key = 'значение' }, 'prefix')
	mw.logObject('a string')
	local circle = {}
	circle.self = circle
	mw.logObject(circle)
	mw.logObject(setmetatable({ 1 }, { __tostring = function () return 'own name' end, __metatable = 'hidden' }))
	mw.log('<b>&amp;</b>', '\1')
	return '<pre>' .. mw.text.nowiki(mw.dumpObject{ a = { b = { 'c' } }, [1] = 'x' }) .. mw.text.nowiki(mw.allToString('a', 1, nil, true)) .. '</pre>'
end

function p.second()
	mw.log('from the second #invoke')
	return 'logged'
end

return p
