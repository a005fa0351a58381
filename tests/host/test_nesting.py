"""Calls in calls and tables in tables, with no more of Python's stack than every program has."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from luaproc.host import Interpreter, LuaError, LuaFunction
from luaproc.host.interpreter import MAX_NESTING
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.serialization import loads
from tests import forks

_CALLBACK = "return function(n) return n == 0 and 1 or 1 + php.down(n - 1) end"
_DEEP = "local t = 'bottom' for i = 1, ... do t = {t} end return t"


@pytest.fixture(params=["lua51", "luajit21"])
def lua(request: pytest.FixtureRequest) -> Iterator[Interpreter]:
    with Interpreter(forks.forked("serve", "--runtime", str(request.param)), timeout=300) as lua:
        yield lua


def callback(lua: Interpreter, between: Callable[[Callable[[], Any]], Any] = lambda call: call()) -> LuaFunction:
    """A Lua function that calls itself by way of PHP, where `between` stands in the middle."""
    held: list[LuaFunction] = []
    lua.register_library("php", {"down": lambda n: between(lambda: held[0](n)[0])})
    held.extend(lua.call(lua.load_string(_CALLBACK, "=m")))
    return held[0]


def test_calls_are_as_deep_as_lua_goes(lua: Interpreter) -> None:
    limit = sys.getrecursionlimit()
    function = callback(lua)
    for depth in (1, 110, 190):
        assert function(depth) == [depth + 1]
    assert sys.getrecursionlimit() == limit


@pytest.mark.slow  # fills the stack of both sides
def test_endless_calls_are_luas_error(lua: Interpreter) -> None:
    function = callback(lua)
    for _ in range(2):
        with pytest.raises(LuaError, match=f"syntax levels|no deeper than {MAX_NESTING} levels"):
            function(100_000)
    assert function(1) == [2]


@pytest.mark.slow  # fills the stack of both sides
def test_a_callable_that_fills_the_stack_is_luas_error_and_the_server_lives(lua: Interpreter) -> None:
    """The stack is full somewhere between two frames of ours, at every one of them once."""

    def dig(frames: int, call: Callable[[], Any]) -> Any:
        return dig(frames - 1, call) if frames else call()

    limit = sys.getrecursionlimit()
    for frames in range(80, 100):
        function = callback(lua, lambda call, frames=frames: dig(frames, call))  # type: ignore[misc]
        with pytest.raises(RecursionError):
            function(190)
        assert lua.call(lua.load_string("return 5")) == [5]
    assert sys.getrecursionlimit() == limit


@pytest.mark.slow  # many threads at once
def test_threads_share_the_recursion_limit() -> None:
    limit = sys.getrecursionlimit()
    results: list[list[Any]] = []

    def run() -> None:
        with Interpreter(timeout=300) as lua:
            function = callback(lua)
            results.extend(function(150) for _ in range(3))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[151]] * 9
    assert sys.getrecursionlimit() == limit


def test_a_recursion_limit_that_a_callable_sets_stays(lua: Interpreter) -> None:
    limit = sys.getrecursionlimit()
    try:
        lua.register_library("php", {"set": lambda: sys.setrecursionlimit(limit + 5000)})
        lua.call(lua.load_string("php.set()"))
        assert sys.getrecursionlimit() == limit + 5000
    finally:
        sys.setrecursionlimit(limit)


def test_tables_are_as_deep_as_php_takes_them(lua: Interpreter) -> None:
    [value] = lua.call(lua.load_string(_DEEP), 3900)
    for _ in range(3900):
        [value] = value
    assert value == "bottom"


def test_a_table_that_cannot_go_back_is_said(lua: Interpreter) -> None:
    """What comes from Lua may be deeper than what PHP's client writes; the one who sends it is told."""
    lua.register_library("php", {"echo": lambda value: value})
    with pytest.raises(Exception, match="a value of more than 100 levels of tables"):
        lua.call(lua.load_string(f"php.echo((function(...) {_DEEP} end)(900))"))
    assert lua.call(lua.load_string("return 5")) == [5]


@pytest.mark.slow  # fills stacks
def test_a_full_stack_is_not_blamed_on_the_data() -> None:
    """Wherever Python's stack ends: its own error, or the value."""

    def dig(frames: int) -> Any:
        return dig(frames - 1) if frames else loads(b"a:1:{i:1;a:1:{i:1;i:5;}}")

    failures, limit = 0, sys.getrecursionlimit()
    for frames in range(limit):
        try:
            assert dig(frames) == {1: {1: 5}}
        except RemoteProtocolError:
            raise
        except RecursionError:
            failures += 1
    assert failures
    assert sys.getrecursionlimit() == limit
