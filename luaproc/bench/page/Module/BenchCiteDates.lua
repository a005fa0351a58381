-- Dates in the spellings that editors use; a problem in words for the others.
local data = mw.loadData( 'Module:BenchCiteData' )
local d = {}

local function days( year, month )
	if month == 2 then
		return ( year % 4 == 0 and year % 100 ~= 0 or year % 400 == 0 ) and 29 or 28
	end
	return ( month == 4 or month == 6 or month == 9 or month == 11 ) and 30 or 31
end

local SPELLINGS = {
	{ '^(%d%d%d%d)%-(%d%d)%-(%d%d)$', function ( year, month, day ) return year, month, day end },
	{ '^(%d%d?) (%a+) (%d%d%d%d)$', function ( day, month, year ) return year, month, day end },
	{ '^(%a+) (%d%d?), (%d%d%d%d)$', function ( month, day, year ) return year, month, day end },
	{ '^(%a+) (%d%d%d%d)$', function ( month, year ) return year, month, nil end },
	{ '^(%d%d%d%d)$', function ( year ) return year, nil, nil end },
}

-- The date as it is shown; nil and the reason for one that there is not.
function d.check( text )
	if not text then
		return nil
	end
	for _, spelling in ipairs( SPELLINGS ) do
		local a, b, c = mw.ustring.match( text, spelling[1] )
		if a then
			local year, month, day = spelling[2]( a, b, c )
			year = tonumber( year )
			month = month and ( tonumber( month ) or data.months[mw.ustring.lower( month )] )
			if day and ( not month or tonumber( day ) < 1 or tonumber( day ) > days( year, month ) ) then
				return nil, 'no such day: ' .. text
			elseif month and ( month < 1 or month > 12 ) then
				return nil, 'no such month: ' .. text
			end
			if day then
				return mw.language.getContentLanguage():formatDate( 'j F Y', ( '%04d-%02d-%02d' ):format( year, month, day ) )
			end
			return text
		end
	end
	return nil, 'not a date: ' .. text
end

return d
