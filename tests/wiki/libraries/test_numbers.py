"""Numbers that modules give where PHP takes integers: what is none is 0 there, and no error of Python's."""

import pytest

from luaproc.wiki import LuaError, Wiki
from tests.parts import need

pytestmark = pytest.mark.real  # Scribunto's Lua library comes with MediaWiki


@pytest.mark.parametrize(
    ("lua", "shown"),
    [
        ("mw.title.new( 0/0 )", "nil"),
        ("mw.title.new( 1/0 )", "nil"),
        ("mw.title.makeTitle( 0/0, 'A' )", "A"),
        ("mw.title.makeTitle( '1e1', 'A' )", "Template:A"),
        ("mw.site.stats.pagesInNamespace( -1/0 )", "1"),
        ("mw.language.new( 'en' ):formatDuration( 1/0 )", "∞ millennia"),
        ("mw.language.new( 'en' ):getDurationIntervals( 1e300 ).millennia", "3.16"),
        ("mw.language.new( 'en' ):getDurationIntervals( 0/0 ).seconds", ""),
        ("mw.text.jsonEncode( {}, 0/0 )", "[]"),
        ("mw.text.jsonDecode( '[]', 1e308 )", "table"),
    ],
)
def test_no_integer(lua: str, shown: str) -> None:
    need("mediawiki")
    assert Wiki({"Main Page": ""}).eval(f"return tostring( {lua} )")[0].startswith(shown)


@pytest.mark.parametrize("name", ["1_0", "inf", "nan", "0x10"])
def test_what_python_alone_takes_for_a_number(name: str) -> None:
    """Underscores and names of infinities are numbers for Python's float(), and not for PHP's is_numeric()."""
    need("mediawiki")
    with pytest.raises(LuaError, match="unrecognized namespace name"):
        Wiki({}).eval(f"return mw.title.makeTitle( '{name}', 'A' )")
