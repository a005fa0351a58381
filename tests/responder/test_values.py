"""Values from Lua to PHP and back: the edges one by one, and whatever hypothesis thinks of. PHP is the judge."""

import math
import struct
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luaproc.host import Connection
from luaproc.wire.expressions import dumps
from luaproc.wire.framing import unescape
from luaproc.wire.serialization import array_key, loads
from luaproc.wire.values import MAX_INT, MIN_INT, FunctionRef
from tests.parts import LONG, examples
from tests.responder.conftest import RUNTIMES, Judge, call_body, load_body, serve

Ask = Callable[[str], bytes]

HEAD = b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;'
COLLISION = "Collision for array key {} when passing data from Lua to PHP"
BAD_KEY = "Cannot use {} as an array key when passing data from Lua to PHP"
CIRCULAR = "Cannot pass circular reference to PHP"


def new_ask(connection: Connection) -> Ask:
    """A function: the reply, unescaped, to a call of module code. Every chunk is dropped again."""

    def ask(code: str) -> bytes:
        def request(body: str) -> bytes:
            connection.send(body.encode("utf-8", "surrogateescape"))
            return unescape(connection.receive())

        number = loads(request(load_body(code)))[b"values"][1]
        reply = request(call_body(number))
        request('{["op"]="cleanupChunks",["ids"]={}}')
        return reply

    return ask


@pytest.fixture(scope="module", params=RUNTIMES)
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """One responder a runtime, integers of 8 bytes."""
    with Connection(serve(request.param), timeout=300) as connection:
        yield new_ask(connection)


@pytest.fixture(scope="module", params=RUNTIMES)
def ask_4(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """The same with integers of 4 bytes."""
    with Connection(serve(request.param, "--int-size", "4"), timeout=300) as connection:
        yield new_ask(connection)


def encoded(ask: Ask, expression: str) -> bytes:
    """The serialization of one value."""
    reply = ask(f"return {expression}")
    assert reply.startswith(HEAD), reply
    assert reply.endswith(b"}}")
    return reply[len(HEAD) : -2]


def refusal(ask: Ask, code: str) -> str:
    reply = loads(ask(code))
    assert reply[b"op"] == b"error"
    text = reply[b"value"]
    assert isinstance(text, bytes)
    return text.decode()


# Numbers


@pytest.mark.real
@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("0", "i:0;"), ("-1", "i:-1;"), ("255", "i:255;"), ("256", "i:256;"), ("1e15", "i:1000000000000000;"),
        ("2^31", "i:2147483648;"), ("-2^31 - 1", "i:-2147483649;"),
        ("2^53 - 1", "i:9007199254740991;"), ("-2^53", "i:-9007199254740992;"),
        ("2^53", "d:9007199254740992;"), ("-2^53 - 2", "d:-9007199254740994;"),
        ("2^63", "d:9.2233720368547758e+18;"), ("1e300", "d:1.0000000000000001e+300;"),
        ("0.1", "d:0.10000000000000001;"), ("-0.5", "d:-0.5;"), ("5e-324", "d:4.9406564584124654e-324;"),
        ("1/0", "d:INF;"), ("-1/0", "d:-INF;"), ("0/0", "d:NAN;"), ("-(0/0)", "d:NAN;"),
        ("1.7976931348623157e308", "d:1.7976931348623157e+308;"),
    ],
)  # fmt: skip
def test_numbers(ask: Ask, php_judge: Judge, expression: str, text: str) -> None:
    """Integral in [-2^53, 2^53): i. Others: d with %.17g; INF and NAN in upper case, since PHP rejects others."""
    found = encoded(ask, expression)
    assert found == text.encode()
    assert php_judge(found) != b"refused"


