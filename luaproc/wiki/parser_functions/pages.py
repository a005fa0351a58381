"""Names and properties of pages: the PAGENAME family with an argument, `ns`, `fullurl`, `PROTECTIONLEVEL`."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

from luaproc.wiki import titles, urls
from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, FunctionResult, ParserFunction
from luaproc.wiki.parser_functions import php
from luaproc.wiki.parser_functions.conditions import get
from luaproc.wiki.parser_functions.special import SHOWN
from luaproc.wiki.parser_functions.texts import language
from luaproc.wiki.preprocessor.escaping import escape_wikitext
from luaproc.wiki.preprocessor.frames import Frame as PageFrame
from luaproc.wiki.titles import Title


def _space(title: Title) -> str:
    return title.namespace_text


def _partial(title: Title, text: str) -> str:
    return urls.wiki_urlencode(text.replace(" ", "_"))


def _talk(title: Title) -> str:
    talk = title.talk
    return talk.prefixed_text if talk is not None else ""


def _talk_space(title: Title) -> str:
    talk = title.talk
    return talk.namespace_text if talk is not None else ""


# What is shown of a title, as text; the variable's name with an `e` behind is the same as a part of a URL.
NAMES: dict[str, Callable[[Title], str]] = {
    "pagename": lambda title: title.text,
    "fullpagename": lambda title: title.prefixed_text,
    "subpagename": lambda title: title.subpage_text,
    "basepagename": lambda title: title.base_text,
    "rootpagename": lambda title: title.root_text,
    "subjectpagename": lambda title: title.subject.prefixed_text,
    "talkpagename": _talk,
}
SPACES: dict[str, Callable[[Title], str]] = {
    "namespace": _space,
    "subjectspace": lambda title: title.subject.namespace_text,
    "talkspace": _talk_space,
}


def is_name(key: str) -> bool:
    """Whether a variable shows a name of a page."""
    return any(name in NAMES or name in SPACES for name in (key, key[:-1]))


def name_of(key: str, title: Title) -> str:
    """What the variable of that name shows of a title."""
    if key in NAMES:
        return escape_wikitext(NAMES[key](title))
    if key in SPACES:
        return SPACES[key](title)
    plain = key[:-1]
    if plain in NAMES:
        return escape_wikitext(urls.wiki_urlencode(NAMES[plain](title).replace(" ", "_")))
    return (
        urls.php_urlencode(SPACES[plain](title).replace(" ", "_"))
        if key != "namespacee"
        else urls.wiki_urlencode(SPACES[plain](title).replace(" ", "_"))
    )


def _name(key: str, frame: FrameLike, arguments: ArgumentsLike) -> str:
    title = _title(frame, arguments[0])
    return "" if title is None else name_of(key, title)


def _title(frame: FrameLike, text: str, namespace: int = titles.MAIN) -> Title | None:
    assert isinstance(frame, PageFrame)
    return frame.preprocessor.view.site.title(text, namespace)


def _namespace_number(frame: FrameLike, arguments: ArgumentsLike) -> str:
    title = _title(frame, arguments[0])
    return "" if title is None else str(title.namespace)


def _ns(frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    assert isinstance(frame, PageFrame)
    site = frame.preprocessor.view.site
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
        assert isinstance(frame, PageFrame)
        title = titles.of_url(frame.preprocessor.view.site, urls_decode(text))
    if title is None:
        return NOT_FOUND
    if title.namespace == titles.MEDIA:
        title = title.in_namespace(titles.FILE)
    query = get(arguments, 1)
    url = make(title, query) if len(arguments) > 1 else make(title)
    return html.escape(url, quote=False).replace('"', "&quot;") if escape else url


def urls_decode(text: str) -> str:
    """PHP's urldecode()."""
    from urllib.parse import unquote_plus

    return unquote_plus(text, errors="surrogateescape")


