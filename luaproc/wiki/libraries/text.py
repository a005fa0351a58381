"""mw.text: strip markers, entities, JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from html.entities import html5
from typing import Any

from luaproc.host import LuaError
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki import php
from luaproc.wiki.libraries import Library
from luaproc.wiki.libraries.entities import NOT_IN_PHP
from luaproc.wiki.libraries.json_values import JsonError, from_json, reindex, repaired, sequences, to_json
from luaproc.wiki.titles import decode_entities
from luaproc.wiki.values import check, check_optional

PRESERVE_KEYS, TRY_FIXING, PRETTY = 1, 2, 4

PROTOCOLS = (
    *("bitcoin:", "ftp://", "ftps://", "geo:", "git://", "gopher://", "http://", "https://", "irc://", "ircs://"),
    *("magnet:", "mailto:", "matrix:", "mms://", "news:", "nntp://", "redis://", "sftp://", "sip:", "sips:", "sms:"),
    *("ssh://", "svn://", "tel:", "telnet://", "urn:", "worldwind://", "xmpp:", "//"),
)
"""MediaWiki's, in its order."""

_SPECIAL = re.compile(r"([a-zA-Z])|([()^$%.\[\]*+?-])")


_NOWIKI_TAG = re.compile("</?nowiki[^>]*>", re.IGNORECASE)


def _escaped_inside(text: str) -> str:
    """What a nowiki element shows, as HTML has it; "0" is nothing to PHP."""
    inside = _NOWIKI_TAG.sub("", text)
    if inside == "0":
        return ""
    inside = inside.replace("-{", "-&#123;").replace("}-", "&#125;-")
    return inside.replace('"', "&quot;").replace(">", "&gt;").replace("<", "&lt;")


class TextLibrary(Library):
    file = "mw.text.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        return {
            "unstrip": self.unstrip,
            "unstripNoWiki": self.unstrip_nowiki,
            "killMarkers": self.kill_markers,
            "getEntityTable": self.entity_table,
            "jsonEncode": self.json_encode,
            "jsonDecode": self.json_decode,
        }

    def options(self) -> dict[str, Any]:
        text = self.engine.messages.text
        return {
            "comma": decode_entities(text("comma-separator")),
            "and": decode_entities(text("and")) + decode_entities(text("word-separator")),
            "ellipsis": decode_entities(text("ellipsis")),
            "nowiki_protocols": dict.fromkeys(_patterns(tuple(self.site.protocols or PROTOCOLS)), "%1&#58;"),
        }

    def unstrip(self, text: Any = None, *_: Any) -> str:
        check("unstrip", 1, text, "string")
        strip = self.engine.preprocessor.strip
        return strip.kill_markers(strip.unstrip_nowiki(text))

    def unstrip_nowiki(self, text: Any = None, original: Any = False, *_: Any) -> str:
        """From 1.43 on what is inside the tags, escaped; the text with its tags only where it is asked for."""
        check("unstripNoWiki", 1, text, "string")
        strip = self.engine.preprocessor.strip
        if original or self.view.release < 43:
            return strip.unstrip_nowiki(text)
        return strip.replace_nowiki(text, _escaped_inside)

    def kill_markers(self, text: Any = None, *_: Any) -> str:
        check("killMarkers", 1, text, "string")
        return self.engine.preprocessor.strip.kill_markers(text)

    def entity_table(self, *_: Any) -> dict[str, str]:
        """Characters by entity: one name for each character, the one that PHP's table has."""
        return {f"&{name}": char for name, char in html5.items() if name.endswith(";") and name[:-1] not in NOT_IN_PHP}

    def json_encode(self, value: Any = None, flags: Any = None, *_: Any) -> str:
        flags = php.to_int(check_optional("mw.text.jsonEncode", 2, flags, "number", 0))
        if not flags & PRESERVE_KEYS:
            value = sequences(value)
        try:
            return to_json(value, bool(flags & PRETTY))
        except ValueError:
            raise LuaError("mw.text.jsonEncode: Unable to encode value") from None

    def json_decode(self, text: Any = None, flags: Any = None, *_: Any) -> Any:
        check("mw.text.jsonDecode", 1, text, "string")
        flags = php.to_int(check_optional("mw.text.jsonDecode", 2, flags, "number", 0))
        try:
            value = from_json(text)
        except JsonError as error:
            try:
                if not flags & TRY_FIXING or str(error) != "Syntax error":
                    raise
                value = from_json(repaired(text))
            except JsonError:
                raise LuaError(f"mw.text.jsonDecode: {error}") from None
        return value if flags & PRESERVE_KEYS else reindex(value)


@lru_cache(4)
def _patterns(protocols: tuple[str, ...]) -> tuple[str, ...]:
    """Lua's patterns for the protocols of one word, in any case."""
    words = (protocol[:-1] for protocol in protocols if protocol.endswith(":"))
    return tuple(f"({_SPECIAL.sub(_any_case, word)}):" for word in words)


def _any_case(match: re.Match[str]) -> str:
    letter, mark = match.groups()
    return f"[{letter.upper()}{letter.lower()}]" if letter else f"%{mark}"
