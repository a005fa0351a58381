-- ustring.lua's patterns require tables of characters, 3,600 values. Here the tables stay out of package.loaded, which
-- mw.lua clones for each #invoke: a wiki never has them there, since its patterns are PHP's. Runs behind
-- mw.ustring.lua, under a name by which responder/lua/snapshot.lua knows that no module reaches what is in here.
local CHARSETS = 'ustring/charsets'
local plain_require, loaders = require, package.loaders
local charsets
function require( name )
	if name ~= CHARSETS then
		return plain_require( name )
	end
	charsets = charsets or loaders[#loaders]( name )( name )
	return charsets
end
