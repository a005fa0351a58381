"""The pytest fixture `lua`: a fresh `Interpreter` for each test, its options from the ini file.

    [pytest]
    luaproc_server = lua5.1 .../mw_main.lua DIR 0 8
    luaproc_timeout = 10

pytest imports this module on every run wherever luaproc is installed; so what it needs is imported by the fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from luaproc.host import Interpreter


def _above_zero(read: Callable[[str], float]) -> Callable[[str], float]:
    def checked(text: str) -> float:
        number = read(text)
        if not number > 0:
            raise ValueError
        return number

    return checked


def _encoding(text: str) -> str | None:
    if text == "bytes":
        return None
    "x".encode(text)  # raises for what makes no bytes of text, as hex and rot13
    return text


# Option -> how its text is read, what is expected there, and its help.
OPTIONS: dict[str, tuple[Callable[[str], Any], str, str]] = {
    "timeout": (
        _above_zero(float),
        "a number above 0",
        "seconds that the Lua-side server may take for an answer (default: 60)",
    ),
    "cpu_limit": (
        _above_zero(int),
        "a whole number above 0",
        "seconds of CPU, by ulimit as Scribunto sets it (default: none; Scribunto's is 7)",
    ),
    "memory_limit": (
        _above_zero(int),
        "a whole number above 0",
        "bytes of virtual memory, likewise (default: none; Scribunto's is 52428800)",
    ),
    "encoding": (
        _encoding,
        "an encoding of Python's, or bytes",
        "of strings from Lua (default: utf-8), or 'bytes' to leave them as bytes",
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("luaproc_server", "command of the Lua-side server for the `lua` fixture", type="args")
    for name, (_, _, text) in OPTIONS.items():
        parser.addini(f"luaproc_{name}", text)


@pytest.fixture
def lua(pytestconfig: pytest.Config) -> Iterator[Interpreter]:
    """A Lua-side server of its own for this test, driven by a `luaproc.host.Interpreter`."""
    from luaproc.host import Interpreter

    options: dict[str, Any] = {}
    for name, (read, expected, _) in OPTIONS.items():
        text = str(pytestconfig.getini(f"luaproc_{name}") or "").strip()
        if text:
            try:
                options[name] = read(text)
            except (ValueError, LookupError):
                raise pytest.UsageError(f"luaproc_{name} in the ini file: expected {expected}, got {text!r}") from None
    with Interpreter(pytestconfig.getini("luaproc_server") or None, **options) as interpreter:
        yield interpreter
