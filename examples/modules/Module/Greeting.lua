-- {{#invoke:Greeting|greet|name}}: a greeting by the hour, in a span.
local p = {}
local data = mw.loadData( 'Module:Greeting/data' )

function p.word( hour )
	for _, row in ipairs( data ) do
		if hour < row.before then
			return row.word
		end
	end
	error( 'expected an hour up to 23, got ' .. tostring( hour ) )
end

function p.greet( frame )
	local name = mw.text.trim( frame.args[1] or '' )
	if name == '' then
		name = 'you'
	end
	local hour = tonumber( mw.getContentLanguage():formatDate( 'G' ) )
	local span = mw.html.create( 'span' ):addClass( 'greeting' ):wikitext( p.word( hour ), ', ', name )
	return tostring( span )
end

return p
