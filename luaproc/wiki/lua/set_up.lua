-- Makes one function of those that load_library.lua gave: each gets its argument.
local setups = { ... }
return function( ... )
	for number, options in ipairs{ ... } do
		setups[number]( options )
	end
end
