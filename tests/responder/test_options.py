"""One table of options for the command line, the environment and launchers."""

import pytest

from luaproc.errors import UsageError
from luaproc.responder.options import OPTIONS, read


def test_nothing_given() -> None:
    assert read([], {}) == ({}, [])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("runtime", "luajit21", "luajit21"),
        ("function-class", "A\\B\\C", "A\\B\\C"),
        ("function-class", "Grüße", "Grüße"),
        ("interpreter-id", "12", 12),
        ("int-size", "4", 4),
        ("max-memory", "1000", 1000),
        ("max-memory", "60k", 60 * 1024),
        ("max-memory", "60M", 60 << 20),
        ("max-memory", "2G", 2 << 30),
        ("max-cpu", "7", 7),
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
        ("log", "/some/file", "/some/file"),
    ],
)
def test_each_option_in_each_spelling(name: str, text: str, value: object) -> None:
    assert read([f"--{name}", text], {}) == ({name: value}, [])
    assert read([f"--{name}={text}"], {}) == ({name: value}, [])
    variable = OPTIONS[name][0]
    if variable:
        assert read([], {variable: text}) == ({name: value}, [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("interpreter-id", "x"), ("interpreter-id", ""), ("interpreter-id", "1.5"),
        ("int-size", "5"), ("int-size", "04"), ("int-size", ""),
        ("max-memory", ""), ("max-memory", "M"), ("max-memory", "0"), ("max-memory", "-1M"), ("max-memory", "60X"),
        ("max-cpu", "0"), ("max-cpu", "-1"), ("max-cpu", "soon"),
        ("timezone", ""), ("log", ""),
        ("function-class", ""), ("function-class", "\\A"), ("function-class", "a b"), ("function-class", 'a"'),
    ],
)  # fmt: skip
def test_values_that_cannot_be_read(name: str, text: str) -> None:
    """What was expected, and what came; under the name that the user gave it by."""
    expected = OPTIONS[name][2]
    with pytest.raises(UsageError) as caught:
        read([f"--{name}", text], {})
    assert str(caught.value) == f"--{name} expects {expected}, got {text!r}"
    variable = OPTIONS[name][0]
    if variable and text:
        with pytest.raises(UsageError) as caught:
            read([], {variable: text})
        assert str(caught.value) == f"{variable} expects {expected}, got {text!r}"


def test_an_option_without_its_value() -> None:
    for name, (_, _, expected, _) in OPTIONS.items():
        with pytest.raises(UsageError) as caught:
            read([f"--{name}"], {})
        assert str(caught.value) == f"option --{name} expects {expected}, and nothing came"


def test_unknown_options_name_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        read(["--verbose"], {})
    assert str(caught.value) == "unknown option --verbose: expected one of " + ", ".join(
        f"--{name}" for name in OPTIONS
    )


def test_the_command_line_wins_and_the_last_word_of_it() -> None:
    environment = {"LUAPROC_RUNTIME": "luajit21", "LUAPROC_MAX_CPU": "3", "OTHER": "x"}
    found, _ = read(["--runtime", "lua51", "--max-memory=1M", "--max-memory", "2M"], environment)
    assert found == {"runtime": "lua51", "max-cpu": 3, "max-memory": 2 << 20}


def test_a_variable_that_does_not_count_is_not_read() -> None:
    assert read(["--max-cpu", "5"], {"LUAPROC_MAX_CPU": "soon"}) == ({"max-cpu": 5}, [])


def test_empty_variables_are_none() -> None:
    """Shells and service managers set them so."""
    assert read([], {variable: "" for variable, *_ in OPTIONS.values() if variable}) == ({}, [])


def test_words_that_are_no_options() -> None:
    assert read(["a", "--int-size", "4", "-v", "--", "--log", "b"], {}) == ({"int-size": 4}, ["a", "-v", "--log", "b"])


def test_what_php_gives_has_no_variable() -> None:
    """A variable would outlive the interpreter it was meant for."""
    assert OPTIONS["interpreter-id"][0] is OPTIONS["int-size"][0] is None
