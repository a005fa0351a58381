"""URLs of pages as MediaWiki makes them: local, full and canonical ones, queries and fragments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from luaproc.wiki.site import Site
from luaproc.wiki.titles import Title
from luaproc.wiki.values import text_of

_KEPT = {f"%{ord(char):02X}": char for char in ";@$!*(),/~:"}
_ESCAPED_KEPT = re.compile("|".join(_KEPT))
_FRAGMENT_SPACES = re.compile("[\t\n\f\r ]")
_ESCAPE = re.compile("%(?=[0-9A-Fa-f]{2})")
_PROTOCOL = re.compile("[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def php_urlencode(text: str) -> str:
    """PHP's urlencode(): a space is a plus sign, a tilde is escaped."""
    return quote_plus(text, errors="surrogateescape").replace("~", "%7E")


def php_urldecode(text: str) -> str:
    """PHP's urldecode(): a plus sign is a space; bytes that are not UTF-8 stay as they are."""
    return unquote_plus(text, errors="surrogateescape")


def wiki_urlencode(text: str) -> str:
    """A title's key in a path: PHP's urlencode(), but for the characters that MediaWiki keeps readable."""
    return _ESCAPED_KEPT.sub(lambda match: _KEPT[match[0]], php_urlencode(text))


def query_text(query: Mapping[Any, Any], prefix: str = "") -> str:
    """A table as a query: nested ones with brackets; None and False are left out."""
    parts = []
    for name, value in query.items():
        key = f"{prefix}[{text_of(name)}]" if prefix else text_of(name)
        if value is None or value is False:
            continue
        if not isinstance(value, Mapping):
            parts.append(f"{php_urlencode(key)}={php_urlencode(text_of(value))}")
            continue
        inner = []
        for inner_name, item in value.items():
            inner_key = f"{key}[{text_of(inner_name)}]"
            if isinstance(item, Mapping):
                inner.append(query_text(item, inner_key))
            else:
                inner.append(f"{php_urlencode(inner_key)}={php_urlencode(text_of(item))}")
        parts.append("&".join(inner))
    return "&".join(parts)


def local_url(title: Title, query: str | Mapping[Any, Any] | None = None) -> str:
    """The URL below the server: the article's path, or index.php where there is a query."""
    text = query_text(query) if isinstance(query, Mapping) else (query or "")
    site = title.site
    key = wiki_urlencode(title.prefixed_key)
    if title.interwiki:
        url = site.interwiki[title.interwiki].url if title.interwiki in site.interwiki else "$1"
        url = url.replace("$1", wiki_urlencode(title.key))
        return f"{url}{'&' if '?' in url else '?'}{text}" if text else url
    if not text:
        return site.article_path.replace("$1", key)
    if text == "-":
        text = ""
    return f"{script(site)}?title={key}&{text}"


def full_url(title: Title, query: str | Mapping[Any, Any] | None = None, protocol: str = "relative") -> str:
    """The URL with server and fragment. protocol: relative, http, https or canonical."""
    return with_server(title.site, local_url(title, query), protocol) + fragment_url(title)


def canonical_url(title: Title, query: str | Mapping[Any, Any] | None = None) -> str:
    """The URL with server, protocol and fragment."""
    return full_url(title, query, "canonical")


def script(site: Site) -> str:
    """The path of index.php."""
    return site.script or f"{site.script_path}/index.php"


def with_server(site: Site, url: str, protocol: str = "relative") -> str:
    """A URL with the server in front; one that has a protocol stays as it is, and so does the server's own protocol.

    Control characters are underscores, as PHP's parse_url() makes them.
    """
    url = _CONTROL.sub("_", url)
    if _PROTOCOL.match(url):
        return url
    server = site.server
    if protocol == "canonical" and site.canonical_server:
        server = site.canonical_server
    if server.startswith("//"):
        server = {"relative": "", "canonical": "https:"}.get(protocol, f"{protocol}:") + server
    if url.startswith("//"):
        return server.partition("//")[0] + url
    return server + url if url.startswith("/") else url


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def fragment_url(title: Title) -> str:
    """``#fragment`` as it stands in a link; "" without one."""
    if not title.fragment:
        return ""
    return "#" + escape_fragment(title.site, title.fragment, "legacy" if title.interwiki else None)


def escape_fragment(site: Site, fragment: str, mode: str | None = None) -> str:
    """A section's text as a link's fragment. mode: html5 or legacy (dots for per cent signs); None is the site's."""
    fragment = fragment[:1024]
    if (mode or site.fragment_mode) == "legacy":
        text = php_urlencode(fragment.replace(" ", "_"))
        return text.replace("%3A", ":").replace("%", ".")
    return _ESCAPE.sub("%25", _FRAGMENT_SPACES.sub("_", fragment))
