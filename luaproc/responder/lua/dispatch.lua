-- The dispatch of ops: takes PHP's messages, keeps the chunk table, calls modules, answers; and calls PHP for modules.
--
-- The rule of this file: from the moment a request of ours is on the wire until PHP's reply to it is in, no error may
-- leave for the module's code. A pcall of the module's would catch it, and both sides would wait for each other for
-- ever. So everything that can fail (even for lack of memory or stack) runs inside a pcall of ours; what stands
-- outside allocates nothing. Only one C boundary, the xpcall around the module, lies between two nested calls: Lua 5.1
-- allows 200, and counts on in coroutines.
--
-- deliver( bytes ) sends a reply or request and returns PHP's next message, receive() the same without sending; neither
-- raises (see delivery.lua). memory: see memory.lua.
-- pipes.die( reason ) and pipes.exit( status ) end the process. pipes.status() is the encoded reply to getStatus.

local pipes, memory, delivery_of, environment, protected_functions, encode_of, trace_of, watch, settings = ...
local type, next, error, pcall, xpcall, select = type, next, error, pcall, xpcall, select
local rawget, rawset, setfenv, loadstring, unpack = rawget, rawset, setfenv, loadstring, unpack
local gcinfo = gcinfo
local find, match, gmatch, floor, assert = string.find, string.match, string.gmatch, math.floor, assert
local resume, create = coroutine.resume, coroutine.create
local jit_off = jit and jit.off

if jit then
	-- LuaJIT's compiled code may run out of memory where a trace ends, which may be outside of our pcalls.
	jit_off( true, true )
end

-- error()'s level of the module's line that called one of our functions for PHP: call_php, the closure's tail call
-- (PUC counts it as a level, LuaJIT does not), the module. Our own texts have the position of this line.
local CALLER = jit and 2 or 3
-- The level at which PHP's errors are raised: the reference server's. On LuaJIT that is one level too far (the line that
-- called the function in which the module called PHP), and modules, and Scribunto's own tests, know it so.
local PHP_ERROR = 3
local MAX_RESULTS = 7990 -- C functions have 8000 stack slots in Lua 5.1
local NO_MEMORY = memory.NO_MEMORY

---- The chunk table -------------------------------------------------------------------------------------------------

-- id -> function, function -> id; and the ids in their order, which is that in which they were given. Their number is not
-- among them: where there is no memory to enlarge a table that has numbers and names, LuaJIT loses numbers.
local chunks, ids, live, counts, last_id = {}, {}, {}, { live = 0 }, 0

local function id_of( func )
	local id = ids[func]
	if not id then
		id = last_id + 1
		local place = counts.live + 1
		-- Each of the three may find no memory: then the next function gets this id, and nobody has it.
		chunks[id] = func
		live[place] = id
		ids[func] = id
		counts.live, last_id = place, id
	end
	return id
end

local encode, own_failure = encode_of( settings.int_size, settings.function_head, id_of )
local NO_MEMORY_REPLY = encode.failure( NO_MEMORY )
local EMPTY_REPLY = encode.values( 0 )
local deliver, receive = delivery_of( pipes, memory, chunks, settings )

---- Ops that run no module code -------------------------------------------------------------------------------------

local make_php_function

local function malformed( op, field, expected, value )
	pipes.die( 'malformed message: "' .. op .. '" needs ' .. expected .. ' as "' .. field .. '", got ' .. type( value ) )
end

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

-- One of Scribunto's own texts, which `luaproc link` compiled ahead. PHP has no op of this name.
function answer.loadDumped( dump )
	local chunk, reason = loadstring( dump )
	if not chunk then
		error( reason, 0 )
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

-- Functions that are not in `keep` go, of those that came behind the first ones. Nothing here takes memory.
local function drop_others( keep, first )
	local kept = first
	for place = first + 1, counts.live do
		local id = live[place]
		if keep[id] then
			kept = kept + 1
			live[kept] = id
		else
			local func = chunks[id]
			if func then -- a nil for what is not there would take memory
				chunks[id] = nil
				if ids[func] == id then
					ids[func] = nil
				end
			end
		end
	end
	counts.live = kept
end

-- The last list: the number that Python gave to it (none is 0), its ids, and how many functions there were afterwards.
local last_list, last_keep, last_count = -1, nil, 0

function answer.cleanupChunks( keep )
	if type( keep ) ~= 'table' then
		malformed( 'cleanupChunks', 'ids', 'a table', keep )
	end
	last_list, last_keep = -1, nil
	drop_others( keep, 0 )
	return EMPTY_REPLY
end

