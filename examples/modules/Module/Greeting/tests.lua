-- Plain: a function whose name begins with "test" fails by an error.
local greeting = require( 'Module:Greeting' )
local p = {}

function p.testWords()
	assert( greeting.word( 7 ) == 'Good morning' )
	assert( greeting.word( 23 ) == 'Good evening' )
end

function p.testNoSuchHour()
	assert( not pcall( greeting.word, 24 ) )
end

return p
