"""`#if`, `#ifeq`, `#switch`, `#ifexist`, `#ifexpr`, `#iferror`, `#expr`: only the branch that is taken is expanded."""

from __future__ import annotations

import math
import re

from luaproc.wiki import titles
from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.parser_functions import expr, php
from luaproc.wiki.preprocessor.frames import Arguments as BraceArguments
from luaproc.wiki.preprocessor.frames import Frame as PageFrame
from luaproc.wiki.preprocessor.words import WHITE
from luaproc.wiki.titles import Title
from luaproc.wiki.titles import decode_entities as decode_references

_ERROR_TAG = re.compile(r"<(?:strong|span|p|div)(?=\s)")
_CLASS = re.compile(r'(?<=\s)class="(?=([^">]*)")')


def get(arguments: ArgumentsLike, index: int) -> str:
    """An argument expanded and trimmed, "" where there is none."""
    return arguments[index] if index < len(arguments) else ""


def _if(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return get(arguments, 1 if arguments[0] else 2)


def same(left: str, right: str) -> bool:
    """PHP's == of two strings: numbers where both are numeric; those beyond PHP's integers are compared as text."""
    if left == right:
        return True
    if not (php.is_numeric(left) and php.is_numeric(right)):
        return False
    first, second = php.numeric(left), php.numeric(right)
    if php.overflows(left) and php.overflows(right):
        return False
    if isinstance(first, int) != isinstance(second, int) and (php.overflows(left) or php.overflows(right)):
        return False
    return first == second and not (isinstance(first, float) and math.isinf(first))


def decoded(text: str) -> str:
    """A text as it is compared: its character references as characters."""
    return decode_references(text).strip(WHITE)


def _ifeq(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return get(arguments, 2 if same(decoded(arguments[0]), decoded(get(arguments, 1))) else 3)


def shows_error(text: str) -> bool:
    """Whether a text has a tag of the kinds that MediaWiki shows errors in, with the class `error`."""
    for tag in text.split(">"):  # a class belongs to every tag that begins before it: the first one will do
        start = _ERROR_TAG.search(tag)
        if start and any("error" in match[1].split() for match in _CLASS.finditer(tag, start.end())):
            return True
    return False


def _iferror(frame: FrameLike, arguments: ArgumentsLike) -> str:
    test = arguments[0]
    if shows_error(test):
        return get(arguments, 1)
    return arguments[2] if len(arguments) > 2 else test


def _expr(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    try:
        return expr.evaluate(arguments[0])
    except expr.ExpressionError as error:
        return expr.shown(error, frame.preprocessor.view)


def _ifexpr(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    try:
        value = expr.evaluate(arguments[0])
    except expr.ExpressionError as error:
        return expr.shown(error, frame.preprocessor.view)
    if value and php.is_numeric(value):
        value = "" if php.from_text(value) == 0 else value
    return get(arguments, 1 if value else 2)


def exists(frame: PageFrame, title: Title) -> bool:
    """Whether there is such a page, file or special page; an expensive question."""
    view = frame.preprocessor.view
    if title.interwiki:
        return False
    if title.namespace == titles.SPECIAL:
        return view.site.is_special_page(title.text)
    if title.namespace == titles.MEDIA:
        title = title.in_namespace(titles.FILE)
    if not view.expensive():
        return False
    return view.pages.exists(title)


def _ifexist(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    title = frame.preprocessor.view.site.title(arguments[0])
    return get(arguments, 1 if title is not None and exists(frame, title) else 2)


def _switch(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    primary = decoded(arguments[0])
    if not isinstance(arguments, BraceArguments):
        return _switch_values(primary, arguments)
    found = default_found = False
    default: str | None = None
    last_bare: str | None = None
    last = ""
    parts = arguments.parts()
    for part in parts:
        if not part.index:
            if found:
                return frame.children(part.value).strip(WHITE)
            name = decoded(frame.children(part.name))
            if same(name, primary):
                return frame.children(part.value).strip(WHITE)
            if default_found or name.lower() == "#default":
                default = frame.children(part.value).strip(WHITE)
                default_found = False
            last_bare = None
        else:
            last_bare = last = frame.children(part.value).strip(WHITE)
            if same(decoded(last), primary):
                found = True
            elif last.lower().startswith("#default"):
                default_found = True
    if last_bare is not None:
        return last
    return default if default is not None else ""


def _switch_values(primary: str, arguments: ArgumentsLike) -> str:
    found = default_found = False
    default = ""
    last: str | None = None
    for index in range(1, len(arguments)):
        name, value = arguments.split(index)
        value = value.strip(WHITE)
        if name is not None:
            name = decoded(name)
            if found or same(name, primary):
                return value
            if default_found or name.lower() == "#default":
                default, default_found = value, False
            last = None
        else:
            last = value
            found = found or same(decoded(value), primary)
            default_found = default_found or (not found and value.lower().startswith("#default"))
    return last if last is not None else default


FUNCTIONS: dict[str, ParserFunction] = {
    "#if": _if,
    "#ifeq": _ifeq,
    "#iferror": _iferror,
    "#expr": _expr,
    "#ifexpr": _ifexpr,
    "#ifexist": _ifexist,
    "#switch": _switch,
}
