-- mw.clone for tables of the usual kind, in half the time: mw.lua clones all globals for each #invoke. Other tables are
-- cloned by mwInit.lua's own function, so that what it calls on its way, and what goes wrong there, is the same.
-- Runs between mwInit.lua and mw.lua. Returns a function that puts mw.clone in its place, to be called behind mw.lua.
local original = mw.clone
local metatable_of, next, pcall, rawget, setmetatable, type = getmetatable, next, pcall, rawget, setmetatable, type
local LEVELS = 100 -- of tables in tables; more may fill the stack, and the error has a line of mwInit.lua's

-- Whether a table with that metatable is cloned without a call of any metamethod. With __metatable, getmetatable gives
-- another table, into which a `pairs` that knows __pairs by itself looks. The pcall finds that: of a table with
-- __metatable the metatable cannot be set.
local function is_usual( table, meta )
	return type( meta ) == 'table' and metatable_of( meta ) == nil
		and rawget( meta, '__pairs' ) == nil and rawget( meta, '__newindex' ) == nil
		and pcall( setmetatable, table, meta )
end

-- copies: by the tables that were met so far. Returns the copy, or nil where a table is not of the usual kind: nobody's
-- code has run until then, so the work can begin anew. Keys are set in the order in which mwInit.lua sets them, which
-- `pairs` shows.
local function copy( table, copies, levels )
	if levels == 0 then
		return nil
	end
	local result = {}
	copies[table] = result
	local meta = metatable_of( table )
	if meta ~= nil then
		local other = is_usual( table, meta ) and ( copies[meta] or copy( meta, copies, levels - 1 ) )
		if not other then
			return nil
		end
		setmetatable( result, other )
	end
	for key, value in next, table do
		if type( value ) == 'table' then
			value = copies[value] or copy( value, copies, levels - 1 )
			if not value then
				return nil
			end
		end
		result[key] = value
	end
	return result
end

return function ()
	-- The original finds these two by their names, and a library of somebody's may replace them.
	local usual_pairs, usual_getmetatable = pairs, getmetatable
	function mw.clone( value )
		if type( value ) ~= 'table' then
			return value
		end
		local usual = pairs == usual_pairs and getmetatable == usual_getmetatable
		local result = usual and copy( value, {}, LEVELS )
		if result then
			return result
		end
		return original( value )
	end
end
