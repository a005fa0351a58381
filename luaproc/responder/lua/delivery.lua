-- Delivery: one message of ours out, one message of PHP's in. Nothing here raises: losses are messages, too.
--
-- deliver( bytes ) sends a reply or request and returns PHP's next message, as its op and its fields in the order of
-- FIELDS; or, of the frequent ones, as an op that has another name and less to look at: 'call1', id and a table of the
-- only argument; 'return1' and 'return2' and the values, 'returnNil'; 'loadDumped', 'cleanupNumbered', 'cleanupAgain'.
-- receive() does the same without sending. Where memory or a stack ran out on the way, both return instead
--   'notSent', reason      nothing of `bytes` went out
--   'replyLost', reason    `bytes` went out; PHP's message was a reply ('return' or 'error'), and cannot be had
--   'requestLost', reason  the same for a request of PHP's, which waits for a reply
-- where `reason` is the text of the error. PHP has no ops of these names. A malformed message ends the process.
--
-- pipes.exchange( bytes ) sends and returns PHP's next message: a string ('return ' .. expression), what was cut out of it
--   (an op and up to two fields), or true for one that is long and comes by pipes.slice().
-- pipes.receive() is the same without sending. pipes.again() gives the message that was lost on the way to us once
--   more, pipes.plain() its whole expression.
-- pipes.lost( turn ) tells what was lost: one of three numbers of Python's, which `settings` has.
-- pipes.die( reason ) and pipes.exit( status ) end the process. pipes.failed( err ), if there is one, is told what Python
--   raised in one of them (see inner.lua).

local pipes, memory, chunks, settings = ...
local type, error, pcall = type, error, pcall
local setfenv, loadstring, load, gcinfo = setfenv, loadstring, load, gcinfo
local find, match = string.find, string.match
local resume, create = coroutine.resume, coroutine.create

if jit then
	-- LuaJIT's compiled code may run out of memory where a trace ends, which may be outside of our pcalls.
	jit.off( true, true )
end

local NO_MEMORY = memory.NO_MEMORY
local PYTHON_FAILED = 'error during Python call' -- lupa's text, where there was no memory for a text of Python's error
local LOSSES = {
	[settings.not_sent] = 'notSent', [settings.reply_lost] = 'replyLost', [settings.request_lost] = 'requestLost',
}

---- A message's text -> its op and fields ---------------------------------------------------------------------------

local message_environment = { chunks = chunks }

