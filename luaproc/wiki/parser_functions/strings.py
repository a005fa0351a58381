"""The string functions of the extension ParserFunctions, and `#rel2abs` and `#titleparts`."""

from __future__ import annotations

import re
from collections.abc import Callable

from luaproc.wiki import php
from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.parser_functions.calls import content_language, optional, preprocessor_of, view_of
from luaproc.wiki.urls import php_urldecode
from luaproc.wiki.values import PHP_SPACE

MAX_CHARS = 1000
"""Of a text that is searched: ParserFunctions' $wgPFStringLengthLimit."""

_INDEX = re.compile("0|[1-9][0-9]{0,8}")  # a key of a list, as PHP writes it


def _too_long(frame: FrameLike) -> str:
    limit = content_language(frame).format_number(str(MAX_CHARS))
    return view_of(frame).error("pfunc_string_too_long", limit)


def _plain(frame: FrameLike, arguments: ArgumentsLike, index: int) -> str:
    """An argument without strip markers."""
    return preprocessor_of(frame).strip.kill_markers(optional(arguments, index))


def _part(start: int, length: int, size: int) -> slice:
    """PHP's array_slice() of `size` items, but that a length of 0 is the rest: negative numbers count from the end."""
    first = start if start >= 0 else max(0, size + start)
    end = size if length == 0 else first + length if length > 0 else size + length
    return slice(first, max(first, end))


def _searching(search: Callable[[str, str, ArgumentsLike], str]) -> ParserFunction:
    """A function that looks for its second argument, a space by default, in its first."""

    def call(frame: FrameLike, arguments: ArgumentsLike) -> str:
        text, needle = _plain(frame, arguments, 0), _plain(frame, arguments, 1) or " "
        if len(text) > MAX_CHARS or len(needle) > MAX_CHARS:
            return _too_long(frame)
        return search(text, needle, arguments)

    return call


def _pos(text: str, needle: str, arguments: ArgumentsLike) -> str:
    offset = php.intval(optional(arguments, 2))
    if not -len(text) <= offset <= len(text):
        return ""
    found = text.find(needle, offset if offset >= 0 else len(text) + offset)
    return str(found) if found >= 0 else ""


def _explode(text: str, divider: str, arguments: ArgumentsLike) -> str:
    position = optional(arguments, 2) if len(arguments) > 2 else "0"
    limit = php.intval(optional(arguments, 3))
    if limit > 0:
        pieces = text.split(divider, limit - 1)
    else:
        pieces = text.split(divider)
        if limit < 0:
            pieces = pieces[:limit]
    if position.startswith("-"):
        position = str(php.intval(position) + len(pieces))
    return pieces[int(position)] if _INDEX.fullmatch(position) and int(position) < len(pieces) else ""


def _len(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return str(len(_plain(frame, arguments, 0).strip(PHP_SPACE)))


def _sub(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text = _plain(frame, arguments, 0)
    return text[_part(php.intval(optional(arguments, 1)), php.intval(optional(arguments, 2)), len(text))]


def _replace(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text, needle, other = (_plain(frame, arguments, index) for index in range(3))
    needle = needle or " "
    if max(len(text), len(needle), len(other)) > MAX_CHARS:
        return _too_long(frame)
    limit = php.intval(optional(arguments, 3)) if len(arguments) > 3 else -1
    return text.replace(needle, other, limit) if limit != 0 else text


def _urldecode(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return php_urldecode(_plain(frame, arguments, 0))


def _rel2abs(frame: FrameLike, arguments: ArgumentsLike) -> str:
    start = optional(arguments, 1) or view_of(frame).title.prefixed_text
    to = arguments[0].rstrip(" /")
    if not to or to == ".":
        return start
    if not to.startswith(("/", "./", "../")) and to != "..":
        start = ""
    path = re.sub("/{2,}", "/", f"/{start}/{to}/").strip("/")
    steps: list[str] = []
    for step in path.split("/"):
        if step == ".":
            continue
        if step != "..":
            steps.append(step)
        elif steps:
            steps.pop()
        else:
            return view_of(frame).error("pfunc_rel2abs_invalid_depth", path)
    return "/".join(steps)


def _titleparts(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text = arguments[0]
    count, offset = php.intval(optional(arguments, 1)), php.intval(optional(arguments, 2))
    title = view_of(frame).site.title(text)
    if title is None:
        return text
    parts = title.prefixed_text.split("/", 24)
    return "/".join(parts[_part(offset - 1 if offset > 0 else offset, count, len(parts))])


FUNCTIONS: dict[str, ParserFunction] = {
    "#len": _len,
    "#pos": _searching(_pos),
    "#rpos": _searching(lambda text, needle, arguments: str(text.rfind(needle))),
    "#sub": _sub,
    "#count": _searching(lambda text, needle, arguments: str(text.count(needle))),
    "#replace": _replace,
    "#explode": _searching(_explode),
    "#urldecode": _urldecode,
    "#rel2abs": _rel2abs,
    "#titleparts": _titleparts,
}
