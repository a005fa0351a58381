"""`#time` and `#timel`."""

from __future__ import annotations

from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, ParserFunction
from luaproc.wiki.language import Language
from luaproc.wiki.language.calendars import CalendarMissing
from luaproc.wiki.language.dates import DateError, read_date
from luaproc.wiki.language.formats import format_date
from luaproc.wiki.parser_functions.conditions import get
from luaproc.wiki.preprocessor.frames import Frame as PageFrame

MAX_CHARS = 6000  # of all formats of a page


def _error(text: str) -> str:
    return f'<strong class="error">{text}</strong>'


def formatted(frame: FrameLike, arguments: ArgumentsLike, local: bool) -> str:
    """`#time` or, `local`, `#timel`."""
    assert isinstance(frame, PageFrame)
    preprocessor = frame.preprocessor
    form = arguments[0]
    if not form:
        return ""
    if len(arguments) > 3 and get(arguments, 3):
        local = get(arguments, 3).lower() not in ("", "0", "false", "no", "off")
    code = get(arguments, 2)
    language: Language = preprocessor.language if not code else preprocessor.language_of(code)
    zone = preprocessor.zone(local)
    preprocessor.time_chars += len(form)
    if preprocessor.time_chars > MAX_CHARS:
        return _error("Error: Too many #time calls.")
    try:
        when = read_date(get(arguments, 1), preprocessor.view.now, zone)
    except DateError:
        return _error("Error: Invalid time.")
    if when.year > 9999:
        return _error("Error: #time only supports years up to 9999.")
    if when.year < 0:
        return _error("Error: #time only supports years from 0.")
    try:
        return format_date(language, form, when)
    except CalendarMissing as error:
        return _error(str(error))


def _time(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return formatted(frame, arguments, False)


def _timel(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return formatted(frame, arguments, True)


FUNCTIONS: dict[str, ParserFunction] = {"#time": _time, "#timel": _timel}
