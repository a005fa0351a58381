-- A citation as large wikis make them: aliases and allowed names from a data module, text cleaned by mw.ustring, dates
-- checked, identifiers checked and linked, metadata for machines behind the text.
local utilities = require( 'Module:BenchCiteUtilities' )
local dates = require( 'Module:BenchCiteDates' )
local identifiers = require( 'Module:BenchCiteIdentifiers' )
local data = mw.loadData( 'Module:BenchCiteData' )

local p = {}

-- Arguments by the names that the rest knows them by, and what was wrong with them.
local function read_arguments( frame )
	local found, problems = {}, {}
	for name, value in pairs( frame:getParent().args ) do
		local text = mw.text.trim( value )
		if text ~= '' then
			local known, number = data.aliases[name], nil
			if known == nil and type( name ) == 'string' then
				known, number = name:match( '^(%l+)(%d+)$' )
				known = data.aliases[known]
			end
			if known == nil then
				problems[#problems + 1] = 'unknown parameter ' .. tostring( name )
			elseif data.allowed[known] == false then
				problems[#problems + 1] = 'parameter that is no longer used: ' .. known
			else
				found[known .. ( number or '' )] = utilities.clean( text )
			end
		end
	end
	return found, problems
end

local function people( args, last, first )
	local list, number = {}, 1
	while args[last .. number] or number == 1 and args[last] do
		local name = args[last .. number] or args[last]
		local given = args[first .. number]
		if given then
			name = name .. ', ' .. ( data.initials and utilities.initials( given ) or given )
		end
		list[number] = utilities.link( name, args['link' .. number] )
		number = number + 1
	end
	if #list > data.most_people then
		list[data.most_people + 1] = data.messages.others
		for i = #list, data.most_people + 2, -1 do
			list[i] = nil
		end
	end
	return table.concat( list, data.separators.people )
end

local function metadata( args )
	local parts = { 'ctx_ver=Z39.88-2004', 'rft_val_fmt=' .. mw.uri.encode( 'info:ofi/fmt:kev:mtx:journal' ) }
	for _, name in ipairs( data.metadata ) do
		if args[name] then
			parts[#parts + 1] = 'rft.' .. name .. '=' .. mw.uri.encode( utilities.plain( args[name] ) )
		end
	end
	return tostring( mw.html.create( 'span' ):addClass( 'Z3988' ):attr( 'title', table.concat( parts, '&' ) ) )
end

function p.main( frame )
	local args, problems = read_arguments( frame )
	local parts = {}
	local function add( text )
		if text and text ~= '' then
			parts[#parts + 1] = text
		end
	end
	add( people( args, 'last', 'first' ) )
	local date, why = dates.check( args.date )
	if why then
		problems[#problems + 1] = why
	end
	add( date and '(' .. date .. ')' )
	local title = args.title and utilities.quote( args.title )
	add( args.url and title and '[' .. args.url .. ' ' .. title .. ']' or title )
	add( args.journal and "''" .. args.journal .. "''" )
	add( args.volume and data.messages.volume:gsub( '%$1', args.volume ) )
	add( args.pages and data.messages.pages:gsub( '%$1', ( utilities.dashes( args.pages ) ) ) )
	add( args.publisher )
	for _, text in ipairs( identifiers.all( args, problems ) ) do
		add( text )
	end
	local accessed, when = dates.check( args.accessed )
	add( accessed and data.messages.accessed:gsub( '%$1', accessed ) )
	if when then
		problems[#problems + 1] = when
	end
	table.sort( problems )
	local shown = ''
	if #problems > 0 then
		shown = ' <span class="error">' .. mw.text.nowiki( table.concat( problems, '; ' ) ) .. '</span>'
	end
	return '<cite class="citation">' .. table.concat( parts, data.separators.parts ) .. '.</cite>'
		.. metadata( args ) .. shown
end

return p
