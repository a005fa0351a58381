"""lua/dispatch.lua and lua/traceback.lua by themselves: what shows from outside only where memory or the stack is
nearly full, and then by luck."""

import pytest

from tests.responder.lua_parts import run


def test_what_a_message_brought_is_let_go_before_the_next_one_is_waited_for(runtime: str) -> None:
    """A chunk's text may have megabytes, and so may the message that comes then."""
    code = """
        local weak = setmetatable( {}, { __mode = 'v' } )
        local held
        converse {
            function () weak[1] = { f = 'id' } return 'registerLibrary', 'lib', weak[1] end,
            function () collectgarbage() held = weak[1] ~= nil return 'getStatus' end,
        }
        return held"""
    assert run(runtime, code) is False


def test_what_php_asks_before_it_replies_is_let_go_as_well(runtime: str) -> None:
    """By the function that sent the request, too, which waits for the reply meanwhile."""
    code = """
        local weak = setmetatable( {}, { __mode = 'v' } )
        local held
        converse {
            { 'registerLibrary', 'php', { f = 'id' } }, { 'loadString', 'return php.f()', '=m' }, { 'call', 1, 0, {} },
            function () weak[1] = { f = 'id' } return 'registerLibrary', 'lib', weak[1] end,
            function () collectgarbage() held = weak[1] ~= nil return 'return', 0, {} end,
        }
        return held"""
    assert run(runtime, code) is False


def test_where_the_stack_ends_php_hears_of_no_call_that_fails(runtime: str) -> None:
    """A module that caught an error with its request on the wire would take PHP's next message for the reply; here PHP
    asks for something before it replies."""
    code = """
        memory.check_above_kb = 0
        local sent, found = false, { failed = 0, succeeded = 0, ['out of step'] = 0 }
        function environment.try( f )
            local low = deepest()
            local room = 0
            while room < 300 do
                sent = false
                local ok = pcall( dig, low - room, f )
                local what = ok and 'succeeded' or sent and 'out of step' or 'failed'
                found[what] = found[what] + 1
                room = room + ( room < 24 and 1 or 12 )
            end
        end
        local function asks_first( request )
            if request:find( '"call"', 1, true ) then
                sent = true
                return 'loadString', 'return 1', '=inner'
            end
            return 'return', 0, {}
        end
        local messages = {
            { 'registerLibrary', 'php', { f = 'id' } }, { 'loadString', 'try( php.f ) done()', '=m' },
            { 'call', 1, 0, {} },
        }
        for turn = 4, 1000 do messages[turn] = asks_first end
        function environment.done() messages = nil end
        converse( setmetatable( {}, { __index = function ( _, turn ) return messages and messages[turn] end } ) )
        return found.failed > 0, found.succeeded > 0, found['out of step']"""
    assert run(runtime, code) == (True, True, 0)


def test_the_log_is_read_where_there_is_memory_again(runtime: str) -> None:
    """After `not enough memory`, after a collection: the function that gives it is a module's, and makes a string."""
    code = """
        settings.with_log = true
        environment.mw = { getLogBuffer = function () did[#did + 1] = 'log' return 'logged' end }
        local replies = converse {
            { 'loadString', "error( 'not enough memory', 0 )", '=m' }, { 'call', 1, 0, {} },
        }
        return table.concat( did, ' ' ), replies[2]:match( '"log";s:6:"(%l+)"' )"""
    assert run(runtime, code) == (b"set_limit make_room collect log", b"logged")


def test_a_cleanup_that_ran_out_of_memory_is_as_if_it_had_not_begun(runtime: str) -> None:
    """It had read one id of what was new in its list, and then found no room for the whole. Where PHP repeats the list
    that was lost, it is read whole."""
    code = """
        local failures, gmatch = 0, string.gmatch
        function string.gmatch( ... )
            local next_match = gmatch( ... )
            local matches = 0
            return function ()
                matches = matches + 1
                if matches > 1 and failures > 0 then
                    failures = failures - 1
                    error( memory.NO_MEMORY, 0 )
                end
                return next_match()
            end
        end
        function pipes.plain()
            if failures > 0 then
                failures = failures - 1
                error( memory.NO_MEMORY, 0 )
            end
            return 'return { ids = { [1] = 1, [3] = 1 } }'
        end
        local load, call = { 'loadString', 'return 1', '=m' }, { 'call', 2, 0, {} }
        local replies = converse {
            load, { 'cleanupNumbered', { [1] = 1 }, 7 }, load, load,
            function () failures = 2 return 'cleanupAgain', '[2]=1,[3]=1', 7 end, call,
            { 'cleanupAgain', '', 7 }, call,
        }
        local function text( reply ) return reply:match( '"value";s:%d+:"(.-)"' ) end
        return text( replies[5] ), text( replies[6] ), text( replies[8] )"""
    assert run(runtime, code) == (b"not enough memory", None, b"function id 2 does not exist")


