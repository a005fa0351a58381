"""luaproc: the Lua side of MediaWiki Scribunto's LuaStandalone protocol.

Importing this package imports nothing else: every import on the serve path is start-up time on every page view.
"""

__version__ = "0.2.0.dev0"
