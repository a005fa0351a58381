"""What stands after an op: values and answers."""

import pytest

from luaproc.session.errors import SessionError
from luaproc.session.syntax import ASK, Answer, parse_answer, parse_functions, parse_values
from luaproc.wire.values import FunctionRef


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", ()),
        ("1", (1,)),
        ('1, "two" nil', (1, b"two", None)),
        ("{a=1, 2},{} chunks[3]", ({b"a": 1, 1: 2}, {}, FunctionRef(3))),
        ("'é' -1.5 true", ("é".encode(), -1.5, True)),
        ("(1/0)", (float("inf"),)),
    ],
)
def test_values(text: str, values: tuple[object, ...]) -> None:
    assert parse_values(text) == values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "text is written in quotes"),
        ("1 {", "column 4"),
        ("'a", "unfinished string"),
        ("1)", "expected the end of the line, got ')'"),
        ("1'a'", "a comma or a space"),
        ("os.exit()", "expected a value"),
    ],
)
def test_what_is_no_value_is_said(text: str, words: str) -> None:
    with pytest.raises(SessionError) as caught:
        parse_values(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("()", Answer("values")),
        ("true", Answer("values", (True,))),
        ("1, 2", Answer("values", (1, 2))),
        ("(1, nil)", Answer("values", (1, None))),
        ("(1/0)", Answer("values", (float("inf"),))),
        ("...", Answer("arguments")),
        ('error("no")', Answer("error", (b"no",))),
        ("error 'no'", Answer("error", (b"no",))),
        ("error({1})", Answer("error", ({1: 1},))),
        ("call(Module:A.f)", Answer("call", callee="Module:A.f")),
        ("?", ASK),
    ],
)
def test_answers(text: str, answer: Answer) -> None:
    assert parse_answer(text) == answer


@pytest.mark.parametrize("text", ["error(", "(1", "maybe", "... 1", "error", "1, x"])
def test_what_is_no_answer_is_said(text: str) -> None:
    with pytest.raises(SessionError, match="expected"):
        parse_answer(text)


def test_functions() -> None:
    assert parse_functions('a=true b=(1, "x")  c d = ? e=... , f=error("x y")') == {
        "a": Answer("values", (True,)),
        "b": Answer("values", (1, b"x")),
        "c": ASK,
        "d": ASK,
        "e": Answer("arguments"),
        "f": Answer("error", (b"x y",)),
    }


@pytest.mark.parametrize("text", ["=1", "a=", "a=1 2", "a=b"])
def test_what_is_no_function_is_said(text: str) -> None:
    with pytest.raises(SessionError, match="expected"):
        parse_functions(text)
