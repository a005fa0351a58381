"""The fast path of the host's half: what it reads and writes is what the long way does, or it says nothing."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from luaproc.host.functions import Chunks, Converter, LuaFunction
from luaproc.wire import fast_path, serialization
from luaproc.wire.errors import LocalProtocolError, RemoteProtocolError
from luaproc.wire.framing import escape
from luaproc.wire.messages import Call, Return, decode_from_responder, encode_for_host, encode_for_responder
from luaproc.wire.values import FunctionRef
from tests.parts import examples
from tests.wire.strategies import lua_values, php_values, strings


def _converter(encoding: str | None, lists: bool) -> Converter:
    return Converter(Chunks(lambda number, name: LuaFunction(number, name, None, lambda *_: [])), None, encoding, lists)


CONVERTERS = [_converter("utf-8", True), _converter(None, False), _converter("latin-1", True)]


def _same(left: object, right: object) -> bool:
    """Equal, of equal types, in equal order, nan and functions aside."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return _same([*left], [*right]) and _same([*left.values()], [*right.values()])
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return str(left) == str(right)  # -0.0, nan
    if isinstance(left, LuaFunction) and isinstance(right, LuaFunction):
        return left.id == right.id
    return left == right


def _read_as_the_long_way(body: bytes, must: bool) -> None:
    for convert in CONVERTERS:
        # Twice: what was remembered is to be the same.
        for _ in range(2):
            found = convert.reader.message(body)
            assert found or not must, body
            if found is None:
                continue
            message = decode_from_responder(body)
            values = found.args if isinstance(found, fast_path.FastCall) else found.values
            if isinstance(found, fast_path.FastCall):
                assert isinstance(message, Call)
                assert _same(found.id, message.id)
                expected = message.args
            else:
                assert isinstance(message, Return)
                expected = message.values
            assert _same(values, [convert.to_python(value) for value in expected])


@settings(max_examples=examples(60))
@given(strings, st.lists(php_values, max_size=4))
@example(b"f", [b'a";bc', b'a"', {b'x";i': 1, b'x"': 2}, b"\\\n;", {1: 1, 2: {}, 3: {1: b"x"}}])
@example(b"f", [b'";' * 3, None, None])
@example(b"f", [{2: b"b", 1: b"a"}, FunctionRef(3, 0, b"Class"), {b"id": 1, b"interpreterId": 2}])
def test_reading(name: bytes, values: list[Any]) -> None:
    """Everything that a responder sends, the frequent among it certainly by this way."""
    for message in (Call(name, tuple(values)), Call(7, tuple(values)), Return(tuple(values))):
        _read_as_the_long_way(encode_for_host(message), must=all(type(value) is not dict for value in values))


_CUTS = [
    *(b"a:1:{i:1;", b"a:2:{", b"a:0:{}", b"a:-1:{}", b"A:0:{}", b"}", b"}}", b";", b"i:1;", b"i:-0;", b"i:+1;"),
    *(b's:1:"a";', b's:1:"5";', b's:01:"a";', b's:2:"a";";', b's:-1:"";', b"N;", b"b:1;", b"b:2;", b"d:.5;", b"d:1_0;"),
    *(b"d:INF;", b"d:inf;", b"d:nan;", b"d:-NAN;", b"i:99999999999999999999;", b"i:" + b"9" * 5000 + b";", b"r:1;"),
    *(b'O:1:"F":2:{s:2:"id";i:1;s:13:"interpreterId";i:0;}', b'O:2:"F":2:{', b"\\n", b"\\", b"\\\\", b"\n", b"x"),
]


@settings(max_examples=examples(500))
@given(st.lists(st.sampled_from(_CUTS), max_size=9).map(b"".join), st.sampled_from(["call", "return", ""]))
def test_hostile_text(inner: bytes, kind: str) -> None:
    """Whatever a server sends: read as the long way reads it, or left to the long way and its errors."""
    if kind == "":
        found = serialization._fast.value(inner)
        if found is not None:
            assert _same(found, _long_way(inner))
        return
    head = b'a:4:{s:2:"op";s:4:"call";s:2:"id";i:1;s:5:"nargs";i:2;s:4:"args";'
    if kind == "return":
        head = b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:2;s:6:"values";'
    for body in (head + inner, head + b"a:2:{i:1;" + inner + b"}}", head[:-12] + inner):
        _read_as_the_long_way(body, must=False)


