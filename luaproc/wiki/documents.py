"""Expansions as documents of JSON, one page a line."""

from __future__ import annotations

import json
from typing import Any

from luaproc.wiki.expanded import Expansion
from luaproc.wiki.failures import ModuleError
from luaproc.wiki.titles import Title
from luaproc.wiki.wiki import Wiki


def document(expansion: Expansion) -> dict[str, Any]:
    """An expansion as JSON has it: text, errors, warnings, log, categories, properties, limits.

    What Lua's process used is left out: with the same moment and seed two documents have the same bytes.
    """
    limits = {name: limit for name, limit in expansion.limits.items() if not name.startswith("lua_")}
    return {
        "text": expansion.text,
        "errors": [_error(error) for error in expansion.errors],
        "warnings": list(expansion.warnings),
        "log": expansion.log,
        "categories": dict(expansion.categories),
        "properties": dict(expansion.properties),
        "limits": {name: {"used": limit.used, "most": limit.most} for name, limit in limits.items()},
    }


def _error(error: ModuleError) -> dict[str, Any]:
    return {
        "text": str(error), "message": error.message, "module": error.module, "line": error.line,
        "trace": [str(entry) for entry in error.trace],
    }  # fmt: skip


def page_line(wiki: Wiki, title: Title) -> tuple[str, bool]:
    """A page expanded as one line of JSON, and whether something failed: `document` with the title in front.

    What goes wrong beside modules is the line's only error; it has a message and nothing else.
    """
    name = title.prefixed_text
    try:
        text = wiki.pages.text(title)
        if text is None:
            return failed_line(name, "the page is gone"), True
        found = document(wiki.expand(text, title))
    except Exception as error:
        return failed_line(name, f"{type(error).__name__}: {error}"), True
    return _line({"title": name, **found}), bool(found["errors"])


def failed_line(title: str, message: str) -> str:
    """The line of a page that could not be expanded."""
    return _line({"title": title, "text": None, "errors": [{"text": message, "message": message}]})


def _line(document: dict[str, Any]) -> str:
    # ASCII: bytes that are no UTF-8 are escapes that every reader of JSON takes.
    return json.dumps(document, default=str) + "\n"
