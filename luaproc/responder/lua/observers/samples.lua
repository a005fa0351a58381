-- Where the CPU time goes, for `--profile`: at each look of the hook in cpu_watch.lua the Lua stack of that moment is a
-- line of a folded stack, and the CPU time since the look before is its count, in microseconds. So the time of a long C
-- function is its caller's, which runs when that function returns.
--
-- A line is written when it is known: PHP ends a server with SIGTERM after the page, and the CPU limit ends one with
-- SIGXCPU; neither asks. Nothing is kept in Lua, where memory is the modules'.
--
-- record( line ) appends to the file, and returns false when there is to be no more. May raise (memory); touches nothing
-- of the modules.

local record = ...
local getinfo, setmetatable = debug.getinfo, setmetatable
local format, gsub, sub, concat, floor = string.format, string.gsub, string.sub, table.concat, math.floor

local LEVELS = 120 -- of the stack's, from the innermost; a deeper one begins with `[deeper]`

-- Function -> how it is shown; false for one of luaproc's own. Its first caller names a function.
local labels = setmetatable( {}, { __mode = 'k' } )
local is_c = setmetatable( {}, { __mode = 'k' } )

-- Names are the modules' to choose: no line end, nothing that parts frames in the file, no megabytes.
local function plain( text )
	return ( gsub( gsub( sub( text, 1, 255 ), '%c', '?' ), ';', ',' ) )
end

local function label_of( level )
	local info, caller = getinfo( level + 1, 'nSf' ), getinfo( level + 2, 'S' )
	local source = info.source
	if sub( source, 1, 9 ) == '=luaproc/' or source == '=message' then
		return false
	end
	-- mw.lua calls whatever function PHP asks for by a local of its own, whose name says nothing.
	local name = info.name ~= '' and not ( caller and caller.source == '@mw.lua' ) and info.name or nil
	if info.what == 'C' then
		is_c[info.func] = true
		return plain( name or '?' ) .. ' [C]'
	end
	local mark = sub( source, 1, 1 )
	local place = plain( ( mark == '=' or mark == '@' ) and sub( source, 2 ) or info.short_src )
	if info.what == 'main' then
		return 'main chunk (' .. place .. ')'
	end
	return plain( name or '?' ) .. ' (' .. place .. ':' .. info.linedefined .. ')'
end

-- seconds: of CPU time since the last look.
return function ( seconds )
	local microseconds = floor( seconds * 1e6 + 0.5 )
	if microseconds <= 0 then
		return true
	end
	local stack, n = {}, 0 -- from the innermost
	local sure = 0 -- frames up to the last one that is no C function: luaproc enters and leaves Lua by some of these
	for level = 1, LEVELS do
		local info = getinfo( level, 'f' )
		if not info then
			break
		end
		local func = info.func -- a tail call has none
		local label = func and labels[func]
		if func and label == nil then
			label = label_of( level )
			labels[func] = label
		end
		if label then
			n = n + 1
			stack[n] = label
			if not is_c[func] then
				sure = n
			end
		elseif func then
			n = sure
		end
		if level == LEVELS and getinfo( level + 1, 'l' ) then
			n = n + 1
			stack[n], sure = '[deeper]', n
		end
	end
	local folded, count = {}, 0
	for i = sure, 1, -1 do
		count = count + 1
		folded[count] = stack[i]
	end
	return record( format( '%s %d\n', count > 0 and concat( folded, ';' ) or '[luaproc]', microseconds ) )
end
