-- Answers some calls of mw.lua's in Python's place, for which Lua and Python would change places otherwise: arguments
-- that are texts with nothing to expand, half of all calls of a page; whether there is a parent; libraries that wait
-- for `require` (deferred: their names -> true). Runs where mw_interface has the functions of mw.lua.
-- Returns two functions. know( current, parent ) is told of the frames that a module sees from now on: in `all` the
-- arguments as Python would give them; where Python has to expand some, in `texts` the others by their names, and in
-- `others` those that are to be expanded, by their names (-> true); nil where Python is to be asked.
-- runner( mw.executeModule, mw.executeFunction, mw.getLogBuffer ) makes the function for #invoke, see below.

local php, deferred = mw_interface, ...
local frames = {}
local argument, arguments, exists = php.getExpandedArgument, php.getAllExpandedArguments, php.frameExists
local library = php.loadPHPLibrary
local find, format, next, setmetatable, tonumber, type = string.find, string.format, next, setmetatable, tonumber, type

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

-- How often Python was asked for what it keeps for the current frame: expanded texts, and frames that a module made.
local asked = 0
local keeping = {}
for _, name in next, { 'newChildFrame', 'expandTemplate', 'preprocess' } do
	keeping[name], php[name] = php[name], nil
end
setmetatable( php, {
	__index = function ( _, name )
		asked = asked + 1
		return keeping[name]
	end
} )

local function know( current, parent )
	frames = { current = current, parent = parent }
end

-- What is called as its result has no name in a trace, as where PHP calls it.
local function nameless( called )
	return called
end

-- PHP's steps for an #invoke: mw.executeModule finds the function, mw.executeFunction gives its text. Between the two,
-- what was kept for the frame is forgotten. Arguments of the function that is made: a module's chunk, the name of its
-- function, and the two frames as `know` is told of them. Results: the text, and whether nothing was logged so far.
-- Where there is no function: whether the module returned a table, and what is under that name, or its type.
local forget = php.forget
php.forget = nil
local function runner( execute_module, execute_function, log )
	return function ( chunk, name, current, parent )
		frames = { current = current, parent = parent }
		local before = asked
		local found, value = nameless( execute_module )( chunk, name )
		if not found or type( value ) ~= 'function' then
			return found, value
		end
		if asked ~= before then
			forget()
		end
		local text = nameless( execute_function )( value )
		return text, log() == ''
	end
end

return know, runner
