"""Which tests run: expressions over names, and the titles of test modules in every language."""

import pytest

from luaproc.wiki.selection import BadExpression, discover, expression
from luaproc.wiki.wiki import Wiki

NAMES = ("Module:Sum/tests testOne", "Module:Sum/tests testTwo", "Module:Grüße/tests testThree")


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", "One Two Three"),
        ("  ", "One Two Three"),
        ("ONE", "One"),
        ("not testone", "Two Three"),
        ("one or two", "One Two"),
        ("not not one", "One"),
        ("not (one or two)", "Three"),
        ("one and two", ""),
        ("three or one and two", "Three"),
        ("(three or one) and sum", "One"),
        ("sum and not one", "Two"),
        ("GRÜSSE", "Three"),
    ],
)
def test_expressions(text: str, chosen: str) -> None:
    """As pytest's -k: `and` binds closer than `or`; words are found in the module's title and in the test's name."""
    wanted = expression(text)
    assert [name.rpartition("test")[2] for name in NAMES if wanted(name)] == chosen.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("and", "a word before 'and'"),
        ("a or", "a word at the end"),
        ("(a", "a closing parenthesis"),
        ("a b", "'and' or 'or' before 'b'"),
        ("a )", "'and' or 'or' before ')'"),
        ("not", "a word at the end"),
        ("()", "a word before ')'"),
    ],
)
def test_wrong_expressions(text: str, expected: str) -> None:
    """One line that says what was expected, and shows an expression."""
    with pytest.raises(BadExpression) as caught:
        expression(text)
    assert str(caught.value).startswith(f"-k {text!r}: expected {expected}; as in: ")


def test_names_of_test_modules() -> None:
    """Any case, any script, with or without composed letters; subpages alone by their last part; patterns choose."""
    texts = dict.fromkeys(("Module:A/Testcases", "Module:Б/Тесты", "Module:C/cafe\u0301", "Module:tests", "tests"), "")
    wiki = Wiki(texts, mediawiki=False)

    def found(*names: str, patterns: tuple[str, ...] = ()) -> list[str]:
        return [title.text for title in discover(wiki, names, patterns)]

    assert found("testcases", "tests") == ["A/Testcases", "Tests"]
    assert found() == ["A/Testcases", "Tests"]
    assert found("тесты") == ["Б/Тесты"]
    assert found("café") == ["C/cafe\u0301"]
    assert found("test*") == ["A/Testcases", "Tests"]
    assert found("*", patterns=("б/*", "MODULE:C")) == ["C/cafe\u0301", "Б/Тесты"]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["A/testcases"]),
        ("de", ["A/testcases", "B/Test"]),
        ("de-formal", ["A/testcases", "B/Test"]),
        ("ru", ["A/testcases", "C/тесты"]),
        ("ja", ["A/testcases"]),
    ],
)
def test_usual_names_in_the_language_of_the_wiki(language: str, expected: list[str]) -> None:
    """Without a setting, test modules are called as the language's Wikipedia calls them, and as all wikis do."""
    texts = dict.fromkeys(("Module:A/testcases", "Module:B/Test", "Module:C/тесты"), "")
    wiki = Wiki(texts, site={"language": language}, mediawiki=False)
    assert [title.text for title in discover(wiki)] == expected
