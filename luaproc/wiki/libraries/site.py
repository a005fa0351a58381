"""mw.site: what the wiki is, its namespaces and interwikis, counts of pages and users."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from luaproc.host import LuaError
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki import php, titles, urls
from luaproc.wiki.libraries import Library
from luaproc.wiki.values import check, check_optional

_COUNTS = ("all", "pages", "subcats", "files")
_SPACES = re.compile(r"[\s_]+", re.ASCII)


class SiteLibrary(Library):
    file = "mw.site.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        self._categories: dict[str, dict[str, int]] = {}
        return {
            "getNsIndex": self.namespace_number,
            "pagesInCategory": self.pages_in_category,
            "pagesInNamespace": self.pages_in_namespace,
            "usersInGroup": self.users_in_group,
            "interwikiMap": self.interwiki_map,
            "loadStats": self.statistics,
        }

    def options(self) -> dict[str, Any]:
        return {**self._texts(), "namespaces": self._namespaces(), "stats": self.statistics()}

    def known(self) -> list[Any]:
        return [self._texts(), dict(self.site.namespaces), self._main(), self.statistics()]

    def _texts(self) -> dict[str, str]:
        site = self.site
        return {
            "siteName": site.name,
            "server": site.server,
            "scriptPath": site.script_path,
            "stylePath": site.style_path or f"{site.script_path}/skins",
            "currentVersion": site.version,
            "wikiId": site.wiki_id,
        }

    def _main(self) -> str:
        """What the main namespace is called where it needs a name."""
        return self.engine.messages.text("blanknamespace")

    def _namespaces(self) -> dict[int, dict[str, Any]]:
        tables = {}
        taken = {name for item in self.site.namespaces.values() for name in (item.name, item.canonical)}
        for number, item in self.site.namespaces.items():
            table: dict[str, Any] = {
                "id": number,
                "name": item.name,
                "canonicalName": item.canonical,
                "hasSubpages": item.has_subpages,
                "hasGenderDistinction": item.has_gender,
                "isCapitalized": item.is_capitalized,
                "isContent": item.is_content,
                "isIncludable": item.is_includable,
                "isMovable": item.is_movable,
                "isSubject": number < 0 or number % 2 == 0,
                "isTalk": number > 0 and number % 2 == 1,
                "aliases": dict(
                    enumerate((alias.replace(" ", "_") for alias in item.aliases if alias not in taken), 1)
                ),
                "subject": number if number < 0 else number - number % 2,
            }
            if item.content_model is not None:
                table["defaultContentModel"] = item.content_model
            if number >= 0:
                table["talk"] = number + 1 - number % 2
                table["associated"] = number + 1 if number % 2 == 0 else number - 1
            if number == titles.MAIN:
                table["displayName"] = self._main()
            tables[number] = table
        return tables

    def namespace_number(self, name: Any = None, *_: Any) -> int | bool:
        check("getNsIndex", 1, name, "string")
        number = self.site.namespace_number(_SPACES.sub("_", name).strip("_"))
        return False if number is None else number

    def pages_in_category(self, category: Any = None, which: Any = None, *_: Any) -> Any:
        check("pagesInCategory", 1, category, "string")
        which = check_optional("pagesInCategory", 2, which, "string", "all")
        title = self.site.make_title(titles.CATEGORY, category)
        if title is None:
            return 0
        if title.key not in self._categories:
            self.engine.count_expensive()
            given = self.site.categories.get(title.text, {})
            self._categories[title.key] = {name: int(given.get(name, 0)) for name in _COUNTS}
        counts = self._categories[title.key]
        if which == "*":
            return counts
        if which not in counts:
            check("pagesInCategory", 2, which, "one of '*', 'all', 'pages', 'subcats', or 'files'")
        return counts[which]

    def pages_in_namespace(self, number: Any = None, *_: Any) -> int:
        check("pagesInNamespace", 1, number, "number")
        return self.pages.count(php.to_int(number))

    def users_in_group(self, group: Any = None, *_: Any) -> int:
        check("usersInGroup", 1, group, "string")
        return self.site.groups.get(group.lower(), 0)

    def statistics(self, *_: Any) -> dict[str, int]:
        """Counts of the site, those that it does not say taken from the pages, or 0."""
        given = self.site.statistics
        names = ("articles", "files", "edits", "users", "activeUsers", "admins")
        found = {name: given.get(name, 0) for name in names}
        found["pages"] = given["pages"] if "pages" in given else len(self.pages)
        if "admins" not in given:
            found["admins"] = self.site.groups.get("sysop", 0)
        return found

    def interwiki_map(self, which: Any = None, *_: Any) -> dict[str, Any]:
        which = check_optional("interwikiMap", 1, which, "string", None)
        if which not in (None, "local", "!local"):
            raise LuaError(f"bad argument #1 to 'interwikiMap' (unknown filter '{which}')")
        tables: dict[str, Any] = {}
        for prefix, item in self.site.interwiki.items():
            if which is not None and item.is_local != (which == "local"):
                continue
            table: dict[str, Any] = {
                "prefix": prefix,
                "url": urls.with_server(self.site, item.url),
                "isProtocolRelative": item.url.startswith("//"),
                "isLocal": item.is_local,
                "isTranscludable": item.is_transcludable,
                "isCurrentWiki": prefix in self.site.local_interwikis,
                "isExtraLanguageLink": item.is_extra_language_link,
            }
            if item.is_extra_language_link:
                named = {"displayText": item.display_text, "tooltip": item.tooltip}
                table |= {name: text for name, text in named.items() if text}
            tables[prefix] = table
        return tables