def test_negative_zero_is_an_integer(ask: Ask) -> None:
    """It is integral, so it goes as the reference writes it: without its sign."""
    assert encoded(ask, "-0.0") == b"i:0;"
    assert encoded(ask, "{[-0.0] = -0.0}") == b"a:1:{i:0;i:0;}"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("2^31 - 1", "i:2147483647;"), ("-2^31", "i:-2147483648;"), ("2^31", "d:2147483648;"),
        ("-2^31 - 1", "d:-2147483649;"), ("2^53 - 1", "d:9007199254740991;"), ("7", "i:7;"),
        ("{[2^31 - 1] = 1}", "a:1:{i:2147483647;i:1;}"), ("{[2^31] = 1}", 'a:1:{s:10:"2147483648";i:1;}'),
        ("{[-2^31] = 1}", "a:1:{i:-2147483648;i:1;}"), ("{[-2^31 - 1] = 1}", 'a:1:{s:11:"-2147483649";i:1;}'),
        ('{["2147483647"] = 1}', "a:1:{i:2147483647;i:1;}"), ('{["2147483648"] = 1}', 'a:1:{s:10:"2147483648";i:1;}'),
        ('{["-2147483648"] = 1}', "a:1:{i:-2147483648;i:1;}"),
        ('{["-2147483649"] = 1}', 'a:1:{s:11:"-2147483649";i:1;}'),
    ],
)  # fmt: skip
def test_integers_of_four_bytes(ask_4: Ask, expression: str, text: str) -> None:
    """In [-2^31, 2^31), values and keys."""
    assert encoded(ask_4, expression) == text.encode()


# Keys


@pytest.mark.real
@pytest.mark.parametrize(
    ("key", "text"),
    [
        ('"0"', "i:0;"), ('"-10"', "i:-10;"), ('"7"', "i:7;"), ("7", "i:7;"), ("-1", "i:-1;"), ("0", "i:0;"),
        ('"00"', 's:2:"00";'), ('"01"', 's:2:"01";'), ('"0.0"', 's:3:"0.0";'), ('"-0"', 's:2:"-0";'),
        ('"1 "', 's:2:"1 ";'), ('" 1"', 's:2:" 1";'), ('"+1"', 's:2:"+1";'), ('"1e5"', 's:3:"1e5";'),
        ('""', 's:0:"";'), ('"-"', 's:1:"-";'), ('"1\\n"', 's:2:"1\n";'), ('"-01"', 's:3:"-01";'),
        ('"9223372036854775807"', "i:9223372036854775807;"), ('"-9223372036854775808"', "i:-9223372036854775808;"),
        ('"9223372036854775808"', 's:19:"9223372036854775808";'),
        ('"-9223372036854775809"', 's:20:"-9223372036854775809";'),
        ('"99999999999999999999"', 's:20:"99999999999999999999";'),
        ("1.5", 's:3:"1.5";'), ("-0.5", 's:4:"-0.5";'), ("0.1", 's:3:"0.1";'), ("1e300", 's:6:"1e+300";'),
        ("1/0", 's:3:"inf";'), ("-1/0", 's:4:"-inf";'),
        ("-2^63", "i:-9223372036854775808;"), ("9223372036854774784", "i:9223372036854774784;"),
        ("2^53", "i:9007199254740992;"), ("2^62", "i:4611686018427387904;"),
        ("2^63", 's:19:"9.2233720368548e+18";'),
    ],
)  # fmt: skip
def test_keys(ask: Ask, php_judge: Judge, key: str, text: str) -> None:
    """Canonical integers within PHP's range are integers, whatever they were in Lua."""
    found = encoded(ask, f"{{[{key}] = 1}}")
    assert found == f"a:1:{{{text}i:1;}}".encode()
    # PHP, too, makes of a key what we made of it: it reads back as one key of the same type.
    assert php_judge(found).startswith(b"{i" if text.startswith("i") else b"{s")


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('{[1] = 1, ["1"] = 2}', "1"),
        ('{["0"] = 1, [0] = 2}', "0"),
        ('{[-5] = 1, ["-5"] = 2}', "-5"),
        ('{[1.5] = 1, ["1.5"] = 2}', "1.5"),
        ('{["inf"] = 1, [1/0] = 2}', "inf"),
        ('{[2^53] = 1, ["9007199254740992"] = 2}', "9007199254740992"),
        ("{[0.1] = 1, [0.1 + 2^-56] = 2}", "0.1"),
        ('{a = 1, b = {[1] = 1, ["1"] = 2}}', "1"),
        ('{1, 2, 3, ["2"] = 4}', "2"),
        ('{x = 1, y = 2, ["1"] = 3, z = 4, 5}', "1"),
        ("custom(function() local n = 0 return function() n = n + 1 if n < 3 then return 'k', n end end end)", "k"),
        ("custom(function() return next, {[3] = 1, ['3'] = 2} end)", "3"),
    ],
)
def test_keys_that_come_out_equal(ask: Ask, table: str, key: str) -> None:
    """Also two doubles that print alike, and what a __pairs yields twice."""
    code = f"local function custom(f) return setmetatable({{}}, {{__pairs = f}}) end return {table}"
    assert refusal(ask, code) == COLLISION.format(key)


