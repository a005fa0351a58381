"""Scribunto's libraries in the order in which PHP loads them."""

from __future__ import annotations

from luaproc.wiki.libraries import Library
from luaproc.wiki.libraries.hash import HashLibrary
from luaproc.wiki.libraries.html import HtmlLibrary
from luaproc.wiki.libraries.language import LanguageLibrary
from luaproc.wiki.libraries.message import MessageLibrary
from luaproc.wiki.libraries.site import SiteLibrary
from luaproc.wiki.libraries.svg import SvgLibrary
from luaproc.wiki.libraries.text import TextLibrary
from luaproc.wiki.libraries.title import TitleLibrary
from luaproc.wiki.libraries.uri import UriLibrary
from luaproc.wiki.libraries.ustring import UstringLibrary

LIBRARIES: tuple[type[Library], ...] = (
    SiteLibrary,
    UriLibrary,
    UstringLibrary,
    LanguageLibrary,
    MessageLibrary,
    TitleLibrary,
    TextLibrary,
    HtmlLibrary,
    HashLibrary,
    SvgLibrary,
)
