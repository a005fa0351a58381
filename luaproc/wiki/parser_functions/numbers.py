"""Numbers, plural forms, grammar, gender; counts of the wiki."""

from __future__ import annotations

from functools import partial

from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.parser_functions import php
from luaproc.wiki.parser_functions.conditions import get
from luaproc.wiki.parser_functions.texts import language, outside_markers
from luaproc.wiki.preprocessor.frames import Frame as PageFrame
from luaproc.wiki.titles import CATEGORY, USER
from luaproc.wiki.values import number_text

RAW_WORDS = ("R",)
_NO_DIGITS = ("NAN", "INF", "-INF")
COUNTS = {
    "numberofpages": "pages",
    "numberofusers": "users",
    "numberofactiveusers": "activeUsers",
    "numberofarticles": "articles",
    "numberoffiles": "files",
    "numberofadmins": "admins",
    "numberofedits": "edits",
}


def _formatnum(frame: FrameLike, arguments: ArgumentsLike) -> str:
    text, how = arguments[0], get(arguments, 1)
    if how in RAW_WORDS:
        return outside_markers(text, language(frame).parse_number)
    separators = how.upper() != "NOSEP"
    assert isinstance(frame, PageFrame)
    view = frame.preprocessor.view

    def formatted(part: str) -> str:
        if text and not php.is_numeric(part) and part not in _NO_DIGITS:
            view.track("nonnumeric-formatnum")
        return language(frame).format_number(part, separators)

    return outside_markers(text, formatted)


def _plural(frame: FrameLike, arguments: ArgumentsLike) -> str:
    content = language(frame)
    number = content.parse_number(arguments[0])
    number = str(php.intval(number)) if number.isascii() and number.isdigit() else number_text(php.from_text(number))
    return content.plural(number, [arguments[index] for index in range(1, len(arguments))])


def _grammar(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    return language(frame).grammar(arguments[0], frame.preprocessor.strip.kill_markers(get(arguments, 1)))


def _gender(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    forms = [arguments[index] for index in range(1, len(arguments))]
    name = arguments[0]
    if len(forms) < 2:
        return forms[0] if forms else ""
    site = frame.preprocessor.view.site
    title = site.title(name, USER)
    user = title.text if title is not None and title.namespace == USER else name
    gender = site.genders.get(user, "")
    return language(frame).gender(gender, forms)


def count(frame: FrameLike, key: str) -> int:
    """One of the wiki's counts."""
    assert isinstance(frame, PageFrame)
    view = frame.preprocessor.view
    if key in view.site.statistics:
        return view.site.statistics[key]
    if key == "pages":
        return len(view.pages)
    if key == "articles":
        return sum(view.pages.count(number) for number, known in view.site.namespaces.items() if known.is_content)
    return view.pages.count(6) if key == "files" else 0


def _formatted(frame: FrameLike, number: int, arguments: ArgumentsLike, index: int) -> str:
    raw = get(arguments, index) in RAW_WORDS
    return str(number) if raw else language(frame).format_number(str(number))


def _number_of(key: str, frame: FrameLike, arguments: ArgumentsLike) -> str:
    return _formatted(frame, count(frame, key), arguments, 0)


def _number_in_group(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    number = frame.preprocessor.view.site.groups.get(arguments[0].lower(), 0)
    return _formatted(frame, number, arguments, 1)


def _pages_in_category(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    view = frame.preprocessor.view
    title = view.site.title(arguments[0], CATEGORY) if arguments[0] else None
    if title is None or title.namespace != CATEGORY:
        return "0"
    words = {get(arguments, 1).lower(), get(arguments, 2).lower()}
    which = next((word for word in ("pages", "subcats", "files") if word in words), "all")
    if not view.expensive():
        return "0"
    number = view.site.categories.get(title.text, {}).get(which, 0)
    return str(number) if "r" in words else language(frame).format_number(str(number))


FUNCTIONS: dict[str, ParserFunction] = {
    "formatnum": _formatnum,
    "plural": _plural,
    "grammar": _grammar,
    "gender": _gender,
    "numberingroup": _number_in_group,
    "pagesincategory": _pages_in_category,
    **{name: partial(_number_of, key) for name, key in COUNTS.items()},
}