def _long_way(data: bytes) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serialization, "_fast", fast_path.FastReader(bytes, False, _refused))
        return serialization.loads(b"" + data)


def _refused(*_: object) -> None:
    raise fast_path.UnusualError


@given(php_values)
def test_serialized_text(value: object) -> None:
    """The general reader takes the same way, and its own where that is refused."""
    data = serialization.dumps({1: value, b"k": value, b"12": value})
    found = serialization._fast.value(serialization.dumps({1: value, b"k": value}))
    assert _same(serialization.loads(data), _long_way(data))
    assert found is None or _same(found, _long_way(serialization.dumps({1: value, b"k": value})))


_SAME_BYTES = ["\udcc3\udca9", "é"]


class _Text(str):
    pass


_python = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats() | st.text(max_size=8) | strings
    | st.sampled_from(["\udcff", "\ud800", "é", 'a"\\\n\r\0', _Text("t"), object(), len]),
    lambda inner: st.lists(inner, max_size=4)
    | st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(
        st.text(max_size=4) | st.integers(-(2**65), 2**65) | strings | st.floats() | st.sampled_from(_SAME_BYTES),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=examples(100))
@given(st.lists(_python, max_size=4))
@example([{"\udcc3\udca9": 1, "é": 2}])
def test_writing(values: list[Any]) -> None:
    """The same bytes as the long way, or none; and nothing that the long way refuses."""
    for convert in CONVERTERS:
        if convert.writer is None:
            continue
        for _ in range(2):
            found = convert.writer.returned(tuple(values)), convert.writer.called(7, tuple(values))
            if found == (None, None):
                continue
            wire = tuple(convert.to_wire(value) for value in values)
            assert found == (encode_for_responder(Return(wire)), encode_for_responder(Call(7, wire)))


@settings(max_examples=examples(50))
@given(st.lists(lua_values, max_size=3))
def test_frequent_values_are_written_so(values: list[Any]) -> None:
    """Scalars and tables of them never take the long way."""
    convert = CONVERTERS[0]
    assert convert.writer
    plain = [value for value in values if not isinstance(value, (dict, FunctionRef))]
    assert convert.writer.returned(tuple(plain)) is not None
    assert convert.writer.returned(({"a": plain, 3: tuple(plain)},)) is not None


def test_functions() -> None:
    """Functions of this interpreter are written, those of another are refused by the long way."""
    convert = CONVERTERS[0]
    assert convert.writer
    mine, other = LuaFunction(3, None, None, lambda *_: []), LuaFunction(3, None, object(), lambda *_: [])
    assert convert.writer.called(1, (mine,)) == b'{["op"]="call",["id"]=1,["nargs"]=1,["args"]={[1]=chunks[3]}}'
    assert convert.writer.called(1, (other,)) is None
    with pytest.raises(LocalProtocolError):
        convert.to_wire(other)


@pytest.mark.slow  # reads megabytes
def test_much_of_everything() -> None:
    """Long strings with many semicolons, more names than are remembered, more levels than are read here."""
    text = b"&nbsp;" * 100_000
    many = {b"name %d" % number: number for number in range(3 * fast_path._REMEMBERED)}
    deep: Any = 1
    for _ in range(150):
        deep = {1: deep}
    for value in (text, many):
        _read_as_the_long_way(encode_for_host(Call(b"f", (value,))), must=True)
    assert CONVERTERS[0].reader.message(encode_for_host(Call(b"f", (deep,)))) is None
    assert escape(b"") == b""
    assert max(map(len, (CONVERTERS[0].reader._keys, CONVERTERS[0].reader._values))) <= fast_path._REMEMBERED


def test_raw_line_ends_are_left_to_the_long_way() -> None:
    """A body is escaped; one that is not is the server's fault, and the long way says so."""
    body = b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;s:1:"\n";}}'
    assert CONVERTERS[0].reader.message(body) is None
    with pytest.raises(RemoteProtocolError, match="raw"):
        decode_from_responder(body)
