"""Case in ASCII, which lua/cases.lua changes in Python's place: what Python says."""

import pytest

from luaproc.wiki.failures import ModuleError
from luaproc.wiki.libraries import language
from luaproc.wiki.wiki import Wiki
from tests.parts import need

pytestmark = pytest.mark.real

COMPARE = """
local answers = {}
local words = { '', 'a', 'i', 'I', 'ix Ix', 'IXi', 'Word', 'wORD', '1', ' a', 'éA', 'AÉ', '\\0a', 'a\\255', 7, true }
for _, lang in ipairs{ mw.getContentLanguage(), mw.language.new( 'tr' ), mw.language.new( 'en' ) } do
    for _, name in ipairs{ 'lc', 'uc', 'lcfirst', 'ucfirst', 'caseFold' } do
        for _, word in ipairs( words ) do
            local ok, found = pcall( lang[name], lang, word, 'more' )
            answers[#answers + 1] = name .. tostring( word ) .. tostring( ok ) .. tostring( found )
        end
        answers[#answers + 1] = tostring( select( 2, pcall( lang[name], lang ) ) )
    end
    lang.code = 'not valid/'
    answers[#answers + 1] = select( 2, pcall( lang.lc, lang, 'A' ) )
end
for _, word in ipairs( words ) do
    answers[#answers + 1] = tostring( select( 2, pcall( mw.ustring.upper, word ) ) )
    answers[#answers + 1] = tostring( select( 2, pcall( mw.ustring.lower, word ) ) )
end
return answers
"""


@pytest.mark.parametrize("code", ["en", "tr", "nl"])
def test_case_is_what_python_says(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts and errors, in the content language and in others."""
    need("mediawiki")

    def answers() -> list[object]:
        with Wiki({}, mediawiki=False, site={"language": code}) as wiki:
            return wiki.eval(COMPARE)

    found = answers()
    monkeypatch.setattr(language, "own_lua", lambda name: "")
    assert found == answers()


def test_ascii_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call cost two changes of process. Other texts are Python's."""
    need("mediawiki")
    monkeypatch.setitem(language._TEXT_FUNCTIONS, "uc", lambda language, text: "asked")
    with Wiki({}, mediawiki=False) as wiki:
        found = wiki.eval("return mw.ustring.upper( 'abc' ), mw.ustring.upper( 'é' ), string.uupper( 'x' )")
        assert found == ["ABC", "asked", "X"]


def test_the_content_language_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the languages that a page may ask for, as PHP has it from the beginning."""
    need("mediawiki")
    monkeypatch.setattr(language, "MAX_LANGUAGES", 2)
    with Wiki({}, mediawiki=False) as wiki:
        code = "for _, code in ipairs{ 'en', 'de', 'fr', 'en', 'de' } do mw.language.new( code ):uc( 'é' ) end return 1"
        assert wiki.eval(code) == [1]
        with pytest.raises(ModuleError, match="too many language codes"):
            wiki.eval(code.replace("'en', 'de', 'fr'", "'de', 'fr', 'nl'"))
