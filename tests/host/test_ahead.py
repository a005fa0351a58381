"""Messages that wait for the next one: they are in order, and nobody waits for their answers."""

import gc

import pytest

from luaproc.host import Interpreter, LuaError, ServerDied
from tests.host.conftest import Start

LUA = """
local log = {}
return function( text ) log[#log + 1] = text end, function() return table.concat( log, ' ' ) end
"""


def test_told_before_the_next_message(interpreter: Interpreter) -> None:
    """Whatever that is: a call, a chunk to compile, a question; in the order in which it was said."""
    note, read = interpreter.load_string(LUA)()
    interpreter.tell(note, "a")
    interpreter.tell(note, "b" * 100_000)
    assert read() == ["a " + "b" * 100_000]
    interpreter.tell(note, "c")
    interpreter.load_string("return 1")
    interpreter.get_status()
    assert read()[0][-2:] == " c"


def test_told_in_a_callback(interpreter: Interpreter) -> None:
    """Lua knows it when the callback's answer is there, and when it fails; deeper calls have it, too."""
    note, read = interpreter.load_string(LUA)()

    def answer(text: str) -> str:
        interpreter.tell(note, text)
        if text == "deep":
            assert read() == ["one deep"]
        if text == "fail":
            raise LuaError("no")
        return text.upper()

    call = interpreter.wrap_php_function(answer)
    ask = interpreter.load_string("local f, g, text = ... local ok, found = pcall( f, text ) return found, g()")
    assert ask(call, read, "one") == ["ONE", "one"]
    assert ask(call, read, "deep") == ["DEEP", "one deep"]
    assert ask(call, read, "fail")[1] == "one deep fail"


def test_what_fails_ends_the_server(interpreter: Interpreter) -> None:
    """What comes behind it relies on it."""
    interpreter.tell(interpreter.load_string("error( 'no', 0 )"))
    with pytest.raises(LuaError, match="no"):
        interpreter.load_string("return 1")
    with pytest.raises(ServerDied):
        interpreter.load_string("return 1")


def test_functions_are_cleaned_up_ahead(start: Start) -> None:
    """With the next call, in no message that is waited for; those that are held stay."""
    sent: list[bytes] = []
    interpreter = start()
    interpreter.cleans_ahead = True
    kept = interpreter.load_string("return 1")
    dropped = interpreter.load_string("return 2").id
    gc.collect()
    interpreter.connection.on_frame = lambda side, body, seconds: sent.append(body) if side == "host" else None
    assert kept() == [1]
    assert [b"cleanupChunks" in body for body in sent] == [True, False]
    with pytest.raises(LuaError, match=f"function id {dropped} does not exist"):
        interpreter.request_body(b'{["op"]="call",["id"]=%d,["nargs"]=0,["args"]={}}' % dropped)
    assert kept() == [1]
