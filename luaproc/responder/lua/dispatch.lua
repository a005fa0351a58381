-- The dispatch of ops: takes PHP's messages, keeps the chunk table, calls modules, answers; and calls PHP for modules.
--
-- The rule of this file: from the moment a request of ours is on the wire until PHP's reply to it is in, no error may
-- leave for the module's code. A pcall of the module's would catch it, and both sides would wait for each other for
-- ever. So everything that can fail (even for lack of memory or stack) runs inside a pcall of ours; what stands
-- outside allocates nothing. Only one C boundary, the xpcall around the module, lies between two nested calls: Lua 5.1
-- allows 200, and counts on in coroutines.
--
-- pipes.exchange( bytes ) sends a reply or request and returns PHP's next message: a string ('return ' .. expression),
--   what was cut out of it (see SHORT), or true for one that is long and comes by pipes.slice().
-- pipes.receive() is the same without sending. pipes.again() gives the message that was lost on the way to us once
-- more, pipes.plain() its whole expression.
-- pipes.lost( turn ) tells what was lost, see NOT_SENT.
-- pipes.is_full() tells whether memory is nearly full. pipes.lift() frees a reserve and adds it to Lua's limit,
-- pipes.tighten() takes it back.
-- pipes.die( reason ) and pipes.exit( status ) end the process. pipes.status() is the encoded reply to getStatus.

local pipes, environment, protected_functions, encode_of, trace_of, watch, settings = ...
local type, next, error, pcall, xpcall, select = type, next, error, pcall, xpcall, select
local rawget, rawset, setfenv, loadstring, load, unpack = rawget, rawset, setfenv, loadstring, load, unpack
local collectgarbage = collectgarbage
local find, gmatch, match, floor, max = string.find, string.gmatch, string.match, math.floor, math.max
local resume, create = coroutine.resume, coroutine.create
local jit_off = jit and jit.off

if jit then
	-- Compiled code may run out of memory anywhere, where it leaves its trace: outside of our pcalls, too.
	jit_off( true, true )
end

-- error()'s level of the module's line that called one of our functions for PHP: call_php, the closure's tail call
-- (PUC counts it as a level, LuaJIT does not), the module.
local CALLER = jit and 2 or 3
local MAX_RESULTS = 7990 -- C functions have 8000 stack slots in Lua 5.1
local NO_MEMORY = 'not enough memory'
local PYTHON_FAILED = 'error during Python call' -- lupa's, where there was no memory for Python's own error either

-- What pipes.lost answers: our reply or request was not sent; PHP's reply was lost, or a request of PHP's.
local NOT_SENT, REPLY, REQUEST = 0, 1, 2

---- The chunk table -------------------------------------------------------------------------------------------------

-- id -> function, function -> id, id -> number of the cleanup that kept it last (see cleanupListed).
local chunks, ids, kept_by, cleanups, last_id = {}, {}, {}, 0, 0

local function id_of( func )
	local id = ids[func]
	if not id then
		last_id = last_id + 1
		id = last_id
		chunks[id], ids[func] = func, id
	end
	return id
end

local encode, own_failure = encode_of( settings.int_size, settings.function_head, id_of )
local NO_MEMORY_REPLY = encode.failure( NO_MEMORY )
local EMPTY_REPLY = encode.values( 0 )

---- Messages in -----------------------------------------------------------------------------------------------------

local function malformed( op, field, expected, value )
	pipes.die( 'malformed message: "' .. op .. '" needs ' .. expected .. ' as "' .. field .. '", got ' .. type( value ) )
end

local message_environment = { chunks = chunks }

