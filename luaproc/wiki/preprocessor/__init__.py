"""Wikitext expanded: scanner, tree, frames, strip markers. Pure Python; it knows no Lua.

The grammar is that of MediaWiki's page "Preprocessor ABNF", the words those of "Help:Magic words"; the corpus in
tests/wiki/corpus, judged by MediaWiki 1.39 and 1.43, decides where these are silent.

`Preprocessor(view)` is one page view's; see `luaproc.wiki.interfaces` for what it and its frames can do.
"""

from luaproc.wiki.preprocessor.expansion import Preprocessor

__all__ = ["Preprocessor"]
