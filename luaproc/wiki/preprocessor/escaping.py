"""Wikitext whose markup is to mean nothing: what `msgnw` and names of pages are shown with."""

from __future__ import annotations

import re

_ESCAPED = {
    '"': "&#34;", "&": "&#38;", "'": "&#39;", "<": "&#60;", "=": "&#61;", ">": "&#62;", "[": "&#91;", "]": "&#93;",
    "{": "&#123;", "|": "&#124;", "}": "&#125;", ";": "&#59;",
}  # fmt: skip
_TO_ESCAPE = re.compile(
    "[\"&'<=>\\[\\]{|};]"
    "|(?:^|(?<=\n))[:*#!\\x20\\t\\r\\n]"
    "|(?<=\n)(?=\n)|__|://|~~~|(?:ISBN|RFC|PMID)(?=\\s)"
    "|(?i:bitcoin|geo|magnet|mailto|matrix|news|sip|sips|sms|tel|urn|xmpp):"
)


def escape_wikitext(text: str) -> str:
    """A text whose markup means nothing any more."""

    def escape(match: re.Match[str]) -> str:
        found = match[0]
        if found in _ESCAPED:
            return _ESCAPED[found]
        if found == "__":
            return "_&#95;"
        if found == "://":
            return "&#58;//"
        if found == "~~~":
            return "~~&#126;"
        if found.endswith(":") and len(found) > 1:
            return found[:-1] + "&#58;"
        return f"&#{ord(found)};" if len(found) == 1 else found

    return _TO_ESCAPE.sub(escape, text)
