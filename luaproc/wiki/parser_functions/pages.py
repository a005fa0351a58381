"""Names and properties of pages: the PAGENAME family with an argument, `ns`, `fullurl`, `PROTECTIONLEVEL`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

from luaproc.wiki import php, titles, urls
from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, FunctionResult, ParserFunction
from luaproc.wiki.parser_functions.calls import content_language, optional, preprocessor_of, view_of
from luaproc.wiki.preprocessor.escaping import escape_wikitext
from luaproc.wiki.site import Site
from luaproc.wiki.site_values import revision_time
from luaproc.wiki.special_pages import SHOWN
from luaproc.wiki.titles import Title
from luaproc.wiki.values import escape_html_text


def _talk(title: Title) -> str:
    talk = title.talk
    return talk.prefixed_text if talk is not None else ""


def _talk_space(title: Title) -> str:
    talk = title.talk
    return talk.namespace_text if talk is not None else ""


_NAMES: dict[str, Callable[[Title], str]] = {
    "pagename": lambda title: title.text,
    "fullpagename": lambda title: title.prefixed_text,
    "subpagename": lambda title: title.subpage_text,
    "basepagename": lambda title: title.base_text,
    "rootpagename": lambda title: title.root_text,
    "subjectpagename": lambda title: title.subject.prefixed_text,
    "talkpagename": _talk,
}
_SPACES: dict[str, Callable[[Title], str]] = {
    "namespace": lambda title: title.namespace_text,
    "subjectspace": lambda title: title.subject.namespace_text,
    "talkspace": _talk_space,
}


def _shown(show: Callable[[Title], str], *steps: Callable[[str], str]) -> Callable[[Title], str]:
    def shown(title: Title) -> str:
        text = show(title)
        for step in steps:
            text = step(text)
        return text

    return shown


def _key(text: str) -> str:
    return text.replace(" ", "_")


NAMES: dict[str, Callable[[Title], str]] = {
    **{name: _shown(show, escape_wikitext) for name, show in _NAMES.items()},
    **{f"{name}e": _shown(show, _key, urls.wiki_urlencode, escape_wikitext) for name, show in _NAMES.items()},
    **_SPACES,
    **{f"{name}e": _shown(show, _key, urls.php_urlencode) for name, show in _SPACES.items()},
    "namespacee": _shown(_SPACES["namespace"], _key, urls.wiki_urlencode),
}
"""What variables show of a title; those with an `e` behind their names have it as a part of a URL."""


def _name(key: str, frame: FrameLike, arguments: ArgumentsLike) -> str:
    title = _title(frame, arguments[0])
    return "" if title is None else NAMES[key](title)


def _title(frame: FrameLike, text: str, namespace: int = titles.MAIN) -> Title | None:
    return view_of(frame).site.title(text, namespace)


def _namespace_number(frame: FrameLike, arguments: ArgumentsLike) -> str:
    title = _title(frame, arguments[0])
    return "" if title is None else str(title.namespace)


def _ns(frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    site = view_of(frame).site
    text = arguments[0]
    number: int | None
    if _ZERO.fullmatch(text) or php.intval(text):
        number = php.intval(text)
    else:
        number = site.namespace_number(text.replace(" ", "_")) if text else titles.MAIN
        if number is None:
            return NOT_FOUND
    known = site.namespaces.get(number)
    return "" if known is None else known.name


def _nse(frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    text = _ns(frame, arguments)
    return urls.wiki_urlencode(text.replace(" ", "_")) if isinstance(text, str) else text


def _url(make: Callable[..., str], escape: bool, frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    text = arguments[0]
    title = _title(frame, text)
    if title is None:
        title = titles.of_url(view_of(frame).site, urls.php_urldecode(text))
    if title is None:
        return NOT_FOUND
    if title.namespace == titles.MEDIA:
        title = title.in_namespace(titles.FILE)
    query = optional(arguments, 1)
    url = make(title, query) if len(arguments) > 1 else make(title)
    return escape_html_text(url) if escape else url


def _special(encode: bool, frame: FrameLike, arguments: ArgumentsLike) -> str:
    name, slash, rest = arguments[0].partition("/")
    shown = SHOWN.get(name.replace(" ", "_").lower(), name)
    site = view_of(frame).site
    title = site.make_title(titles.SPECIAL, shown + slash + rest) or Title(site, titles.SPECIAL, "Badtitle")
    return urls.wiki_urlencode(title.prefixed_key) if encode else title.prefixed_text


def _page_id(frame: FrameLike, arguments: ArgumentsLike) -> str:
    view = view_of(frame)
    title = _title(frame, arguments[0])
    if title is None:
        return ""
    if not title.interwiki and title.namespace >= 0:
        if title == view.title:
            return own_id(frame, title)
        if not view.count_expensive():
            return ""
        return str(page_id(frame, title))
    return "0" if title.namespace < 0 else ""


def page_id(frame: FrameLike, title: Title) -> int:
    """The number of a page, 0 if there is none."""
    view = view_of(frame)
    kept = view.site.page_properties.get(title.prefixed_text, {}).get("id")
    return int(kept) if kept is not None else view.pages.page_id(title)


def own_id(frame: FrameLike, title: Title) -> str:
    """What PAGEID shows of the page that is shown: where there is none yet, 0 from 1.43 on, nothing before."""
    number = page_id(frame, title)
    return str(number) if number or view_of(frame).release >= 43 else ""


def revision(frame: FrameLike, title: Title, key: str) -> str:
    """What REVISION… shows of the last revision of a page: from the site's `page_properties`."""
    kept = view_of(frame).site.page_properties.get(title.prefixed_text, {})
    if key == "revisionid":
        return str(kept.get("revision", ""))
    if key == "revisionuser":
        return str(kept.get("user", ""))
    stamp = str(kept.get("timestamp", ""))
    if not stamp:
        return "0" if key in ("revisionday", "revisionmonth1") and view_of(frame).release >= 43 else ""
    return moment(revision_time(stamp), key)


