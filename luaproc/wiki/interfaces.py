"""What the engine (Lua's callbacks) and the preprocessor (wikitext) ask of each other.

The engine never parses wikitext; the preprocessor never calls Lua. `luaproc.wiki.preprocessor.Preprocessor`
implements `PreprocessorLike`, its frames `FrameLike`, and it hands `ArgumentsLike` to parser functions. Each is made
for one `luaproc.wiki.view.PageView`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from luaproc.wiki.titles import Title

ArgumentName = int | str
"""Of a template's argument. A name that is a canonical integer ("3", "-1", not "03") is an int, as in PHP's arrays."""


class ArgumentsLike(Protocol):
    """Arguments of a parser function; each is expanded when it is asked for, and then kept.

    Number 0 is the text between the colon and the first bar.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> str:
        """The argument as it stands between the bars (`name=value` and all), expanded and trimmed."""

    def expanded(self, index: int) -> str:
        """The argument expanded, not trimmed."""

    def split(self, index: int) -> tuple[str | None, str]:
        """(name, value), both expanded, neither trimmed; the name is None where the text has no equals sign."""

    def rest(self, start: int) -> ArgumentsLike:
        """Those from `start` on, unexpanded as they are: for `FrameLike.new_child`."""


class FrameLike(Protocol):
    """A page or a template while it is expanded: PHP's PPFrame."""

    title: Title
    depth: int
    volatile: bool
    """Set by what must not be cached; passed to the parent as MediaWiki does."""
    ttl: int | None
    """Seconds that the expansion may be kept; None is as long as one likes."""

    @property
    def parent(self) -> FrameLike | None:
        """The frame that includes this one; None for the page's own."""

    def get_argument(self, name: ArgumentName) -> str | None:
        """An argument expanded; named ones are trimmed, positional ones are not. None if there is none."""

    def arguments(self) -> dict[ArgumentName, str]:
        """All arguments, expanded as `get_argument` does."""

    def plain_arguments(self) -> tuple[dict[str, str], list[str]]:
        """Arguments for which nothing has to be expanded, as `get_argument` gives them, and the names of the others."""

    def expand(self, text: str) -> str:
        """Parse and expand wikitext in this frame (``{{{1}}}`` is this frame's argument).

        For a frame with a depth above 0 noinclude and includeonly work as in a template.
        """

    def new_child(
        self, title: Title | None, arguments: Mapping[ArgumentName, str] | ArgumentsLike, first_index: int = 1
    ) -> FrameLike:
        """A frame whose parent is this one. Texts of a mapping are values: they are not expanded again.

        title: None for this frame's own. first_index: the number of the first positional argument of `ArgumentsLike`.
        """

    def is_looping(self, title: Title) -> bool:
        """Whether `title` is being expanded in this frame or in one above it."""


class TemplateLike(Protocol):
    """The parsed text of a page, for inclusion."""

    title: Title
    """Where the text was found after redirects."""

    def expand(self, frame: FrameLike) -> str:
        """Its text in a frame made with `FrameLike.new_child`."""


class StripStateLike(Protocol):
    """Texts that strip markers stand for."""

    def add(self, kind: str, text: str, tag: str) -> str:
        """Keep a text; the marker for it. kind: `nowiki` or `general`. tag: the word inside the marker."""

    def unstrip_both(self, text: str) -> str:
        """The text with what all its markers stand for."""

    def unstrip_nowiki(self, text: str) -> str:
        """The text with what the markers of nowiki stand for; other markers stay."""

    def replace_nowiki(self, text: str, change: Callable[[str], str]) -> str:
        """The text with `change` of what the markers of nowiki stand for."""

    def kill_markers(self, text: str) -> str:
        """The text without its markers."""


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """What a parser function gives when a plain str does not say it all (a str is `FunctionResult(text)`).

    found: False lets the call be taken for a template's name. nowiki: the text's markup is escaped. is_html: the text
    is kept behind a strip marker. noparse: False has the text expanded as wikitext of the frame.
    """

    text: str
    found: bool = True
    nowiki: bool = False
    is_html: bool = False
    noparse: bool = True


ParserFunction = Callable[[FrameLike, ArgumentsLike], "str | FunctionResult"]
"""A parser function, by its name in `PageView.functions`: ``#invoke`` with its hash mark, ``lc`` without; lower."""

ExtensionTag = Callable[[FrameLike, "str | None", Mapping[str, str]], "str | FunctionResult"]
"""An extension tag: the frame, the text inside (None for ``<tag/>``) and the attributes.

A plain str goes behind a general strip marker, as HTML does.
"""


class PreprocessorLike(Protocol):
    """Wikitext of one page view."""

    @property
    def strip(self) -> StripStateLike:
        """The strip markers of the page view."""

    def root_frame(self) -> FrameLike:
        """The frame of the page itself: depth 0, no arguments, no parent."""

    def expand_page(self, text: str) -> str:
        """A page's text with all expanded, as Special:ExpandTemplates gives it: comments gone, markers put back."""

    def template(self, title: Title) -> TemplateLike | None:
        """A template (redirects followed), parsed once a page view; None if the page is missing."""

    def fetch(self, title: Title) -> tuple[str | None, Title]:
        """A page's text for inclusion and the title where it was found after redirects; (None, title) if missing."""

    def call_function(self, frame: FrameLike, name: str, arguments: Sequence[tuple[ArgumentName, str]]) -> str | None:
        """`frame:callParserFunction`: the result as text (nowiki and HTML put behind markers); None if unknown.

        arguments: the first is what stands after the colon; texts are values, not expanded again; an int as the name
        is a positional one.
        """

    def clean(self, text: str) -> str:
        """Text that a module returned, as PHP cleans it up: valid UTF-8 in NFC, no control characters."""
