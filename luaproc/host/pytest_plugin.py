"""The pytest fixture `lua`: a fresh `Interpreter` for each test, its options from the ini file.

    [pytest]
    luaproc_server = lua5.1 .../mw_main.lua DIR 0 8
    luaproc_timeout = 10

pytest imports this module on every run wherever luaproc is installed; so what it needs is imported by the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from luaproc.host import Interpreter

# Option -> how its text is read, and its help.
OPTIONS: dict[str, tuple[type[Any], str]] = {
    "timeout": (float, "seconds that the Lua-side server may take for an answer (default: 60)"),
    "cpu_limit": (int, "seconds of CPU, by ulimit as Scribunto sets it (default: none; Scribunto's is 7)"),
    "memory_limit": (int, "bytes of virtual memory, likewise (default: none; Scribunto's is 52428800)"),
    "encoding": (str, "of strings from Lua (default: utf-8), or 'bytes' to leave them as bytes"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("luaproc_server", "command of the Lua-side server for the `lua` fixture", type="args")
    for name, (_, text) in OPTIONS.items():
        parser.addini(f"luaproc_{name}", text)


@pytest.fixture
def lua(pytestconfig: pytest.Config) -> Iterator[Interpreter]:
    """A Lua-side server of its own for this test, driven by a `luaproc.host.Interpreter`."""
    from luaproc.host import Interpreter

    options: dict[str, Any] = {}
    for name, (read, _) in OPTIONS.items():
        text = str(pytestconfig.getini(f"luaproc_{name}") or "").strip()
        if text:
            try:
                options[name] = read(text)
            except ValueError:
                raise pytest.UsageError(f"luaproc_{name} in the ini file: expected a number, got {text!r}") from None
    if options.get("encoding") == "bytes":
        options["encoding"] = None
    with Interpreter(pytestconfig.getini("luaproc_server") or None, **options) as interpreter:
        yield interpreter