def _special(encode: bool, frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    name, slash, rest = arguments[0].partition("/")
    shown = SHOWN.get(name.replace(" ", "_").lower(), name)
    site = frame.preprocessor.view.site
    title = site.make_title(titles.SPECIAL, shown + slash + rest) or Title(site, titles.SPECIAL, "Badtitle")
    return urls.wiki_urlencode(title.prefixed_key) if encode else title.prefixed_text


def _page_id(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    view = frame.preprocessor.view
    title = _title(frame, arguments[0])
    if title is None:
        return ""
    if not title.interwiki and title.namespace >= 0:
        if title == view.title:
            return own_id(frame, title)
        if not view.expensive():
            return ""
        return str(page_id(frame, title))
    return "0" if title.namespace < 0 else ""


def page_id(frame: FrameLike, title: Title) -> int:
    """The number of a page, 0 if there is none."""
    assert isinstance(frame, PageFrame)
    view = frame.preprocessor.view
    kept = view.site.page_properties.get(title.prefixed_text, {}).get("id")
    return int(kept) if kept is not None else view.pages.page_id(title)


def own_id(frame: FrameLike, title: Title) -> str:
    """What PAGEID shows of the page that is shown: where there is none yet, 0 from 1.43 on, nothing before."""
    assert isinstance(frame, PageFrame)
    number = page_id(frame, title)
    return str(number) if number or frame.preprocessor.view.release >= 43 else ""


def revision(frame: FrameLike, title: Title, key: str) -> str:
    """What REVISION… shows of the last revision of a page: from the site's `page_properties`."""
    assert isinstance(frame, PageFrame)
    kept = frame.preprocessor.view.site.page_properties.get(title.prefixed_text, {})
    if key == "revisionid":
        return str(kept.get("revision", ""))
    if key == "revisionuser":
        return str(kept.get("user", ""))
    stamp = str(kept.get("timestamp", ""))
    if not stamp:
        return "0" if key in ("revisionday", "revisionmonth1") and frame.preprocessor.view.release >= 43 else ""
    digits = "".join(char for char in stamp if char.isdigit())[:14].ljust(14, "0")
    return moment(datetime.strptime(digits, "%Y%m%d%H%M%S"), key)


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
    assert isinstance(frame, PageFrame)
    title = _title(frame, arguments[0])
    if title is None or title.interwiki:
        return ""
    if title == frame.preprocessor.view.title:
        return frame.preprocessor.variables.expand(key, frame)
    return revision(frame, title, key)


def _page_size(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    view = frame.preprocessor.view
    title = _title(frame, arguments[0])
    raw = get(arguments, 1) == "R"
    size = 0
    if title is not None and not title.interwiki and view.expensive():
        text = view.pages.text(title)
        size = len(text.encode("utf-8", "surrogateescape")) if text is not None else 0
    return str(size) if raw else language(frame).format_number(str(size))


def _protection_level(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    view = frame.preprocessor.view
    title = _title(frame, arguments[1]) if len(arguments) > 1 and arguments[1] else view.title
    if title is None:
        return ""
    levels = view.site.protection.get(title.prefixed_text, {}).get(arguments[0].lower(), [])
    return levels[0] if levels else ""


def _protection_expiry(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return "infinity" if _protection_level(frame, arguments) else ""


def _cascading_sources(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    title = _title(frame, arguments[0])
    if title is None:
        return ""
    return "|".join(frame.preprocessor.view.site.cascading.get(title.prefixed_text, {}).get("sources", []))


def _default_sort(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    properties = frame.preprocessor.view.properties
    text = arguments[0]
    how = get(arguments, 1).split()
    old = properties.get("defaultsort", "")
    if not text or ("noreplace" in how and old):
        return ""
    properties["defaultsort"] = text
    if not old or old == text or "noerror" in how or "noreplace" in how:
        return ""
    return _overrides(frame, "duplicate-defaultsort", old, text)


def _overrides(frame: PageFrame, key: str, old: str, text: str) -> str:
    shown = frame.preprocessor.view.messages.text(key, escape_wikitext(old), escape_wikitext(text))
    return f'<span class="error">{shown}</span>'


def _display_title(frame: FrameLike, arguments: ArgumentsLike) -> str:
    """Only another way to write the page's title counts, as $wgRestrictDisplayTitle has it by default."""
    assert isinstance(frame, PageFrame)
    view = frame.preprocessor.view
    text = frame.preprocessor.strip.kill_markers(arguments[0])
    how = get(arguments, 1).split()
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

_REVISION = [
    *("revisionid", "revisionday", "revisionday2", "revisionmonth", "revisionmonth1", "revisionyear"),
    *("revisiontimestamp", "revisionuser"),
]

FUNCTIONS: dict[str, ParserFunction] = {
    **{key: partial(_name, key) for plain in (*NAMES, *SPACES) for key in (plain, f"{plain}e")},
    **{key: partial(_revision, key) for key in _REVISION},
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
