"""Texts through the preprocessor, without Lua and without a real wiki: what everything else stands on."""

from datetime import datetime, timezone

import pytest

from luaproc.wiki.pages import Pages
from luaproc.wiki.parser_functions import FUNCTIONS
from luaproc.wiki.parser_functions.variables import VARIABLES
from luaproc.wiki.preprocessor import Preprocessor, magic
from luaproc.wiki.site import Site
from luaproc.wiki.view import PageView

PAGES = {
    "Template:Echo": "<{{{1}}}|{{{name|none}}}>",
    "Template:Docs": "shown<noinclude> docs {{Docs}}</noinclude><includeonly> there</includeonly>",
    "Template:Loop": "a{{Loop}}b",
    "Template:Old": "#REDIRECT [[Template:Echo]]",
    "Template:List": "* item",
}


def expand(text: str, title: str = "Subject") -> str:
    site = Site()
    found = site.title(title)
    assert found is not None
    view = PageView(site, Pages(site, texts=PAGES), found, datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))
    return Preprocessor(view).expand_page(text)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("{{Echo| a |name= b }}", "< a |b>"),
        ("{{Old|x}}", "<x|none>"),
        ("{{Echo}}", "<{{{1}}}|none>"),
        ("{{Docs}}", "shown there"),
        ("{{Loop}}", 'a<span class="error">Template loop detected: [[Template:Loop]]</span>b'),
        ("x{{List}}", "x\n* item"),
        ("{{Nowhere|a{{lc:B}}}}", "[[:Template:Nowhere]]"),
        ("{{{undefined|{{uc:default}}}}}", "DEFAULT"),
        ("<nowiki>{{Echo}}</nowiki>", "<nowiki>{{Echo}}</nowiki>"),
        ("a\n<!-- gone -->\nb", "a\nb"),
        ("{{#if: x | {{#ifeq: 1.0 | 1 | same }} }}", "same"),
        ("{{#switch: b | a | b = second | #default = other }}", "second"),
        ("{{#expr: 2 ^ 0.5 }}", "1.4142135623731"),
        ("{{subst:Echo|{{lc:A}}}}", "{{subst:Echo|a}}"),
        ("-{ {{lc:A}} }-", "-{ a }-"),
    ],
)
def test_an_expansion(text: str, expanded: str) -> None:
    """One of each kind of construct."""
    assert expand(text) == expanded


@pytest.mark.parametrize("release", [39, 43])
def test_each_word_has_its_function(release: int) -> None:
    """What the scanner takes for a variable or a function is looked up without asking whether it is there."""
    assert set(magic.variables(release)) - set(VARIABLES) == set()
    assert set(magic.functions(release)) - set(FUNCTIONS) == set()
