"""Variables: `{{PAGENAME}}`, `{{CURRENTYEAR}}` and the like, without arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from luaproc.wiki.interfaces import FrameLike
from luaproc.wiki.language import codes
from luaproc.wiki.parser_functions import numbers, pages, tags

if TYPE_CHECKING:
    from luaproc.wiki.preprocessor.expansion import Preprocessor


class Variables:
    """The variables of one page view: each has one value all through, which is kept."""

    def __init__(self, preprocessor: Preprocessor) -> None:
        self._preprocessor = preprocessor
        self._kept: dict[str, str] = {}

    def expand(self, key: str, frame: FrameLike) -> str:
        """The text of a variable by MediaWiki's key."""
        text = self._kept.get(key)
        if text is None:
            text = self._kept[key] = VARIABLES[key](self._preprocessor, frame)
        return text


Variable = Callable[["Preprocessor", FrameLike], str]


def _name(key: str, preprocessor: Preprocessor, _: FrameLike) -> str:
    return pages.NAMES[key](preprocessor.view.title)


def _count(key: str, preprocessor: Preprocessor, frame: FrameLike) -> str:
    return preprocessor.language.format_number(str(numbers.count(frame, numbers.COUNTS[key])))


def _moment(key: str, local: bool, preprocessor: Preprocessor, _: FrameLike) -> str:
    return _MOMENTS[key](preprocessor, preprocessor.moment(local))


def _revision(key: str, preprocessor: Preprocessor, frame: FrameLike) -> str:
    """A page without a known revision is one that is being written now."""
    view = preprocessor.view
    if view.site.page_properties.get(view.title.prefixed_text):
        text = pages.revision(frame, view.title, key)
        if text not in ("", "0"):
            return text
    if key in ("revisionid", "revisionuser"):
        return ""
    return pages.moment(preprocessor.moment(True), key)


def _revision_size(preprocessor: Preprocessor, _: FrameLike) -> str:
    view = preprocessor.view
    text = view.pages.text(view.title)
    if text is None:
        return "0" if view.release >= 43 else ""
    return str(len(text.encode("utf-8", "surrogateescape")))


def _digits(text: str, preprocessor: Preprocessor) -> str:
    return preprocessor.language.format_number(text, separators=False)


_MOMENTS: dict[str, Callable[[Preprocessor, datetime], str]] = {
    "month": lambda pre, when: _digits(f"{when.month:02}", pre),
    "month1": lambda pre, when: _digits(f"{when.month}", pre),
    "monthname": lambda pre, when: pre.language.month(when.month),
    "monthnamegen": lambda pre, when: pre.language.month_genitive(when.month),
    "monthabbrev": lambda pre, when: pre.language.month_short(when.month),
    "day": lambda pre, when: _digits(f"{when.day}", pre),
    "day2": lambda pre, when: _digits(f"{when.day:02}", pre),
    "dayname": lambda pre, when: pre.language.day(when.isoweekday() % 7),
    "year": lambda pre, when: _digits(f"{when.year}", pre),
    "time": lambda pre, when: pre.language.time_of_day(when),
    "hour": lambda pre, when: _digits(f"{when.hour:02}", pre),
    "week": lambda pre, when: _digits(f"{when.isocalendar()[1]}", pre),
    "dow": lambda pre, when: _digits(f"{when.isoweekday() % 7}", pre),
    "timestamp": lambda pre, when: f"{when:%Y%m%d%H%M%S}",
}

VARIABLES: dict[str, Variable] = {
    **{key: partial(_name, key) for key in pages.NAMES},
    **{key: partial(_count, key) for key in numbers.COUNTS},
    **{f"current{key}": partial(_moment, key, False) for key in _MOMENTS},
    **{f"local{key}": partial(_moment, key, True) for key in _MOMENTS},
    **{key: partial(_revision, key) for key in pages.REVISION},
    "revisionsize": _revision_size,
    "!": lambda pre, frame: "|",
    "=": lambda pre, frame: "=",
    "namespacenumber": lambda pre, frame: str(pre.view.title.namespace),
    "pageid": lambda pre, frame: pages.own_id(frame, pre.view.title),
    "sitename": lambda pre, frame: pre.view.site.name,
    "server": lambda pre, frame: pre.view.site.server,
    "servername": lambda pre, frame: pre.view.site.server.partition("//")[2].partition(":")[0],
    "scriptpath": lambda pre, frame: pre.view.site.script_path,
    "articlepath": lambda pre, frame: pre.view.site.article_path,
    "stylepath": lambda pre, frame: pre.view.site.style_path or f"{pre.view.site.script_path}/skins",
    "currentversion": lambda pre, frame: pre.view.site.version,
    "directionmark": lambda pre, frame: pre.language.direction_mark(),
    "contentlanguage": lambda pre, frame: pre.view.site.language,
    "pagelanguage": lambda pre, frame: pre.view.site.language,
    "userlanguage": lambda pre, frame: pre.view.site.language,
    "language": lambda pre, frame: tags.name_or_tag(pre.view.site, pre.language, ""),
    "dir": lambda pre, frame: pre.language.direction(),
    "bcp47": lambda pre, frame: codes.bcp47(pre.view.site.language),
    "cascadingsources": lambda pre, frame: pages.cascading_sources(pre.view.site, pre.view.title),
}
