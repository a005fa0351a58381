"""Wikitext expanded: scanner, tree, frames, strip markers. Pure Python; it knows no Lua.

`Preprocessor(view)` is one page view's; see `luaproc.wiki.interfaces` for what it and its frames can do.
"""

from luaproc.wiki.preprocessor.expansion import Preprocessor

__all__ = ["Preprocessor"]
