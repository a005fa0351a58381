"""`luaproc doctor`: would a wiki work with this luaPath, and if not, why not.

Each check is a small function from a `Case` to a `Finding`; `checks.CHECKS` is their table. Nothing here needs lupa to
be installed, or MediaWiki, or PHP: where a part is missing, a finding says so.
"""
