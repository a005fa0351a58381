"""A site's members out of what api.php answers to ``action=query&meta=siteinfo|languageinfo``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    "fallback8bitEncoding": "fallback8bit",
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
    try:
        return _members(query)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SiteError(f"{name}: not what api.php gives for siteinfo: {type(error).__name__} {error}") from None


def _members(query: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    general = query.get("general", {})
    for theirs, ours in _GENERAL.items():
        if theirs in general:
            members[ours] = general[theirs]
    if "base" in general:  # the main page's canonical URL
        members["canonical_server"] = "/".join(str(general["base"]).split("/")[:3])
    if "generator" in general:
        members["version"] = general["generator"].removeprefix("MediaWiki ")
    if "namespaces" in query:
        members["namespaces"] = _namespaces(query)
    if "interwikimap" in query:
        members["interwiki"] = {row["prefix"]: _interwiki(row) for row in query["interwikimap"]}
        members["local_interwikis"] = [row["prefix"] for row in query["interwikimap"] if _flag(row, "localinterwiki")]
    if "magicwords" in query:
        members["magic_words"] = {row["name"]: list(row["aliases"]) for row in query["magicwords"]}
        members["case_sensitive_words"] = [row["name"] for row in query["magicwords"] if _flag(row, "case-sensitive")]
    for theirs, ours in (("variables", "variables"), ("functionhooks", "function_hooks"), ("protocols", "protocols")):
        if theirs in query:
            members[ours] = list(query[theirs])
    if "specialpagealiases" in query:
        members["special_pages"] = [
            name for row in query["specialpagealiases"] for name in (row["realname"], *row["aliases"])
        ]
    if "extensiontags" in query:
        members["extension_tags"] = [tag.strip("<>").lower() for tag in query["extensiontags"]]
    if "statistics" in query:
        members["statistics"] = {ours: int(query["statistics"].get(theirs, 0)) for theirs, ours in _STATISTICS.items()}
    if "languages" in query:
        members["language_names"] = {row["code"]: row.get("name", row.get("*", "")) for row in query["languages"]}
    if "usergroups" in query:
        members["groups"] = {row["name"]: int(row["number"]) for row in query["usergroups"] if "number" in row}
    if "languageinfo" in query:
        members["language_info"] = dict(query["languageinfo"])
    if "allmessages" in query:
        members["messages"] = {
            row["name"]: row.get("content", row.get("*", ""))
            for row in query["allmessages"]
            if not _flag(row, "missing")
        }
    return members


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
