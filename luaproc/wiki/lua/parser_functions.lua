-- mw.ext.ParserFunctions where there is no MediaWiki's folder with the extension's own file.
local php = mw_interface
mw_interface = nil
local library = {}
function library.expr( text )
	return php.expr( text )
end
mw.ext = mw.ext or {}
mw.ext.ParserFunctions = library
package.loaded['mw.ext.ParserFunctions'] = library
return library