-- The same, of a list that Python knows again.
function answer.cleanupNumbered( keep, number )
	drop_others( keep, 0 )
	last_list, last_keep, last_count = number, keep, counts.live
	return EMPTY_REPLY
end

-- The last list again, which PHP sends in four cases of five; or with newer ids behind, as PHP spells them,
-- "[8]=1,[9]=3". Functions that were there at the last list are in it: only those that came since can go. Where the last
-- list was lost on its way, this one is read whole.
function answer.cleanupAgain( newer, number )
	if number ~= last_list then
		return answer.cleanupChunks( assert( loadstring( pipes.plain() ) )().ids )
	end
	last_list = -1 -- until this came to its end: it may run out of memory
	if newer ~= '' then
		for digits in gmatch( newer, '%[(%d+)%]' ) do
			last_keep[digits + 0] = true
		end
	end
	drop_others( last_keep, last_count )
	last_list, last_count = number, counts.live
	return EMPTY_REPLY
end

---- call ------------------------------------------------------------------------------------------------------------

-- The error handler, what it gathered, and a clean slate for the next error.
local on_error, take_trace, forget_trace = trace_of()

-- What `invoke` takes up: set while a call is prepared, read at its first instruction. A closure a call would do the
-- same for one allocation more. call_args: a table of the arguments; an only one itself.
local call_id, call_args, call_count

-- The reply to a call that cannot begin, or nil: the module runs outside of our pcall.
local function prepare( id, args, count )
	if count == 1 then
		call_args, args[1] = args[1], nil -- `converse` holds the table while the module runs
	else
		call_args = args
	end
	call_id, call_count = id, count
	if not chunks[id] then
		call_args = nil
		return encode.failure( 'function id ' .. id .. ' does not exist' )
	end
	forget_trace()
	memory.make_room()
	return nil
end

function answer.call( id, count, args )
	if type( id ) ~= 'number' then
		malformed( 'call', 'id', 'a chunk id', id )
	elseif type( count ) ~= 'number' or count < 0 or floor( count ) ~= count then
		malformed( 'call', 'nargs', 'a count', count )
	elseif type( args ) ~= 'table' then
		malformed( 'call', 'args', 'a table', args )
	end
	if count > MAX_RESULTS and chunks[id] then
		return encode.failure( 'too many arguments' )
	end
	return prepare( id, args, count )
end

-- With one argument, as Python read it.
function answer.call1( id, args )
	return prepare( id, args, 1 )
end

-- Empties the table that `converse` holds while the module runs: what the module lets go of is garbage then.
local function taken_from( args, ... )
	for key in next, args do
		args[key] = nil
	end
	return ...
end

local function invoke()
	local args, count = call_args, call_count
	call_args = nil
	-- A tail call and a function without a name, as in the reference: a module's level 2 tells, and so does the text of
	-- string.rep's "bad argument #1 to '?'".
	if count == 1 then
		return chunks[call_id]( args )
	end
	return chunks[call_id]( taken_from( args, unpack( args, 1, count ) ) )
end

-- After encode.values or encode.call failed with `err`: once more after a collection if there was no memory. A module
-- that caught "not enough memory" has left its garbage to us.
local function encode_again( err, encoder, ... )
	encode.forget()
	if err ~= NO_MEMORY then
		return false, err
	end
	memory.collect()
	local ok, text = pcall( encoder, ... )
	if not ok then
		encode.forget()
	end
	return ok, text
end

-- The reply with the results; an error reply where they cannot be passed.
local function encode_results( ... )
	local count = select( '#', ... )
	local ok, text = pcall( encode.values, count, ... )
	if not ok then
		ok, text = encode_again( text, encode.values, count, ... )
	end
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

-- mw.getLogBuffer() of the modules, where this Scribunto reads it. It is module code: its errors are ignored.
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
		pipes.die( 'unexpected message: a reply ("' .. match( op, '^%l+' ) .. '") that nothing asked for' )
	end
	return handler( a, b, c )
end

-- The reply to one request, run inside a pcall except for the module's code. Always a string, whatever happens.
local function reply_to( op, a, b, c )
	local ok, reply = pcall( find_answer, op, a, b, c )
	if ok and not reply then
		ok, reply = run_module()
		if not ok then
			if reply == NO_MEMORY then
				memory.collect()
			end
			ok, reply = pcall( encode_error, reply )
		end
		return ok and reply or NO_MEMORY_REPLY
	elseif not ok and reply == NO_MEMORY then
		-- The modules' live data leaves no room for the reply: try once more, with the reserve.
		memory.collect()
		memory.spend()
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

-- The reply to a request that was lost, or in place of a reply that could not be sent.
local function reply_to_loss( reason )
	local ok, reply = pcall( encode.failure, reason )
	return ok and reply or NO_MEMORY_REPLY
