"""A site's members out of what api.php answers to ``action=query&meta=siteinfo|languageinfo``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from luaproc.wiki.errors import SiteError

_GENERAL = {
    "sitename": "name",
    "server": "server",
    "scriptpath": "script_path",
    "script": "script",
    "articlepath": "article_path",
    "wikiid": "wiki_id",
    "lang": "language",
    "timezone": "timezone",
    "mainpage": "main_page_text",
}
_STATISTICS = {
    "pages": "pages",
    "articles": "articles",
    "images": "files",
    "edits": "edits",
    "users": "users",
    "activeusers": "activeUsers",
    "admins": "admins",
}


def from_api(query: Mapping[str, Any], name: str = "siteinfo") -> dict[str, Any]:
    """Members for `Site` from the member `query` of an answer, in either formatversion. Raises `SiteError`."""
    if not isinstance(query, Mapping):
        raise SiteError(f"{name}: not what api.php gives: query: expected an object, got {query!r:.40}")
    members: dict[str, Any] = {}
    for part, read in _PARTS.items():
        if part in query:
            try:
                members |= read(query)
            except (KeyError, TypeError, ValueError, AttributeError):
                raise SiteError(f"{name}: not what api.php gives: query.{part} is {query[part]!r:.60}") from None
    return members


def _general(query: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    general = query["general"]
    for theirs, ours in _GENERAL.items():
        if theirs in general:
            members[ours] = general[theirs]
    if "base" in general:  # the main page's canonical URL
        members["canonical_server"] = "/".join(str(general["base"]).split("/")[:3])
    if "generator" in general:
        members["version"] = general["generator"].removeprefix("MediaWiki ")
    return members


def _interwikis(query: Mapping[str, Any]) -> dict[str, Any]:
    rows = query["interwikimap"]
    return {
        "interwiki": {row["prefix"]: _interwiki(row) for row in rows},
        "local_interwikis": [row["prefix"] for row in rows if _flag(row, "localinterwiki")],
    }


def _special_pages(query: Mapping[str, Any]) -> dict[str, Any]:
    rows = query["specialpagealiases"]
    return {"special_pages": [name for row in rows for name in (row["realname"], *row["aliases"])]}


def _messages(query: Mapping[str, Any]) -> dict[str, Any]:
    rows = query["allmessages"]
    return {"messages": {row["name"]: _text(row, "content") for row in rows if not _flag(row, "missing")}}


def _flag(row: Mapping[str, Any], name: str) -> bool:
    """A flag of formatversion 1 ("" if it is set) or 2 (true or false)."""
    return row.get(name, False) not in (False, None)


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name, row.get("*", "")))


def _namespaces(query: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    rows: Iterable[Mapping[str, Any]] = query["namespaces"].values()
    aliases: dict[int, list[str]] = {}
    for row in query.get("namespacealiases", ()):
        aliases.setdefault(int(row["id"]), []).append(_text(row, "alias"))
    return {
        str(row["id"]): {
            "name": _text(row, "name"),
            "canonical": row.get("canonical", ""),
            "aliases": tuple(aliases.get(int(row["id"]), ())),
            "has_subpages": _flag(row, "subpages"),
            "is_capitalized": row.get("case", "first-letter") == "first-letter",
            "is_content": _flag(row, "content"),
            "is_includable": not _flag(row, "nonincludable"),
            "is_movable": int(row["id"]) >= 0,
            "content_model": row.get("defaultcontentmodel"),
        }
        for row in rows
    }


def _interwiki(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "url": row["url"],
        "is_local": _flag(row, "local"),
        "is_transcludable": _flag(row, "trans"),
        "is_extra_language_link": _flag(row, "extralanglink"),
        "display_text": row.get("linktext"),
        "tooltip": row.get("sitename"),
    }


_PARTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "general": _general,
    "namespaces": lambda query: {"namespaces": _namespaces(query)},
    "interwikimap": _interwikis,
    "magicwords": lambda query: {"magic_words": {row["name"]: list(row["aliases"]) for row in query["magicwords"]}},
    "protocols": lambda query: {"protocols": list(query["protocols"])},
    "specialpagealiases": _special_pages,
    "extensiontags": lambda query: {"extension_tags": list(query["extensiontags"])},
    "statistics": lambda query: {
        "statistics": {ours: int(query["statistics"].get(theirs, 0)) for theirs, ours in _STATISTICS.items()}
    },
    "languages": lambda query: {"language_names": {row["code"]: _text(row, "name") for row in query["languages"]}},
    "usergroups": lambda query: {
        "groups": {row["name"]: int(row["number"]) for row in query["usergroups"] if "number" in row}
    },
    "languageinfo": lambda query: {"language_info": dict(query["languageinfo"])},
    "allmessages": _messages,
}
"""What is read of an answer, by the part of `query` in which it stands."""
