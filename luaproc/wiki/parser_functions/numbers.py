"""Numbers, plural forms, grammar, gender; counts of the wiki."""

from __future__ import annotations

from functools import partial

from luaproc.wiki import php
from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.parser_functions.calls import content_language, optional, preprocessor_of, rest, view_of
from luaproc.wiki.parser_functions.texts import outside_markers
from luaproc.wiki.titles import CATEGORY, FILE, USER
from luaproc.wiki.values import number_text

_RAW = "R"  # the argument for a number without separators
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
    text, how = arguments[0], optional(arguments, 1)
    if how == _RAW:
        return outside_markers(text, content_language(frame).parse_number)
    separators = how.upper() != "NOSEP"
    view = view_of(frame)

    def formatted(part: str) -> str:
        if text and not php.is_numeric(part) and part not in _NO_DIGITS:
            view.track("nonnumeric-formatnum")
        return content_language(frame).format_number(part, separators)

    return outside_markers(text, formatted)


def _plural(frame: FrameLike, arguments: ArgumentsLike) -> str:
    content = content_language(frame)
    number = content.parse_number(arguments[0])
    number = str(php.intval(number)) if number.isascii() and number.isdigit() else number_text(php.from_text(number))
    return content.plural(number, rest(arguments, 1))


def _grammar(frame: FrameLike, arguments: ArgumentsLike) -> str:
    word = preprocessor_of(frame).strip.kill_markers(optional(arguments, 1))
    return content_language(frame).grammar(arguments[0], word)


def _gender(frame: FrameLike, arguments: ArgumentsLike) -> str:
    forms = rest(arguments, 1)
    name = arguments[0]
    if len(forms) < 2:
        return forms[0] if forms else ""
    site = view_of(frame).site
    title = site.title(name, USER)
    user = title.text if title is not None and title.namespace == USER else name
    gender = site.genders.get(user, "")
    return content_language(frame).gender(gender, forms)


def count(frame: FrameLike, key: str) -> int:
    """One of the wiki's counts: the site's `statistics`, else pages and files are counted. key: of `statistics`."""
    view = view_of(frame)
    if key in view.site.statistics:
        return view.site.statistics[key]
    if key == "pages":
        return len(view.pages)
    if key == "articles":
        return sum(view.pages.count(number) for number, known in view.site.namespaces.items() if known.is_content)
    return view.pages.count(FILE) if key == "files" else 0


def _formatted(frame: FrameLike, number: int, arguments: ArgumentsLike, index: int) -> str:
    raw = optional(arguments, index) == _RAW
    return str(number) if raw else content_language(frame).format_number(str(number))


def _number_of(key: str, frame: FrameLike, arguments: ArgumentsLike) -> str:
    return _formatted(frame, count(frame, key), arguments, 0)


def _number_in_group(frame: FrameLike, arguments: ArgumentsLike) -> str:
    number = view_of(frame).site.groups.get(arguments[0].lower(), 0)
    return _formatted(frame, number, arguments, 1)


def _pages_in_category(frame: FrameLike, arguments: ArgumentsLike) -> str:
    view = view_of(frame)
    title = view.site.title(arguments[0], CATEGORY) if arguments[0] else None
    if title is None or title.namespace != CATEGORY:
        return "0"
    words = {optional(arguments, 1).lower(), optional(arguments, 2).lower()}
    which = next((word for word in ("pages", "subcats", "files") if word in words), "all")
    if not view.count_expensive():
        return "0"
    number = view.site.categories.get(title.text, {}).get(which, 0)
    return str(number) if "r" in words else content_language(frame).format_number(str(number))


FUNCTIONS: dict[str, ParserFunction] = {
    "formatnum": _formatnum,
    "plural": _plural,
    "grammar": _grammar,
    "gender": _gender,
    "numberingroup": _number_in_group,
    "pagesincategory": _pages_in_category,
    **{name: partial(_number_of, key) for name, key in COUNTS.items()},
}
