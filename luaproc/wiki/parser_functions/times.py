"""`#time`, `#timel`, and from 1.43 on `#timef` and `#timefl`."""

from __future__ import annotations

from functools import partial

from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.language import Language
from luaproc.wiki.language.dates import DateError, PackageMissing, read_date
from luaproc.wiki.language.formats import format_date
from luaproc.wiki.language.tables import date_format
from luaproc.wiki.parser_functions.calls import content_language, optional, preprocessor_of
from luaproc.wiki.values import escape_html

MAX_CHARS = 6000  # of all formats of a page


def formatted(frame: FrameLike, form: str, date: str, code: str, local: bool) -> str:
    """A date by a format in a language, "" for the content's; local: in the site's time zone."""
    preprocessor = preprocessor_of(frame)
    error = preprocessor.view.error
    language: Language = preprocessor.language if not code else preprocessor.language_of(code)
    zone = preprocessor.zone(local)
    preprocessor.time_chars += len(form)
    if preprocessor.time_chars > MAX_CHARS:
        return error("pfunc_time_too_long")
    try:
        when = read_date(date, preprocessor.view.now, zone)
    except PackageMissing as missing:
        return _missing(missing)
    except DateError:
        return error("pfunc_time_error")
    if when.year > 9999:
        return error("pfunc_time_too_big")
    if when.year < 0:
        return error("pfunc_time_too_small")
    try:
        return format_date(language, form, when)
    except PackageMissing as missing:
        return _missing(missing)


def _missing(error: PackageMissing) -> str:
    return f'<strong class="error">{escape_html(str(error))}</strong>'


def _time(local: bool, frame: FrameLike, arguments: ArgumentsLike) -> str:
    """`#time`, or `local`, `#timel`: a format, a date, a language."""
    if len(arguments) > 3 and optional(arguments, 3):
        local = optional(arguments, 3).lower() not in ("", "0", "false", "no", "off")
    return formatted(frame, arguments[0], optional(arguments, 1), optional(arguments, 2), local)


def _timef(local: bool, frame: FrameLike, arguments: ArgumentsLike) -> str:
    """`#timef` or, `local`, `#timefl`: a date, what to show of it, a language, whose own format is taken."""
    kind, code = optional(arguments, 1) or "both", optional(arguments, 2)
    if kind not in ("time", "date", "both", "pretty"):
        return '<strong class="error">Error: invalid format for #timef</strong>'
    language = preprocessor_of(frame).language_of(code) if code else content_language(frame)
    return formatted(frame, date_format(language.code, kind), arguments[0], code, local)


FUNCTIONS: dict[str, ParserFunction] = {
    "#time": partial(_time, False),
    "#timel": partial(_time, True),
    "#timef": partial(_timef, False),
    "#timefl": partial(_timef, True),
}
