"""A real `mw` for a plain Lua (`luaproc lua --mw`): this side of it, in a process of its own beside the Lua.

The Lua calls ``setup`` first. That loads Scribunto's libraries over there, as a page view of the wiki's main page does,
and leaves the environment of its modules to luaproc/lua51/lua/mw.lua. From then on calls of `mw` are answered until the
Lua ends.
"""

from __future__ import annotations

import os
from dataclasses import replace

from luaproc.host.attached import AttachedInterpreter
from luaproc.wiki.titles import Title
from luaproc.wiki.view import Counters
from luaproc.wiki.wiki import Wiki

_TAKE = "local take = luaproc_take\nluaproc_take = nil\ntake( _G )"
"""Runs as a module's code; the function is the Lua side's, which keeps the environment."""


def serve(wiki: Wiki) -> None:
    """Answer the Lua that started this process until it ends. Raises `ScribuntoMissing`."""
    _ = wiki.lualib  # raises where there is none, before Lua waits for an answer
    with wiki.page() as page:

        def setup() -> None:
            chunk = page.engine.interpreter.load_string(_TAKE, "=luaproc/mw.lua")
            page.engine.execute_module(chunk, False, None)

        def chunk_name(title: Title) -> str:
            """Of a module that is required: its file, where runners and coverage tools look for it."""
            file = wiki.pages.where(title)
            return f"={title.prefixed_key}" if file is None else f"@{os.path.relpath(file)}"

        def begin() -> None:
            """What a page may use, each call of the script's has: a run of tests is no page."""
            page.view.counters = Counters()

        lua = AttachedInterpreter({"setup": setup}, begin)
        page.engine.options = replace(page.engine.options, interpreter=lua, chunk_name=chunk_name)
        with page.engine.current(None):
            lua.serve()
