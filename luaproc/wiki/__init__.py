"""Modules without a wiki: PHP's half of Scribunto in Python.

Scribunto's own Lua files run unmodified in a server that `luaproc.host` drives; what they ask of PHP is answered here.

Who does what, and who calls whom:

- `titles`, `site` and `pages` are data: title rules, a site's configuration, the store of pages. They call nobody.
  `siteinfo`, `site_parts`, `site_values` and `special_pages` belong to a site; pages come from `folders` and `dumps`,
  which `sources` opens.
- `language` is functions over numbers, dates, plural forms and names. It knows Site at most. `php` and `values` are
  PHP's numbers, and its texts and keys; `urls` and `images` what their names say.
- `preprocessor` and `parser_functions` expand wikitext. They know no Lua: `#invoke` reaches them as one more function
  of the `PageView` (`view`), which is one expansion's own.
- `engine` and `libraries` answer Lua. They reach the preprocessor by the protocols of `interfaces` alone. `loading`
  has Scribunto's files loaded: `fork_servers` once for many page views, `inner_states` the same in this process.
  `compiled` has modules compiled once for many page views. `messages` has the texts of the interface, `failures` what
  a page shows of an error, `environment` runs Lua piece by piece, `own_lua` is the files in `lua`.
- `wiki` puts one of each together: `Wiki`. What an expansion gives is in `expanded`.

Around it, for the commands and pytest:

- `configuration` reads luaproc.toml, `opening` opens its wiki. `fetching` brings Scribunto's library.
- `testing` runs the tests of a module, `selection` chooses them, `running` runs those of many modules, `reports` tells;
  `watching` sees changes, `observing` has coverage and profiles written; `pytest_plugin` makes pytest's items of them.
- `bulk` expands the pages of a dump in `workers`, `documents` makes lines of JSON, `line_files` writes them.
- `checking` looks through pages without running them, `dumping` makes JSON of a data module, `standin` answers a plain
  Lua's `mw`, `status_line` shows progress. `errors` has the errors of all.

All text is `str`. Bytes that are not UTF-8 are lone surrogates ("surrogateescape"), as in `luaproc.host`; sizes that
MediaWiki counts in bytes are counted in bytes of that encoding.

One expansion of a page is one `PageView` and one `Preprocessor`: counters, strip markers, caches of templates and
Lua's process state belong to it and end with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from luaproc.wiki.errors import NoSuchTitle as NoSuchTitle
    from luaproc.wiki.errors import PagesError as PagesError
    from luaproc.wiki.errors import ScribuntoMissing as ScribuntoMissing
    from luaproc.wiki.errors import SiteError as SiteError
    from luaproc.wiki.errors import WikiError as WikiError
    from luaproc.wiki.expanded import Expansion as Expansion
    from luaproc.wiki.expanded import Limit as Limit
    from luaproc.wiki.failures import ModuleError as LuaError
    from luaproc.wiki.interfaces import FunctionResult as FunctionResult
    from luaproc.wiki.pages import Pages as Pages
    from luaproc.wiki.site import Limits as Limits
    from luaproc.wiki.site import Site as Site
    from luaproc.wiki.testing import CaseResult as CaseResult
    from luaproc.wiki.titles import Title as Title
    from luaproc.wiki.wiki import ModuleHandle as ModuleHandle
    from luaproc.wiki.wiki import Page as Page
    from luaproc.wiki.wiki import Wiki as Wiki

_HOMES = {
    "CaseResult": ("testing", "CaseResult"),
    "Expansion": ("expanded", "Expansion"),
    "FunctionResult": ("interfaces", "FunctionResult"),
    "Limit": ("expanded", "Limit"),
    "Limits": ("site", "Limits"),
    "LuaError": ("failures", "ModuleError"),
    "ModuleHandle": ("wiki", "ModuleHandle"),
    "NoSuchTitle": ("errors", "NoSuchTitle"),
    "Page": ("wiki", "Page"),
    "Pages": ("pages", "Pages"),
    "PagesError": ("errors", "PagesError"),
    "ScribuntoMissing": ("errors", "ScribuntoMissing"),
    "Site": ("site", "Site"),
    "SiteError": ("errors", "SiteError"),
    "Title": ("titles", "Title"),
    "Wiki": ("wiki", "Wiki"),
    "WikiError": ("errors", "WikiError"),
}

__all__ = [
    "CaseResult",
    "Expansion",
    "FunctionResult",
    "Limit",
    "Limits",
    "LuaError",
    "ModuleHandle",
    "NoSuchTitle",
    "Page",
    "Pages",
    "PagesError",
    "ScribuntoMissing",
    "Site",
    "SiteError",
    "Title",
    "Wiki",
    "WikiError",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    home, member = _HOMES[name]
    return getattr(import_module(f"{__name__}.{home}"), member)
