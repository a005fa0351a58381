"""mw.uri: URLs of pages and the anchors of sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luaproc.host.interpreter import PhpFunction
from luaproc.wiki import titles, urls
from luaproc.wiki.libraries import Library
from luaproc.wiki.titles import Title
from luaproc.wiki.values import text_of


class UriLibrary(Library):
    file = "mw.uri.lua"
    of_page = True

    def functions(self) -> Mapping[str, PhpFunction]:
        return {
            "anchorEncode": self.anchor_encode,
            "localUrl": lambda page=None, query=None, *_: self._url(urls.local_url, page, query),
            "fullUrl": lambda page=None, query=None, *_: self._url(urls.full_url, page, query),
            "canonicalUrl": lambda page=None, query=None, *_: self._url(urls.canonical_url, page, query),
        }

    def options(self) -> dict[str, Any]:
        return {"defaultUrl": urls.full_url(self.view.title)}

    def anchor_encode(self, text: Any = None, *_: Any) -> str | None:
        preprocessor = self.engine.preprocessor
        return preprocessor.call_function(preprocessor.root_frame(), "anchorencode", [(0, text_of(text))])

    def _url(self, make: Any, page: Any, query: Any) -> str | None:
        title = self._title(text_of(page))
        if title is None:
            return None
        if title.namespace == titles.MEDIA:
            title = Title(self.site, titles.FILE, title.text, title.fragment)
        given = query if query is None or isinstance(query, Mapping) else text_of(query)
        return str(make(title, given))

    def _title(self, page: str) -> Title | None:
        return self.site.title(page) or self.site.title(urls.php_urldecode(page))
