-- Where the CPU time went: shortly before the process dies of SIGXCPU, the Lua stack of that moment goes to stderr,
-- which Scribunto's errorFile keeps. A count hook looks at the clock: every 100,000 instructions cost 0.7 % on
-- Lua-heavy work (20,000 cost 1.7 %, a million 0.1 %). A loop of long C calls may pass the margin unseen, and then
-- there is no trace. LuaJIT runs no hooks in compiled code, so there it is not set.

local limit, report = ... -- seconds of CPU time, and who writes to stderr
local clock, pcall, sethook, traceback, format = os.clock, pcall, debug.sethook, debug.traceback, string.format

local EVERY = 100000 -- instructions
local MARGIN = 0.15 -- seconds before the limit; the kernel looks every few milliseconds

local function look()
	local used = clock()
	if used >= limit - MARGIN then
		sethook()
		-- Level 3: this function's caller, seen from traceback under pcall. What fails in here must not reach the module.
		local text = format( 'luaproc: %.2f of %d seconds of CPU time are used up', used, limit )
		local ok, trace = pcall( traceback, text, 3 )
		if ok then
			pcall( report, trace )
		end
	end
end

if limit > 0 and not jit then
	sethook( look, '', EVERY )
end
