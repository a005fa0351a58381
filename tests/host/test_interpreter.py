"""The ops, on both servers; callbacks; functions that Python drops."""

import os
from pathlib import Path

import pytest

from luaproc.host import Interpreter, LuaError, Status
from luaproc.wire.messages import Call, CleanupChunks, decode_from_host
from tests.host.conftest import Start


def test_chunk_name_is_that_of_errors(interpreter: Interpreter) -> None:
    f = interpreter.load_string("error('no')", "=Module:Test")
    assert f.name == "=Module:Test"
    with pytest.raises(LuaError) as caught:
        f()
    assert (caught.value.module, caught.value.line, caught.value.message) == ("Module:Test", 1, "no")


def test_status_is_the_servers(interpreter: Interpreter) -> None:
    status = interpreter.get_status()
    assert isinstance(status, Status)
    assert status.pid == interpreter.connection.pid
    assert status.vsize is not None
    assert status.vsize > 1_000_000


def test_quit_and_testquit_give_the_exit_status(start: Start) -> None:
    assert start().quit() == 0
    assert start().testquit() == 42


def test_leaving_the_context_ends_the_process(server: list[str]) -> None:
    with Interpreter(server) as interpreter:
        pid = interpreter.connection.pid
        assert interpreter.get_status() is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_forgotten_interpreter_ends_its_process(server: list[str]) -> None:
    """No with statement: the process goes with the object."""
    import gc

    interpreter = Interpreter(server)
    pid = interpreter.connection.pid
    assert interpreter.get_status() is not None
    del interpreter
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# Callables


def test_library_calls_python(interpreter: Interpreter) -> None:
    calls: list[tuple[object, ...]] = []
    interpreter.register_library(
        "py",
        {
            "none": lambda *args: calls.append(args),
            "one": lambda: [1, 2],
            "two": lambda: ("a", None),
        },
    )
    assert interpreter.load_string("return select('#', py.none(1, nil, {x=2})), py.one()")() == [0, [1, 2]]
    assert calls == [(1, None, {"x": 2})]
    assert interpreter.load_string("return select('#', py.two()), py.two()")() == [2, "a", None]


def test_library_registered_again_is_added_to(interpreter: Interpreter) -> None:
    interpreter.register_library("py", {"f": lambda: "old f", "g": lambda: "old g"})
    interpreter.load_string("old = py.f")()
    interpreter.register_library("py", {"f": lambda: "new f"})
    assert interpreter.load_string("return py.f(), py.g(), old()")() == ["new f", "old g", "old f"]


def test_wrapped_callable_is_a_lua_function(interpreter: Interpreter) -> None:
    double = interpreter.wrap_php_function(lambda x: x * 2)
    assert double(21) == [42]
    assert interpreter.load_string("local f = ... return f(f(1))")(double) == [4]


def test_calls_nest_both_ways(interpreter: Interpreter) -> None:
    """Python in Lua in Python in ..., each level its own frame of the stack, and the depth is told."""
    depths = []

    def down(n: int) -> object:
        depths.append(interpreter.depth)
        return n if n == 0 else step(n - 1)[0] + 1

    interpreter.register_library("py", {"down": down})
    step = interpreter.load_string("return py.down(...)", "=step")
    assert step(30) == [30]
    assert depths == list(range(1, 32))
    assert interpreter.depth == 0


def test_callable_may_load_and_call_back(interpreter: Interpreter) -> None:
    interpreter.register_library("py", {"eval": lambda code: tuple(interpreter.load_string(code, "=inner")())})
    assert interpreter.load_string("return py.eval('return 1, 2'), py.eval('return {x=1}').x")() == [1, 1]


def test_lua_error_of_a_callable_is_luas_to_catch(interpreter: Interpreter) -> None:
    def refuse(text: str) -> None:
        raise LuaError(text)

    interpreter.register_library("py", {"refuse": refuse})
    assert interpreter.load_string("return pcall(py.refuse, 'no such page')")() == [False, "no such page"]
    with pytest.raises(LuaError) as caught:
        interpreter.load_string("local x\nx = py.refuse('no such page')\nreturn x", "=mod")()
    assert str(caught.value) == "mod:2: no such page"


def test_lua_error_with_a_table_keeps_it(interpreter: Interpreter) -> None:
    def refuse() -> None:
        raise LuaError({"code": 7})

    f = interpreter.wrap_php_function(refuse)
    assert interpreter.load_string("local ok, e = pcall(...) return ok, e.code")(f) == [False, 7]


def test_error_passes_through_both_sides(interpreter: Interpreter) -> None:
    """Raised in Lua, through a Python callable that does not mind, to the outermost caller; caught in the middle."""
    inner = interpreter.load_string("error('deep', 0)", "=inner")
    interpreter.register_library("py", {"run": lambda: inner() and None})
    assert interpreter.load_string("return pcall(py.run)")() == [False, "deep"]
    with pytest.raises(LuaError, match="deep"):
        interpreter.load_string("py.run()")()