def test_keys_that_look_alike_and_are_not_equal(ask: Ask) -> None:
    found = loads(encoded(ask, '{[1] = 1, ["01"] = 2, ["1.0"] = 3, [1.5] = 4, ["1.50"] = 5, ["+1"] = 6}'))
    assert found == {1: 1, b"01": 2, b"1.0": 3, b"1.5": 4, b"1.50": 5, b"+1": 6}


@pytest.mark.parametrize(
    ("key", "kind"), [("{}", "table"), ("true", "boolean"), ("false", "boolean"), ("pairs", "function")]
)
def test_keys_that_are_none(ask: Ask, key: str, kind: str) -> None:
    assert refusal(ask, f"return {{[{key}] = 1}}") == BAD_KEY.format(kind)
    assert refusal(ask, f"return {{a = {{[{key}] = 1}}}}") == BAD_KEY.format(kind)
    code = f"return setmetatable({{}}, {{__pairs = function() return next, {{[{key}] = 1}} end}})"
    assert refusal(ask, code) == BAD_KEY.format(kind)


# Tables


@pytest.mark.parametrize(
    "code",
    [
        "local t = {} t.t = t return t",
        "local t = {} t.a = {b = {c = t}} return t",
        "local t = {} return t, t",  # merely twice: the reference calls that circular, too, and modules see that text
        "local t = {} return {t, t}",
        "local t = {} return {a = {t}, b = {{t}}}",
    ],
)
def test_tables_that_appear_twice(ask: Ask, code: str) -> None:
    assert refusal(ask, code) == CIRCULAR


def test_a_table_may_appear_in_one_message_after_another(ask: Ask) -> None:
    """What was seen is seen within one message; a failed one leaves nothing behind."""
    assert ask("shared = {1} return shared") == ask("return shared")
    assert refusal(ask, "return {shared, shared}") == CIRCULAR
    assert loads(ask("return shared"))[b"values"] == {1: {1: 1}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("custom({}, function() return next, {a = 1, b = 2} end)", {b"a": 1, b"b": 2}),
        ("custom({1, 2, 3}, function() return function() end end)", {}),
        ("custom({}, function(t) return next, {custom({}, function() return next, {5} end)} end)", {1: {1: 5}}),
        ("custom({}, function() return next, {['7'] = 1, [8] = 2, x = custom({9})} end)", {7: 1, 8: 2, b"x": {1: 9}}),
        ("custom({1})", {1: 1}),
        ("setmetatable({2}, {__metatable = {__pairs = function() return next, {x = 1} end}})", {b"x": 1}),
        ("setmetatable({3}, {__metatable = 'locked'})", {1: 3}),
        ("setmetatable({4}, {__metatable = false, __pairs = function() return next, {} end})", {1: 4}),
        ("setmetatable({}, {__index = {a = 1}})", {}),
    ],
)
def test_tables_are_walked_with_their_pairs(ask: Ask, expression: str, value: object) -> None:
    """mw.loadData's tables rely on it. A locked metatable shows what getmetatable shows, as in the reference."""
    code = "local function custom(t, f) return setmetatable(t, {__pairs = f}) end return " + expression
    assert loads(ask(code))[b"values"] == {1: value}


@pytest.mark.real
def test_nesting(ask: Ask, php_judge: Judge) -> None:
    """PHP's unserialize() gives up at 4096 levels: what we write, it reads; what is deeper, we refuse."""
    deep = "local t = {} local top = t for i = 1, %d do t[1] = {} t = t[1] end return top"
    reply = ask(deep % 3990)
    assert reply.count(b"a:1:{i:1;") > 3990
    assert php_judge(reply) != b"refused"
    for depth in (4001, 5000, 20000):
        assert refusal(ask, deep % depth) == "Cannot pass a table nested deeper than 4000 levels to PHP"
    assert encoded(ask, "1") == b"i:1;"


