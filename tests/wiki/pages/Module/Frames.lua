-- What a module sees of its frame and does with it.
local p = {}

local function sorted( args )
	local keys = {}
	for key in pairs( args ) do
		keys[#keys + 1] = key
	end
	table.sort( keys, function ( a, b )
		if type( a ) ~= type( b ) then
			return type( a ) < type( b )
		end
		return a < b
	end )
	local parts = {}
	for i, key in ipairs( keys ) do
		parts[i] = type( key ) .. ' ' .. tostring( key ) .. '=<' .. args[key] .. '>'
	end
	return table.concat( parts, '; ' )
end

function p.args( frame )
	return sorted( frame.args )
end

function p.parent( frame )
	local parent = frame:getParent()
	return parent and parent:getTitle() .. ': ' .. sorted( parent.args ) or 'no parent'
end

function p.grandparent( frame )
	local parent = frame:getParent()
	return parent and tostring( parent:getParent() ) or 'no parent'
end

function p.title( frame )
	return frame:getTitle()
end

function p.get( frame )
	local argument = frame:getArgument( frame.args.name )
	return tostring( argument and argument:expand() )
end

function p.preprocess( frame )
	return frame:preprocess( frame.args.text or frame.args[1] )
end

function p.unwrapped( frame )
	return frame:preprocess( mw.text.decode( frame.args[1] ) )
end

function p.parentPreprocess( frame )
	return frame:getParent():preprocess( mw.text.decode( frame.args[1] ) )
end

function p.child( frame )
	local child = frame:newChild{ title = frame.args.title, args = { 'one', x = ' two ', [3] = 'three' } }
	return child:getTitle() .. ': ' .. sorted( child.args ) .. ' / ' .. child:preprocess( '{{{1}}}{{{x}}}{{{y|none}}}' ) ..
		' / ' .. tostring( child:getParent() == frame ) .. child:getParent():getTitle()
end

function p.many( frame )
	local ok, err = pcall( function ()
		for i = 1, 200 do
			frame:newChild{}
		end
	end )
	return tostring( ok ) .. ' ' .. tostring( err )
end

function p.template( frame )
	local args = {}
	for key, value in pairs( frame.args ) do
		args[key] = value
	end
	args.title = nil
	return frame:expandTemplate{ title = frame.args.title, args = args }
end

function p.try( frame )
	local ok, err = pcall( p[frame.args[1]], frame )
	return tostring( ok ) .. ': ' .. tostring( err )
end

function p.values( frame )
	local text = frame:newParserValue( '{{Echo|a}}{{{1|}}}' )
	local template = frame:newTemplateParserValue{ title = 'Echo', args = { 'b' } }
	return text:expand() .. text:expand() .. template:expand()
end

function p.warn( frame )
	mw.addWarning( frame.args[1] )
	return 'warned'
end

function p.log( frame )
	mw.log( 'a', 1, nil, true )
	mw.logObject( { b = 1 }, 'name' )
	return 'logged'
end

function p.expensive( frame )
	local count = 0
	local ok, err = pcall( function ()
		for i = 1, 200 do
			mw.incrementExpensiveFunctionCount()
			count = count + 1
		end
	end )
	return count .. ' ' .. tostring( err )
end

function p.data( frame )
	local data = mw.loadData( frame.args[1] )
	local ok, err = pcall( function () data.x = 1 end )
	return tostring( data.name ) .. ' ' .. tostring( #data ) .. ' ' .. tostring( err ) .. ' ' .. tostring( data.deep and data.deep.er )
end

function p.json( frame )
	local ok, data = pcall( mw.loadJsonData, frame.args[1] )
	if not ok then
		return data
	end
	return tostring( data.name ) .. ' ' .. tostring( data[1] ) .. ' ' .. tostring( data.list and data.list[1] )
end

function p.require( frame )
	local ok, value = pcall( require, frame.args[1] )
	return tostring( ok ) .. ' ' .. ( type( value ) == 'table' and 'table' or tostring( value ) )
end

function p.environment( frame )
	local names = {}
	for name, value in pairs( _G ) do
		names[#names + 1] = name .. ':' .. type( value )
	end
	table.sort( names )
	return table.concat( names, ' ' )
end

function p.nested( frame )
	return frame:preprocess( '{{#invoke:Frames|args|x=' .. ( frame.args[1] or '' ) .. '}}' )
end

function p.numbers( frame )
	return 1, 'two', 3.5, nil, 4
end

function p.nothing() end
function p.boolean() return true end
function p.table() return {} end
function p.withToString() return setmetatable( {}, { __tostring = function () return 'as text' end } ) end
function p.bytes() return 'a\128\255b' end
function p.combining() return 'e\204\129' end
function p.control() return 'a\1\11b\0c' end
function p.markup() return "{{PAGENAME}} '''x''' <nowiki>{{y}}</nowiki> [[z]]" end
function p.deep( frame ) return frame:preprocess( '{{Deep}}' ) end

p['odd name'] = function () return 'odd name' end
p['a=b'] = function ( frame ) return 'a=b ' .. sorted( frame.args ) end
p.notAFunction = 'text'
p[1] = function () return 'one' end

return p
