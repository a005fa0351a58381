"""Variables: `{{PAGENAME}}`, `{{CURRENTYEAR}}` and the like, without arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from luaproc.wiki.interfaces import FrameLike
from luaproc.wiki.language import codes
from luaproc.wiki.parser_functions import numbers, pages, tags

if TYPE_CHECKING:
    from luaproc.wiki.preprocessor.expansion import Preprocessor


class Variables:
    """The variables of one page view; most have one value all through, which is kept."""

    def __init__(self, preprocessor: Preprocessor) -> None:
        self._preprocessor = preprocessor
        self._kept: dict[str, str] = {}

    def expand(self, key: str, frame: FrameLike) -> str:
        """The text of a variable by MediaWiki's key."""
        text = self._kept.get(key)
        if text is None:
            text = self._kept[key] = self._text(key, frame)
        return text

    def _text(self, key: str, frame: FrameLike) -> str:
        view = self._preprocessor.view
        site, title = view.site, view.title
        if key in pages.FUNCTIONS and pages.is_name(key):
            return pages.name_of(key, title)
        if key in numbers.COUNTS:
            return self._preprocessor.language.format_number(str(numbers.count(frame, numbers.COUNTS[key])))
        if key.startswith("current"):
            moment = MOMENTS.get(key.removeprefix("current"))
            if moment is not None:
                return moment(self._preprocessor, self._preprocessor.moment(False))
        if key.startswith("local"):
            moment = MOMENTS.get(key.removeprefix("local"))
            if moment is not None:
                return moment(self._preprocessor, self._preprocessor.moment(True))
        if key.startswith("revision"):
            if key == "revisionsize":
                text = view.pages.text(title)
                if text is None:
                    return "0" if view.release >= 43 else ""
                return str(len(text.encode("utf-8", "surrogateescape")))
            return self._revision(frame, key)
        simple: dict[str, Callable[[], str]] = {
            "!": lambda: "|",
            "=": lambda: "=",
            "namespacenumber": lambda: str(title.namespace),
            "pageid": lambda: pages.own_id(frame, title),
            "sitename": lambda: site.name,
            "server": lambda: site.server,
            "servername": lambda: site.server.partition("//")[2].partition(":")[0],
            "scriptpath": lambda: site.script_path,
            "articlepath": lambda: site.article_path,
            "stylepath": lambda: site.style_path or f"{site.script_path}/skins",
            "currentversion": lambda: site.version,
            "directionmark": lambda: self._preprocessor.language.direction_mark(),
            "contentlanguage": lambda: site.language,
            "pagelanguage": lambda: site.language,
            "userlanguage": lambda: site.language,
            "language": lambda: tags.name_or_tag(self._preprocessor.language, ""),
            "dir": lambda: self._preprocessor.language.direction(),
            "bcp47": lambda: codes.bcp47(site.language),
            "cascadingsources": lambda: "|".join(site.cascading.get(title.prefixed_text, {}).get("sources", [])),
        }
        return simple[key]()

    def _revision(self, frame: FrameLike, key: str) -> str:
        """A page without a known revision is one that is being written now."""
        view = self._preprocessor.view
        if view.site.page_properties.get(view.title.prefixed_text):
            text = pages.revision(frame, view.title, key)
            if text not in ("", "0"):
                return text
        if key in ("revisionid", "revisionuser"):
            return ""
        return pages.moment(self._preprocessor.moment(True), key)


def _digits(text: str, preprocessor: Preprocessor) -> str:
    return preprocessor.language.format_number(text, separators=False)


MOMENTS: dict[str, Callable[[Preprocessor, datetime], str]] = {
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
