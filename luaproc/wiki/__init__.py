"""Modules without a wiki: PHP's half of Scribunto in Python.

Scribunto's own Lua files run unmodified in a server that `luaproc.host` drives; what they ask of PHP is answered here.

Who does what, and who calls whom:

- `titles`, `site`, `pages` are data: title rules, a site's configuration, the store of pages. They call nobody.
- `language` is functions over numbers, dates, plural forms and names. It knows Site at most.
- `preprocessor` and `parser_functions` expand wikitext. They know no Lua: `#invoke` reaches them as one more function
  of the `PageView`.
- `engine` and `libraries` answer Lua. They reach the preprocessor by the protocols of `interfaces` alone.
- `wiki` puts one of each together: `Wiki`.

All text is `str`. Bytes that are not UTF-8 are lone surrogates ("surrogateescape"), as in `luaproc.host`; sizes that
MediaWiki counts in bytes are counted in bytes of that encoding.

One expansion of a page is one `PageView` and one `Preprocessor`: counters, strip markers, caches of templates and
Lua's process state belong to it and end with it.
"""
