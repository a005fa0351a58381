"""Lua's parts of the responder one by one, in this process: the test plays the parts beside the one that is tried, and
looks where no module can.

A test is Lua, which has these beside Lua's own names:
    part( name )           the chunk of luaproc/responder/lua/NAME.lua
    memory, pipes          stand-ins for what the parts are given; `did` lists the names of those that were called
    converse( messages )   the dispatcher with these messages of PHP's: each a list of an op and its fields, or a
                           function of the reply before it that returns these. Returns `replies`; `parts` has
                           stand-ins for the dispatcher's other parts.
"""

from pathlib import Path

import luaproc.responder
from luaproc.responder import runtime

_HEAD = rb"""
local source = ...
local yield, resume, error, pcall, type, unpack = coroutine.yield, coroutine.resume, error, pcall, type, unpack
did, replies, parts = {}, {}, {}
settings = { int_size = 8, function_head = 'O:1:"F":2:{s:13:"interpreterId";i:0;s:2:"id";i:' }

function part( name )
	return assert( loadstring( source( name ), '=luaproc/' .. name .. '.lua' ) )
end

local function noted( name )
	return function () did[#did + 1] = name end
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


def run(runtime_name: str, code: str) -> object:
    """What the code returns, strings as bytes."""
    lua = runtime.new_runtime(runtime_name)
    lua.execute(_HEAD, lambda name: (_LUA / f"{name.decode()}.lua").read_bytes())
    return lua.execute(code.encode())
