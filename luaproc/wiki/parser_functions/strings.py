"""The string functions of the extension ParserFunctions, and `#rel2abs` and `#titleparts`."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.parser_functions import php
from luaproc.wiki.parser_functions.conditions import get
from luaproc.wiki.preprocessor.frames import Frame as PageFrame
from luaproc.wiki.preprocessor.words import WHITE

MAX_CHARS = 1000

_INDEX = re.compile("0|[1-9][0-9]{0,8}")  # a key of a list, as PHP writes it


def too_long(frame: FrameLike) -> str:
    assert isinstance(frame, PageFrame)
    preprocessor = frame.preprocessor
    return preprocessor.view.error("pfunc_string_too_long", preprocessor.language.format_number(str(MAX_CHARS)))


def _kill(frame: FrameLike, text: str) -> str:
    assert isinstance(frame, PageFrame)
    return frame.preprocessor.strip.kill_markers(text)


def _len(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return str(len(_kill(frame, arguments[0]).strip(WHITE)))


def _needle(text: str) -> str:
    return text or " "


def _pos(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text, needle = _kill(frame, arguments[0]), _needle(_kill(frame, get(arguments, 1)))
    if len(text) > MAX_CHARS or len(needle) > MAX_CHARS:
        return too_long(frame)
    offset = php.intval(get(arguments, 2))
    if not -len(text) <= offset <= len(text):
        return ""
    found = text.find(needle, offset if offset >= 0 else len(text) + offset)
    return str(found) if found >= 0 else ""


def _rpos(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text, needle = _kill(frame, arguments[0]), _needle(_kill(frame, get(arguments, 1)))
    if len(text) > MAX_CHARS or len(needle) > MAX_CHARS:
        return too_long(frame)
    return str(text.rfind(needle))


def _sub(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text = _kill(frame, arguments[0])
    start, length = php.intval(get(arguments, 1)), php.intval(get(arguments, 2))
    if length == 0:
        result = text[start:] if start >= 0 else text[max(0, len(text) + start) :]
    else:
        begin = start if start >= 0 else max(0, len(text) + start)
        end = begin + length if length > 0 else len(text) + length
        result = text[begin : max(begin, end)]
    return result


def _count(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text, needle = _kill(frame, arguments[0]), _needle(_kill(frame, get(arguments, 1)))
    if len(text) > MAX_CHARS or len(needle) > MAX_CHARS:
        return too_long(frame)
    return str(text.count(needle))


def _replace(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text = _kill(frame, arguments[0])
    needle = _needle(_kill(frame, get(arguments, 1)))
    other = _kill(frame, get(arguments, 2))
    if max(len(text), len(needle), len(other)) > MAX_CHARS:
        return too_long(frame)
    limit = php.intval(get(arguments, 3)) if len(arguments) > 3 else -1
    return text.replace(needle, other, limit) if limit != 0 else text


def _explode(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text, divider = _kill(frame, arguments[0]), _needle(_kill(frame, get(arguments, 1)))
    if len(text) > MAX_CHARS or len(divider) > MAX_CHARS:
        return too_long(frame)
    position = get(arguments, 2) if len(arguments) > 2 else "0"
    limit = php.intval(get(arguments, 3))
    if limit > 0:
        pieces = text.split(divider, limit - 1)
    else:
        pieces = text.split(divider)
        if limit < 0:
            pieces = pieces[:limit]
    if position.startswith("-"):
        position = str(php.intval(position) + len(pieces))
    return pieces[int(position)] if _INDEX.fullmatch(position) and int(position) < len(pieces) else ""


def _urldecode(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return unquote_plus(_kill(frame, arguments[0]), errors="surrogateescape")


def _rel2abs(frame: FrameLike, arguments: ArgumentsLike) -> str:
    start = get(arguments, 1)
    if not start:
        assert isinstance(frame, PageFrame)
        start = frame.preprocessor.view.title.prefixed_text
    to = arguments[0].rstrip(" /")
    if not to or to == ".":
        return start
    if not to.startswith(("/", "./", "../")) and to != "..":
        start = ""
    steps: list[str] = []
    for step in re.sub("/{2,}", "/", f"/{start}/{to}/").strip("/").split("/"):
        if step == ".":
            continue
        if step != "..":
            steps.append(step)
        elif steps:
            steps.pop()
        else:
            path = re.sub("/{2,}", "/", f"/{start}/{to}/").strip("/")
            assert isinstance(frame, PageFrame)
            return frame.preprocessor.view.error("pfunc_rel2abs_invalid_depth", path)
    return "/".join(steps)


def _titleparts(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    text = arguments[0]
    count, offset = php.intval(get(arguments, 1)), php.intval(get(arguments, 2))
    title = frame.preprocessor.view.site.title(text)
    if title is None:
        return text
    parts = title.prefixed_text.split("/", 24)
    if offset > 0:
        offset -= 1
    start = offset if offset >= 0 else max(0, len(parts) + offset)
    if count == 0:
        parts = parts[start:]
    elif count > 0:
        parts = parts[start : start + count]
    else:
        parts = parts[start : max(start, len(parts) + count)]
    return "/".join(parts)


FUNCTIONS: dict[str, ParserFunction] = {
    "#len": _len,
    "#pos": _pos,
    "#rpos": _rpos,
    "#sub": _sub,
    "#count": _count,
    "#replace": _replace,
    "#explode": _explode,
    "#urldecode": _urldecode,
    "#rel2abs": _rel2abs,
    "#titleparts": _titleparts,
}
