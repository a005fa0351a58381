-- The ways in which a module fails.
local p = {}
local meta = { __tostring = function () return 'as text' end }

function p.text() error( 'a text' ) end
function p.level0() error( 'no place', 0 ) end
function p.level2() local function f() error( 'one up', 2 ) end f() end
function p.table() error( {} ) end
function p.tostring() error( setmetatable( {}, meta ) ) end
function p.none() error() end
function p.number() error( 12 ) end
function p.boolean() error( true ) end
function p.func() error( print ) end
function p.lines() error( 'two\nlines' ) end
function p.markup() error( "'''bold''' {{PAGENAME}} <b>" ) end
function p.quotes() error( 'a "quoted" \'text\' & more' ) end
function p.index() local x; return x.y end
function p.call() local x; x() end
function p.arithmetic() return {} + 1 end
function p.concat() return 'a' .. {} end
function p.compare() return {} < {} end
function p.badArgument() return ( 'x' ):rep( {} ) end
function p.badTitle() return mw.title.new( {} ) end
function p.badFrame( frame ) return frame.preprocess( 'x' ) end
function p.badPreprocess( frame ) return frame:expandTemplate( 'x' ) end
function p.overflow() return p.overflow() .. '' end
function p.assertion() assert( false, 'asserted' ) end
function p.assertionNil() assert( nil ) end
function p.bytes() error( 'a\128\255b' ) end
function p.long() error( ( 'x' ):rep( 3000 ) ) end
function p.require() return require( 'Module:Nothing there' ) end
function p.requireBroken() return require( 'Module:Broken' ) end
function p.unstrip() return mw.text.unstrip( nil ) end
function p.inParent( frame ) return frame:getParent():preprocess( '{{#invoke:Fails|text}}' ) end
function p.inside( frame ) return 'before ' .. frame:preprocess( '{{#invoke:Fails|text}}' ) .. ' after' end
function p.function_() return p.main end
function p.ustring() return mw.ustring.sub( 'a\255', 1, 1 ) end
function p.xpcall() return tostring( select( 2, xpcall( p.text, function ( e ) return 'handled: ' .. e end ) ) ) end
function p.global() return tostring( undefined_name ) end
function p.strict() require( 'strict' ) return undefined_name end

return p