# Other types


@pytest.mark.real
def test_strings(ask: Ask, php_judge: Judge) -> None:
    """Any bytes; lengths are in bytes, and nothing is escaped but by the frame."""
    codes = [*range(256), *b"\\n\\\\r"]
    text = bytes(codes)
    expression = source_of_text(text)
    assert encoded(ask, expression) == b's:%d:"%b";' % (len(text), text)
    assert php_judge(encoded(ask, expression)) == b"s" + text.hex().encode()
    for size in (0, 1, 254, 255, 256, 257, 65535, 65536, 200000):
        assert encoded(ask, f"('y'):rep({size})") == b's:%d:"%b";' % (size, b"y" * size)
        assert encoded(ask, f"{{k = ('y'):rep({size})}}").endswith(b's:%d:"%b";}' % (size, b"y" * size))


def test_booleans_and_nils(ask: Ask) -> None:
    assert encoded(ask, "{true, false, nil, x = nil, y = false}") == b'a:3:{i:1;b:1;i:2;b:0;s:1:"y";b:0;}'


@pytest.mark.real
def test_functions_are_objects_of_the_chunk_table(ask: Ask, php_judge: Judge) -> None:
    found = encoded(ask, "{f = function() end}")
    start, _, rest = found.partition(b'O:42:"Scribunto_LuaStandaloneInterpreterFunction":2:{s:13:"interpreterId";i:0;')
    assert start == b'a:1:{s:1:"f";'
    assert rest.startswith(b's:2:"id";i:')
    assert b"OScribunto_LuaStandaloneInterpreterFunction(0," in php_judge(found)


def test_many_strings_leave_the_caches_bounded(ask: Ask) -> None:
    """More keys than any cache holds, then each of them again."""
    code = "local t = {} for i = 1, 5000 do t['key' .. i] = i end return t"
    for _ in range(2):
        assert loads(ask(code))[b"values"][1] == {f"key{i}".encode(): i for i in range(1, 5001)}


# Whatever comes

texts = st.one_of(
    st.binary(max_size=30),
    st.integers(MIN_INT - 10, MAX_INT + 10).map(lambda n: b"%d" % n),
    st.sampled_from([b"0", b"-0", b"00", b"1.5", b"inf", b"nan", b"1e5", b" 1", b"\\", b"\r\n", b'"', b";}"]),
)
numbers = st.one_of(
    st.integers(-300, 300).map(float),
    st.integers(-(2**64), 2**64).map(float),
    st.floats(allow_nan=False),
    st.sampled_from([2.0**53, -(2.0**53), 2.0**63, -(2.0**63), 2.0**31, -(2.0**31), math.inf, -math.inf]),
)
Source = tuple[str, object]


def source_of_text(text: bytes) -> str:
    return '"' + "".join(f"\\{byte:03}" for byte in text) + '"'


def source_of_number(number: float) -> str:
    if math.isinf(number):  # not 1/0: beside a -0.0, Lua 5.1 takes the two zeros of a chunk for one constant
        return "math.huge" if number > 0 else "(-math.huge)"
    return f"({number!r})"


def number_for_php(number: float) -> object:
    """A number as PHP has it: int where it is integral and exact."""
    return int(number) if number.is_integer() and -(2**53) <= number < 2**53 else number


def key_for_php(key: bytes | float) -> int | bytes:
    if isinstance(key, bytes):
        found = array_key(key)
        assert not isinstance(found, float)
        return found
    if key.is_integer() and -(2**63) <= key < 2**63:
        return int(key)
    # tostring()'s format, which may leave nothing of a fraction: 10000000000000.5 reads as an integer then.
    return key_for_php(b"%.14g" % key)


def table_of(items: list[tuple[bytes | float, Source]]) -> Source:
    """A table constructor, and what PHP is to have; later ones of equal keys are left out."""
    fields: list[str] = []
    value: dict[object, object] = {}
    for key, (source, element) in items:
        if element is None or key_for_php(key) in value:
            continue
        value[key_for_php(key)] = element
        name = source_of_text(key) if isinstance(key, bytes) else source_of_number(key)
        fields.append(f"[{name}]={source}")
    return "{" + ",".join(fields) + "}", value


