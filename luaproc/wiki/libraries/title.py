"""mw.title: what a title is, and what the wiki knows of its page."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import Any

from luaproc.host import LuaError
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki import images, php, titles, urls
from luaproc.wiki.libraries import Library
from luaproc.wiki.titles import Title
from luaproc.wiki.values import check, check_optional, lua_type, one_based, text_of

_FILES = (titles.FILE, titles.MEDIA)
_URLS = ("fullUrl", "localUrl", "canonicalUrl")
_PROTOCOLS = ("http", "https", "relative", "canonical")
BATCH = 25
"""Titles of newBatchLookupExistence that count as one expensive call."""


class TitleLibrary(Library):
    file = "mw.title.lua"
    of_page = True

    def functions(self) -> Mapping[str, PhpFunction]:
        self._known: dict[str, Title] = {}
        self._by_id: dict[int, Title | None] = {0: None}
        self._protected: set[str] = set()
        self._cascading: set[str] = set()
        return {
            "newTitle": self.new_title,
            "makeTitle": self.make_title,
            "newBatchLookupExistence": self.new_batch,
            "getExpensiveData": self.expensive_data,
            "getUrl": self.url,
            "getContent": self.content,
            "getCategories": self.categories,
            "getFileInfo": self.file_info,
            "getFileMetadata": self.file_metadata,
            "protectionLevels": self.protection_levels,
            "cascadingProtection": self.cascading_protection,
            "redirectTarget": self.redirect_target,
            "recordVaryFlag": self.record_vary_flag,
            "getPageLangCode": self.page_language,
            "getAttributeValue": self.attribute_value,
        }

    def options(self) -> dict[str, Any]:
        return {"thisTitle": self._data(self.view.title), "NS_MEDIA": titles.MEDIA}

    def _data(self, title: Title) -> dict[str, Any]:
        interwiki = self.site.interwiki.get(title.interwiki)
        data: dict[str, Any] = {
            "isCurrentTitle": title == self.view.title,
            "isLocal": not title.interwiki or (interwiki is not None and interwiki.is_local),
            "interwiki": title.interwiki,
            "namespace": title.namespace,
            "nsText": title.namespace_text.replace(" ", "_"),
            "text": title.text,
            "fragment": title.fragment,
            "thePartialUrl": urls.wiki_urlencode(title.key),
        }
        if title.namespace == titles.SPECIAL:
            data["exists"] = self.site.is_special_page(title.text)
        if title.namespace not in _FILES:
            data["file"] = False
        return data

    def _namespace(self, name: str, position: int, value: Any, default: int | None = None) -> int:
        if value is None and default is not None:
            return default
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(php.to_int(value))
        if not isinstance(value, str):
            check(name, position, value, "namespace number or name")
        number = php.intval(value) if php.is_numeric(value) else None
        if number is not None:
            if number not in self.site.namespaces:
                raise LuaError(f"bad argument #{position} to '{name}' (unrecognized namespace number '{number}')")
            return number
        found = self.site.namespace_number(value)
        if found is None:
            raise LuaError(f"bad argument #{position} to '{name}' (unrecognized namespace name '{value}')")
        return found

    def new_title(self, name: Any = None, namespace: Any = None, *_: Any) -> dict[str, Any] | None:
        kind = lua_type(name)
        if kind == "number":
            title = self._of_id(php.to_int(name))
        elif kind == "string":
            title = self.site.title(name, self._namespace("title.new", 2, namespace, titles.MAIN))
        else:
            check("title.new", 1, name, "number or string")
            title = None
        return None if title is None else self._data(title)

    def _of_id(self, number: int) -> Title | None:
        if number not in self._by_id:
            self.engine.count_expensive()
            self._by_id[number] = self.pages.by_id(number)
        title = self._by_id[number]
        if title is not None:
            self._known[title.prefixed_key] = title
        return title

    def make_title(
        self, namespace: Any = None, text: Any = None, fragment: Any = None, interwiki: Any = None, *_: Any
    ) -> dict[str, Any] | None:
        number = self._namespace("makeTitle", 1, namespace)
        check("makeTitle", 2, text, "string")
        fragment = check_optional("makeTitle", 3, fragment, "string", "")
        interwiki = check_optional("makeTitle", 4, interwiki, "string", "")
        title = self.site.make_title(number, text, fragment, interwiki)
        return None if title is None else self._data(title)

    def new_batch(self, names: Any = None, namespace: Any = None, *_: Any) -> dict[int, Any]:
        """Titles of a list whose existence is looked up at once (REL1_46)."""
        check("title.newBatch", 1, names, "table")
        number = self._namespace("title.newBatch", 2, namespace, titles.MAIN)
        found: dict[int, Any] = {}
        for count, (index, name) in enumerate(names.items()):
            if count % BATCH == 0:
                self.engine.count_expensive()
            check("title.newBatch", 1, name, "string")
            title = self.site.title(name, number)
            found[index] = False if title is None else self._data(title) | {"exists": self._exists(title)}
        return found

    def _exists(self, title: Title) -> bool:
        if title.namespace == titles.SPECIAL:
            return self.site.is_special_page(title.text)
        return self.pages.exists(title)

    def _looked_up(self, title: Title) -> None:
        """Count the first look at a page that is not the one shown."""
        if title.prefixed_key in self._known:
            return
        if title != self.view.title:
            self.engine.count_expensive()
        self._known[title.prefixed_key] = title
        number = self.pages.page_id(title)
        if number > 0:
            self._by_id[number] = title

    def expensive_data(self, text: Any = None, *_: Any) -> dict[str, Any] | None:
        check("getExpensiveData", 1, text, "string")
        title = self.site.title(text)
        if title is None:
            return None
        self._looked_up(title)
        return {
            "isRedirect": title.content_model == "wikitext" and self.pages.redirect_target(title) is not None,
            "id": self.pages.page_id(title),
            "contentModel": title.content_model,
            "exists": self._exists(title),
        }

    def url(self, text: Any = None, which: Any = None, query: Any = None, protocol: Any = None, *_: Any) -> str | None:
        check("getUrl", 1, text, "string")
        check("getUrl", 2, which, "string")
        if which not in _URLS:
            check("getUrl", 2, which, "'fullUrl', 'localUrl', or 'canonicalUrl'")
        if not isinstance(query, (str, Mapping)):
            query = check_optional(which, 1, query, "table or string", "")
        if which == "fullUrl":
            protocol = check_optional(which, 2, protocol, "string", "relative")
            if protocol not in _PROTOCOLS:
                check(which, 2, protocol, "'http', 'https', 'relative', or 'canonical'")
        title = self.site.title(text)
        if title is None:
            return None
        if which == "localUrl":
            return urls.local_url(title, query)
        return urls.canonical_url(title, query) if which == "canonicalUrl" else urls.full_url(title, query, protocol)

    def _content(self, text: str) -> tuple[Title, str] | None:
        title = self.site.title(text)
        if title is None:
            return None
        namespace = self.site.namespaces.get(title.namespace)
        if namespace is not None and not namespace.is_includable:
            return None
        found = self.pages.text(title)
        return None if found is None else (title, found)

    def content(self, text: Any = None, *_: Any) -> str | None:
        check("getContent", 1, text, "string")
        found = self._content(text)
        return None if found is None else found[1]

    def categories(self, text: Any = None, *_: Any) -> dict[int, str]:
        """Categories that the site says a page has (REL1_43)."""
        check("getCategories", 1, text, "string")
        title = self.site.title(text)
        if title is None:
            return {}
        self.engine.count_expensive()
        return one_based(list(self.site.page_properties.get(title.prefixed_text, {}).get("categories", ())))

    def file_info(self, text: Any = None, *_: Any) -> Any:
        check("getFileInfo", 1, text, "string")
        title = self.site.title(text)
        if title is None or title.namespace not in _FILES:
            return False
        self.engine.count_expensive()
        path = self.pages.where(title.in_namespace(titles.FILE))
        size = None if path is None else images.size(path)
        if path is None or size is None:
            return {"exists": False}
        width, height, length = size
        if images.is_missing() and images.MISSING not in self.view.warnings:
            self.view.warnings.append(images.MISSING)
        kind = mimetypes.guess_type(path)[0] or "unknown/unknown"
        return {"exists": True, "width": width, "height": height, "mimeType": kind, "length": 0, "size": length}

    def file_metadata(self, text: Any = None, *_: Any) -> dict[str, Any]:
        check("getFileMetadata", 1, text, "string")
        return {}

    def protection_levels(self, text: Any = None, *_: Any) -> Any:
        check("protectionLevels", 1, text, "string")
        title = self.site.title(text)
        if title is None:
            return None
        self._once(self._protected, title)
        given = self.site.protection.get(title.prefixed_text, {})
        actions = list(given) if not self.pages.exists(title) else ["edit", "move"]
        if title.namespace == titles.FILE and self.pages.exists(title):
            actions.append("upload")
        return {action: one_based(list(given.get(action, ()))) for action in actions}

    def cascading_protection(self, text: Any = None, *_: Any) -> Any:
        check("cascadingProtection", 1, text, "string")
        title = self.site.title(text)
        if title is None:
            return None
        self._once(self._cascading, title)
        given = self.site.cascading.get(title.prefixed_text, {})
        levels = {action: one_based(list(names)) for action, names in given.get("restrictions", {}).items()}
        return {"sources": one_based(list(given.get("sources", ()))), "restrictions": levels}

    def _once(self, seen: set[str], title: Title) -> None:
        if title.prefixed_key not in seen:
            seen.add(title.prefixed_key)
            self.engine.count_expensive()

    def redirect_target(self, text: Any = None, *_: Any) -> Any:
        check("redirectTarget", 1, text, "string")
        found = self._content(text)
        if found is None or found[0].content_model != "wikitext":
            return None
        target = self.pages.redirect_target(found[0])
        return None if target is None else self._data(target)

    def record_vary_flag(self, text: Any = None, flag: Any = None, *_: Any) -> tuple[()]:
        check("recordVaryFlag", 1, text, "string")
        check("recordVaryFlag", 2, flag, "string")
        return ()

    def page_language(self, text: Any = None, *_: Any) -> str | None:
        """The language of a page's text (REL1_43)."""
        check("getPageLangCode", 1, text, "string")
        title = self.site.title(text)
        if title is None:
            return None
        self.engine.count_expensive()
        return text_of(self.site.page_properties.get(title.prefixed_text, {}).get("language", self.site.language))

    def attribute_value(self, text: Any = None, name: Any = None, *_: Any) -> Any:
        """What an extension says of a page (REL1_46): the site's page property of that name."""
        check("getAttributeValue", 1, text, "string")
        check("getAttributeValue", 2, name, "string")
        title = self.site.title(text)
        return None if title is None else self.site.page_properties.get(title.prefixed_text, {}).get(name)
