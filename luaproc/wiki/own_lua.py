"""Lua code of ours that runs beside Scribunto's: the files in `lua`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

OWN_LUA = "luaproc.lua"
"""What a file of ours is called in Lua's stack; no trace shows it (`luaproc.wiki.failures`). One that stands in for a
file of Scribunto's is called as that file."""


@cache
def own_lua(name: str) -> str:
    """The text of a file in `lua`, by its name without the suffix."""
    return (files(__package__) / "lua" / f"{name}.lua").read_text("utf-8")
