-- Loads a library's file, and gives the function that sets the library up. Arguments: the file's chunk, and the name
-- below mw. The tables that the library will stand in have it where a wiki has it, as `pairs` shows.
local load, name = ...
local library, interface = load(), mw_interface
mw_interface = nil
mw[name], package.loaded['mw.' .. name] = library, library
return function ( options )
	mw_interface = interface
	library.setupInterface( options )
end
