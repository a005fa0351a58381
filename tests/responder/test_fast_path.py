"""Messages read without Lua's compiler: always what the compiler would have read, or not read at all."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luaproc.responder import fast_path
from luaproc.wire.expressions import loads
from luaproc.wire.messages import Call, CleanupChunks, LoadString, Return, encode_for_responder
from tests.parts import LONG, examples
from tests.wire.strategies import lua_values, strings


def read(body: bytes) -> "tuple[object, ...] | bytes | None":
    """What a message is read as; None where Lua compiles the whole."""
    found = fast_path.read_anew(body)
    return None if found == b"return " + body else found


# What PHP's five escapes are made of, and what else stands in strings that look like messages.
pieces = st.lists(
    st.sampled_from(
        [b"\\", b'"', b"n", b"r", b"000", b"0", b"x4", b"\n", b"\0", b"\r", b"a", b'",["chunkName"]="', b'"}', b"N"]
    ),
    max_size=12,
).map(b"".join)  # fmt: skip


@given(st.one_of(strings, pieces), st.one_of(strings, pieces))
def test_load_string_as_php_writes_it(text: bytes, name: bytes) -> None:
    """Read back exactly. Text and name that hold the seam itself are escaped there, and so no seam."""
    body = encode_for_responder(LoadString(text, name))
    assert read(body) == (b"loadString", text, name)


# Python warns of escapes that are none of its own; they are not taken.
@pytest.mark.slow  # compares a thousand messages with Lua
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@settings(max_examples=examples(500 if LONG else 200))
@given(pieces)
def test_unescape_takes_what_php_writes_alone(spelled: bytes) -> None:
    """Whatever stands between the quotes: the string that Lua would read, or None."""
    found = fast_path.unescape(spelled)
    if found is not None:
        assert loads(b'"' + spelled + b'"') == found


CALL = b'{["op"]="call",["id"]=7,["nargs"]=1,["args"]={[1]="%b"}}'
RETURN = b'{["op"]="return",["nvalues"]=1,["values"]={[1]="%b"}}'


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@settings(max_examples=examples(300 if LONG else 120))
@given(pieces, st.integers(1, 9))
def test_a_long_string_is_what_a_short_one_is(spelled: bytes, length: int) -> None:
    """It is looked at in pieces, which may end between any two bytes of it; its beginning and end are not its own."""
    body = b'["\\' + spelled + b'\\"]'
    for text, start, end in ((spelled, 3, len(body) - 3), (b"\\" + spelled + b"\\", 2, len(body) - 2)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fast_path, "_LONG", length)
            assert fast_path._string(body, start, end) == fast_path.unescape(text)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "flaw", [b'"', b"\n", b"\r", b"\0", b"\\t", b"\\0", b"\\x41", b"\\'", b"\\", b"\\\n", b"\\t\n"]
)
def test_a_flaw_anywhere_in_a_long_string_leaves_it_to_lua(flaw: bytes) -> None:
    """At its ends, and about where its second and third piece begin; without the flaw it is read."""
    line = b'A line of 16.\\n\\"'
    spelled = line * 10_000
    text = spelled.replace(b"\\n", b"\n").replace(b'\\"', b'"')
    for op, message in ((b"return1", RETURN), (b"call1", CALL)):
        for first in (b"", b"\\000", b"\\\\", b"\\r"):
            whole = read(message % (first + spelled))
            assert isinstance(whole, tuple)
            assert (whole[0], whole[-1]) == (op, loads(b'"' + first + b'"') + text)
            for lines in (0, 65_536 // len(line), 131_072 // len(line), 10_000):
                flawed = first + line * lines + flaw + line * (10_000 - lines)
                assert not isinstance(read(message % flawed), tuple)


@given(st.integers(1, 10**8), st.one_of(strings, pieces, st.booleans(), st.integers(0, 10**12)))
def test_one_plain_value(number: int, value: object) -> None:
    """A call's and a reply's most frequent form."""
    for body, op, rest in (
        (encode_for_responder(Call(number, (value,))), b"call1", (number, value)),
        (encode_for_responder(Return((value,))), b"return1", (value,)),
    ):
        found = read(body)
        if isinstance(found, tuple):
            assert found == (op, *rest)
            assert [type(element) for element in found[1:]] == [type(element) for element in rest]
        else:
            # Then Lua compiles a shorter text of the same.
            assert isinstance(value, int)
            assert value >= 10**9


def test_numbers_that_cross_have_nine_digits_at_most() -> None:
    """More may overflow where Lua's integers have 32 bits: those Lua reads itself, as a number of its own."""
    assert read(encode_for_responder(Call(999_999_999, (999_999_999,)))) == (b"call1", *[999_999_999] * 2)
    assert read(encode_for_responder(Return((999_999_999, 5)))) == (b"return2", 999_999_999, 5)
    for message in (Call(7, (10**9,)), Call(10**9, (7,)), Return((10**9,)), Return((10**9, 5)), Return((5, 10**9))):
        assert not isinstance(read(encode_for_responder(message)), tuple)


