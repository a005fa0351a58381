"""What PHP answers to Scribunto's Lua, a file for each mw.X by its name.

A library's `functions` are those that its Lua file finds in mw_interface, by Scribunto's names. What they do is what
Scribunto's reference manual says of the Lua functions that call them
(https://www.mediawiki.org/wiki/Extension:Scribunto/Lua_reference_manual); what it leaves open was measured on MediaWiki
1.39 and 1.43, which are the judges of tests/wiki/corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from luaproc.host.interpreter import PhpFunction

if TYPE_CHECKING:
    from luaproc.wiki.engine import Engine


class Library:
    """One of Scribunto's libraries: its Lua file, the functions that the file finds in mw_interface, its options."""

    file = ""
    """Below the Lua library, such as ``mw.site.lua``."""

    of_page = False
    """Whether the options are those of a page, and not the same for all pages of the site."""

    @property
    def table(self) -> str:
        """What its table is called in `mw`."""
        return self.file.removeprefix("mw.").removesuffix(".lua")

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.view = engine.view
        self.site = engine.view.site
        self.pages = engine.view.pages

    def functions(self) -> Mapping[str, PhpFunction]:
        """What Lua can call, by name; each gets Lua's arguments by position, missing ones not at all."""
        return {}

    def beforehand(self) -> tuple[str, tuple[Any, ...]] | None:
        """Lua that runs where mw_interface has the functions, before the file, with its arguments; None without any."""
        return None

    def afterwards(self) -> tuple[str, tuple[Any, ...]] | None:
        """Lua that runs when the file is set up, with its arguments; None without any."""
        return None

    def options(self) -> dict[str, Any]:
        """What the file's setupInterface gets."""
        return {}

    def known(self) -> Any:
        """What the options are made of: where it is equal, they are. It is compared before each page view."""
        return self.options()