-- Whether a message met a limit (memory, a stack, the compiler's tables), which costs this message and not the process;
-- and not a fault of its own. Told by the text up to where it quotes the message.
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
	if jit_off then
		jit_off( chunk ) -- it runs once
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
	elseif op ~= 'call' and op ~= 'return' then -- Python's shorter expressions are of these
		pipes.die( 'malformed message: the body is more than one expression' )
	end
	return op, a, b, c
end

-- What was cut out of a message itself -> the op and its fields.
local SHORT = {
	loadString = function ( text, name ) return 'loadString', text, name end,
	call1 = function ( id, argument ) return 'call', id, 1, { argument } end,
	return1 = function ( value ) return 'return', 1, { value } end,
	return2 = function ( first, second ) return 'return', 2, { first, second } end,
	returnNil = function () return 'return', 1, {} end,
	cleanupListed = function ( ids ) return 'cleanupListed', ids end,
}

local function slice()
	return pipes.slice()
end

-- One message from what `pipes` gave. Raises where memory or stack run out, ends the process where it is malformed.
local function decode( body, a, b )
	if a ~= nil then
		return SHORT[body]( a, b )
	elseif body == true then
		return evaluate( load( slice, '=message' ) )
	end
	local chunk, reason = loadstring( body, '=message' )
	if not chunk and find( reason, ' near ', 1, true ) then
		chunk, reason = loadstring( pipes.plain(), '=message' )
	end
	return evaluate( chunk, reason )
end

-- How often we went to exchange. `pipes` counts too: where it counted less, the call itself failed for lack of stack.
local turn = 0

-- KB of Lua's memory up to which the process cannot be full: a block of malloc's is at most twice as large as what Lua
-- counts for it.
local spacious = math.huge

-- Whether the reserve is out. While it is, what crosses has room on both sides. What failed on the way between them would
-- be lost, and a module must not come near it.
local lifted = false
local function lift()
	lifted = true
	pipes.lift()
end

local function exchange( bytes )
	if collectgarbage( 'count' ) > spacious and pipes.is_full() then
		lift()
	end
	local op, a, b, c = decode( pipes.exchange( bytes ) )
	if lifted then
		lifted = false
		pipes.tighten()
	end
	return op, a, b, c
end

local function receive_first()
	return decode( pipes.receive() )
end

local function decode_again()
	local body, a, b = pipes.again()
	if body then
		return decode( body, a, b )
	end
	return nil
end

local function reason_of( err )
	return type( err ) == 'string' and err ~= PYTHON_FAILED and err or NO_MEMORY
end

-- After exchange failed with `err`: the message after all, or else nil, what was lost and why.
-- A coroutine has a Lua stack of its own: what failed for the depth of ours succeeds there.
local function regain( err )
	collectgarbage()
	local lost = pipes.lost( turn )
	if lost == NOT_SENT then
		return nil, lost, reason_of( err )
	end
	lift()
	local ok, op, a, b, c = resume( create( decode_again ) )
	if ok and op then
		lifted = false
		pipes.tighten()
		return op, a, b, c
	elseif not ok then
		err = op
	end
	if not is_limit( err ) then
		pipes.die( 'malformed message: the body cannot be evaluated: ' .. err )
	end
	return nil, lost, reason_of( err )
end

-- pipes.lost, where regain itself failed. Python may lack the memory to be called at all, for a moment; where C's stack
-- has no room for a pcall, the call without one succeeds.
local function what_was_lost()
	for _ = 1, 100 do
		local ok, lost = pcall( pipes.lost, turn )
		if ok then
			return lost
		elseif type( lost ) == 'string' and find( lost, 'stack overflow', 1, true ) then
			return pipes.lost( turn )
		end
		pcall( lift )
		pcall( collectgarbage )
	end
	pcall( pipes.die, 'not enough memory to go on' )
	return pipes.exit( 1 )
end

---- Ops that run no module code -------------------------------------------------------------------------------------

local make_php_function

local BINARY_MARKERS = { '\27Lua', '\27LJ' }

-- Op -> function of the message that returns the encoded reply. All run inside a pcall.
local answer = {
	getStatus = function () return pipes.status() end,
	quit = function () pipes.exit( 0 ) end,
	testquit = function () pipes.exit( 42 ) end,
}

function answer.loadString( text, name )
	if type( text ) ~= 'string' then
		malformed( 'loadString', 'text', 'a string', text )
	elseif type( name ) ~= 'string' then
		malformed( 'loadString', 'chunkName', 'a string', name )
	end
	for i = 1, 2 do
		if find( text, BINARY_MARKERS[i], 1, true ) then
			return encode.failure( 'cannot load code with a Lua binary chunk marker escape sequence in it' )
		end
	end
	local chunk, reason = loadstring( text, name )
	if reason == NO_MEMORY then
		error( reason, 0 ) -- loadstring returns it; reply_to tries again with the modules' garbage collected
	elseif not chunk then
		return encode.failure( reason )
	end
	setfenv( chunk, environment )
	return encode.values( 1, id_of( chunk ) )
end

-- "May contain '.' characters to specify a global variable subtable": a.b.c makes what is missing on the way.
-- Raw access: a module may have put a metatable on its globals.
local function library_table( name )
	local t, path = environment, nil
	for part in gmatch( name, '[^.]+' ) do
		path = path and path .. '.' .. part or part
		local inner = rawget( t, part )
		if inner == nil then
			inner = {}
			rawset( t, part, inner )
		elseif type( inner ) ~= 'table' then
			return nil, path, type( inner )
		end
		t = inner
	end
	return t
end

function answer.registerLibrary( name, functions )
	if type( name ) ~= 'string' or name == '' then
		malformed( 'registerLibrary', 'name', 'a name', name )
	elseif type( functions ) ~= 'table' then
		malformed( 'registerLibrary', 'functions', 'a table', functions )
	end
	for _, id in next, functions do
		if type( id ) ~= 'string' and type( id ) ~= 'number' then
			malformed( 'registerLibrary', 'functions', 'a table of function ids', id )
		end
	end
	if find( '.' .. name .. '.', '..', 1, true ) then
		return encode.failure( "cannot register library '" .. name .. "': a part of its name is empty" )
	end
	local library, path, kind = library_table( name )
	if not library then
		return encode.failure( "cannot register library '" .. name .. "': '" .. path .. "' is a " .. kind )
	end
	for func_name, id in next, functions do
		rawset( library, func_name, make_php_function( id ) )
	end
	return EMPTY_REPLY
end

function answer.wrapPhpFunction( id )
	if type( id ) ~= 'string' and type( id ) ~= 'number' then
		malformed( 'wrapPhpFunction', 'id', 'a function id', id )
	end
	return encode.values( 1, make_php_function( id ) )
end

function answer.cleanupChunks( keep )
	if type( keep ) ~= 'table' then
		malformed( 'cleanupChunks', 'ids', 'a table', keep )
	end
	for id, func in next, chunks do
		if not keep[id] then
			chunks[id], ids[func], kept_by[id] = nil, nil, nil
		end
	end
	return EMPTY_REPLY
end

-- The same with the ids as PHP spells them, "[1]=1,[2]=3": picked out of the text into a table that is there, they cost
-- two thirds of a table compiled for the purpose.
function answer.cleanupListed( listed )
	cleanups = cleanups + 1
	for digits in gmatch( listed, '%[(%d+)%]' ) do
		kept_by[digits + 0] = cleanups
	end
	for id, func in next, chunks do
		if kept_by[id] ~= cleanups then
			chunks[id], ids[func], kept_by[id] = nil, nil, nil
		end
	end
	return EMPTY_REPLY
end

---- call ------------------------------------------------------------------------------------------------------------

-- The error handler, what it gathered, and a clean slate for the next error.
local on_error, take_trace, forget_trace = trace_of()

-- KB: Lua's memory limit, where garbage is collected before a module runs (Lua's own collector would let memory fill up
-- with what earlier modules left), and what was alive after that. That stays for a while: it must not cost a collection
-- at every call.
local memory_limit, nearly_full, alive = math.huge, math.huge, 0

