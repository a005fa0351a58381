-- Structured traces: what debug.getinfo tells, as the `trace` of an error reply.
-- Touches nothing of the modules.

local getinfo, error, floor = debug.getinfo, error, math.floor

-- The source of every chunk of ours. Frames of these, and the C functions and tail calls by which they are entered
-- and left, are not the module's business.
local OURS = '=luaproc/'
local sub, len = string.sub, string.len
local function is_ours( info )
	return sub( info.source, 1, len( OURS ) ) == OURS
end

-- A runaway recursion leaves 16,000 frames or more: the reference sends them all (several megabytes, and quadratic
-- time to collect). The innermost and outermost tell the story.
local INNERMOST, OUTERMOST = 200, 50

-- The frames of the last error, from the function that raised it outwards.
local frames, count

-- The error handler. Only gathers, and in one function: after a stack overflow little is left to it. (LuaJIT calls no
-- handler at all for two in five of those.)
local function on_error( err )
	frames, count = {}, 0
	local last, beyond = 1, 2
	while getinfo( beyond, 'l' ) do
		last, beyond = beyond, beyond * 2
	end
	while beyond - last > 1 do
		local middle = floor( ( last + beyond ) / 2 )
		if getinfo( middle, 'l' ) then
			last = middle
		else
			beyond = middle
		end
	end
	local level = 2 -- the caller
	while level <= last do
		count = count + 1
		frames[count] = getinfo( level, 'nSlf' )
		level = level + 1
		if level == INNERMOST + 2 and level < last - OUTERMOST then
			level = last - OUTERMOST
		end
	end
	return err
end

local function forget()
	frames = nil
end

-- The trace of the last error, nil if none was raised since `forget`: an array of entries, element 1 the function that
-- called error().
local function take_trace()
	if not frames then
		return nil
	end
	local trace, length = {}, 0
	for i = 1, count do
		frames[i].is_ours = is_ours( frames[i] )
	end
	for i = 1, count do
		local info = frames[i]
		local younger, older = frames[i - 1], frames[i + 1]
		local tail = info.what == 'tail' or info.what == ''
		local ours = info.is_ours
			or ( info.what == 'C' or tail ) and ( not older or older.is_ours )
			or tail and younger and younger.is_ours
			or info.func == error
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
	frames = nil
	return trace
end

return on_error, take_trace, forget
