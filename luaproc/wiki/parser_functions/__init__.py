"""Parser functions and variables: MediaWiki's own without those that make HTML, and the extension ParserFunctions'.

What each does is told on MediaWiki's pages "Help:Magic words" and "Help:Extension:ParserFunctions"; what these leave
open was measured on MediaWiki 1.39 and 1.43, which are the judges of tests/wiki/corpus.

`FUNCTIONS` holds them by name; each is called with a frame and `luaproc.wiki.interfaces.ArgumentsLike`.
"""

from luaproc.wiki.interfaces import ParserFunction
from luaproc.wiki.parser_functions import conditions, numbers, pages, strings, tags, texts, times
from luaproc.wiki.parser_functions.variables import Variables

FUNCTIONS: dict[str, ParserFunction] = {
    **texts.FUNCTIONS,
    **numbers.FUNCTIONS,
    **pages.FUNCTIONS,
    **tags.FUNCTIONS,
    **conditions.FUNCTIONS,
    **times.FUNCTIONS,
    **strings.FUNCTIONS,
}

__all__ = ["FUNCTIONS", "Variables"]