local function make_room()
	local used = collectgarbage( 'count' )
	if used > nearly_full or used > spacious and used > alive * 1.25 and pipes.is_full() then
		forget_trace()
		collectgarbage()
		alive = collectgarbage( 'count' )
		nearly_full = max( memory_limit * 0.75, ( alive + memory_limit ) / 2 )
	end
end

-- What `invoke` takes up: set while a call is prepared, read at its first instruction. A closure a call would do the
-- same for one allocation more.
local call_id, call_args, call_count

function answer.call( id, count, args )
	if type( id ) ~= 'number' then
		malformed( 'call', 'id', 'a chunk id', id )
	elseif type( count ) ~= 'number' or count < 0 or floor( count ) ~= count then
		malformed( 'call', 'nargs', 'a count', count )
	elseif type( args ) ~= 'table' then
		malformed( 'call', 'args', 'a table', args )
	end
	if not chunks[id] then
		return encode.failure( 'function id ' .. id .. ' does not exist' )
	elseif count > MAX_RESULTS then
		return encode.failure( 'too many arguments' )
	end
	call_id, call_args, call_count = id, args, count
	make_room()
	return nil -- not answered yet: the module runs outside of our pcall
end

local function invoke()
	local args, count = call_args, call_count
	call_args = nil
	-- A tail call and a function without a name, as in the reference: a module's level 2 tells, and so does the text of
	-- string.rep's "bad argument #1 to '?'".
	return chunks[call_id]( unpack( args, 1, count ) )
