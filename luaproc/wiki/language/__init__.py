"""Languages: numbers, plural forms, grammar, names, dates. Functions over text; nothing here knows a page or Lua.

`Language(code)` is MediaWiki's Language object as far as it needs no database.
"""

from luaproc.wiki.language.language import Language, language

__all__ = ["Language", "language"]
