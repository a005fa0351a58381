-- The names a module can reach: this list, and nothing else. It is data: sandbox.lua builds the modules'
-- globals from it, and the tests walk everything that a module can reach and fail on a name that is not here.
-- A name that this runtime does not have is left out (LuaJIT lacks gfind, mod and setn; PUC lacks move).

return {
	_G = { '_G', '_VERSION', 'assert', 'error', 'getfenv', 'getmetatable', 'ipairs', 'next', 'pairs', 'pcall',
		'rawequal', 'rawget', 'rawset', 'select', 'setfenv', 'setmetatable', 'tonumber', 'tostring', 'type',
		'unpack', 'xpcall', 'debug', 'math', 'os', 'string', 'table' },
	debug = { 'traceback' },
	math = { 'abs', 'acos', 'asin', 'atan', 'atan2', 'ceil', 'cos', 'cosh', 'deg', 'exp', 'floor', 'fmod',
		'frexp', 'huge', 'ldexp', 'log', 'log10', 'max', 'min', 'mod', 'modf', 'pi', 'pow', 'rad', 'random',
		'randomseed', 'sin', 'sinh', 'sqrt', 'tan', 'tanh' },
	os = { 'clock', 'date', 'difftime', 'time' },
	string = { 'byte', 'char', 'find', 'format', 'gfind', 'gmatch', 'gsub', 'len', 'lower', 'match', 'rep',
		'reverse', 'sub', 'upper' },
	table = { 'concat', 'foreach', 'foreachi', 'getn', 'insert', 'maxn', 'move', 'remove', 'setn', 'sort' },
}
