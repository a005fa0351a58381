-- Structured traces: what debug.getinfo tells, as the `trace` of an error reply.
-- Called inside error handlers only. Touches nothing of the modules.

local getinfo, error, next = debug.getinfo, error, next

-- The source of every chunk of ours. Frames of these, and the C functions and tail calls by which they are entered
-- and left, are not the module's business.
local HOST = '=luaproc/'
local sub, len = string.sub, string.len
local function is_host( info )
	return sub( info.source, 1, len( HOST ) ) == HOST
end

-- A runaway recursion leaves 16,000 frames or more: the reference sends them all (several megabytes, and quadratic
-- time to collect). The innermost and outermost tell the story.
local INNERMOST, OUTERMOST = 200, 50

local function depth()
	local low, high = 1, 2
	while getinfo( high, 'l' ) do
		low, high = high, high * 2
	end
	while high - low > 1 do
		local middle = ( low + high - ( low + high ) % 2 ) / 2
		if getinfo( middle, 'l' ) then
			low = middle
		else
			high = middle
		end
	end
	return low - 1 -- without this function's own level
end

-- The stack as an array of entries, element 1 the function that called error().
return function ()
	local total = depth()
	local frames, n = {}, 0
	local level = 2 -- the caller
	while level <= total do
		local info = getinfo( level, 'nSlf' )
		if not info then
			break
		end
		n = n + 1
		frames[n] = info
		info.host = is_host( info )
		level = level + 1
		if level == INNERMOST + 2 and total > INNERMOST + OUTERMOST then
			level = total - OUTERMOST
		end
	end

	local trace, length = {}, 0
	for i = 1, n do
		local info = frames[i]
		local younger, older = frames[i - 1], frames[i + 1]
		local tail = info.what == 'tail' or info.what == ''
		local ours = info.host
			or ( info.what == 'C' or tail ) and ( not older or older.host )
			or tail and younger and younger.host
			or info.func == error and length == 0
		if not ours then
			length = length + 1
			local entry = {
				short_src = info.short_src,
				what = info.what,
				currentline = info.currentline,
				linedefined = info.linedefined,
				namewhat = info.namewhat,
			}
			if info.namewhat ~= '' then
				entry.name = info.name
			end
			trace[length] = entry
		end
	end
	return trace
end
