-- Which lines ran, for `--coverage`: counts by function and line.
--
-- record( text ) appends to the file, and returns false when there is to be no more. The counts are of chunks that PHP
-- named `=...`, as modules are, and not of Scribunto's library. Touches nothing of the modules.

local record = ...
local getinfo, setmetatable, next, pcall, error, type = debug.getinfo, setmetatable, next, pcall, error, type
local find, gsub, sub, concat = string.find, string.gsub, string.sub, table.concat

-- Function -> its table of counts, which the closures of one place in a text share; false where nothing is counted.
local counts_of = setmetatable( {}, { __mode = 'k' } )
local places, names = {}, {} -- place -> its counts; -> how its line in the file begins

local function counts_for( func )
	local info = getinfo( func, 'SL' )
	local source = info.source
	local counts = false
	if sub( source, 1, 1 ) == '=' and sub( source, 1, 9 ) ~= '=luaproc/' and source ~= '=message' and info.what ~= 'C' then
		local place = gsub( sub( source, 2 ), '%c', '?' ) .. '\t' .. info.linedefined .. '\t' .. info.lastlinedefined
		counts = places[place]
		if not counts then
			counts = {}
			-- All lines at once: counting takes no memory later, where there may be none.
			for line in next, info.activelines do
				counts[line] = 0
			end
			places[place] = counts
		end
	end
	counts_of[func] = counts
	return counts
end

-- What was counted since the last time goes to the file. May raise (memory): what did not go then is counted on.
local function flush()
	for place, counts in next, places do
		local lines, n = {}, 0
		for line, count in next, counts do
			if count > 0 then
				n = n + 1
				lines[n] = line .. ':' .. count
			end
		end
		if n > 0 then
			record( place .. '\t' .. concat( lines, ',' ) .. '\n' )
			for line in next, counts do
				counts[line] = 0
			end
		end
	end
end

local function counts_now()
	local func = getinfo( 4, 'f' ).func -- below this function are pcall, the hook, and the function that it interrupts
	local counts = counts_of[func]
	if counts == nil then
		return counts_for( func )
	end
	return counts
end

-- A hook that counts lines, and calls `look` for every other event. No error of its own reaches the module, but for a
-- stack overflow in a module's function, which calls too deep then: after it was caught here, Lua would let the module
-- go on to where it raises `error in error handling`.
local function hook_with( look )
	return function ( event, line )
		if event ~= 'line' then
			look()
			return
		end
		local ok, counts = pcall( counts_now )
		if ok then
			local count = counts and counts[line]
			if count then
				counts[line] = count + 1
			end
		elseif type( counts ) == 'string' and find( counts, 'stack overflow', 1, true ) then
			ok, counts = pcall( counts_now )
			if ok and counts then
				error( 'stack overflow', 2 )
			end
		end
	end
end

return { flush = flush, hook_with = hook_with }