end

-- encode.values or encode.call, once more after a collection if there was no memory: a module that caught "not enough
-- memory" has left its garbage to us.
local function encode_with_care( encoder, ... )
	local ok, text = pcall( encoder, ... )
	if not ok then
		encode.forget()
		if text == NO_MEMORY then
			collectgarbage()
			ok, text = pcall( encoder, ... )
			if not ok then
				encode.forget()
			end
		end
	end
	return ok, text
end

-- The reply with the results; an error reply where they cannot be passed.
local function encode_results( ... )
	local ok, text = encode_with_care( encode.values, select( '#', ... ), ... )
	return ok and text or encode.failure( text )
end

-- Runs the prepared call: true and the encoded reply, or false and the error. Collecting the results may fail as well
-- (memory), so it stands inside. On PUC this is one C call of 200; the module's level 2 is the tail call in `invoke`.
-- LuaJIT has no levels for tail calls but needs no C call for a pcall, so there xpcall itself is the module's level 2:
-- a blank one, as under the reference server, and not a line of ours.
local function invoke_and_encode()
	return encode_results( invoke() )
end

local function run_module()
	return xpcall( invoke_and_encode, on_error )
end

if jit then
	local function collect( ok, ... )
		if ok then
			return true, encode_results( ... )
		end
		return false, ...
	end
	local function xpcall_and_encode()
		return collect( xpcall( invoke, on_error ) )
	end
	function run_module()
		local encoded, ok, reply = pcall( xpcall_and_encode )
		if encoded then
			return ok, reply
		end
		return false, ok
	end
end

-- mw.getLogBuffer() of the modules, where this Scribunto reads it: module code, so whatever it does is let be.
local function read_log()
	local mw = rawget( environment, 'mw' )
	local get = type( mw ) == 'table' and rawget( mw, 'getLogBuffer' )
	if type( get ) == 'function' then
		local ok, text = pcall( get )
		if ok and type( text ) == 'string' then
			return text
		end
	end
	return nil
end

local function encode_error( err )
	local ok, reply = pcall( encode.failure, err, take_trace(), settings.with_log and read_log() or nil )
	if not ok then
		-- The error value itself cannot be passed: say so instead.
		reply = encode.failure( type( reply ) == 'string' and reply or 'Cannot pass the error value to PHP' )
	end
	return reply
end

---- The conversation ------------------------------------------------------------------------------------------------

local function find_answer( op, a, b, c )
	local handler = answer[op]
	if not handler then
		pipes.die( 'unexpected message: a reply ("' .. op .. '") that nothing asked for' )
	end
	return handler( a, b, c )
end

-- The reply to one request, run inside a pcall except for the module's code. Always a string, whatever happens.
local function reply_to( op, a, b, c )
	local ok, reply = pcall( find_answer, op, a, b, c )
	if ok and not reply then
		c = nil -- the arguments are the module's now
		forget_trace()
		ok, reply = run_module()
		if not ok then
			if reply == NO_MEMORY then
				pcall( collectgarbage )
			end
			ok, reply = pcall( encode_error, reply )
		end
		return ok and reply or NO_MEMORY_REPLY
	elseif not ok and reply == NO_MEMORY then
		-- What the modules hold leaves no room for this: once more, with the reserve.
		pcall( collectgarbage )
		pcall( lift )
		ok, reply = pcall( find_answer, op, a, b, c )
		if ok and not reply then
			call_args = nil
			return NO_MEMORY_REPLY
		end
	end
	if not ok then
		ok, reply = pcall( encode.failure, reply )
	end
	return ok and reply or NO_MEMORY_REPLY