def moment(when: datetime, key: str) -> str:
    """A part of a revision's time."""
    return {
        "revisionday": f"{when.day}",
        "revisionday2": f"{when.day:02}",
        "revisionmonth": f"{when.month:02}",
        "revisionmonth1": f"{when.month}",
        "revisionyear": f"{when.year}",
        "revisiontimestamp": f"{when:%Y%m%d%H%M%S}",
    }[key]


def _revision(key: str, frame: FrameLike, arguments: ArgumentsLike) -> str:
    title = _title(frame, arguments[0])
    if title is None or title.interwiki:
        return ""
    if title == view_of(frame).title:
        return preprocessor_of(frame).variables.expand(key, frame)
    return revision(frame, title, key)


def _page_size(frame: FrameLike, arguments: ArgumentsLike) -> str:
    view = view_of(frame)
    title = _title(frame, arguments[0])
    raw = optional(arguments, 1) == "R"
    size = 0
    if title is not None and not title.interwiki and view.count_expensive():
        text = view.pages.text(title)
        size = len(text.encode("utf-8", "surrogateescape")) if text is not None else 0
    return str(size) if raw else content_language(frame).format_number(str(size))


def _protection_level(frame: FrameLike, arguments: ArgumentsLike) -> str:
    view = view_of(frame)
    title = _title(frame, arguments[1]) if len(arguments) > 1 and arguments[1] else view.title
    if title is None:
        return ""
    levels = view.site.protection.get(title.prefixed_text, {}).get(arguments[0].lower(), [])
    return levels[0] if levels else ""


def _protection_expiry(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return "infinity" if _protection_level(frame, arguments) else ""


def _cascading_sources(frame: FrameLike, arguments: ArgumentsLike) -> str:
    title = _title(frame, arguments[0])
    if title is None:
        return ""
    return cascading_sources(view_of(frame).site, title)


def cascading_sources(site: Site, title: Title) -> str:
    """The pages whose protection is that of a page, too."""
    return "|".join(site.cascading.get(title.prefixed_text, {}).get("sources", []))


def _default_sort(frame: FrameLike, arguments: ArgumentsLike) -> str:
    properties = view_of(frame).properties
    text = arguments[0]
    how = optional(arguments, 1).split()
    old = properties.get("defaultsort", "")
    if not text or ("noreplace" in how and old):
        return ""
    properties["defaultsort"] = text
    if not old or old == text or "noerror" in how or "noreplace" in how:
        return ""
    return _overrides(frame, "duplicate-defaultsort", old, text)


_SHOWN_KEY = 255
"""Characters of a sort key, and of a title, in the error that says what overrides it; MediaWiki shows all. Keys within
keys hold such errors, each more than twice as long as the one inside it."""


def _overrides(frame: FrameLike, key: str, old: str, text: str) -> str:
    names = (escape_wikitext(name[:_SHOWN_KEY]) for name in (old, text))
    shown = view_of(frame).messages.text(key, *names)
    return f'<span class="error">{shown}</span>'


def _display_title(frame: FrameLike, arguments: ArgumentsLike) -> str:
    """Only another way to write the page's title counts, as $wgRestrictDisplayTitle has it by default."""
    view = view_of(frame)
    text = preprocessor_of(frame).strip.kill_markers(arguments[0])
    how = optional(arguments, 1).split()
    title = _title(frame, _TAGS.sub("", text))
    if title is None or title.fragment or title != view.title:
        view.warn("restricted-displaytitle", text)
        view.track("restricted-displaytitle-ignored")
        return ""
    old = view.properties.get("displaytitle")
    if old is not None and "noreplace" in how:
        return ""
    view.properties["displaytitle"] = text
    if old is None or old == text or "noerror" in how:
        return ""
    return _overrides(frame, "duplicate-displaytitle", old, text)


def _file_path(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return ""


_TAGS = re.compile("<[^>]*>|'{2,}")
_ZERO = re.compile("[+-]?0+")

NOT_FOUND = FunctionResult("", found=False)

REVISION = (
    *("revisionid", "revisionday", "revisionday2", "revisionmonth", "revisionmonth1", "revisionyear"),
    *("revisiontimestamp", "revisionuser"),
)

FUNCTIONS: dict[str, ParserFunction] = {
    **{key: partial(_name, key) for key in NAMES},
    **{key: partial(_revision, key) for key in REVISION},
    "namespacenumber": _namespace_number,
    "ns": _ns,
    "nse": _nse,
    "localurl": partial(_url, urls.local_url, False),
    "localurle": partial(_url, urls.local_url, True),
    "fullurl": partial(_url, urls.full_url, False),
    "fullurle": partial(_url, urls.full_url, True),
    "canonicalurl": partial(_url, urls.canonical_url, False),
    "canonicalurle": partial(_url, urls.canonical_url, True),
    "#special": partial(_special, False),
    "#speciale": partial(_special, True),
    "pageid": _page_id,
    "pagesize": _page_size,
    "protectionlevel": _protection_level,
    "protectionexpiry": _protection_expiry,
    "cascadingsources": _cascading_sources,
    "defaultsort": _default_sort,
    "displaytitle": _display_title,
    "filepath": _file_path,
}
