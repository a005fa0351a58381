"""lua/encode.lua by itself: what it remembers, and what it lets go of. What it writes: test_values.py."""

from tests.responder.lua_parts import run

ENCODE = """
    local id_of = function () return 1 end
    local encode = part 'encode' ( settings.int_size, settings.function_head, id_of )
    local function used()
        collectgarbage()
        collectgarbage()
        return collectgarbage( 'count' )
    end
    """


def test_what_was_passed_is_let_go(runtime: str) -> None:
    """A message that was written, one that could not be, and an error's value."""
    code = """
        local weak = setmetatable( {}, { __mode = 'k' } )
        local function value( more )
            local t = { more }
            weak[t] = true
            return t
        end
        local function held() collectgarbage() return next( weak ) ~= nil end
        encode.values( 1, value() )
        note( tostring( held() ) )
        encode.call( encode.call_heads( 'id' ), 5, 1, 2, 3, 4, value() )
        note( tostring( held() ) )
        encode.failure( value() )
        note( tostring( held() ) )
        pcall( encode.values, 1, value( coroutine.create( function () end ) ) )
        encode.forget()
        note( tostring( held() ) )
        return table.concat( did, ' ' )"""
    assert run(runtime, ENCODE + code) == b"false false false false"


def test_numbers_and_keys_are_remembered_within_bounds(runtime: str) -> None:
    """Those that repeat: small numbers, and 2,000 short keys. All others are garbage as soon as they are written."""
    code = """
        local function numbers( from, to )
            for i = from, to do encode.values( 2, i, { i } ) end
        end
        local function keys( from, to, long )
            for first = from, to, 100 do
                local t = {}
                for i = 1, 100 do t[( 'k' ):rep( long ) .. first + i] = true end
                encode.values( 1, t )
            end
        end
        keys( 1, 200, 10000 )
        local at_first = used()
        keys( 1, 1900, 1 )
        numbers( 0, 2000 )
        local known = used()
        keys( 2000, 5000, 1 )
        numbers( 3000, 10000 )
        return at_first < 2000, known > at_first + 50, used() < known + 150"""
    assert run(runtime, ENCODE + code) == (True, True, True)
