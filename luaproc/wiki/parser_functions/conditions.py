"""`#if`, `#ifeq`, `#switch`, `#ifexist`, `#ifexpr`, `#iferror`, `#expr`: only the branch that is taken is expanded."""

from __future__ import annotations

import math
import re

from luaproc.wiki import php, titles
from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.parser_functions import expr
from luaproc.wiki.parser_functions.calls import optional, view_of
from luaproc.wiki.preprocessor.frames import Arguments, Frame, ValueArguments
from luaproc.wiki.titles import Title, decode_entities
from luaproc.wiki.values import PHP_SPACE

_ERROR_TAG = re.compile(r"<(?:strong|span|p|div)(?=\s)")
_CLASS = re.compile(r'(?<=\s)class="(?=([^">]*)")')


def _if(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return optional(arguments, 1 if arguments[0] else 2)


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
    return decode_entities(text).strip(PHP_SPACE)


def _ifeq(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return optional(arguments, 2 if same(decoded(arguments[0]), decoded(optional(arguments, 1))) else 3)


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
        return optional(arguments, 1)
    return arguments[2] if len(arguments) > 2 else test


def _expr(frame: FrameLike, arguments: ArgumentsLike) -> str:
    try:
        return expr.evaluate(arguments[0])
    except expr.ExpressionError as error:
        return expr.shown(error, view_of(frame))


def _ifexpr(frame: FrameLike, arguments: ArgumentsLike) -> str:
    try:
        value = expr.evaluate(arguments[0])
    except expr.ExpressionError as error:
        return expr.shown(error, view_of(frame))
    if value and php.is_numeric(value):
        value = "" if php.from_text(value) == 0 else value
    return optional(arguments, 1 if value else 2)


def exists(frame: FrameLike, title: Title) -> bool:
    """Whether there is such a page, file or special page; an expensive question."""
    view = view_of(frame)
    if title.interwiki:
        return False
    if title.namespace == titles.SPECIAL:
        return view.site.is_special_page(title.text)
    if title.namespace == titles.MEDIA:
        title = title.in_namespace(titles.FILE)
    if not view.count_expensive():
        return False
    return view.pages.exists(title)


def _ifexist(frame: FrameLike, arguments: ArgumentsLike) -> str:
    title = view_of(frame).site.title(arguments[0])
    return optional(arguments, 1 if title is not None and exists(frame, title) else 2)


def _switch(frame: FrameLike, arguments: ArgumentsLike) -> str:
    """The value behind the first case that is the text asked for; cases without a value share the next one's."""
    assert isinstance(arguments, (Arguments, ValueArguments))
    assert isinstance(frame, Frame)
    expand = frame.children
    asked = decoded(arguments[0])
    is_next = is_default_next = False
    default = ""
    last: str | None = None
    for part in arguments.parts():
        if part.index:
            last = expand(part.value).strip(PHP_SPACE)
            if same(decoded(last), asked):
                is_next = True
            elif last.lower().startswith("#default"):
                is_default_next = True
            continue
        last = None
        if is_next:
            return expand(part.value).strip(PHP_SPACE)
        name = decoded(expand(part.name))
        if same(name, asked):
            return expand(part.value).strip(PHP_SPACE)
        if is_default_next or name.lower() == "#default":
            default, is_default_next = expand(part.value).strip(PHP_SPACE), False
    return default if last is None else last


FUNCTIONS: dict[str, ParserFunction] = {
    "#if": _if,
    "#ifeq": _ifeq,
    "#iferror": _iferror,
    "#expr": _expr,
    "#ifexpr": _ifexpr,
    "#ifexist": _ifexist,
    "#switch": _switch,
}
