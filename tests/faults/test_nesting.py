"""PHP calls Lua calls PHP …: 150 levels and more, errors at every depth, and answers that are not what was asked for.

How deep it goes before an error, measured: lua51 196 levels (the reference 194, and then its process dies: C's limit of
200), luajit21 1,558 (LuaJIT's stack).
"""

from __future__ import annotations

from typing import Any

import pytest

from luaproc.host import Interpreter, LuaError
from luaproc.wire.messages import Return, decode_from_responder
from tests.faults.process import Responder
from tests.hostile import host
from tests.hostile.attack import DEFAULT

pytestmark = pytest.mark.slow  # tries each depth

RUNTIMES = ("lua51", "luajit21")
DEPTH = 150

# Goes down n levels, through PHP each; there it does `bottom`.
_DOWN = """
local bottom, caught = ...
local down
function down( n )
	if n == 0 then
		return bottom()
	elseif caught then
		local ok, value = pcall( php.call, down, n - 1 )
		return ok, value
	end
	return php.call( down, n - 1 )
end
return down
"""


def down(interpreter: Interpreter, bottom: str, caught: bool = False) -> Any:
    """The Lua function that goes down; `bottom` is what it does there."""
    function = interpreter.call(interpreter.load_string(bottom, "=bottom"))[0]
    return interpreter.call(interpreter.load_string(_DOWN, "=down"), function, caught)[0]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_values_through_all_levels(runtime: str) -> None:
    """Values come up through all levels, from Lua and from PHP at the bottom."""
    with host.start(runtime, DEFAULT) as interpreter:
        lua = down(interpreter, "return function() return 'lua', nil, {1} end")
        php = down(interpreter, "return function() return php.echo('php', {2}) end")
        for depth in (0, 1, 2, DEPTH // 2, DEPTH):
            assert lua(depth) == [b"lua", None, [1]]
            assert php(depth) == [b"php", [2]]
        host.check_health(interpreter)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_errors_at_every_depth(runtime: str) -> None:
    """Raised by Lua, by PHP, by the codec: uncaught it arrives at the top, caught at each level it is a value."""
    no_key = b"Cannot use table as an array key when passing data from Lua to PHP"
    bottoms = {
        "return function() error('lua', 0) end": b"lua",
        "return function() php.fail('php') end": b"php",
        "return function() php.echo({[{}] = 1}) end": no_key,
        "return function() return {[{}] = 1} end": no_key,
        "return function() local t t.x = 1 end": b"attempt to index local 't' (a nil value)",
    }
    with host.start(runtime, DEFAULT) as interpreter:
        for bottom, text in bottoms.items():
            uncaught, caught = down(interpreter, bottom), down(interpreter, bottom, caught=True)
            for depth in (0, 1, 2, DEPTH):
                with pytest.raises(LuaError) as error:
                    uncaught(depth)
                assert isinstance(error.value.value, bytes)
                assert error.value.value.endswith(text)
                if depth:
                    # The innermost pcall sees the failure, all others a success.
                    assert caught(depth)[0] is (depth > 1)
            host.check_health(interpreter)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_table_error_keeps_its_value_through_all_levels(runtime: str) -> None:
    """Nothing puts a position before what is no string."""
    with host.start(runtime, DEFAULT) as interpreter:
        function = down(interpreter, "return function() error({a = 1}) end")
        for depth in (0, 1, DEPTH):
            with pytest.raises(LuaError) as error:
                function(depth)
            assert error.value.value == {b"a": 1}


# What PHP answers -> what the module gets of `pcall( php.ask )`, with select( '#' ) before it.
ANSWERS: dict[str, list[Any]] = {
    '{["op"]="return",["nvalues"]=0,["values"]={}}': [1, True],
    '{["op"]="return",["nvalues"]=0,["values"]={[1]=5}}': [1, True],
    '{["op"]="return",["nvalues"]=2,["values"]={[1]=5}}': [3, True, 5, None],
    '{["op"]="return",["nvalues"]=2,["values"]={[5]=5}}': [3, True, None, None],
    '{["op"]="return",["nvalues"]=1,["values"]={["1"]=5}}': [2, True, None],
    '{["op"]="return",["nvalues"]=1,["values"]={[1]=chunks[99]}}': [2, True, None],
    '{["op"]="return",["nvalues"]=100000,["values"]={}}': [2, False, b"too many results to unpack"],
    '{["op"]="error"}': [2, False, None],
    '{["op"]="error",["value"]={}}': [2, False, []],
    '{["op"]="error",["value"]="why",["values"]={[1]=5},["nvalues"]=1}': [2, False, b"why"],
    '{["op"]="return",["nvalues"]=1,["values"]={[1]=5},["value"]="why"}': [2, True, 5],
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_answers_that_are_odd(runtime: str, answer: str) -> None:
    """A count that does not match, values elsewhere, fields of the other op: nil or an error, and in step after it."""
    with Responder(runtime) as responder:
        responder.send(b'{["op"]="registerLibrary",["name"]="php",["functions"]={["ask"]="ask-1"}}')
        responder.receive()
        responder.load("local function f(...) return select('#', ...), ... end return f(pcall(php.ask))", 1)
        responder.call(1)
        assert b's:4:"call"' in responder.receive()
        responder.send(answer.encode())
        reply = decode_from_responder(responder.receive())
        responder.send(b'{["op"]="getStatus"}')
        assert b'"pid"' in responder.receive()
    assert isinstance(reply, Return)
    expected = ANSWERS[answer]
    if runtime == "luajit21" and expected[-1] == b"why":
        # PHP's errors are raised at level 3, which there is the line with the pcall.
        assert isinstance(reply.values[-1], bytes)
        assert reply.values[-1].endswith(b":1: why")
        expected = [*expected[:-1], reply.values[-1]]
    assert [{} if value == [] else value for value in expected] == list(reply.values)
