"""Letters, padding and escapes: `lc`, `padleft`, `urlencode`, `anchorencode` and the like."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from luaproc.wiki import php, urls
from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.parser_functions.calls import content_language, optional, preprocessor_of, view_of
from luaproc.wiki.preprocessor.strip import MARKER
from luaproc.wiki.titles import decode_entities

MAX_PADDING = 500

_LINK = re.compile(r"\[\[:?([^\[|]+)\|([^\[]+)\]\]")
_PLAIN_LINK = re.compile(r"\[\[:?([^\[]+)\|?\]\]")
_EXTERNAL = re.compile(r"\[(?:https?:)?//[^ ]+? ([^\[]+)\]")
_PROTOCOL = re.compile(
    r"(?:https?|ftps?|ircs?|gopher|telnet|nntp|worldwind|ssh|sftp|svn|git|mms|redis)://"
    r"|(?:mailto|news|sips?|tel|sms|urn|geo|magnet|xmpp|bitcoin|matrix):",
    re.IGNORECASE,
)
_QUOTES = re.compile(r"(?<!')(?:'{2,5})(?!')")
_TAG = re.compile(r"<.*?>")


def outside_markers(text: str, change: Callable[[str], str]) -> str:
    """The text changed; what is inside strip markers stays as it is."""
    if "\x7f" not in text:
        return change(text)
    at = 0
    changed = []
    for marker in MARKER.finditer(text):
        changed += [change(text[at : marker.start()]), marker[0]]
        at = marker.end()
    return "".join([*changed, change(text[at:])])


def _lc(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return outside_markers(arguments[0], content_language(frame).lower)


def _uc(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return outside_markers(arguments[0], content_language(frame).upper)


def _lcfirst(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return content_language(frame).lower_first(arguments[0])


def _ucfirst(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return content_language(frame).upper_first(arguments[0])


def _pad(arguments: ArgumentsLike) -> str:
    """What is put before or behind the text."""
    text = arguments[0]
    padding = optional(arguments, 2) if len(arguments) > 2 else "0"
    size = min(php.intval(optional(arguments, 1)), MAX_PADDING) - len(text)
    if size <= 0 or not padding:
        return ""
    return (padding * (size // len(padding) + 1))[:size]


def _padleft(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return _pad(arguments) + arguments[0]


def _padright(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return arguments[0] + _pad(arguments)


def _urlencode(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text, kind = arguments[0], optional(arguments, 1).upper()
    text = preprocessor_of(frame).strip.kill_markers(text)
    if kind == "PATH":
        return quote(text, safe="", errors="surrogateescape")
    if kind == "WIKI":
        return urls.wiki_urlencode(text.replace(" ", "_"))
    return urls.php_urlencode(text)


def _anchorencode(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text = preprocessor_of(frame).strip.kill_markers(arguments[0])
    text = strip_section(text)
    return escape_attribute(urls.escape_fragment(view_of(frame).site, decode_entities(text)))


_HEADING_SPACES = re.compile("[ _\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


def strip_section(text: str) -> str:
    """The text of a heading without links, quotes and tags."""
    text = _LINK.sub(r"\2", text)
    text = _PLAIN_LINK.sub(r"\1", text)
    text = _EXTERNAL.sub(r"\1", text)
    text = _QUOTES.sub("", text)
    text = "\n".join(map(_without_tags, text.split("\n")))
    return _HEADING_SPACES.sub(" ", text).strip()


def _without_tags(line: str) -> str:
    """A line without tags; behind its last `>` there can be none."""
    head, end, tail = line.rpartition(">")
    return _TAG.sub("", head + end) + tail


def escape_attribute(text: str) -> str:
    """The text inside quotes of HTML, safe from the parser."""
    text = text.translate(_ATTRIBUTE).replace("__", "&#95;_")
    return _PROTOCOL.sub(lambda match: match[0].replace(":", "&#58;"), text)


_ATTRIBUTE = {
    ord(char): escaped
    for char, escaped in {
        "&": "&amp;", '"': "&quot;", "'": "&#039;", ">": "&gt;", "<": "&lt;", "{": "&#123;", "}": "&#125;",
        "[": "&#91;", "]": "&#93;", "|": "&#124;",
    }.items()
}  # fmt: skip


def _bidi(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return content_language(frame).embed(arguments[0])


FUNCTIONS: dict[str, ParserFunction] = {
    "lc": _lc,
    "uc": _uc,
    "lcfirst": _lcfirst,
    "ucfirst": _ucfirst,
    "padleft": _padleft,
    "padright": _padright,
    "urlencode": _urlencode,
    "anchorencode": _anchorencode,
    "bidi": _bidi,
}