end

local function check_reply( op, count, values )
	if type( count ) ~= 'number' or count < 0 or floor( count ) ~= count then
		malformed( op, 'nvalues', 'a count', count )
	elseif type( values ) ~= 'table' then
		malformed( op, 'values', 'a table', values )
	end
end

-- What ends a conversation below a request of ours; at the top, PHP may send none of these.
local ENDS = { ['return'] = true, return1 = true, return2 = true, returnNil = true, error = true, replyLost = true }

-- The message that `converse` begins with. Whoever sets it lets go of it: an argument would be held by two functions, and
-- a chunk's text may have megabytes.
local first_op, first_a, first_b, first_c

-- Answers PHP's requests, one after the other. Below a request of ours until PHP replies to that, which it returns:
-- 'return', count and values, or one of its short forms; 'error' and the value; 'replyLost' and the reason. At the top it
-- listens for ever.
local function converse( below_request )
	local op, a, b, c = first_op, first_a, first_b, first_c
	first_a, first_b, first_c = nil, nil, nil
	while true do
		local reply
		if ENDS[op] and below_request then
			return op, a, b
		elseif op == 'replyLost' then
			pipes.die( 'unexpected message: a reply that nothing asked for' )
		elseif op == 'requestLost' or op == 'notSent' then
			reply = reply_to_loss( a )
		else
			reply = reply_to( op, a, b, c )
		end
		op, a, b, c = nil, nil, nil, nil -- so that a collection in `deliver` can free them
		op, a, b, c = deliver( reply )
	end
end

-- Takes the stack that the conversation may need below a request of ours, ten calls deep: where that ends, or there is
-- no memory to make it larger, the module has to know before the request is sent.
local grow_stack = loadstring(
	'local grow_stack, calls, ' .. ( '_,' ):rep( jit and 50 or 25 ) .. '_ = ... '
		.. 'if calls > 0 then grow_stack( grow_stack, calls - 1 ) end return nil',
	'=luaproc/stack.lua'
)

local function call_php( heads, count, ... )
	if jit_off or gcinfo() > memory.check_above_kb then
		if not pcall( grow_stack, grow_stack, 10 ) then
			memory.collect()
			grow_stack( grow_stack, 10 )
		end
	end
	local ok, request = pcall( encode.call, heads, count, ... )
	if not ok then
		ok, request = encode_again( request, encode.call, heads, count, ... )
	end
	if not ok then
		-- Our own texts get the position of the module's line; what a __pairs raised stays as it is.
		error( request, own_failure( request ) and CALLER or 0 )
	end
	local op, a, b, c = deliver( request )
	if not ENDS[op] and op ~= 'notSent' then -- PHP asks for something before it replies
		first_op, first_a, first_b, first_c = op, a, b, c
		a, b, c = nil, nil, nil
		op, a, b = converse( true )
	end
	if op == 'return1' then
		return a
	elseif op == 'return2' then
		return a, b
	elseif op == 'returnNil' then
		return nil
	elseif op == 'return' then
		check_reply( op, a, b )
		if a > MAX_RESULTS then
			error( 'too many results to unpack', CALLER )
		end
		return unpack( b, 1, a )
	elseif op == 'error' then
		error( a, PHP_ERROR )
	end
	error( a, 0 )
end

function make_php_function( id )
	local heads = encode.call_heads( id )
	local function php_function( ... )
		return call_php( heads, select( '#', ... ), ... )
	end
	protected_functions[php_function] = true
	return php_function
end

-- The function that serves (limit: see memory.set_limit); one that makes functions for PHP's ids; and what inner.lua needs:
-- a function that answers one message, the chunk table in its parts, and what has to be known anew where these change.
return function ( limit )
	memory.set_limit( limit )
	-- In a coroutine: a pcall would be a level more than modules find below them on the reference server.
	local thread = create( function ()
		first_op, first_a, first_b, first_c = receive()
		converse( false )
	end )
	watch( thread )
	local _, reason = resume( thread )
	-- Only the process's end ends it: after an error that left frames of lupa's behind, Python would wait for ever.
	while true do
		pcall( pipes.die, type( reason ) == 'string' and reason or NO_MEMORY )
		pcall( pipes.exit, 1 )
	end
end, make_php_function, {
	answer = function ()
		local op, a, b, c = receive()
		if op == 'requestLost' then
			return reply_to_loss( a )
		end
		return reply_to( op, a, b, c )
	end,
	chunks = { chunks, ids, live, counts },
	forget = function ()
		last_list, last_keep, call_args = -1, nil, nil
		forget_trace()
	end,
}