@pytest.mark.parametrize("code", ["py.fail()", "pcall(py.fail) return 'went on'"])
def test_bug_in_a_callable_is_raised_again_here(interpreter: Interpreter, code: str) -> None:
    """Whatever Lua does about it: a test must not pass because a module caught its ZeroDivisionError."""
    interpreter.register_library("py", {"fail": lambda: 1 // 0})
    with pytest.raises(ZeroDivisionError):
        interpreter.load_string(code)()
    assert interpreter.load_string("return select(2, pcall(tostring, 1))")() == ["1"]


def test_result_that_cannot_be_sent_is_such_a_bug(interpreter: Interpreter) -> None:
    interpreter.register_library("py", {"odd": object})
    with pytest.raises(Exception, match="a Python object cannot be sent to Lua"):
        interpreter.load_string("return py.odd()")()
    assert interpreter.load_string("return 1")() == [1]


def test_ctrl_c_in_a_callable_ends_the_server(interpreter: Interpreter) -> None:
    """Lua is in the middle of something and must not run on behind the user's back."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    interpreter.register_library("py", {"interrupt": interrupt})
    with pytest.raises(KeyboardInterrupt):
        interpreter.load_string("pcall(py.interrupt)")()
    assert not interpreter.connection.alive


def test_fallback_answers_for_what_has_no_callable(start: Start) -> None:
    asked = []

    def fallback(name: str, args: list[object], depth: int) -> object:
        asked.append((name, args, depth))
        return "answer", len(args)

    interpreter = start(fallback=fallback)
    interpreter.register_library("php", {"ask": None})
    assert interpreter.load_string("return php.ask('x', nil)")() == ["answer", 2]
    assert interpreter.wrap_php_function(None, "loose")(5) == ["answer", 1]
    assert asked == [("php.ask", ["x", None], 1), ("loose", [5], 1)]


def test_without_fallback_lua_gets_an_error(interpreter: Interpreter) -> None:
    interpreter.register_library("php", {"ask": None})
    [ok, text] = interpreter.load_string("return pcall(php.ask)")()
    assert (ok, text) == (False, "no Python callable answers for php.ask")


# Functions that Python drops


def requests(bodies: list[bytes]) -> list[object]:
    return [decode_from_host(body) for body in bodies]


def test_dropped_function_is_cleaned_up_before_the_next_message(start: Start) -> None:
    """As the PHP client does: cleanupChunks with what is still held, then the call; and only when something went."""
    sent: list[bytes] = []
    interpreter = start(on_frame=lambda side, body, _: sent.append(body) if side == "host" else None)
    keep, drop = interpreter.load_string("return function() return 'kept' end, function() end")()
    sent.clear()
    assert keep() == ["kept"]
    # The chunk that returned them is not there: nothing held it.
    assert requests(sent) == [CleanupChunks(frozenset({keep.id, drop.id})), Call(keep.id)]
    sent.clear()
    dropped = drop.id
    del drop
    assert interpreter.call_at_the_end(keep) == ["kept"]
    assert requests(sent) == [Call(keep.id)]
    sent.clear()
    keep()
    keep()
    assert requests(sent) == [CleanupChunks(frozenset({keep.id})), Call(keep.id), Call(keep.id)]
    with pytest.raises(LuaError, match=f"function id {dropped} does not exist"):
        interpreter.request(Call(dropped))


def test_function_held_inside_a_value_is_kept(interpreter: Interpreter) -> None:
    table = interpreter.load_string("return { f = { function() return 'here' end } }")()[0]
    interpreter.cleanup_chunks()
    assert table["f"][0]() == ["here"]
    assert list(interpreter.functions) == [table["f"][0].id]


def test_function_dropped_and_passed_again_is_kept(interpreter: Interpreter) -> None:
    get = interpreter.load_string("local f = function() return 'f' end return function() return f end")()[0]
    get()
    f = get()[0]
    interpreter.cleanup_chunks()
    assert f() == ["f"]


def test_many_dropped_functions_leave_nothing(interpreter: Interpreter) -> None:
    make = interpreter.load_string("return function() return {} end")()[0]
    make_function = interpreter.load_string("return function() return function() end end")()[0]
    for _ in range(200):
        make_function()
    make()
    assert sorted(interpreter.functions) == sorted([make.id, make_function.id])


def test_function_outlives_the_variable_of_its_interpreter(server: list[str]) -> None:
    """A function knows its interpreter: it is enough to hold the function."""
    f = Interpreter(server).load_string("return 1")
    assert f() == [1]


# What is seen of the wire


def test_frame_hook_sees_both_directions_and_times(start: Start) -> None:
    frames: list[tuple[str, bytes, float]] = []
    interpreter = start(on_frame=lambda *frame: frames.append(frame))
    interpreter.load_string("return 1", "=x")
    assert [side for side, _, _ in frames] == ["host", "responder"]
    assert frames[0][1] == b'{["op"]="loadString",["text"]="return 1",["chunkName"]="=x"}'
    assert frames[1][1].startswith(b"a:3:{")
    assert 0 <= frames[0][2] <= frames[1][2] <= interpreter.connection.seconds


def test_hand_written_request_is_answered(interpreter: Interpreter) -> None:
    """For `:raw` of the session: an expression goes out as it was typed."""
    f = interpreter.load_string("return {...}, 'x'")
    values = interpreter.request_body(b"{op='call', id=%d, nargs=2, args={5, 'a'}}" % f.id)
    assert interpreter.convert(values) == [[5, "a"], "x"]


def test_stderr_goes_to_a_file_when_asked(tmp_path: Path, server: list[str]) -> None:
    log = tmp_path / "errors.log"
    with Interpreter(["/bin/sh", "-c", 'echo started >&2; exec "$@"', "sh", *server], stderr=str(log)) as interpreter:
        assert interpreter.load_string("return 1")() == [1]
    assert log.read_text().startswith("started\n")


def test_each_wrapped_function_is_its_own(interpreter: Interpreter) -> None:
    """Also of the same name, and beside those of a library."""
    interpreter.register_library("php", {"f": lambda: "registered"})
    first, second = (interpreter.wrap_php_function(lambda name=name: name) for name in ("first", "second"))
    assert (first(), second(), interpreter.load_string("return php.f()")()) == (["first"], ["second"], ["registered"])
