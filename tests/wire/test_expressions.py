"""Expressions: the writer and the reader agree, and a real Lua 5.1 agrees with both."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luaproc.wire.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from luaproc.wire.expressions import dumps, loads
from luaproc.wire.values import FunctionRef
from tests.wire.conftest import Judge
from tests.wire.strategies import lua_values, strings


def notation(value: object) -> str:
    """A value as judges/evaluate.lua writes it."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, (int, float)):
        return "nan" if value != value else f"n{float(value):.17g}"
    if isinstance(value, bytes):
        return "s" + value.hex()
    if isinstance(value, FunctionRef):
        return f"c{value.id}"
    assert isinstance(value, dict)
    fields = sorted(f"{notation(key)}={notation(item)};" for key, item in value.items() if item is not None)
    return "{" + "".join(fields) + "}"


@pytest.mark.slow  # generates hundreds of deep values
@given(lua_values)
def test_round_trip(value: object) -> None:
    assert loads(dumps(value)) == value


@pytest.mark.real
@given(value=lua_values)
def test_lua_reads_what_is_written(value: object, lua_judge: Judge) -> None:
    assert lua_judge(dumps(value)).decode() == notation(value)


# What a person writes, and what PHP does: each is read as a real Lua reads it.
READABLE = [
    *(b"nil", b"true", b" false ", b"0", b"-1", b"12.5", b".5", b"5.", b"1e3", b"1.0e+20", b"-2.5E-3"),
    *(b"9007199254740993", b"99999999999999999999", b"(0/0)", b"(1/0)", b"(-1/0)", b"( 1 / 0 )"),
    *(
        b'""',
        b"''",
        b"'it\\'s \"quoted\"'",
        b'"\\a\\b\\f\\n\\r\\t\\v\\\\\\"\\\'"',
        b'"\\q\\0\\10\\0123\\255"',
    ),
    *(
        b'"a\\\nb"',
        b'"a\\\r\nb"',
        b'"a\\\n\rb"',
        b'"a\\\rb"',
        b'"\\\n"',
        b'"\0\x01\xff\xc3\xa9\t"',
    ),
    *(
        b"{}",
        b"{ }",
        b"{1,2;3,}",
        b"{a=1, ['b c']=2, [3]=4, 5}",
        b"{nil,nil,3}",
        b"{[1]=nil,[2]=2}",
        b"{nilly=1}",
    ),
    *(
        b"{[1]='a','b'}",
        b"{a=1,a=2}",
        b"{{{}},{x={y={z=1}}}}",
        b"{[1.5]=1,[-1]=2,[1e3]=3}",
        b"\t{\n[ 'x' ] = 1\r}",
    ),
    *(b"chunks[7]", b"{chunks[1],f=chunks [ 2 ]}", b"{chunks=1}", b"{_=1,_a1=2}", b'{["\\000"]="\\0001"}'),
]


@pytest.mark.real
@pytest.mark.parametrize("text", READABLE)
def test_reader_agrees_with_lua(text: bytes, lua_judge: Judge) -> None:
    assert lua_judge(text).decode() == notation(loads(text))


# What Lua refuses (or would have to run) is refused here; the offset points at it.
REFUSED = [
    *((b"", 0), (b"   ", 3), (b"1 2", 2), (b"1x", 0), (b"1..2", 0), (b"1e", 0), (b"-", 0), (b"- x", 0)),
    *(
        (b'"abc', 0),
        (b'"a\nb"', 0),
        (b'"a\rb"', 0),
        (b'"abc\\"', 0),
        (b"'abc\"", 0),
        (b'"x\\256"', 2),
        (b'"\\999"', 1),
    ),
    *(
        (b"{", 1),
        (b"{1", 2),
        (b"{1 2}", 3),
        (b"{,}", 1),
        (b"{[1]}", 4),
        (b"{[1=2}", 3),
        (b"{[nil]=1}", 2),
        (b"{a=}", 3),
    ),
    *(
        (b"{[(0/0)]=1}", 2),
        (b"{end=1}", 1),
        (b"}", 0),
        (b"{}}", 2),
        (b"(2/0)", 0),
        (b"(1/0", 0),
        (b"chunks[x]", 0),
    ),
    *(
        (b"os.exit()", 0),
        (b"function() end", 0),
        (b"{a==1}", 1),
        (b"\xff", 0),
        (b'{["a"]=1,,}', 9),
        (b"Nil", 0),
    ),
]


@pytest.mark.parametrize(("text", "offset"), REFUSED)
def test_bad_expression_is_an_error_with_its_place(text: bytes, offset: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        loads(text)
    assert caught.value.offset == offset
    assert f"at byte {offset}" in str(caught.value)


@pytest.mark.real
@given(
    text=st.text(r"""{}[]="'\,;0123.e+-/() abchunksniltrue""", max_size=30).map(str.encode),
    noise=st.binary(max_size=4),
)
def test_reader_never_takes_what_lua_refuses(text: bytes, noise: bytes, lua_judge: Judge) -> None:
    """And it raises nothing but its own error, whatever comes."""
    try:
        value = loads(text + noise)
    except ProtocolError:
        return
    assert lua_judge(text + noise).decode() == notation(value)


@given(st.lists(strings, min_size=1, max_size=3))
def test_string_literals_are_written_as_php_writes_them(parts: list[bytes]) -> None:
    """Only quote, backslash, LF, CR and NUL are escaped; a digit after NUL is why it has three digits."""
    text = b"\0".join(parts)
    literal = dumps(text)
    for byte, escaped in (
        (b"\\", b"\\\\"),
        (b'"', b'\\"'),
        (b"\n", b"\\n"),
        (b"\r", b"\\r"),
        (b"\0", b"\\000"),
    ):
        text = text.replace(byte, escaped)
    assert literal == b'"' + text + b'"'


def test_php_spellings() -> None:
    """The exact text for each type, from the client contract."""
    value = {
        b"a": None,
        1: True,
        2: False,
        3: 0.1,
        4: math.inf,
        5: -math.inf,
        6: math.nan,
        2**53 + 1: FunctionRef(9),
    }
    assert dumps(value) == (
        b'{["a"]=nil,[1]=true,[2]=false,[3]=0.10000000000000001,[4]=(1/0),[5]=(-1/0),[6]=(0/0),'
        b'["9007199254740993"]=chunks[9]}'
    )
    assert dumps(["x", ("y",), "é"]) == b'{[1]="x",[2]={[1]="y"},[3]="\xc3\xa9"}'
    assert math.copysign(1, loads(dumps(-0.0))) == -1


RECURSIVE: list[object] = []
RECURSIVE.append(RECURSIVE)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        1j,
        {1, 2},
        2**63,
        -(2**63) - 1,
        10**400,
        {None: 1},
        {math.nan: 1},
        {(1,): 1},
        RECURSIVE,
        "\ud800",
        {True: 1},
    ],
)
def test_what_cannot_be_sent_is_the_callers_fault(value: object) -> None:
    with pytest.raises(LocalProtocolError):
        dumps(value)


def test_depth_is_bounded_both_ways() -> None:
    """100 levels as in PHP's client; a hostile text of a million braces is an error, not a full stack."""
    value: object = 1
    for _ in range(100):
        value = {1: value}
    assert loads(dumps(value)) == value
    with pytest.raises(LocalProtocolError, match="100 levels"):
        dumps([value])
    with pytest.raises(RemoteProtocolError, match="levels"):
        loads(b"{" * 1_000_000)
