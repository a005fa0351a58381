"""lua/delivery.lua by itself: what is tried again, and what is told, where a message finds no memory or no stack."""

import pytest

from tests.responder.lua_parts import run


def test_no_text_is_asked_for_again_where_there_was_no_memory_for_it(runtime: str) -> None:
    """Python would take as much again, and a push that fails leaks. What was cut in the wrong place is asked for."""
    code = """
        local asked, failing = 0, false
        local loadstring_of_lua = loadstring
        function loadstring( ... )
            if failing then return nil, memory.NO_MEMORY end
            return loadstring_of_lua( ... )
        end
        local delivery_of = part 'delivery'
        pipes.receive = function () return 'return "call",1,1,2}' end
        pipes.plain = function () asked = asked + 1 return 'return { op = "call", id = 7 }' end
        pipes.lost = function () return 2 end
        pipes.again = function () return nil end
        local _, receive = delivery_of( pipes, memory, {}, settings )
        failing = true
        local lost, reason = receive()
        local at_first = asked
        failing = false
        local op, id = receive()
        return lost, reason, at_first, op, id, asked"""
    assert run(runtime, code) == (b"requestLost", b"not enough memory", 0, b"call", 7, 1)


GET_STATUS = "function () return 'return { op = [[getStatus]] }' end"


def test_a_message_that_found_no_memory_is_taken_again(runtime: str) -> None:
    """After a collection and with the reserve, which is taken back before the message is acted on.
    Where a reply is lost for good, the reserve is taken back before its module gets the error; about a request, PHP is
    answered with the reserve."""
    code = f"""
        pipes.receive = fails( 1, 'receive', {GET_STATUS} )
        pipes.again = fails( 1, 'again', {GET_STATUS} )
        pipes.lost = noted( 'lost', function () return settings.reply_lost end )
        local _, receive = part 'delivery' ( pipes, memory, {{}}, settings )
        local op, reason = receive()
        note( op .. ': ' .. reason )
        pipes.receive = fails( 1, 'receive' )
        note( receive() )
        pipes.receive = fails( 1, 'receive' )
        pipes.again = fails( 1, 'again' )
        pipes.lost = noted( 'lost', function () return settings.request_lost end )
        note( ( receive() ) )
        pipes.receive = fails( 1, 'receive' )
        pipes.lost = noted( 'lost', function () return settings.not_sent end )
        note( ( receive() ) )
        return table.concat( did, ' ' )"""
    assert run(runtime, code) == (
        b"receive collect lost spend again restore replyLost: not enough memory "
        b"receive collect lost spend again restore getStatus "
        b"receive collect lost spend again requestLost "
        b"receive collect lost restore notSent"
    )


def test_a_message_that_needs_more_stack_than_is_left_is_read_on_another(runtime: str) -> None:
    code = """
        local deep = "return (function() local function f( n ) if n == 0 then return { op = 'getStatus' } end "
            .. 'return ( f( n - 1 ) ) end return f( 100 ) end)()'
        pipes.receive = function () return deep end
        pipes.again = noted( 'again', pipes.receive )
        pipes.lost = function () return settings.request_lost end
        local _, receive = part 'delivery' ( pipes, memory, {}, settings )
        return dig( deepest() - 50, receive ), table.concat( did, ' ' )"""
    assert run(runtime, code) == (b"getStatus", b"collect spend again restore")


@pytest.mark.parametrize("error", ["error during Python call", "error in error handling"])
def test_python_and_errors_in_errors_are_limits(runtime: str, error: str) -> None:
    """Not malformed messages, which end the process: lupa's text where there was no memory for one of Python's, and
    what Lua says where no stack was left to say more."""
    code = f"""
        local function fail() error( '{error}', 0 ) end
        pipes.receive, pipes.again, pipes.lost = fail, fail, function () return settings.request_lost end
        local _, receive = part 'delivery' ( pipes, memory, {{}}, settings )
        local loss, reason = receive()
        return loss, reason, table.concat( did, ' ' )"""
    reason = b"not enough memory" if "Python" in error else error.encode()
    assert run(runtime, code) == (b"requestLost", reason, b"collect spend")


def test_a_limit_that_a_message_only_names_is_none(runtime: str) -> None:
    """What an error's text quotes is the message's."""
    code = """
        local function body() return 'return { op = overflow .. 1 }' end
        pipes.receive, pipes.again, pipes.lost = body, body, function () return settings.request_lost end
        local _, receive = part 'delivery' ( pipes, memory, {}, settings )
        receive()
        return did[#did]"""
    text = run(runtime, code)
    assert isinstance(text, bytes)
    assert text.startswith(b"malformed message: the body cannot be evaluated: ")


def test_in_memory_more_than_half_full_an_exchange_may_have_the_reserve(runtime: str) -> None:
    """And the module that runs then has not."""
    code = f"""
        pipes.exchange = noted( 'exchange', {GET_STATUS} )
        local deliver = part 'delivery' ( pipes, memory, {{}}, settings )
        note( deliver( 'reply' ) )
        memory.check_above_kb = 0
        note( deliver( 'reply' ) )
        return table.concat( did, ' ' )"""
    assert run(runtime, code) == b"exchange getStatus spend_if_full exchange restore getStatus"


def test_python_that_cannot_say_what_was_lost_is_asked_again(runtime: str) -> None:
    """It lacks the memory to be called for a moment; or C's stack has no room for a pcall, and the bare call succeeds.
    What was lost has to be known: an answer more or less, and the two sides are out of step."""
    code = """
        pipes.receive = fails( 9, 'receive' )
        pipes.lost = fails( 3, 'lost', function () return settings.reply_lost end )
        local _, receive = part 'delivery' ( pipes, memory, {}, settings )
        note( receive() )
        function pipes.lost()
            if debug.getinfo( 2, 'f' ).func == pcall then error( 'stack overflow', 0 ) end
            did[#did + 1] = 'bare'
            return settings.request_lost
        end
        memory.collect = error
        note( receive() )
        return table.concat( did, ' ' )"""
    assert run(runtime, code) == (
        b"receive collect lost lost collect spend lost collect spend lost restore replyLost receive bare requestLost"
    )


def test_python_that_never_says_what_was_lost_ends_the_process(runtime: str) -> None:
    code = """
        pipes.receive, pipes.lost = fails( 9, 'receive' ), fails( 1000, 'lost' )
        pipes.exit = noted( 'exit', function ( status ) error( status, 0 ) end )
        local _, receive = part 'delivery' ( pipes, memory, {}, settings )
        local _, status = pcall( receive )
        return did[#did - 1], did[#did], status"""
    assert run(runtime, code) == (b"not enough memory to go on", b"exit", 1)
