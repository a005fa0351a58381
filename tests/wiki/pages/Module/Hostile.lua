-- What is too deep, too large, no text, or not allowed.
local p = {}

local function nested( levels )
	local t = {}
	for _ = 1, levels do t = { t } end
	return t
end

function p.bytes() return 'a\255b\240\159' end
function p.control() return 'a\0b\1c\127d\194\133e' end
function p.large() return #( 'x' ):rep( 3e6 ) end
function p.length( frame ) return #frame.args[1] end
function p.json() return #mw.text.jsonEncode( nested( tonumber( mw.getCurrentFrame().args[1] ) ) ) end
function p.url( frame ) return mw.title.new( 'X' ):fullUrl( nested( tonumber( frame.args[1] ) ) ) end
function p.selfUrl() local t = {} t.t = t return mw.title.new( 'X' ):fullUrl( t ) end
function p.names()
	local found = {}
	for _, name in ipairs{ 'io', 'load', 'loadfile', 'dofile', 'loadstring', 'newproxy', 'collectgarbage', 'coroutine', 'print', 'module' } do
		if _G[name] ~= nil then found[#found + 1] = name end
	end
	for _, name in ipairs{ 'execute', 'exit', 'getenv', 'remove', 'rename', 'tmpname', 'setlocale' } do
		if os[name] ~= nil then found[#found + 1] = 'os.' .. name end
	end
	for _, name in ipairs{ 'getinfo', 'getlocal', 'getregistry', 'sethook', 'getupvalue' } do
		if debug[name] ~= nil then found[#found + 1] = 'debug.' .. name end
	end
	return table.concat( found, ' ' ) .. '.'
end
function p.files()
	local said = {}
	for _, name in ipairs{ '../../../../../etc/passwd', '/etc/passwd', 'mw\0x', '', 'Module:a|b', 'Template:Echo' } do
		said[#said + 1] = select( 2, pcall( require, name ) )
	end
	return table.concat( said, '; ' )
end
function p.titles()
	local found = {}
	for _, name in ipairs{ 'a|b', '[[x]]', '\255', '', '#x', ':', 'a//b', '../x', ( 'x' ):rep( 256 ), ( 'é' ):rep( 128 ), 'a&amp;b', 'a%41', '~~~', 'Talk:Talk:x', 'x\ny', 'a\0b' } do
		found[#found + 1] = tostring( mw.title.new( name ) )
	end
	return table.concat( found, '; ' )
end
function p.template( frame ) return frame:expandTemplate{ title = frame.args[1], args = { ( 'x' ):rep( 10 ) } } end
function p.parserFunction( frame ) return frame:callParserFunction( frame.args[1], { 'x' } ) end
function p.child( frame ) return frame:newChild{ title = frame.args[1] }:getTitle() end
function p.preprocess( frame ) return frame:preprocess( ( frame.args[1] ):rep( tonumber( frame.args[2] ) ) ) end
function p.loadData( frame ) return mw.loadData( frame.args[1] ).x end
function p.message() return mw.message.new( 'a|b', {} ):plain() end
function p.frames( frame ) for _ = 1, 200 do frame = frame:newChild{ args = {} } end return 'done' end
function p.nestedInvoke( frame ) return frame:preprocess( '{{#invoke:Hostile|nestedInvoke}}' ) end
function p.manyErrors( frame ) return frame:preprocess( ( '{{#invoke:Fails|text}}' ):rep( 3 ) ) end
function p.cut() return '<nowiki>[[' end

return p
