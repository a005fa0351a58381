-- Answers some calls of mw.lua's in Python's place, for which Lua and Python would change places otherwise: arguments
-- that are texts with nothing to expand, half of all calls of a page; whether there is a parent; libraries that wait for
-- `require` (deferred: their names -> true). Runs where mw_interface has the functions of mw.lua.
-- Returns a function that is told of the frames of each #invoke before it runs: in `all` the arguments as Python would
-- give them; where Python has to expand some, the others' `texts` by names, and `others` -> true for those names.

local php, deferred = mw_interface, ...
local frames = {}
local argument, arguments, exists = php.getExpandedArgument, php.getAllExpandedArguments, php.frameExists
local library = php.loadPHPLibrary
local find, format, tonumber, type = string.find, string.format, tonumber, type

function php.getExpandedArgument( id, name )
	local frame = frames[id]
	if not frame or frame.others and frame.others[name] then
		return argument( id, name )
	end
	if frame.texts then
		return frame.texts[name]
	end
	local all = frame.all
	local text = all[name]
	if text == nil and find( name, '^%-?[1-9]%d*$' ) or name == '0' then
		local number = tonumber( name ) -- PHP's key for such a name
		return format( '%.0f', number ) == name and all[number] or nil
	end
	return text
end

function php.getAllExpandedArguments( id )
	local frame = frames[id]
	return frame and frame.all or arguments( id )
end

function php.frameExists( id )
	return frames[id] and true or exists( id )
end

function php.loadPHPLibrary( name )
	if type( name ) == 'string' and not deferred[name] then
		return nil
	end
	return library( name )
end

return function ( current, parent )
	frames = { current = current, parent = parent }
end
