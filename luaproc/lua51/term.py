"""`require 'term'` in `luaproc lua`: Python's half of lua/term.lua. `luaproc.lua51.modules` says what crosses."""

import os

from luaproc.lua51.modules import Native, Value

SOURCE = os.path.join(os.path.dirname(__file__), "lua", "term.lua")


def functions() -> list[Native]:
    """The one that tells whether a file is a terminal; None for what is no file."""
    return [_is_terminal]


def _is_terminal(file: Value) -> tuple[Value]:
    return (os.isatty(file) if type(file) is int else None,)