class _Full(dict):  # type: ignore[type-arg]
    """A dict for which there is no block to grow into."""

    def __setitem__(self, key: object, value: object) -> None:
        raise MemoryError


plain = st.one_of(strings, pieces, st.booleans(), st.integers(0, 10**9 - 1))


@settings(max_examples=examples(300 if LONG else 120))
@given(plain, plain)
def test_two_plain_values_in_their_order(first: object, second: object) -> None:
    """What mw.ustring.gsub gives, also where the count came before. Strings that hold the seam between the two are
    escaped there, or left to Lua."""
    for _ in range(2):
        found = read(encode_for_responder(Return((first, second))))
        if isinstance(found, tuple):
            assert found == (b"return2", first, second)
            assert [type(element) for element in found[1:]] == [type(first), type(second)]
        else:
            assert isinstance(first, bytes)
            assert b'",[2]=' in first


def test_short_messages_are_remembered_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read again, each is what it was, and no other one; few are kept, no long one is, and it need not be possible."""
    calls = [encode_for_responder(Call(number, (value,))) for number in range(1, 300) for value in (number, b"1", True)]
    known: dict[bytes, object]
    for known in ({}, _Full()):
        monkeypatch.setattr(fast_path, "read_before", known)
        for turn in range(4):
            for number in range(turn, 299):
                for at, value in enumerate((number + 1, b"1", True)):
                    found = fast_path.message(calls[3 * number + at])
                    assert found == (b"call1", number + 1, value)
                    assert type(found[2]) is type(value)
        assert len(known) <= 256
    monkeypatch.setattr(fast_path, "read_before", known := {})
    fast_path.message(CALL % (b"x" * 100))
    assert known == {}
    other = b'{["op"]="getStatus"}'
    assert fast_path.message(other) == b"return " + other
    fast_path.message(encode_for_responder(LoadString(b"", b"")))  # what was compiled ahead may be gone
    fast_path.message(b'{["op"]="cleanupChunks",["ids"]={[7]=1}}')  # what it is read as changes from list to list
    assert known == {}
    fast_path.message(calls[0])
    assert [*known] == [calls[0]]


def test_counts_are_remembered_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stays itself, as the only value and as the second one; a bool is no count, few are kept, none need be."""
    known: dict[bytes, int]
    for known in ({}, _Full()):
        monkeypatch.setattr(fast_path, "_counts", known)
        for _ in range(2):
            for number in (*range(1100), 999_999_999):
                for values in ((number,), (b"a", number), (number, number), (b'b\\"', number)):
                    found = read(encode_for_responder(Return(values)))
                    assert found == (b"return%d" % len(values), *values)
            for truth in (True, False):
                found = read(encode_for_responder(Return((b"a", truth))))
                assert found == (b"return2", b"a", truth)
                assert type(found[2]) is bool
        assert len(known) <= 1000


@pytest.mark.parametrize(
    "value",
    [
        b'"',
        b'""}', b'"a', b'a"', b'"a"b"', b'"a\n"', b'"a\r"', b'"a\\"', b'"\\x41"', b"1,2", b"1,", b"01x", b"1 ", b"-1",
        b"1.5",
    ],
)  # fmt: skip
def test_other_single_values_are_left_to_lua(value: bytes) -> None:
    for count in (1, 2):
        read(encode_for_responder(Return((count,))))
    found = read(fast_path._ONE_VALUE + value + b"}}")
    assert found is None or isinstance(found, bytes)


def test_nil_alone() -> None:
    """What asks for a page that is not there gives."""
    assert read(encode_for_responder(Return((None,)))) == (b"returnNil", True)


@pytest.mark.parametrize(
    "values",
    [
        b'{[1]="a",[2]="b",[3]="c"}', b'{[1]="a"b",[2]=1}', b'{[1]="a",[2]=1,2}', b'{[1]="a",[2]="}', b'{[1]=",[2]="}',
        b'{[1]="a" ,[2]=1}', b"{[1]=1,2,[2]=3}", b"{[1]=,[2]=1}", b"{[1]=1,[2]=}", b'{[1]="a",[2]=nil}', b"{[1]=[2]=}",
        b'{[1]="a\n",[2]=1}', b'{[1]="a\r",[2]=1}', b'{[1]="a\\x41",[2]=1}', b'{[1]="a\\\\",[2]=1}]}',
        b'{[1]="a"",[2]=1}',
        b'{[2]="a",[1]=1}', b'{[1]="\\x41",[2]=1}', b'{[1]=1,[2]={1}', b"{[1]=nil,[2]=1}", b'{[1]="a\\",[2]=1}',
    ],
)  # fmt: skip
def test_other_pairs_are_left_to_lua(values: bytes) -> None:
    """What Lua would read as something else than two plain values, or not at all; though such counts came before."""
    for count in (1, 2):
        read(encode_for_responder(Return((b"a", count))))
    found = read(b'{["op"]="return",["nvalues"]=2,["values"]=' + values + b"}")
    assert found is None or isinstance(found, bytes)


