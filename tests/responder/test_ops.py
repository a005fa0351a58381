"""Every op of the specification, line by line, on both runtimes."""

import os
import random
from pathlib import Path

import pytest

from luaproc.host import Interpreter, LuaError, LuaFunction, ServerDied
from luaproc.wire.framing import unescape
from luaproc.wire.messages import Call, CleanupChunks, GetStatus, LoadString, RegisterLibrary, WrapPhpFunction
from luaproc.wire.values import CLASS_NAMES, FunctionRef
from tests.responder.conftest import REGISTER, RUNTIMES, Start, call_body, feed, frames, load_body, serve


def replies(runtime: str, *bodies: str) -> list[bytes]:
    """What a responder answers to these messages, word for word."""
    outcome = feed(frames(*bodies), serve(runtime))
    assert (outcome.status, outcome.stderr) == (0, b"")
    return outcome.replies


# loadString


def test_load_string_answers_the_id_word_for_word(runtime: str) -> None:
    """op return, nvalues 1, values with the id: numbers from 1."""
    assert replies(runtime, load_body("return 1"), load_body("return 2")) == [
        b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;i:%d;}}' % number for number in (1, 2)
    ]


def test_load_string_does_not_run_the_code(lua: Interpreter) -> None:
    lua.load_string("ran = true")
    assert lua.load_string("return ran")() == [None]


def test_chunk_name_is_used_in_error_messages(lua: Interpreter) -> None:
    for name, shown in (("=Module:A", "Module:A"), ("@file", "file"), ("some text", '[string "some text"]')):
        with pytest.raises(LuaError) as caught:
            lua.load_string("\n\nx x", name)
        assert caught.value.value.startswith(f"{shown}:3: ")
        assert caught.value.trace == ()


def test_error_reply_of_load_string_has_value_alone(runtime: str) -> None:
    [reply] = replies(runtime, load_body("x =", "=c"))
    text = b"c:1: unexpected symbol near '<eof>'"
    assert reply == b'a:2:{s:2:"op";s:5:"error";s:5:"value";s:%d:"%b";}' % (len(text), text)


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize("marker", ["\x1bLua", "\x1bLJ"])
@pytest.mark.parametrize("code", ["{}", "return 1 -- {}", "{}Q\0\1\4\4\4\x08\0", "x = '\n\n{}'"])
def test_binary_markers_are_refused_anywhere(lua: Interpreter, marker: str, code: str) -> None:
    """Bytecode can read and write any memory."""
    with pytest.raises(LuaError) as caught:
        lua.load_string(code.format(marker))
    assert caught.value.value == "cannot load code with a Lua binary chunk marker escape sequence in it"
    assert lua.load_string("return '\\27Lua', '\\27LJ'")() == ["\x1bLua", "\x1bLJ"]


# call


@pytest.mark.parametrize(
    "args",
    [(), (None,), (None, None), (1, None, "x", None), (None, 1), (True, False), ({"a": [1, 2]},), (1.5, -1, 2**53 - 1)],
)
def test_call_passes_arguments_and_results_nils_included(lua: Interpreter, args: tuple[object, ...]) -> None:
    result = lua.load_string("return select('#', ...), ...")(*args)
    assert result == [len(args), *args]


def test_results_travel_in_order_without_nils_and_counted(runtime: str) -> None:
    """PHP takes values by position when their number is nvalues."""
    _, reply = replies(runtime, load_body("return nil, 'b', nil, 4, nil"), call_body(1))
    assert reply == b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:5;s:6:"values";a:2:{i:2;s:1:"b";i:4;i:4;}}'
    _, reply = replies(runtime, load_body("return 3, 2, 1, 0, 9, 8, 7, 6, 5"), call_body(1))
    assert reply.endswith(b"a:9:{i:1;i:3;i:2;i:2;i:3;i:1;i:4;i:0;i:5;i:9;i:6;i:8;i:7;i:7;i:8;i:6;i:9;i:5;}}")


def test_functions_are_called_by_the_id_of_their_object(lua: Interpreter) -> None:
    [add] = lua.load_string("return function(a, b) return a + b end")()
    assert add(2, 3) == [5]
    [same] = lua.load_string("local f = ... return f")(add)
    assert same is add


def test_arguments_can_be_functions_of_the_chunk_table(lua: Interpreter) -> None:
    [twice] = lua.load_string("return function(f, x) return f(f(x)) end")()
    [more] = lua.load_string("return function(x) return x .. '!' end")()
    assert twice(more, "hey") == ["hey!!"]


