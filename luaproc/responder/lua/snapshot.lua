-- What modules find, kept and restored: a responder inside its host's process serves one page view after the other, and
-- each of them has to find what the first one found.
--
-- keep() notes all that can be reached from the modules' environment, the tables in `roots`, and the methods of strings:
-- tables and their metatables, Lua functions' upvalues and environments. Functions of ours (chunks named =luaproc/…) lead
-- no further.
-- restore() makes it so again. It tells whether the tables that modules get copies of, which are those that other tables
-- lead to from the environment, show their fields in the order of then, too: where fields went and came, `pairs` may have
-- another order. keep runs once; keep_more() after it, for what is in `roots` since.

local environment, roots = ...
local next, type, rawequal, rawget, rawset, sub = next, type, rawequal, rawget, rawset, string.sub
local getmetatable, setmetatable, getinfo = debug.getmetatable, debug.setmetatable, debug.getinfo
local getupvalue, setupvalue, getfenv, setfenv = debug.getupvalue, debug.setupvalue, debug.getfenv, debug.setfenv

-- Of each table: the table, its fields as a table and in their order, its metatable, and whether its values are compared
-- without their own __eq, which takes longer.
local tables, fields, names, values, metatables, is_raw = {}, {}, {}, {}, {}, {}
local places_of_metatables = {}
local count, count_of_shown = 0, 0
-- Of each function: its environment. Of each upvalue, which functions may share: one function and the place there.
local functions, environments = {}, {}
local functions_count = 0
local holders, places, held = {}, {}, {}
local is_metatable = {}
local found = {} -- tables and functions
local places_of_roots = {}
local held_count = 0

local function has_eq( value )
	local metatable = type( value ) == 'table' and getmetatable( value )
	return metatable and rawget( metatable, '__eq' ) ~= nil
end

local function keep_fields( place )
	local copy, keys, list, n, raw = {}, {}, {}, 0, false
	for name, value in next, tables[place] do
		n = n + 1
		copy[name], keys[n], list[n] = value, name, value
		raw = raw or has_eq( value )
	end
	fields[place], names[place], values[place], is_raw[place] = copy, keys, list, raw
end

local function keep_table( t )
	count = count + 1
	tables[count] = t
	keep_fields( count )
	local metatable = getmetatable( t )
	metatables[count] = metatable
	if metatable then
		is_metatable[metatable] = true
	end
end

-- Whether an upvalue is one that is kept already. A probe is put into it: who else has it then, shares it.
local by_value = {}
local function is_kept( func, place, value )
	local key = value == nil and by_value or value
	if key ~= key then
		return false
	end
	local known = by_value[key]
	if not known then
		known = {}
		by_value[key] = known
	end
	local probe = {}
	setupvalue( func, place, probe )
	local shared = false
	for i = 1, #known do
		local _, now = getupvalue( holders[known[i]], places[known[i]] )
		shared = shared or rawequal( now, probe )
	end
	setupvalue( func, place, value )
	if not shared then
		known[#known + 1] = held_count + 1
	end
	return shared
end

local function keep_environment( func )
	functions_count = functions_count + 1
	functions[functions_count], environments[functions_count] = func, getfenv( func )
end

local function keep_function( func, visit )
	keep_environment( func )
	visit( getfenv( func ) )
	local place = 1
	local name, value = getupvalue( func, place )
	while name do
		if not is_kept( func, place, value ) then
			held_count = held_count + 1
			holders[held_count], places[held_count], held[held_count] = func, place, value
			visit( value )
		end
		place = place + 1
		name, value = getupvalue( func, place )
	end
end

local function is_foreign( func )
	local info = getinfo( func, 'S' )
	return info.what ~= 'C' and sub( info.source, 1, 9 ) ~= '=luaproc/'
end

local function keep()
	-- Tables first: so those that modules get copies of come before all others.
	local queues = { table = {}, ['function'] = {} }
	local ends, places = { table = 0, ['function'] = 0 }, { table = 0, ['function'] = 0 }
	local function visit( value )
		local kind = type( value )
		local queue = queues[kind]
		if queue and not found[value] and ( kind == 'table' or is_foreign( value ) ) then
			found[value] = true
			ends[kind] = ends[kind] + 1
			queue[ends[kind]] = value
		end
	end
	local function next_of( kind )
		if places[kind] < ends[kind] then
			places[kind] = places[kind] + 1
			return queues[kind][places[kind]]
		end
		return nil
	end
	local function follow()
		local t = next_of 'table'
		while t do
			keep_table( t )
			for i = 1, #names[count] do
				visit( names[count][i] )
				visit( values[count][i] )
			end
			visit( metatables[count] )
			t = next_of 'table'
		end
	end
	visit( environment )
	follow()
	count_of_shown = count
	visit( getmetatable( '' ) )
	for i = 1, #roots do
		visit( roots[i] )
	end
	repeat
		follow()
		local func = next_of 'function'
		if func then
			keep_function( func, visit )
		end
	until not func
	by_value = nil
	local is_root = {}
	for i = 1, #roots do
		is_root[roots[i]] = true
	end
	for i = 1, count do
		if is_metatable[tables[i]] then
			is_raw[i] = true
			places_of_metatables[#places_of_metatables + 1] = i
		end
		if is_root[tables[i]] then
			places_of_roots[#places_of_roots + 1] = i
		end
	end
end

-- The same, of what is in `roots` alone: chunks that have been loaded since, and have not run.
local function keep_more()
	for i = 1, #places_of_roots do
		local place = places_of_roots[i]
		keep_fields( place )
		for n = 1, #values[place] do
			local value = values[place][n]
			if type( value ) == 'function' and not found[value] then
				found[value] = true
				keep_environment( value )
			end
		end
	end
end

-- Whether a table shows what it showed. A value that is not equal to itself was NaN then, too.
local function is_same( place )
	local t, keys, list, raw = tables[place], names[place], values[place], is_raw[place]
	local n = 0
	for name, value in next, t do
		n = n + 1
		if keys[n] ~= name or raw and value == value and not rawequal( list[n], value )
			or list[n] ~= value and ( value == value or list[n] == list[n] )
		then
			return false
		end
	end
	return keys[n + 1] == nil
end

local function restore_table( place )
	local t, copy = tables[place], fields[place]
	for name in next, t do
		if copy[name] == nil then
			t[name] = nil
		end
	end
	for name, value in next, copy do
		rawset( t, name, value )
	end
end

local function restore()
	-- Metatables come first, and what is in them: an __eq of a module's would answer for the comparisons below.
	for i = 1, count do
		if not rawequal( getmetatable( tables[i] ), metatables[i] ) then
			setmetatable( tables[i], metatables[i] )
		end
	end
	for i = 1, #places_of_metatables do
		if not is_same( places_of_metatables[i] ) then
			restore_table( places_of_metatables[i] )
		end
	end
	local in_order = true
	for i = 1, count do
		if not is_same( i ) then
			restore_table( i )
			in_order = in_order and ( i > count_of_shown or is_same( i ) )
		end
	end
	for i = 1, functions_count do
		if getfenv( functions[i] ) ~= environments[i] then
			setfenv( functions[i], environments[i] )
		end
	end
	for i = 1, held_count do
		local _, value = getupvalue( holders[i], places[i] )
		if not rawequal( value, held[i] ) then
			setupvalue( holders[i], places[i], held[i] )
		end
	end
	return in_order
end

return keep, keep_more, restore
