-- A suite with assertions that tell what was expected, as test modules of wikis have them.
local Units = {}
Units.__index = Units

function Units.new()
	return setmetatable( {}, Units )
end

function Units:assertEquals( expected, actual )
	if expected ~= actual then
		error( { text = 'not equal', expected = expected, actual = actual }, 2 )
	end
end

function Units:assertExpands( expected, wikitext )
	local actual = self.frame:preprocess( wikitext )
	if expected ~= actual then
		error( { text = wikitext, expected = expected, actual = actual }, 2 )
	end
end

return Units