@pytest.mark.slow  # starts a server for each row
@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("error('text', 0)", "text"),
        ("error('text')", "c:1: text"),
        ("error({code = 5, [1] = 'x'})", {1: "x", "code": 5}),
        ("error(nil)", None),
        ("error()", None),
        ("error(5)", "c:1: 5"),
        ("error(5, 0)", 5),
        ("error(true)", True),
        ("error(false)", False),
        ("error('')", "c:1: "),
        ("error({{}})", [{}]),
    ],
)
def test_value_given_to_error(lua: Interpreter, code: str, value: object) -> None:
    """As it was given, with a trace beside it."""
    with pytest.raises(LuaError) as caught:
        lua.load_string(code, "=c")()
    assert caught.value.value == value
    assert [str(entry) for entry in caught.value.trace] == ["c:1: in main chunk"]


def test_a_function_as_the_error(lua: Interpreter) -> None:
    with pytest.raises(LuaError) as caught:
        lua.load_string("error(function() return 'from the error' end)")()
    assert isinstance(caught.value.value, LuaFunction)
    assert caught.value.value() == ["from the error"]


def test_an_error_value_that_cannot_be_passed(lua: Interpreter) -> None:
    """Said so, instead of no reply."""
    for code, text in (
        ("error({[{}] = 1})", "Cannot use table as an array key when passing data from Lua to PHP"),
        ("local t = {} t.t = t error(t)", "Cannot pass circular reference to PHP"),
        ("error(setmetatable({}, {__pairs = function() error('in pairs', 0) end}))", "in pairs"),
        ("error(setmetatable({}, {__pairs = function() error({}) end}))", "Cannot pass the error value to PHP"),
    ):
        with pytest.raises(LuaError) as caught:
            lua.load_string(code)()
        assert caught.value.value == text


def test_calling_what_is_not_there(lua: Interpreter) -> None:
    for number, shown in ((1, "1"), (99, "99"), (0, "0"), (-5, "-5")):
        with pytest.raises(LuaError) as caught:
            lua.request(Call(number))
        assert caught.value.value == f"function id {shown} does not exist"
        assert caught.value.trace == ()


def test_too_many_arguments_and_results_are_errors_of_lua(lua: Interpreter) -> None:
    """8000 stack slots are a limit of Lua 5.1: the process lives on."""
    count = lua.load_string("return select('#', ...)")
    assert count(*range(7900)) == [7900]
    with pytest.raises(LuaError, match="too many"):
        count(*range(8100))
    lua.register_library("php", {"many": lambda n: tuple(range(n))})
    assert lua.load_string("return select('#', php.many(7900))")() == [7900]
    with pytest.raises(LuaError, match="too many"):
        lua.load_string("return select('#', php.many(8100))")()
    assert count(1) == [1]


def test_the_most_arguments_and_results(lua: Interpreter) -> None:
    """7,990 both ways; one more is an error in our words, of the module's line where the module called."""
    count = lua.load_string("return select('#', ...)")
    assert count(*range(7990)) == [7990]
    with pytest.raises(LuaError) as caught:
        count(*range(7991))
    assert caught.value.value == "too many arguments"
    lua.register_library("php", {"many": lambda n: tuple(range(n))})
    results = lua.load_string("local count = select('#', php.many(...)) return count", "=m")
    assert results(7990) == [7990]
    with pytest.raises(LuaError) as caught:
        results(7991)
    assert caught.value.value == "m:1: too many results to unpack"


# registerLibrary


def test_register_library_answers_with_no_values(runtime: str) -> None:
    [reply] = replies(runtime, '{["op"]="registerLibrary",["name"]="lib",["functions"]={["f"]="id"}}')
    assert reply == b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:0;s:6:"values";a:0:{}}'


def test_dots_make_subtables(lua: Interpreter) -> None:
    lua.register_library("a.b.c", {"f": lambda: "deep"})
    lua.register_library("a.b", {"g": lambda: "middle"})
    lua.register_library("a", {"h": lambda: "top"})
    assert lua.load_string("return a.b.c.f(), a.b.g(), a.h()")() == ["deep", "middle", "top"]
    assert lua.load_string("return _G['a.b.c'], _G['a.b']")() == [None, None]


def test_registering_adds_to_what_is_there(lua: Interpreter) -> None:
    lua.load_string("mine = {inner = {kept = 'kept'}}")()
    lua.register_library("mine.inner", {"f": lambda: 1})
    lua.register_library("string", {"php": lambda text: f"<{text}>"})
    assert lua.load_string("return mine.inner.kept, mine.inner.f(), ('x'):php()")() == ["kept", 1, "<x>"]