end

-- Sends `bytes`, answers PHP's requests, and returns PHP's reply to it: 'return', count and values; 'error' and the
-- value; or nil and the reason, where the reply was lost or the request could not be sent. Without `bytes` (at the top)
-- it listens for ever.
local function converse( bytes )
	local ok, op, a, b, c
	if bytes then
		turn = turn + 1
		ok, op, a, b, c = pcall( exchange, bytes )
	else
		ok, op, a, b, c = pcall( receive_first )
	end
	local requesting = bytes -- until it is known to be sent
	while true do
		if not ok then
			ok, op, a, b, c = pcall( regain, op )
			if not ok then
				op, a, b = nil, what_was_lost(), NO_MEMORY
			end
		end
		local reply
		if op then
			if bytes and ( op == 'return' or op == 'error' ) then
				if op == 'return' then
					if type( a ) ~= 'number' or a < 0 or floor( a ) ~= a then
						malformed( op, 'nvalues', 'a count', a )
					elseif type( b ) ~= 'table' then
						malformed( op, 'values', 'a table', b )
					end
				end
				return op, a, b
			end
			reply = reply_to( op, a, b, c )
		elseif bytes and a == REPLY or requesting and a == NOT_SENT then
			return nil, b
		elseif a == REPLY then
			pipes.die( 'unexpected message: a reply that nothing asked for' )
		else
			ok, reply = pcall( encode.failure, b )
			if not ok then
				reply = NO_MEMORY_REPLY
			end
		end
		requesting, op, a, b, c = nil, nil, nil, nil, nil
		turn = turn + 1
		ok, op, a, b, c = pcall( exchange, reply )
	end
end

-- Takes the stack that the conversation may need below a request of ours, ten calls deep: where that ends, or there is
-- no memory to make it larger, the module has to know before the request is sent.
local take_stack = loadstring(
	'local take_stack, calls, ' .. ( '_,' ):rep( jit and 50 or 25 ) .. '_ = ... '
		.. 'if calls > 0 then take_stack( take_stack, calls - 1 ) end return nil',
	'=luaproc/stack.lua'
)

local function call_php( head, count, ... )
	if jit_off or collectgarbage( 'count' ) > spacious then
		if not pcall( take_stack, take_stack, 10 ) then
			collectgarbage()
			take_stack( take_stack, 10 )
		end
	end
	local ok, request = encode_with_care( encode.call, head, count, ... )
	if not ok then
		-- Our own texts get the position of the module's line; what a __pairs raised stays as it is.
		error( request, own_failure( request ) and CALLER or 0 )
	end
	local op, results, values = converse( request )
	if op == 'return' then
		if results > MAX_RESULTS then
			error( 'too many results to unpack', CALLER )
		end
		return unpack( values, 1, results )
	elseif op == 'error' then
		error( results, CALLER )
	end
	error( results, 0 )
end

function make_php_function( id )
	local head = encode.call_head( id )
	local function php_function( ... )
		return call_php( head, select( '#', ... ), ... )
	end
	protected_functions[php_function] = true
	return php_function
end

-- limit: of Lua's memory, bytes, 0 for none. pause: of the collector, per cent (see limits.collector_pause).
return function ( limit, pause )
	if limit > 0 then
		memory_limit = limit / 1024
		spacious, nearly_full = memory_limit / 2, memory_limit * 0.75
	end
	collectgarbage( 'setpause', pause )
	-- In a coroutine: a pcall would be a level more than modules find below them on the reference server.
	local thread = create( function () converse() end )
	watch( thread )
	local _, reason = resume( thread )
	-- Only the process's end ends it: after an error that left frames of lupa's behind, Python would wait for ever.
	while true do
		pcall( pipes.die, type( reason ) == 'string' and reason or NO_MEMORY )
		pcall( pipes.exit, 1 )
	end
end
