-- The names of a test module's tests. Runs behind a line with the local `suite_name`, the module's title.
-- They stand in its table, or in what ScribuntoUnit's `new` put under it: __index has the assertions, not the tests.
local suite = require( suite_name )
if type( suite ) ~= 'table' then
	error( 'expected a test module to return a table, got ' .. type( suite ), 0 )
end
local names = {}
for key, value in pairs( suite ) do
	if type( key ) == 'string' and key:lower():sub( 1, 4 ) == 'test' and type( value ) == 'function' then
		names[#names + 1] = key
	end
end
return names