def test_each_registration_keeps_its_own_ids(lua: Interpreter) -> None:
    """mw_interface is registered again for every library; its functions were kept before."""
    for turn in (1, 2):
        lua.register_library("mw_interface", {"f": lambda turn=turn: turn})
        lua.load_string(f"f{turn} = mw_interface.f")()
    assert lua.load_string("return f1(), f2(), f1 ~= f2")() == [1, 2, True]


@pytest.mark.parametrize(
    ("code", "name", "text"),
    [
        ("taken = 5", "taken", "cannot register library 'taken': 'taken' is a number"),
        ("a = {b = 'x'}", "a.b.c", "cannot register library 'a.b.c': 'a.b' is a string"),
        ("", "tostring.x", "cannot register library 'tostring.x': 'tostring' is a function"),
        ("off = false", "off", "cannot register library 'off': 'off' is a boolean"),
        ("", "a..b", "cannot register library 'a..b': a part of its name is empty"),
        ("", ".", "cannot register library '.': a part of its name is empty"),
    ],
)
def test_a_name_that_cannot_be_used_is_an_error_reply(lua: Interpreter, code: str, name: str, text: str) -> None:
    lua.load_string(code)()
    with pytest.raises(LuaError) as caught:
        lua.register_library(name, {"f": lambda: 1})
    assert caught.value.value == text


def test_registering_runs_no_code_of_modules(lua: Interpreter) -> None:
    """A metatable on the globals would: and raise, or call back, in between."""
    lua.load_string(
        "setmetatable(_G, {__newindex = function() error('ran') end, __index = function() error('ran') end})"
    )()
    lua.register_library("x.y", {"f": lambda: 1})
    assert lua.load_string("return x.y.f()")() == [1]


# getStatus


@pytest.mark.slow  # burns CPU time to see it counted
def test_status_is_that_of_the_process(lua: Interpreter) -> None:
    """Compared with what /proc tells from outside."""
    lua.load_string("local c = os.clock() while os.clock() < c + 0.3 do end")()
    before = lua.get_status()
    process = Path(f"/proc/{lua.connection.pid}")
    fields = process.joinpath("stat").read_text().rpartition(")")[2].split()
    after = lua.get_status()
    assert before
    assert after
    assert before.pid == after.pid == lua.connection.pid
    ticks = int(fields[11]) + int(fields[12])
    assert ticks >= 20
    assert before.time is not None
    assert after.time is not None
    # Times are rounded separately, user and system: one tick each.
    assert before.time - 2 <= ticks <= after.time + 2
    assert before.vsize == after.vsize == int(fields[20])
    pages = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    assert before.rss
    assert abs(before.rss - pages) < 1 << 20


def test_status_has_the_four_keys_as_integers(lua: Interpreter) -> None:
    [status] = lua.request(GetStatus())
    assert list(status) == [b"pid", b"time", b"vsize", b"rss"]
    assert all(type(value) is int for value in status.values())


def test_status_below_a_callback_and_in_any_spelling(lua: Interpreter) -> None:
    """The responder answers PHP's spelling without Lua, others with it."""
    lua.register_library("php", {"status": lambda: lua.get_status().pid})  # type: ignore[union-attr]
    assert lua.load_string("return php.status()")() == [lua.connection.pid]
    [status] = lua.request_body(b"{ op = 'getStatus' }")
    assert status[b"pid"] == lua.connection.pid


# cleanupChunks


def test_ids_stay_while_kept_and_are_fresh_afterwards(lua: Interpreter) -> None:
    def ask(number: int) -> int:
        [function] = lua.request(Call(number))
        assert isinstance(function, FunctionRef)
        return function.id

    [chunk] = lua.request(LoadString(b"f = f or function() return 'f' end return f", b"=c"))
    first = ask(chunk)
    assert ask(chunk) == first
    assert lua.request(CleanupChunks(frozenset({chunk, first}))) == ()
    assert ask(chunk) == first
    lua.request(CleanupChunks(frozenset({chunk})))
    with pytest.raises(LuaError, match=f"function id {first} does not exist"):
        lua.request(Call(first))
    second = ask(chunk)
    assert second not in (chunk, first)
    assert lua.request(Call(second)) == (b"f",)
    lua.request(CleanupChunks(frozenset()))
    with pytest.raises(LuaError, match=f"function id {chunk} does not exist"):
        lua.request(Call(chunk))


