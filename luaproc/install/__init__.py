"""How luaproc comes onto a machine: launchers, what starts them, and where MediaWiki lies."""
