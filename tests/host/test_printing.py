"""What is printed: nothing that a terminal would obey, and what was printed reads back as what it was."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luaproc.errors import readable, visible
from luaproc.host import printing
from luaproc.wire import expressions
from luaproc.wire.values import MAX_LEVELS, FunctionRef
from tests.parts import LONG, examples

KEYS = st.integers(-5, 2**53) | st.binary(max_size=12) | st.text(max_size=6).map(str.encode)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.binary() | st.text().map(str.encode)
    | st.floats(allow_nan=False) | st.builds(FunctionRef, st.integers(1, 99))
)  # fmt: skip
VALUES = st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=5), max_leaves=12)


def same(a: object, b: object) -> bool:
    """Equal, as Lua has it: 2.0 is 2, true is not 1."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b and isinstance(a, bool) == isinstance(b, bool)


@pytest.mark.slow  # generates dozens of deep values
@settings(max_examples=examples(100 if LONG else 40))
@given(st.lists(VALUES, max_size=3), st.integers(1, 120))
def test_values_are_printable_and_read_back(values: list[object], width: int) -> None:
    text = printing.values(values, width)
    assert all(line.isprintable() for line in text.split("\n"))
    table = expressions.loads(("{" + text + "}").encode())
    assert same(table, dict(enumerate(values, 1)))


@given(st.binary() | st.text().map(str.encode))
def test_bytes_are_printable(data: bytes) -> None:
    assert visible(data).isprintable()
    assert all(part.isprintable() for line in readable(data).split("\n") for part in line.split("\t"))


@pytest.mark.slow  # generates hundreds of deep values
@given(VALUES)
def test_json_is_json(value: object) -> None:
    json.loads(json.dumps(printing.for_json(value), allow_nan=False))


def test_escapes_of_each_kind() -> None:
    assert printing.quote(b'"\\\n\t\x1b1\xff\xe2\x80\xae\xc2\x85') == r'"\"\\\n\t\0271\255\226\128\174\194\133"'
    assert visible(b"\x1b[2J \xff \\n") == r"\x1b[2J \xff \n"
    assert visible("Zürich \u202e".encode()) == r"Zürich \xe2\x80\xae"


def test_tables_that_do_not_fit_have_lines() -> None:
    value = {1: b"first", b"name": {1: 1, 2: 2}, b"end": True}
    assert printing.values([value], 38) == '{\n    "first",\n    ["end"] = true,\n    name = {1, 2},\n}'
    assert printing.values([value, None]) == '{"first", ["end"] = true, name = {1, 2}}, nil'


def test_numbers() -> None:
    assert printing.values([0.1, 2.0, 1e300, 1 / 3]) == "0.1, 2, 1e+300, 0.33333333333333331"
    assert printing.values([math.inf, -math.inf, math.nan]) == "(1/0), (-1/0), (0/0)"


def test_json_of_each_kind() -> None:
    value = {1: b"a", 2: b"\xff", 3: math.inf, 4: FunctionRef(7), 5: {b"x": None, 5: True}, 6: {}}
    assert printing.for_json(value) == [
        "a", {"base64": "/w=="}, {"number": "inf"}, {"function": 7}, {"x": None, "5": True}, [],
    ]  # fmt: skip


@pytest.mark.slow  # prints tables of all depths
def test_tables_of_any_depth_are_printed_and_read_back_by_json() -> None:
    """As deep as PHP reads them; Python's own stack, and json's, end long before."""
    value: Any = b"bottom"
    for _ in range(MAX_LEVELS):
        value = {b"a": value}
    text = printing.values([value])
    assert "".join(text.split()).replace(",", "") == "{a=" * MAX_LEVELS + '"bottom"' + "}" * MAX_LEVELS
    in_json = json.loads(json.dumps(printing.for_json(value)))
    for _ in range(100):
        in_json = in_json["a"]
    assert in_json["table"] == "{a = " * (MAX_LEVELS - 100) + '"bottom"' + "}" * (MAX_LEVELS - 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short\n\n  too", "short\n\n  too"),
        ("words that go on and on to the end", "words that go on and\non to the end"),
        ("  margin, and words that go on", "  margin, and words\n  that go on"),
        (":op X   does this and that", ":op X   does this\n        and that"),
        ("  :operation NAME  does this and that", "  :operation NAME\n      does this and\n      that"),
        ("/a/path/that/is/longer/than/a/line is whole", "/a/path/that/is/longer/than/a/line\nis whole"),
        ("\tm:1: in function 'name'", "        m:1: in\n        function\n        'name'"),
    ],
)
def test_text_for_a_narrow_terminal(text: str, expected: str) -> None:
    """Lines break between words, below their own column; what may be copied stays whole."""
    assert printing.wrapped(text, 20) == expected
    assert printing.wrapped(text, 200) == text.expandtabs()