@pytest.mark.parametrize("spelled", ["{ 'cleanupNumbered', {}, 1 }", "{ 'cleanupChunks', {} }"])
def test_ids_that_are_gone_take_no_memory(runtime: str, spelled: str) -> None:
    """A page may give out 100,000 ids, of which few are there at any time."""
    code = f"""
        local sizes = {{}}
        local function message( turn )
            local round, step = math.floor( ( turn - 1 ) / 52 ), ( turn - 1 ) % 52 + 1
            if step <= 50 then
                return {{ 'loadString', '', '=m' }}
            elseif step == 51 then
                local listed = {{}}
                for i = 1, 50 do listed[round * 50 + i] = 1 end
                return {{ 'cleanupNumbered', listed, round }}
            end
            replies = {{}}
            collectgarbage()
            sizes[round] = collectgarbage( 'count' )
            return round < 90 and {spelled}
        end
        converse( setmetatable( {{}}, {{ __index = function ( _, turn ) return message( turn ) end }} ) )
        return sizes[90] - sizes[42] < 10 -- KB. From id 2000 on: up to there, numbers are remembered."""
    assert run(runtime, code) is True


def test_the_trace_of_a_call_that_nobody_took_is_forgotten_at_the_next_call(runtime: str) -> None:
    """There was no memory to take it. The functions in it are garbage when the next module runs."""
    code = """
        function parts.traceback()
            local on_error, take, forget = part 'traceback' ()
            return on_error, function () error( memory.NO_MEMORY, 0 ) end, forget
        end
        environment.weak = setmetatable( {}, { __mode = 'k' } )
        local replies = converse {
            { 'loadString', "local function f() local _ = f error( 'why' ) end weak[f] = true f()", '=m' },
            { 'loadString', 'collectgarbage() return next( weak ) == nil', '=m' },
            { 'call', 1, 0, {} }, { 'cleanupChunks', { [2] = true } }, { 'call', 2, 0, {} },
        }
        return replies[3]:match( '"value";s:%d+:"(.-)"' ), replies[5]:match( 'b:(.);' )"""
    assert run(runtime, code) == (b"not enough memory", b"1")


# Where memory is short


@pytest.mark.parametrize(("times", "answer"), [(1, "return"), (2, "error")])
def test_an_answer_that_found_no_memory_is_tried_again_with_the_reserve(runtime: str, times: int, answer: str) -> None:
    """After a collection: what is garbage by then is worth more than the reserve. loadstring does not raise."""
    code = f"""
        local compile = loadstring
        local failing = fails( {times}, 'loadstring', compile )
        function loadstring( text, name )
            if name ~= '=m' then return compile( text, name ) end
            local ok, chunk = pcall( failing, text, name )
            if ok then return chunk end
            return nil, chunk
        end
        local replies = converse {{ {{ 'loadString', 'return 1', '=m' }} }}
        return table.concat( did, ' ' ), replies[1]:match( '"op";s:%d+:"(%l+)"' )"""
    assert run(runtime, code) == (b"set_limit loadstring collect spend loadstring", answer.encode())


def test_no_module_runs_in_the_reserve(runtime: str) -> None:
    """A call for which there was memory only then is refused, and its arguments are garbage."""
    code = """
        memory.make_room = fails( 1, 'make_room' )
        environment.did = did
        local weak = setmetatable( {}, { __mode = 'v' } )
        local gone
        local replies = converse {
            { 'loadString', "did[#did + 1] = 'module'", '=m' },
            function () weak[1] = {} return 'call', 1, 1, { weak[1] } end,
            function () return 'cleanupChunks', { true } end,
            function () collectgarbage() gone = weak[1] == nil return 'call', 1, 0, {} end,
        }
        return table.concat( did, ' ' ), replies[2]:match( '"value";s:%d+:"(.-)"' ), gone"""
    told = b"set_limit make_room collect spend make_room make_room module"
    assert run(runtime, code) == (told, b"not enough memory", True)