-- Whether a message met a limit (memory, a stack, the compiler's tables): then the message is lost and the process goes
-- on; a malformed message ends the process. The error's text tells the two apart, up to where it quotes the message.
local LIMITS = {
	NO_MEMORY, PYTHON_FAILED, 'overflow', 'error in error handling', 'too many', 'has more than', 'too long', 'too complex',
}
local function is_limit( err )
	if type( err ) ~= 'string' then
		return true
	end
	local text = match( err, "^[^'`\"]*" )
	for i = 1, #LIMITS do
		if find( text, LIMITS[i], 1, true ) then
			return true
		end
	end
	return false
end

-- A message in our hands is its op and its fields, in this order: no table to make for the frequent ones.
local FIELDS = {
	loadString = { 'text', 'chunkName' },
	call = { 'id', 'nargs', 'args' },
	registerLibrary = { 'name', 'functions' },
	wrapPhpFunction = { 'id' },
	cleanupChunks = { 'ids' },
	['return'] = { 'nvalues', 'values' },
	error = { 'value' },
	getStatus = {}, quit = {}, testquit = {},
}

local function evaluate( chunk, reason )
	if not chunk then
		if is_limit( reason ) then -- or pipes.slice failed, and there is no text
			error( reason, 0 )
		end
		pipes.die( 'malformed message: the body is no Lua expression: ' .. reason )
	end
	setfenv( chunk, message_environment )
	local op, a, b, c = chunk()
	if a == nil then
		local message = op
		if type( message ) ~= 'table' then
			pipes.die( 'malformed message: the body is no table but a ' .. type( message ) )
		end
		op = message.op
		local fields = type( op ) == 'string' and FIELDS[op]
		if not fields then
			pipes.die( 'unexpected message: unknown op ' .. ( type( op ) == 'string' and '"' .. op .. '"' or type( op ) ) )
		end
		local first, second, third = fields[1], fields[2], fields[3]
		return op, first and message[first], second and message[second], third and message[third]
	elseif op ~= 'call' and op ~= 'return' and op ~= 'cleanupNumbered' then -- Python's shorter expressions are of these
		pipes.die( 'malformed message: the body is more than one expression' )
	end
	return op, a, b, c
end

-- A table, and always the same: `converse` holds what it gets while the module runs, and must not hold the argument.
local only_argument = { false }

local function slice()
	return pipes.slice()
end

-- One message from what `pipes` gave. Raises where memory or stack run out, ends the process where it is malformed.
local function decode( body, a, b )
	if a ~= nil then -- an op and its fields, cut out by Python (responder/fast_path.py)
		if body == 'call1' then
			only_argument[1] = b
			return body, a, only_argument
		end
		return body, a, b
	elseif body == true then
		return evaluate( load( slice, '=message' ) )
	end
	local chunk, reason = loadstring( body, '=message' )
	if not chunk and find( reason, ' near ', 1, true ) then
		chunk, reason = loadstring( pipes.plain(), '=message' )
	end
	return evaluate( chunk, reason )
end

---- Losses ----------------------------------------------------------------------------------------------------------

-- How often `deliver` was called. `pipes` counts exchanges: where it counted less, the call of pipes.exchange itself
-- failed for lack of stack or memory, and nothing was sent.
local turn = 0

local function reason_of( err )
	return type( err ) == 'string' and err ~= PYTHON_FAILED and err or NO_MEMORY
end

local function decode_again()
	local body, a, b = pipes.again()
	if body then
		return decode( body, a, b )
	end
	return nil
end

-- After an exchange failed with `err`: the message after all, or the loss and its reason. May raise.
local function receive_again( err )
	memory.collect()
	local lost = pipes.lost( turn )
	if lost == settings.not_sent then
		return 'notSent', reason_of( err )
	end
	memory.spend()
	-- A coroutine has a Lua stack of its own: what failed for the depth of ours succeeds there.
	local ok, op, a, b, c = resume( create( decode_again ) )
	if ok and op then
		memory.restore()
		return op, a, b, c
	elseif not ok then
		err = op
	end
	if not is_limit( err ) then
		pipes.die( 'malformed message: the body cannot be evaluated: ' .. err )
	end
	return LOSSES[lost], reason_of( err )
end

-- pipes.lost, where `receive_again` failed. Python may lack the memory to be called at all, for a moment; where C's stack
-- has no room for a pcall, the call without one succeeds.
local function what_was_lost()
	for _ = 1, 100 do
		local ok, lost = pcall( pipes.lost, turn )
		if ok then
			return lost
		elseif type( lost ) == 'string' and find( lost, 'stack overflow', 1, true ) then
			return pipes.lost( turn )
		end
		memory.collect()
		memory.spend()
	end
	pcall( pipes.die, 'not enough memory to go on' )
	return pipes.exit( 1 )
end

-- PHP is answered about a request that was lost with the reserve; where a module goes on, it may not have it.
local function recover( err )
	if pipes.failed and ( type( err ) ~= 'string' or err == PYTHON_FAILED ) then
		pipes.failed( err )
	end
	local ok, op, a, b, c = pcall( receive_again, err )
	if not ok then
		op, a, b, c = LOSSES[what_was_lost()], NO_MEMORY, nil, nil
	end
	if op == 'replyLost' or op == 'notSent' then
		pcall( memory.restore )
	end
	return op, a, b, c
end

---- Delivery --------------------------------------------------------------------------------------------------------

-- The reserve is spent while a message is on its way in memory that is full, so that it finds room on both sides; and it
-- is taken back before the message is acted on, so that no module comes near it.
local function exchange( bytes )
	local check = gcinfo() > memory.check_above_kb -- collectgarbage( 'count' ), without a name to look for
	if check then
		memory.spend_if_full()
	end
	local op, a, b, c = pipes.exchange( bytes )
	if a == nil or op == 'call1' then -- else there is nothing to do, and a call of Lua's less is a hundredth of a message
		op, a, b, c = decode( op, a, b )
	end
	-- Inside the host's process a module may have run meanwhile.
	if check or pipes.failed and gcinfo() > memory.check_above_kb then
		memory.restore()
	end
	return op, a, b, c
end

local function deliver( bytes )
	turn = turn + 1
	local ok, op, a, b, c = pcall( exchange, bytes )
	if ok then
		return op, a, b, c
	end
	return recover( op )
end

local function receive_message()
	local op, a, b, c = decode( pipes.receive() )
	if gcinfo() > memory.check_above_kb then
		memory.restore()
	end
	return op, a, b, c
end

local function receive()
	local ok, op, a, b, c = pcall( receive_message )
	if ok then
		return op, a, b, c
	end
	return recover( op )
end

return deliver, receive
