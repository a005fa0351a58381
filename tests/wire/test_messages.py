"""Messages: every type both ways, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luaproc.wire import expressions, serialization
from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError
from luaproc.wire.framing import escape
from luaproc.wire.messages import (
    OPS,
    Call,
    CleanupChunks,
    Error,
    GetStatus,
    LoadString,
    Message,
    Quit,
    RegisterLibrary,
    Return,
    TestQuit,
    WrapPhpFunction,
    decode_from_host,
    decode_from_responder,
    encode_for_host,
    encode_for_responder,
    op_name,
)
from luaproc.wire.values import FunctionRef
from tests.wire.strategies import lua_values, php_values, strings

ids = st.integers(1, 2**53) | strings
traces = st.lists(st.dictionaries(st.sampled_from([b"what", b"name"]), strings), max_size=3).map(tuple)

from_host = st.one_of(
    st.builds(LoadString, strings, strings),
    st.builds(Call, ids, st.lists(lua_values, max_size=4).map(tuple)),
    st.builds(RegisterLibrary, strings, st.dictionaries(strings, ids, max_size=4)),
    st.builds(WrapPhpFunction, ids),
    st.just(GetStatus()),
    st.builds(CleanupChunks, st.frozensets(st.integers(1, 10**6), max_size=6)),
    st.just(Quit()),
    st.just(TestQuit()),
    st.builds(Return, st.lists(lua_values, max_size=4).map(tuple)),
    st.builds(Error, lua_values),
)
from_responder = st.one_of(
    st.builds(Call, ids, st.lists(php_values, max_size=4).map(tuple)),
    st.builds(Return, st.lists(php_values, max_size=4).map(tuple)),
    st.builds(Error, php_values, st.none() | traces, st.none() | strings),
)


@given(from_host)
def test_host_messages_round_trip(message: Message) -> None:
    assert decode_from_host(encode_for_responder(message)) == message


@pytest.mark.slow  # generates hundreds of messages
@given(from_responder)
def test_responder_messages_round_trip(message: Message) -> None:
    assert decode_from_responder(encode_for_host(message)) == message


def test_nils_are_written_to_lua_and_only_counted_to_php() -> None:
    """Both as an unmodified client and the reference server do it."""
    message = Call(b"f", (None, 2, None))
    assert encode_for_responder(Call(5, (None, 2, None))) == (
        b'{["op"]="call",["id"]=5,["nargs"]=3,["args"]={[1]=nil,[2]=2,[3]=nil}}'
    )
    assert (
        encode_for_host(message)
        == b'a:4:{s:2:"op";s:4:"call";s:2:"id";s:1:"f";s:5:"nargs";i:3;s:4:"args";a:1:{i:2;i:2;}}'
    )
    assert decode_from_responder(encode_for_host(message)) == message


def test_php_spellings_of_the_other_requests() -> None:
    functions: dict[int | float | bytes, bytes | int] = {b"f": b"mw-f-1"}
    assert encode_for_responder(RegisterLibrary(b"mw", functions)) == (
        b'{["op"]="registerLibrary",["name"]="mw",["functions"]={["f"]="mw-f-1"}}'
    )
    assert encode_for_responder(LoadString(b"return 1", b"=x")) == (
        b'{["op"]="loadString",["text"]="return 1",["chunkName"]="=x"}'
    )
    assert (
        encode_for_responder(CleanupChunks(frozenset({7, 3})))
        == b'{["op"]="cleanupChunks",["ids"]={[3]=true,[7]=true}}'
    )


def test_cleanup_keeps_what_is_not_falsey() -> None:
    """The client writes reference counts there; 0 is true in Lua."""
    assert decode_from_host(b'{op="cleanupChunks",ids={[1]=2,[2]=false,[3]=0}}') == CleanupChunks(frozenset({1, 3}))


def test_error_of_the_newest_scribunto_carries_the_log() -> None:
    body = escape(serialization.dumps({"op": "error", "value": "a:1: b", "trace": [{"what": "C"}], "log": "x\n"}))
    assert decode_from_responder(body) == Error(b"a:1: b", ({b"what": b"C"},), b"x\n")


def test_fields_that_are_not_known_are_ignored() -> None:
    """As PHP does it: that is how ``log`` could be added."""
    assert decode_from_host(b'{op="quit",why="bored"}') == Quit()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{}", "expected a message with an op out of loadString, call,"),
        (b"7", "got 7"),
        (b'{op="explode"}', "got 'explode'"),
        (b"{op={}}", "got an empty table"),
        (
            b'{op="loadString",text="x"}',
            "message loadString: field chunkName: expected a string, got nothing",
        ),
        (b'{op="loadString",text=1,chunkName="x"}', "field text: expected a string, got 1"),
        (b'{op="call",nargs=0,args={}}', "field id: expected a function id"),
        (b'{op="call",id=true,nargs=0,args={}}', "field id: expected a function id, got True"),
        (b'{op="call",id=1,args={}}', "field nargs: expected a number from 0"),
        (b'{op="call",id=1,nargs=-1,args={}}', "field nargs: expected a number from 0 to 1000000, got -1"),
        (b'{op="call",id=1,nargs=1e9,args={}}', "field nargs"),
        (b'{op="call",id=1,nargs=1}', "field args: expected a table, got nothing"),
        (b'{op="call",id=1,nargs=1,args={1,2}}', "field args: expected keys from 1 to nargs=1, got 2"),
        (b'{op="call",id=1,nargs=1,args={x=1}}', "got 'x'"),
        (b'{op="registerLibrary",name="x",functions={f={}}}', "field f: expected a function id"),
        (b'{op="cleanupChunks",ids={x=1}}', "field ids: expected chunk ids as keys, got 'x'"),
        (b'{op="error",value="x",trace={[2]={}}}', "field trace: expected entries from 1"),
        (b'{op="error",value="x",log={}}', "field log: expected a string"),
    ],
)
def test_wrong_message_says_which_field(text: bytes, problem: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        decode_from_host(text)
    assert problem in str(caught.value)


def test_each_side_sends_its_own_ops_only() -> None:
    with pytest.raises(LocalProtocolError, match="the responder sends no getStatus"):
        encode_for_host(GetStatus())
    body = escape(serialization.dumps({"op": "quit"}))
    with pytest.raises(RemoteProtocolError, match="out of call, return, error; got 'quit'"):
        decode_from_responder(body)


def test_table_of_ops_names_every_op_of_the_specification() -> None:
    assert [name.decode() for name in OPS] == [
        *(
            "loadString",
            "call",
            "registerLibrary",
            "wrapPhpFunction",
            "getStatus",
            "cleanupChunks",
            "quit",
            "testquit",
        ),
        *("return", "error"),
    ]
    assert op_name(TestQuit()) == "testquit"


def test_functions_travel_as_arguments_both_ways() -> None:
    """What came as an object goes back as chunks[N]."""
    call = decode_from_responder(encode_for_host(Call(b"f", (FunctionRef(4, 0),))))
    assert isinstance(call, Call)
    assert expressions.loads(encode_for_responder(Return(call.args)))[b"values"] == {1: FunctionRef(4)}