leaves = st.one_of(
    texts.map(lambda text: (source_of_text(text), text)),
    numbers.map(lambda number: (source_of_number(number), number_for_php(number))),
    st.sampled_from([("true", True), ("false", False)]),
)
sources: st.SearchStrategy[Source] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(st.tuples(st.one_of(texts, numbers), inner), max_size=6).map(table_of),
        st.lists(inner, max_size=6).map(lambda items: table_of([(float(i), item) for i, item in enumerate(items, 1)])),
    ),
    max_leaves=20,
)


def show(value: object) -> str:
    """As unserialize.php writes it."""
    if isinstance(value, dict):
        names = {key: f"i{key}" if isinstance(key, int) else f"s{key.hex()}" for key in value}
        return "{" + "".join(sorted(f"{names[key]}={show(element)};" for key, element in value.items())) + "}"
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, bytes):
        return f"s{value.hex()}"
    if isinstance(value, float):
        return f"d{struct.pack('>d', value).hex()}"
    return f"i{value}"


@pytest.mark.real
@settings(max_examples=examples(250 if LONG else 100))
@given(sources)
def test_any_value_of_lua_reaches_php(ask: Ask, php_judge: Judge, source: Source) -> None:
    """Written by us, read by PHP and by phpserialize, each as what the source text says."""
    expression, value = source
    found = encoded(ask, expression)
    read = loads(found)
    assert show(read) == show(value)
    assert php_judge(found).decode() == show(value)


php_keys = st.one_of(st.integers(-(2**53), 2**53), texts.map(array_key))
# Without -0.0: PHP writes infinity as 1/0, and Lua 5.1 takes 0 and -0 in one chunk for the same constant.
php_floats = st.floats(allow_nan=False).map(lambda number: number or 0.0)
php_values = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**53), 2**53 - 1), php_floats, texts),
    lambda inner: st.dictionaries(php_keys, inner, max_size=6),
    max_leaves=20,
)


def as_lua_has_it(value: object) -> object:
    """Integral floats are integers after Lua had them; nothing else changes."""
    if isinstance(value, dict):
        return {key: as_lua_has_it(element) for key, element in value.items()}
    return number_for_php(value) if isinstance(value, float) else value


@pytest.fixture(scope="module", params=RUNTIMES)
def echo(request: pytest.FixtureRequest) -> Iterator[Callable[[bytes], bytes]]:
    """A function: the reply to a call of `return ...` with one argument, an expression."""
    with Connection(serve(request.param), timeout=300) as connection:
        connection.send(load_body("return ...").encode())
        connection.receive()

        def echo(expression: bytes) -> bytes:
            connection.send(b'{["op"]="call",["id"]=1,["nargs"]=1,["args"]={[1]=' + expression + b"}}")
            return unescape(connection.receive())

        yield echo


@pytest.mark.real
@settings(max_examples=examples(250 if LONG else 100))
@given(php_values)
def test_any_value_of_php_comes_back(echo: Callable[[bytes], bytes], php_judge: Judge, value: object) -> None:
    """PHP's expression -> Lua -> serialize() format -> PHP."""
    reply = echo(dumps(value))
    assert loads(reply)[b"values"] == {1: as_lua_has_it(value)}
    assert php_judge(reply) != b"refused"


def test_nan_and_functions_come_back(echo: Callable[[bytes], bytes]) -> None:
    assert math.isnan(loads(echo(b"(0/0)"))[b"values"][1])
    assert loads(echo(dumps({"f": FunctionRef(1)})))[b"values"][1][b"f"].id == 1
    assert loads(echo(b"nil")) == {b"op": b"return", b"nvalues": 1, b"values": {}}


@pytest.mark.parametrize("table", ["t", "setmetatable({}, {__pairs = function() return next, t end})"])
def test_minus_zero_is_the_key_zero(ask: Ask, table: str) -> None:
    """Also where keys are compared as text."""
    code = f"(function(zero) local t = {{[-zero] = 1}} return {table} end)(0)"
    assert encoded(ask, code) == b"a:1:{i:0;i:1;}"