@pytest.mark.parametrize(
    ("times", "told"), [(1, b"values forget collect values"), (2, b"values forget collect values forget")]
)
def test_results_that_found_no_memory_are_written_again(runtime: str, times: int, told: bytes) -> None:
    """And what the failing encoding held is let go: before the collection, and where it fails again."""
    code = f"""
        function parts.encode( ... )
            local encode, own_failure = part 'encode' ( ... )
            local values, forget = encode.values, encode.forget
            local failing = fails( {times}, 'values', values )
            function encode.values( count, first, ... )
                return ( first == 'result' and failing or values )( count, first, ... )
            end
            function encode.forget() did[#did + 1] = 'forget' return forget() end
            return encode, own_failure
        end
        local replies = converse {{
            {{ 'loadString', "return 'result'", '=m' }}, {{ 'call', 1, 0, {{}} }},
        }}
        return table.concat( did, ' ' ), replies[2]:match( 'result' ) or replies[2]:match( 'not enough memory' )"""
    text = b"result" if times == 1 else b"not enough memory"
    assert run(runtime, code) == (b"set_limit make_room " + told, text)


@pytest.mark.parametrize("loss", ["notSent", "requestLost"])
def test_what_was_lost_at_the_top_is_answered(runtime: str, loss: str) -> None:
    """A reply of ours that was not sent, and a request that could not be read: PHP waits for an answer to either."""
    code = f"""
        local replies = converse {{ {{ '{loss}', 'why' }}, {{ 'loadString', 'return 1', '=m' }} }}
        return replies[1]:match( '"op";s:%d+:"(%l+)"' ), replies[1]:match( '"value";s:3:"(.-)"' ), replies[2] ~= nil"""
    assert run(runtime, code) == (b"error", b"why", True)


# Traces


def test_a_trace_is_forgotten_whether_it_was_taken_or_not(runtime: str) -> None:
    """With the functions in it."""
    code = """
        local on_error, take, forget = part 'traceback' ()
        local weak = setmetatable( {}, { __mode = 'k' } )
        local function fail()
            local n = 0
            local function f() n = n + 1 error( 'why' ) end
            weak[f] = true
            return f
        end
        xpcall( fail(), on_error )
        local taken = take() ~= nil
        collectgarbage()
        taken = taken and next( weak ) == nil
        xpcall( fail(), on_error )
        forget()
        collectgarbage()
        return taken, next( weak ) == nil, take() == nil"""
    assert run(runtime, code) == (True, True, True)


@pytest.mark.parametrize("line", ["chunks[id] = func", "live[place] = id", "ids[func] = id"])
def test_a_function_for_which_there_was_no_memory_has_no_id(runtime: str, line: str) -> None:
    """Whichever of its entries failed: the next function has the id, is who is called by it, and is dropped whole."""
    code = f"""
        local failures = 0
        function fail_sometimes()
            if failures > 0 then
                failures = failures - 1
                error( memory.NO_MEMORY, 0 )
            end
        end
        function part( name )
            local text, line = text_of( name ), '{line}'
            local from, to = text:find( line, 1, true )
            if name == 'dispatch' then
                text = text:sub( 1, from - 1 ) .. 'fail_sometimes() ' .. text:sub( from )
            end
            return assert( loadstring( text, '=luaproc/' .. name .. '.lua' ) )
        end
        local function load( text ) return {{ 'loadString', text, '=m' }} end
        local function call( id ) return {{ 'call', id, 0, {{}} }} end
        local replies = converse {{
            load "return 'kept'", function () failures = 2 return 'loadString', "return 'lost'", '=m' end,
            load "return 'next'", call( 2 ), load "return 'last'", call( 3 ),
            {{ 'cleanupChunks', {{ [1] = 1, [3] = 1 }} }}, call( 1 ), call( 2 ), call( 3 ),
        }}
        local found = {{}}
        for i, reply in ipairs( replies ) do
            found[i] = reply:match( 's:%d+:"([^"]-)";}}?}}?$' ) or '-'
        end
        return table.concat( found, ',' )"""
    found = run(runtime, code)
    assert found == b"-,not enough memory,-,next,-,last,-,kept,function id 2 does not exist,last"
