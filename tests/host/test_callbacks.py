"""Calls from Lua on their short way: what it answers is what the long way answers, and it is taken."""

from typing import Any

import pytest

from luaproc.host import Interpreter, LuaError
from luaproc.host.core import ProtocolCore

ASK = """
local ask, fail = mw_t.ask, mw_t.fail
return function( n )
    local sum = 0
    for i = 1, n do
        sum = sum + select( '#', ask( i, 'a;b"\\\\\\n' .. i, nil, { i } ) )
    end
    return sum, ask( 7 ), pcall( fail, 'no' )
end
"""


def test_frequent_calls_take_no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand calls and a failing one are answered between two steps, tables among their arguments too."""
    long_way: list[object] = []
    answering = ProtocolCore._answering

    def counted(self: Any, call: Any) -> Any:
        long_way.append(call)
        return answering(self, call)

    monkeypatch.setattr(ProtocolCore, "_answering", counted)
    got: list[tuple[Any, ...]] = []

    def ask(*args: Any) -> tuple[Any, ...]:
        got.append(args)
        return args

    def fail(message: str) -> None:
        raise LuaError(message)

    with Interpreter() as lua:
        lua.register_library("mw_t", {"ask": ask, "fail": fail})
        total, seven, ok, message = lua.load_string(ASK)()[0](1000)
    assert (total, seven, ok, message) == (4000, 7, False, "no")
    assert got[999] == (1000, 'a;b"\\\n1000', None, [1000])
    assert got[1000] == (7,)
    assert long_way == []


def test_a_callable_that_fails_between_calls_that_do_not() -> None:
    """The exception is raised from the call, once Lua is through, and the server is used on. An error for Lua, which
    comes after it, is no reason to forget it."""
    calls: list[int] = []

    def ask(number: int) -> int:
        calls.append(number)
        if number == 2:
            raise ZeroDivisionError("two")
        if number == 3:
            raise LuaError("three")
        return number

    with Interpreter() as lua:
        lua.register_library("mw_t", {"ask": ask})
        run = lua.load_string("for i = 1, 4 do pcall( mw_t.ask, i ) end return 5")
        with pytest.raises(ZeroDivisionError, match="two"):
            run()
        assert calls == [1, 2, 3, 4]
        assert lua.depth == 0
        assert lua.load_string("return 6")() == [6]


def test_an_error_whose_value_cannot_be_sent() -> None:
    """Lua is told so, and the conversation is in step."""

    def fail() -> None:
        raise LuaError({"key": object()})

    with Interpreter() as lua:
        lua.register_library("mw_t", {"fail": fail})
        assert "object" in lua.load_string("return select( 2, pcall( mw_t.fail ) )")()[0]
        assert lua.load_string("return 6")() == [6]


def test_what_a_callable_raises_after_the_server_ended_is_raised() -> None:
    """There is nobody to tell it to, and it is better news than that."""
    with Interpreter() as lua:

        def end() -> None:
            lua.terminate()
            raise ZeroDivisionError("mine")

        lua.register_library("mw_t", {"end": end})
        with pytest.raises(ZeroDivisionError, match="mine"):
            lua.load_string("mw_t['end']()")()
