"""Lua's parts of the responder one by one, in this process: the test plays the parts beside the one that is tried, and
looks where no module can.

A test is Lua, which has these beside Lua's own names:
    part( name )           the chunk of luaproc/responder/lua/NAME.lua
    text_of( name )        its text
    memory, pipes          stand-ins for what the parts are given; `did` lists the names of those that were called
    noted( name, f )       a function that is one more of these, and does what f does
    fails( times, name, f )  the same, which finds no memory so many times
    note( name )           one more of the names
    dig( n, f )            what f returns, n calls deep; and the deepest that n can be for an empty function
    deepest()
    converse( messages )   the dispatcher with these messages of PHP's: each a list of an op and its fields, or a
                           function of the reply before it that returns these. Returns `replies`; `parts` has
                           stand-ins for the dispatcher's other parts.
"""

from pathlib import Path

import luaproc.responder
from luaproc.responder import runtime

_HEAD = rb"""
local source = ...
text_of = source
local yield, resume, error, pcall, type, unpack = coroutine.yield, coroutine.resume, error, pcall, type, unpack
did, replies, parts = {}, {}, {}
settings = { not_sent = 0, reply_lost = 1, request_lost = 2, int_size = 8 }
settings.function_head = 'O:1:"F":2:{s:13:"interpreterId";i:0;s:2:"id";i:'

function part( name )
	return assert( loadstring( source( name ), '=luaproc/' .. name .. '.lua' ) )
end

function fails( times, name, f )
	return function ( ... )
		did[#did + 1] = name
		times = times - 1
		if times >= 0 then
			error( 'not enough memory', 0 )
		end
		if f then
			return f( ... )
		end
	end
end

function note( name )
	did[#did + 1] = name
end

function dig( n, f )
	if n == 0 then
		return f()
	end
	return ( dig( n - 1, f ) )
end

function deepest()
	local low, high = 1, 300000
	while high - low > 1 do
		local middle = math.floor( ( low + high ) / 2 )
		if pcall( dig, middle, function () end ) then
			low = middle
		else
			high = middle
		end
	end
	return low
end

function noted( name, f )
	return fails( 0, name, f )
end

memory = { NO_MEMORY = 'not enough memory', check_above_kb = math.huge }
for _, name in next, { 'collect', 'spend', 'restore', 'spend_if_full', 'make_room', 'set_limit' } do
	memory[name] = noted( name )
end
pipes = { die = function ( reason ) did[#did + 1] = reason error( reason, 0 ) end }
environment = setmetatable( {}, { __index = _G } )

function converse( messages )
	local conversation
	local turn = 0
	replies = {}
	local function deliver( bytes )
		replies[#replies + 1] = bytes
		turn = turn + 1
		local message = messages[turn] or yield()
		if type( message ) == 'function' then
			return message( bytes )
		end
		return unpack( message, 1, 4 )
	end
	local function watch( thread )
		conversation = thread
		error( 'the thread is what was wanted' )
	end
	local serve = part 'dispatch' (
		pipes, memory, function () return deliver, deliver end, environment, {},
		parts.encode or part 'encode', parts.traceback or part 'traceback', watch, settings
	)
	pcall( serve, 0 )
	assert( resume( conversation ) )
	return replies
end
"""
_LUA = Path(luaproc.responder.__file__).parent / "lua"


def run(runtime_name: str, code: str, memory: int = 0) -> object:
    """What the code returns, strings as bytes. memory: how many bytes more Lua may take; 0 for no limit."""
    lua = runtime.new_runtime(runtime_name)
    lua.execute(_HEAD, lambda name: (_LUA / f"{name.decode()}.lua").read_bytes())
    if memory:
        lua.set_max_memory(lua.get_memory_used(total=True) + memory, total=True)
    return lua.execute(code.encode())
