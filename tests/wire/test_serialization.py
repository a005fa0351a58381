"""PHP serialization: a real PHP is the judge of what we write, and of what we refuse."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luaproc.wire.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from luaproc.wire.serialization import dumps, loads
from luaproc.wire.values import CLASS_NAMES, FunctionRef
from tests.wire.conftest import Judge
from tests.wire.strategies import php_values


@pytest.mark.slow  # generates hundreds of deep values
@given(php_values)
def test_round_trip(value: object) -> None:
    assert loads(dumps(value)) == value


@pytest.mark.real
@given(value=php_values)
def test_php_takes_what_is_written_and_we_take_what_php_writes(value: object, php_judge: Judge) -> None:
    answer = php_judge(dumps(value))
    assert answer != b"refused"
    assert loads(answer) == value


@pytest.mark.real
def test_nonfinite_numbers_are_spelled_as_php_wants(php_judge: Judge) -> None:
    """phpserialize's own ``d:inf;`` is refused by PHP, which is why the writer is ours."""
    for value, text in ((math.inf, b"d:INF;"), (-math.inf, b"d:-INF;"), (math.nan, b"d:NAN;")):
        assert dumps(value) == text
        assert php_judge(text) == text
        assert repr(loads(text)) == repr(value)
    assert php_judge(b"d:inf;") == b"refused"


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_function_objects_of_both_names(name: bytes) -> None:
    """The very bytes that the client contract names."""
    text = b'O:%d:"%s":2:{s:13:"interpreterId";i:3;s:2:"id";i:7;}' % (len(name), name)
    assert loads(text) == FunctionRef(7, 3, name)
    assert dumps(FunctionRef(7, 3, name)) == text


@pytest.mark.real
def test_integer_like_string_keys_become_what_php_makes_of_them(php_judge: Judge) -> None:
    keys = [
        b"0",
        b"-10",
        b"00",
        b"01",
        b"-0",
        b"",
        b"-",
        b"1.5",
        b"9223372036854775807",
        b"9223372036854775808",
    ]
    keys += [b"-9223372036854775808", b"-9223372036854775809", b"+1", b" 1", b"1_0"]
    text = b"a:%d:{%s}" % (len(keys), b"".join(b's:%d:"%s";N;' % (len(key), key) for key in keys))
    assert list(loads(text)) == list(loads(php_judge(text)))
    assert b"i:-10;" in php_judge(text)


REFUSED = [
    *(
        b"",
        b"i",
        b"i:",
        b"i:1",
        b"i:x;",
        b"N",
        b"d:;",
        b"d:abc;",
        b"x:1;",
        b"b",
        b's:3:"ab";',
        b's:1:"ab";',
        b's:-1:"";',
    ),
    *(
        b"i:1;i:2;",
        b"N;\n",
        b"a:1:{i:1;}",
        b"a:2:{i:1;i:1;}",
        b"a:1:{i:1;i:1;i:2;i:2;}",
        b"a:-1:{}",
        b"a:1:{N;N;}",
    ),
    *(
        b"a:1:{d:1;N;}",
        b"a:1:{b:1;N;}",
        b"a:1:{a:0:{}N;}",
        b"a:2:{i:1;N;i:1;N;}",
        b'a:2:{i:1;N;s:1:"1";N;}',
        b"R:1;",
    ),
    *(
        b'O:1:"X":0:{}',
        b'O:1:"X":2:{s:2:"id";i:1;s:1:"x";i:1;}',
        b"a:99999999999:{",
        b"a:1:{" * 100_000,
        b"i:" + b"9" * 5000 + b";",
    ),
]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:40]))
def test_malformed_data_is_our_error_with_an_offset(text: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        loads(text)
    assert caught.value.offset is not None
    assert caught.value.offset <= len(text)


@pytest.mark.slow  # generates hundreds of deep values
@given(php_values.map(dumps), st.data())
def test_every_damage_is_our_error_or_another_value(text: bytes, data: st.DataObject) -> None:
    """A cut or a changed byte raises nothing of Python's own."""
    cut = data.draw(st.integers(0, len(text)))
    damaged = text[:cut] + data.draw(st.binary(max_size=2)) + text[cut + data.draw(st.integers(0, 2)) :]
    try:
        loads(damaged)
    except ProtocolError:
        return


@pytest.mark.parametrize(
    "value",
    [object(), 2**63, 10**400, {1.5: 1}, {None: 1}, {True: 1}, {(): 1}, "\udfff"],
    ids=lambda v: repr(v)[:20],
)
def test_what_php_has_no_word_for_is_the_callers_fault(value: object) -> None:
    with pytest.raises(LocalProtocolError):
        dumps(value)


def test_value_inside_itself_is_the_callers_fault() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(LocalProtocolError, match="inside itself"):
        dumps(value)
