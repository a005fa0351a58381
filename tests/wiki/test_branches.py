"""What differs between MediaWiki's releases is switched by the site's, or by the library's. The texts are MediaWiki
1.43.9's own answers; `LUAPROC_MEDIAWIKI=DIR pytest tests/wiki/test_corpus.py` compares the whole corpus with another
release's MediaWiki."""

from collections.abc import Callable

import pytest

from luaproc.wiki.preprocessor.magic import functions, variables
from luaproc.wiki.wiki import Wiki
from tests.parts import need

# Scribunto's Lua library comes with MediaWiki.
pytestmark = pytest.mark.real

Maker = Callable[[dict[str, str]], Wiki]
PAGES = {
    "Template:Loop": "{{Loop}}",
    "Module:Fails": "return { f = function() error( 'x', 0 ) end }",
}
CASES = {
    "{{ucfirst:ßx}}|{{ucfirst:ǆx}}|{{ucfirst:აx}}": ("SSx|Ǆx|Აx", "Ssx|ǅx|აx"),
    "{{PAGENAME:ßx}}|{{PAGENAME:ǆx}}|{{PAGENAME:აx}}": ("SSx|Ǆx|Აx", "Ssx|ǅx|აx"),
    "{{Loop}}": (
        '<span class="error">Template loop detected: [[Template:Loop]]</span>',
        '<span class="error">Template loop detected: [[:Template:Loop]]</span>',
    ),
    "{{PAGEID}}|{{REVISIONSIZE}}|{{REVISIONDAY:Nowhere}}": ("||", "0|0|0"),
    "{{#language:}}|{{#language:SR-EC}}|{{#language:qqq-xx}}": (
        "|српски (ћирилица)|qqq-xx",
        "English|српски (ћирилица)|qqq-XX",
    ),
    "{{#expr:ln 0}}|{{#expr:acos 2}}": (
        '<strong class="error">Invalid argument for ln: &lt;= 0.</strong>|'
        '<strong class="error">Invalid argument for acos: &lt; -1 or &gt; 1.</strong>',
        '<strong class="error">Invalid argument for ln: less than or equal to 0.</strong>|'
        '<strong class="error">Invalid argument for acos: less than -1 or greater than 1.</strong>',
    ),
    "{{#time:xtY|1926-12-25}}|{{#time:xtY|1912-07-29}}|{{#time:xtY|1872-12-31}}": (
        "大正15|明治45|明治5",
        "昭和元|明治45|西暦1872",
    ),
    "{{#dir:ar}}": ("{{#dir:ar}}", "rtl"),
    "{{#bcp47:zh-tw}}{{#bcp47}}": ("{{#bcp47:zh-tw}}{{#bcp47}}", "zh-Hant-TWen"),
    "{{#formal:a|b}}": ("{{#formal:a|b}}", "{{#formal:a|b}}"),
    "{{#FORMAL:a|b}}": ("{{#FORMAL:a|b}}", "a"),
    "{{#timef:2024-02-29 13:05}}": ("{{#timef:2024-02-29 13:05}}", "13:05, 29 February 2024"),
    "{{#timef:2024-02-29 13:05|date|fi}}": ("{{#timef:2024-02-29 13:05|date|fi}}", "29. helmikuuta 2024"),
    "{{#timef:2024-02-29|x}}": (
        "{{#timef:2024-02-29|x}}",
        '<strong class="error">Error: invalid format for #timef</strong>',
    ),
    "{{#invoke:Fails|f}}": (
        '<strong class="error"><span class="scribunto-error" id="mw-scribunto-error-0">Lua error: x.</span></strong>',
        '<strong class="error"><span class="scribunto-error mw-scribunto-error-',
    ),
    "{{CURRENTVERSION}}": ("1.39.17", "1.43.9"),
}


@pytest.mark.parametrize("text", CASES)
def test_a_text_comes_out_as_the_release_has_it(text: str) -> None:
    need("mediawiki")
    for version, expected in zip(("1.39.17", "1.43.9"), CASES[text], strict=True):
        found = Wiki(PAGES, mediawiki=False, site={"version": version}).expand(text).text
        assert found.startswith(expected), version
        assert len(found) == len(expected) or expected.endswith("-error-")


def test_without_a_version_the_library_decides(small_wiki: Maker) -> None:
    wiki = small_wiki({})
    assert wiki.site.release == wiki.lualib.release
    assert wiki.expand("{{CURRENTVERSION}}").text == f"1.{wiki.lualib.release}.0"


def test_names_of_later_releases_are_added() -> None:
    """Each name that 1.43 has more is a function or a variable there, and nothing in 1.39."""
    assert sorted(functions(43).keys() - functions(39).keys()) == ["#bcp47", "#dir", "#formal", "#timef", "#timefl"]
    assert sorted(variables(43).keys() - variables(39).keys()) == ["bcp47", "dir", "language", "userlanguage"]
    assert functions(46) == functions(43)
