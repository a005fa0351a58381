"""Values as they travel, for hypothesis."""

from hypothesis import strategies as st

from luaproc.wire.serialization import array_key
from luaproc.wire.values import CLASS_NAMES, MAX_INT, MIN_INT, FunctionRef, Key, Table

# Bytes that one of the two languages treats specially come up often.
strings = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"\\", b"\n", b"\r", b"\0", b'"', b"'", b"n", b"7", b"\xff", b"{"]), max_size=12).map(
        b"".join
    ),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
integers = st.one_of(st.integers(-300, 300), st.integers(MIN_INT, MAX_INT))
floats = st.floats(allow_nan=False)
functions = st.builds(FunctionRef, st.integers(1, 10**6), st.integers(0, 50), st.sampled_from(CLASS_NAMES))
chunks = st.builds(FunctionRef, st.integers(1, 10**6))
scalars = st.one_of(st.none(), st.booleans(), integers, floats, strings)


def php_keys(table: dict[Key, object]) -> Table:
    """The table with its keys as PHP keeps them."""
    return {array_key(key): value for key, value in table.items()}


def tables(keys: st.SearchStrategy[Key], leaves: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Leaves, or dicts of them, nested."""
    return st.recursive(leaves, lambda inner: st.dictionaries(keys, inner, max_size=5).map(php_keys), max_leaves=15)


php_values = tables(st.one_of(integers, strings), st.one_of(scalars, functions))
"""What serialize() can carry."""

lua_values = tables(st.one_of(st.integers(-(2**53), 2**53), strings), st.one_of(scalars, chunks))
"""What an expression can carry: keys that are exact in Lua, functions by number alone."""
