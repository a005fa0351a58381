"""The English names of variables and parser functions, by MediaWiki's keys. A site's own names come on top."""

from __future__ import annotations


def _table(text: str, mark: str = "") -> dict[str, tuple[str, ...]]:
    """Keys by line; `key=NAME,NAME` where the name is not the key in capitals."""
    found = {}
    for word in text.split():
        key, _, names = word.partition("=")
        found[mark + key] = tuple(names.split(",")) if names else (key.upper(),)
    return found


_PAGE = """
namespace namespacee namespacenumber talkspace talkspacee subjectspace=SUBJECTSPACE,ARTICLESPACE
subjectspacee=SUBJECTSPACEE,ARTICLESPACEE pagename pagenamee fullpagename fullpagenamee rootpagename rootpagenamee
basepagename basepagenamee subpagename subpagenamee talkpagename talkpagenamee
subjectpagename=SUBJECTPAGENAME,ARTICLEPAGENAME subjectpagenamee=SUBJECTPAGENAMEE,ARTICLEPAGENAMEE
pageid revisionid revisionday revisionday2 revisionmonth revisionmonth1 revisionyear revisiontimestamp revisionuser
cascadingsources
"""

_STATISTICS = """
numberofpages numberofusers numberofactiveusers numberofarticles numberoffiles numberofadmins numberofedits
"""

_VARIABLES = _table(
    f"""{_PAGE} {_STATISTICS}
    currentmonth=CURRENTMONTH,CURRENTMONTH2 currentmonth1 currentmonthname currentmonthnamegen currentmonthabbrev
    currentday currentday2 currentdayname currentyear currenttime currenthour currentweek currentdow currenttimestamp
    localmonth=LOCALMONTH,LOCALMONTH2 localmonth1 localmonthname localmonthnamegen localmonthabbrev
    localday localday2 localdayname localyear localtime localhour localweek localdow localtimestamp
    sitename server servername scriptpath articlepath stylepath currentversion directionmark=DIRECTIONMARK,DIRMARK
    contentlanguage=CONTENTLANGUAGE,CONTENTLANG pagelanguage revisionsize !=!"""
) | {"=": ("=",)}

_FUNCTIONS = (
    _table(
        f"""{_PAGE} {_STATISTICS}
        int ns nse urlencode lcfirst ucfirst lc uc localurl localurle fullurl fullurle canonicalurl canonicalurle
        formatnum grammar gender plural bidi numberingroup=NUMBERINGROUP,NUMINGROUP padleft padright anchorencode
        defaultsort=DEFAULTSORT,DEFAULTSORTKEY,DEFAULTCATEGORYSORT displaytitle filepath
        pagesincategory=PAGESINCATEGORY,PAGESINCAT pagesize protectionlevel protectionexpiry"""
    )
    | _table("language special speciale tag formatdate=formatdate,dateformat", "#")
    | _table("expr if ifeq ifexpr iferror switch ifexist time timel rel2abs titleparts", "#")
    | _table("len pos rpos sub count replace explode urldecode", "#")
)

_LATER_VARIABLES = {43: _table("userlanguage language=#language,#LANGUAGE dir=#dir bcp47=#bcp47")}
_LATER_FUNCTIONS = {43: _table("bcp47=bcp47 dir=dir formal=FORMAL timef=timef timefl=timefl", "#")}
"""What came later, by release."""

# Functions whose names MediaWiki takes in this case only: the keys of `magicWords` that begin with 1.
CASED_FUNCTIONS = frozenset(_table(f"{_PAGE} {_STATISTICS}")) | {
    *("numberingroup", "defaultsort", "displaytitle", "pagesincategory", "pagesize", "protectionlevel"),
    *("protectionexpiry", "pagesinnamespace", "#bcp47", "#dir", "#formal", "#timef", "#timefl"),
}
CASED_FUNCTIONS -= {"pageid"}
ANY_CASE_VARIABLES = frozenset({"articlepath", "language", "pageid", "scriptpath", "server", "servername", "stylepath"})


def variables(release: int) -> dict[str, tuple[str, ...]]:
    """The names of variables in a release, by key."""
    return _of(release, _VARIABLES, _LATER_VARIABLES)


def functions(release: int) -> dict[str, tuple[str, ...]]:
    """The names of functions in a release, by key."""
    return _of(release, _FUNCTIONS, _LATER_FUNCTIONS)


def _of(
    release: int, first: dict[str, tuple[str, ...]], later: dict[int, dict[str, tuple[str, ...]]]
) -> dict[str, tuple[str, ...]]:
    return first | {key: names for since, more in later.items() if since <= release for key, names in more.items()}