def test_values_of_ids_that_are_falsey_are_not_kept(lua: Interpreter) -> None:
    """ids: table with keys being the chunk IDs still referenced, and non-falsey values."""
    for _ in range(3):
        lua.request(LoadString(b"return 'here'", b"=c"))
    lua.request_body(b'{["op"]="cleanupChunks",["ids"]={[1]=0,[2]=false,[3]=""}}')
    assert lua.request(Call(1)) == lua.request(Call(3)) == (b"here",)
    with pytest.raises(LuaError, match="function id 2 does not exist"):
        lua.request(Call(2))


@pytest.mark.slow  # repeats thousands of times
def test_lists_that_resemble_the_last_one(lua: Interpreter) -> None:
    """The last list again, longer, cut, in another order, with other counts, ids to come, in another spelling: what it
    has answers, what it has not is gone."""
    chance = random.Random(20261129)
    [maker] = lua.request(LoadString(b"return function() end, function() end, function() end", b"=c"))
    assert isinstance(maker, int)
    alive, last, newest = {maker}, [maker], maker
    for _ in range(200):
        made = [f.id for f in lua.request(Call(maker)) if isinstance(f, FunctionRef)]
        alive |= set(made)
        newest = made[-1]
        kept = [number for number in made if chance.random() < 0.6]
        listed = chance.choice(
            [
                last, last + kept, last + kept, last[: chance.randint(1, len(last))] + kept, [*last, newest + 2],
                chance.sample(last, len(last)), kept, sorted({*kept, *chance.sample(last, len(last) // 2)}),
            ]
        )  # fmt: skip
        count = chance.choice([b"1", b"1", b"1", b"12"])
        if chance.random() < 0.1:
            count = b"true"  # not PHP's spelling: Lua compiles it
        listed = [maker, *(number for number in listed if number != maker)]
        body = b",".join(b"[%d]=%b" % (number, count) for number in listed)
        lua.request_body(b'{["op"]="cleanupChunks",["ids"]={%b}}' % body)
        gone, alive, last = alive - set(listed), alive & set(listed), listed
        for number in chance.sample(sorted(gone), min(len(gone), 4)):
            with pytest.raises(LuaError, match=f"function id {number} does not exist"):
                lua.request(Call(number))
        for number in chance.sample(sorted(alive - {maker}), min(len(alive) - 1, 4)):
            assert lua.request(Call(number)) == ()


@pytest.mark.slow  # fills memory
def test_cleanup_releases_memory(lua: Interpreter) -> None:
    """Chunks of 200 kB each, dropped as they come: 50 MB in all."""
    make = lua.load_string("local s = ('x'):rep(200000) .. (...) return function() return #s end")
    before = lua.get_status()
    for i in range(250):
        [f] = make(i)
        del f
    after = lua.get_status()
    assert before
    assert after
    assert after.rss is not None
    assert before.rss is not None
    assert after.rss - before.rss < 20 << 20


# quit, testquit, the end of input


def test_quit_testquit_and_the_end_of_input(start: Start) -> None:
    assert start().quit() == 0
    assert start().testquit() == 42
    assert start().connection.wait() == 0


@pytest.mark.parametrize(("op", "status"), [("quit", 0), ("testquit", 42)])
def test_quit_below_a_callback(lua: Interpreter, op: str, status: int) -> None:
    """Any request can come there; this one leaves at once."""
    ended = []
    lua.register_library("php", {"quit": lambda: ended.append(getattr(lua, op)())})
    with pytest.raises(ServerDied, match=f"exited with status {status}"):
        lua.load_string("php.quit()")()
    assert ended == [status]


def test_no_reply_to_quit(runtime: str) -> None:
    for op, status in (("quit", 0), ("testquit", 42)):
        outcome = feed(frames(f'{{["op"]="{op}"}}', load_body("return 1")), serve(runtime))
        assert (outcome.status, outcome.replies, outcome.stderr) == (status, [], b"")


# wrapPhpFunction


def test_wrap_php_function(lua: Interpreter) -> None:
    """The function calls that PHP id, as a registered one does, and can be passed on."""
    calls = []

    def php(*args: object) -> tuple[object, ...]:
        calls.append(args)
        return args[::-1]

    wrapped = lua.wrap_php_function(php)
    assert wrapped(1, None, "x") == ["x", None, 1]
    assert lua.load_string("local f = ... return f('from Lua')")(wrapped) == ["from Lua"]
    assert calls == [(1, None, "x"), ("from Lua",)]


def test_wrapped_functions_are_objects_of_the_chunk_table(runtime: str) -> None:
    replied = replies(runtime, '{["op"]="wrapPhpFunction",["id"]="x"}')
    assert replied == [
        b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;'
        b'O:42:"Scribunto_LuaStandaloneInterpreterFunction":2:{s:13:"interpreterId";i:0;s:2:"id";i:1;}}}'
    ]


def test_ids_of_php_functions_may_be_numbers(lua: Interpreter) -> None:
    """The specification says ID; the real client sends strings."""
    lua._callbacks[7] = ("seven", lambda: "seventh")
    lua.request(RegisterLibrary(b"numbered", {b"f": 7}))
    [wrapped] = lua.request(WrapPhpFunction(7))
    assert lua.load_string("return numbered.f()")() == ["seventh"]
    assert lua.request(Call(wrapped.id)) == (b"seventh",)


# Options that show in the values


def test_interpreter_id_and_class_of_function_objects(start: Start) -> None:
    """As PHP gives them on the command line; two members, in that order."""
    bodies: list[bytes] = []
    for number, name in ((0, CLASS_NAMES[0]), (17, CLASS_NAMES[1]), (3, b"My\\Own")):
        lua = start(
            "--interpreter-id", str(number), "--function-class", name.decode(),
            on_frame=lambda side, body, _: bodies.append(body) if side == "responder" else None,
        )  # fmt: skip
        lua.load_string("return print or pairs")()
        tail = b'O:%d:"%b":2:{s:13:"interpreterId";i:%d;s:2:"id";i:2;}}}' % (len(name), name, number)
        assert unescape(bodies[-1]).endswith(tail)


@pytest.mark.parametrize("runtime_name", RUNTIMES)
def test_spellings_of_messages_that_php_does_not_write(runtime_name: str) -> None:
    """The body is any Lua expression: another client may write it by hand."""
    found = replies(
        runtime_name,
        "{ op = 'loadString', text = [[return ...]], chunkName = '=c' }",
        "{op='call';id=1;nargs=2;args={'a', nil;};}",
        "(function() return {op='call', id=1, nargs=0, args={}} end)()",
        '{["op"]="loadString",["text"]="x" .. " = 1",["chunkName"]="=c"}',
    )
    assert found[1:3] == [
        b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:2;s:6:"values";a:1:{i:1;s:1:"a";}}',
        b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:0;s:6:"values";a:0:{}}',
    ]
    assert found[3].endswith(b"a:1:{i:1;i:2;}}")


@pytest.mark.parametrize("more", [',["more"]={}', ',["more"]=2,["most"]={}', ",[1]={}"])
def test_a_spelling_that_is_cut_in_the_wrong_place(runtime: str, more: str) -> None:
    """It begins and ends as PHP's do. What the short way makes of it does not compile; the whole is read instead."""
    call = f'{{["op"]="call",["id"]=1,["nargs"]=2,["args"]={{[1]=5,[2]=6}}{more}}}'
    values = f'{{["op"]="return",["nvalues"]=2,["values"]={{[1]=7,[2]=8}}{more}}}'
    outcome = feed(frames(REGISTER, load_body("local a, b = ... return a, b, php.f()"), call, values), serve(runtime))
    assert outcome.status == 0
    assert outcome.replies[-1].endswith(b"a:4:{i:1;i:5;i:2;i:6;i:3;i:7;i:4;i:8;}}")


def test_a_message_that_takes_too_many_registers_is_an_error_of_lua(runtime: str) -> None:
    """No PHP writes lists without keys; their items wait in registers, of which a function of Lua's has 250."""
    args = ("{" + "1," * 49) * 7 + "}" * 7
    call = f'{{["op"]="call",["id"]=1,["nargs"]=1,["args"]={args}}}'
    outcome = feed(frames(load_body("return 1"), call, call_body(1)), serve(runtime))
    assert outcome.status == 0
    assert b's:2:"op";s:5:"error"' in outcome.replies[1] or runtime == "luajit21"
    assert outcome.replies[2].endswith(b"a:1:{i:1;i:1;}}")


def test_limits_of_luas_compiler_and_stack_are_errors_of_lua(runtime: str) -> None:
    """A message that meets one is lost, and the next is answered. No PHP writes such; a client by hand may."""
    texts = {
        "control structure too long": "a and {" + "[1]=b," * 70_000 + "}",
        "has more than 200 local variables": "function() " + "local a " * 201 + "end",
        "chunk has too many syntax levels": "{" * 250 + "}" * 250,
        "stack overflow": "(function() local function f() return 1 + f() end return f() end)()",
    }
    bodies = [f'{{["op"]="getStatus",["x"]={expression}}}' for expression in texts.values()]
    found = replies(runtime, *bodies, load_body("return 1"))
    for text, reply in zip(texts, found, strict=False):
        assert b's:2:"op";s:5:"error"' in reply
        assert text.encode() in reply
    assert found[-1].endswith(b"a:1:{i:1;i:1;}}")
