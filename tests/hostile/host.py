"""PHP's side of an attack: the responder as a wiki starts it, the library `php`, and the questions afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from luaproc.host import Interpreter, LuaError
from luaproc.wire.errors import LocalProtocolError
from tests import forks
from tests.hostile.attack import Limits

Command = Callable[..., list[str]]


def start(
    runtime: str, limits: Limits, *options: str, command: Command = forks.forked, timeout: float = 600
) -> Interpreter:
    """A responder under `ulimit`, through /bin/sh, with the library `php`."""
    interpreter = Interpreter(
        command("serve", "--runtime", runtime, *options),
        cpu_limit=limits.cpu,
        memory_limit=None if limits.memory is None else limits.memory * 1024,
        timeout=timeout,
        encoding=None,
    )
    register(interpreter)
    return interpreter


MAX_DEPTH = 400
"""How deep PHP goes with Lua in turn: deeper than the reference on any runtime, and than our own on lua51."""

_KINDS: dict[Any, Any] = {
    b"nil": None, b"huge": b"x" * 1_000_000, b"table": {b"a": 1}, b"number": 1.5, b"true": True, b"false": False,
}  # fmt: skip


def register(interpreter: Interpreter) -> None:
    """What modules can call: functions that answer, fail, call back, and send anything a PHP could."""

    def check_depth() -> None:
        if interpreter.depth > MAX_DEPTH:
            raise LuaError("no deeper")

    def fail(kind: Any = b"failed") -> None:
        raise LuaError(interpreter.load_string("return 1") if kind == b"function" else _KINDS.get(kind, kind))

    def call(function: Any, *args: Any) -> tuple[Any, ...]:
        check_depth()
        return tuple(interpreter.call(function, *args))

    def protected(function: Any, *args: Any) -> tuple[Any, ...]:
        check_depth()
        try:
            return True, *interpreter.call(function, *args)
        except LuaError as error:
            return False, error.value

    def load(text: bytes, name: bytes = b"=loaded") -> bytes:
        try:
            interpreter.load_string(text, name)
        except LuaError as error:
            return bytes(error.value)
        return b""

    def register_late(name: bytes) -> int:
        interpreter.register_library(name.decode(), {"probe": lambda: b"probe"})
        return 1

    def stale() -> tuple[Any, ...]:
        try:
            interpreter.request_body(b'{["op"]="call",["id"]=123456,["nargs"]=0,["args"]={}}')
        except LuaError as error:
            return False, error.value
        return (True,)

    def forget(function: Any) -> tuple[Any, ...]:
        return tuple(interpreter.call(function))

    def cleanup() -> None:
        interpreter.cleanup_chunks()

    def depth(value: Any) -> int:
        levels = 0
        while isinstance(value, (list, dict)):
            levels += 1
            value = next(iter(value.values() if isinstance(value, dict) else value), None)
        return levels

    def deep(levels: int) -> Any:
        value: Any = 1
        for _ in range(min(int(levels), 90)):
            value = [value]
        return value

    def honest(function: Callable[..., Any]) -> Callable[..., Any]:
        def call_it(*args: Any) -> Any:
            try:
                return function(*args)
            except (AttributeError, KeyError, LocalProtocolError, OverflowError, TypeError, ValueError) as error:
                raise LuaError(f"bad argument: {error}") from None  # as PHP's own functions tell bad arguments

        return call_it

    functions: dict[str, Callable[..., Any]] = {
        "echo": lambda *args: args,
        "fail": fail,
        "call": call,
        "pcall": protected,
        "load": load,
        "code": lambda size: load(b"x=1 " * int(size // 4)),
        "text": lambda size: load(b'return "' + b"x" * int(size) + b'"'),
        "huge": lambda size, number=0: b"%d" % int(number) + b"y" * int(size),
        "many": lambda count: tuple(range(int(count))),
        "tab": lambda count: {f"k{n}": n for n in range(int(count))},
        "deep": deep,
        "depth": depth,
        "register": register_late,
        "wrapped": lambda: interpreter.wrap_php_function(lambda: 1),
        "stale": stale,
        "forget": forget,
        "cleanup": cleanup,
        "status": lambda: (interpreter.get_status() or 0) and 1,
    }
    interpreter.register_library("php", {name: honest(function) for name, function in functions.items()})


def check_health(interpreter: Interpreter) -> None:
    """The next messages are answered as ever: values both ways, a PHP function, an error with its trace, the status."""
    echo = interpreter.wrap_php_function(lambda *args: args)
    probe = interpreter.load_string(
        "local echo, a, b = ... return a, b, {1, 'two', {x = true}, [2.5] = 'f'}, echo('a\\r\\n\\\\\\0', 1.5)", "=probe"
    )
    assert interpreter.call(probe, echo, 1, b"b") == [1, b"b", {1: 1, 2: b"two", 3: {b"x": True}, b"2.5": b"f"},
                                                      b"a\r\n\\\0", 1.5]  # fmt: skip
    broken = interpreter.load_string("local function f(t) t.x.y = 1 end f({})", "=broken")
    with pytest.raises(LuaError) as caught:
        interpreter.call(broken)
    assert caught.value.value == b"broken:1: attempt to index field 'x' (a nil value)"
    assert [(entry.what, entry.name) for entry in caught.value.trace] == [("Lua", "f"), ("main", None)]
    interpreter.register_library("late.library", {"f": lambda *args: 7})
    status = interpreter.get_status()
    assert status is not None
    assert status.pid == interpreter.connection.pid
    interpreter.cleanup_chunks()


def check_full(interpreter: Interpreter) -> None:
    """A process whose memory stays full answers each message, if only to say so."""
    refusals = (
        b"not enough memory",
        b"probe:1: not enough memory",
        # where registering it was refused
        b"probe:1: attempt to index global 'late' (a nil value)",
        b"probe:1: attempt to call field 'f' (a nil value)",
    )
    questions: tuple[Callable[[], object], ...] = (
        lambda: interpreter.call(interpreter.load_string("return 1", "=probe")),
        lambda: interpreter.register_library("late", {"f": lambda *args: 7}),
        lambda: interpreter.call(interpreter.load_string("return late.f({1, 2, 3})", "=probe")),
        interpreter.cleanup_chunks,
        interpreter.get_status,
    )
    for _ in range(5):
        for ask in questions:
            answer: object = refusals[0]
            try:
                ask()
            except LuaError as error:
                answer = error.value
            assert answer in refusals