def test_texts_that_were_compiled_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is one of them byte for byte; not one of the same length, nor one whose bytecode is not whole."""
    one, other, cut = (
        encode_for_responder(LoadString(text, b"@a.lua")) for text in (b"return 1", b"return 2", b"x = 12")
    )
    file = tmp_path / "bundle"
    file.write_bytes(b"..." + one + b"ONE" + other + b"OTHER" + cut + b"CU")
    with file.open("rb") as stream:
        number, length = stream.fileno(), len(one)
        places = {
            length: [(number, 3, 3), (number, 6 + length, 5)],
            len(cut): [(number, 11 + 2 * length, 3)],
        }
        monkeypatch.setattr(fast_path, "LIBRARY", places)
        assert read(one) == (b"loadDumped", b"ONE")
        assert read(other) == (b"loadDumped", b"OTHER")
        for body in (one.replace(b"1", b"3"), one.replace(b"a.lua", b"b.lua"), cut):
            found = read(body)
            assert isinstance(found, tuple)
            assert found[0] == b"loadString"
    found = read(one)  # the file is closed now
    assert isinstance(found, tuple)
    assert found[0] == b"loadString"


@pytest.mark.slow  # compares a thousand messages with Lua
@given(st.lists(lua_values, max_size=4))
def test_other_values_are_left_to_lua(values: list[object]) -> None:
    """A shorter expression of the same fields, which Lua compiles."""
    found = read(encode_for_responder(Call(7, tuple(values))))
    if isinstance(found, bytes):
        assert found.startswith(b'return "call",7,%d,{' % len(values))
        table = loads(b"{" + found[len(b"return ") :] + b"}")
        assert table[4] == loads(encode_for_responder(Call(7, tuple(values))))[b"args"]


def cleanup(listed: bytes) -> object:
    """What a list of ids is read as."""
    return read(b'{["op"]="cleanupChunks",["ids"]={' + listed + b"}}")


def spelled(ids: Iterable[int]) -> bytes:
    """Ids with counts, as PHP lists them."""
    return b",".join(b"[%d]=%d" % (number, place) for place, number in enumerate(ids, 1))


@given(st.lists(st.integers(1, 10**6), min_size=1, unique=True), st.lists(st.integers(1, 10**6), min_size=1))
def test_cleanup_lists(ids: list[int], newer: list[int]) -> None:
    """A list that is new is compiled, with a number; the same again is its number, with more behind it the rest."""
    listed = spelled(ids)
    assert cleanup(b"[7]=1,[8]=1") != cleanup(listed)
    number = fast_path._last_number
    for _ in range(2):
        assert cleanup(listed) == (b"cleanupAgain", b"", number)
    more = spelled(newer)
    assert cleanup(listed + b"," + more) == (b"cleanupAgain", more, number)
    assert cleanup(listed + b"," + more) == (b"cleanupAgain", b"", number)
    assert cleanup(listed) == b'return "cleanupNumbered",{%b},%d' % (listed, number + 1)
    found = read(encode_for_responder(CleanupChunks(frozenset(ids))))  # another spelling
    assert isinstance(found, bytes)
    assert found.startswith(b'return "cleanupNumbered",{')


def test_a_quote_that_begins_the_last_string_does_not_end_it() -> None:
    for body in (b'{["op"]="loadString",["text"]="a",["chunkName"]="}', fast_path._ONE_STRING + b"}}"):
        assert not isinstance(read(body), tuple)


@given(st.binary(max_size=60))
def test_other_texts_are_left_to_lua(body: bytes) -> None:
    """Nothing raises, and nothing that is no message is taken for one."""
    assert read(body) is None
    for beginning in (fast_path._CALL, fast_path._RETURN, fast_path._LOAD_STRING, fast_path._CLEANUP_CHUNKS):
        assert read(beginning[:-1] + b"?" + body) is None  # Python looks at twelve bytes first
        found = read(beginning + body)
        assert found is None or isinstance(found, (bytes, tuple))


@pytest.mark.parametrize(
    "listed",
    [
        b"5,6",
        b"[1]=1,2",
        b"[01]=1",
        b"[]=1",
        b"[1]=",
        b"[1]=,[2]=1",
        b"[1=]1",
        b"7[2]=3",
        b"[1]2=3",
        b"[1]=1,",
        b"[1]=true",
    ],
)
def test_other_lists_are_left_to_lua(listed: bytes) -> None:
    """A list that Lua would read otherwise, or not at all, is not taken for PHP's: neither as the beginning of a longer
    one nor as what is new in it."""
    for first, second in ((listed, b"[9]=1"), (b"[9]=1", listed)):
        for text in (first, first + b"," + second):
            found = cleanup(text)
            assert isinstance(found, bytes)
            assert found.startswith(b'return "cleanupNumbered",{%b},' % text)
