mw.log('the data module runs')
local shared = { x = 'shared' }
return {
	red = { hex = '#ff0000', names = { de = 'rot', ru = 'красный', ja = '赤' } },
	list = { 'alpha', 'beta', 'γάμμα', 4.5 },
	answer = 42,
	truth = false,
	shared1 = shared,
	shared2 = shared,
	[7] = 'seven',
	[true] = 'yes',
	loaded = 'from cache or not',
}
