-- What every part of the citation does with text.
local u = {}

local NAMES = { nbsp = ' ', ndash = '–', mdash = '—', amp = '&', quot = '"' }

-- Invisible characters out, entities in, one blank where there were several.
function u.clean( text )
	local found, count = mw.ustring.gsub( text, '[\226\128\139\226\128\141\239\187\191]', '' )
	if mw.ustring.find( found, '&%a+;' ) then
		found = mw.ustring.gsub( found, '&(%a+);', function ( name )
			return NAMES[name]
		end )
	end
	found = mw.ustring.gsub( found, '%s+', ' ' )
	return found, count
end

-- The text without links and markup.
function u.plain( text )
	text = mw.ustring.gsub( text, '%[%[[^%[%]|]*|([^%[%]]*)%]%]', '%1' )
	text = mw.ustring.gsub( text, '%[%[([^%[%]]*)%]%]', '%1' )
	return ( text:gsub( "''+", '' ) )
end

function u.quote( text )
	local inner = mw.ustring.gsub( text, '["“”«»]', '’' )
	return '"' .. inner .. '"'
end

-- Ranges with a dash: 12-15, 12--15, 12 - 15.
function u.dashes( text )
	local parts = mw.text.split( text, '%s*[,;]%s*' )
	for i, part in ipairs( parts ) do
		local from, to = mw.ustring.match( part, '^(%w+)%s*[-–—]+%s*(%w+)$' )
		if from then
			parts[i] = from .. '–' .. to
		end
	end
	return table.concat( parts, ', ' ), #parts
end

function u.initials( names )
	local found = {}
	for name in mw.ustring.gmatch( names, '[^%s%.%-]+' ) do
		found[#found + 1] = mw.ustring.upper( mw.ustring.sub( name, 1, 1 ) ) .. '.'
	end
	return table.concat( found, ' ' )
end

function u.link( text, target )
	if not target or target == '' then
		return text
	end
	local title = mw.title.new( target )
	return title and '[[' .. title.prefixedText .. '|' .. text .. ']]' or text
end

return u
