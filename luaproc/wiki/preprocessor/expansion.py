"""The preprocessor of one page view: what stands between braces is looked up, called and put into place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timezone, tzinfo
from html import unescape

from luaproc.wiki import interfaces
from luaproc.wiki.interfaces import ArgumentName, FunctionResult, ParserFunction
from luaproc.wiki.language import Language, codes, language
from luaproc.wiki.language.tables import autonyms
from luaproc.wiki.preprocessor.escaping import escape_wikitext
from luaproc.wiki.preprocessor.frames import RECOVER_ORIGINAL, Arguments, Frame, ValueArguments, written
from luaproc.wiki.preprocessor.nodes import Children, Item, Parameter, Tag, Template
from luaproc.wiki.preprocessor.scanner import parse
from luaproc.wiki.preprocessor.strip import StripState
from luaproc.wiki.preprocessor.trees import Trees
from luaproc.wiki.preprocessor.words import words
from luaproc.wiki.titles import MEDIAWIKI, SPECIAL, TEMPLATE, Title
from luaproc.wiki.values import PHP_SPACE
from luaproc.wiki.view import PageView
from luaproc.wire.stack import Room

TAGS = frozenset({"pre", "nowiki", "gallery", "indicator", "langconvert"})
ROOM = 4000  # frames of Python for expansions inside expansions

# Functions that expand no more of their arguments than they need; those added in Python choose for themselves.
LAZY = frozenset(
    {"#if", "#ifeq", "#iferror", "#ifexpr", "#ifexist", "#switch", "#time", "#timel", "#timef", "#timefl", "#tag"}
)

# What a template's text may begin with that needs a line of its own.
_BLOCK = re.compile(r"\{\||[:;#*]")
_ATTRIBUTE = re.compile(
    "([^\\s\"'<>/=\x00-\x1f\x7f-\x9f]+)(?:\\s*=\\s*(?:\"([^\"]*)(?:\"|$)|'([^']*)(?:'|$)|([^\\s>\"']*)))?"
)


_trees = Trees()


class TemplateText:
    """`luaproc.wiki.interfaces.TemplateLike`."""

    __slots__ = ("title", "tree")

    def __init__(self, title: Title, tree: Children) -> None:
        self.title = title
        self.tree = tree

    def expand(self, frame: interfaces.FrameLike) -> str:
        """Its text in a frame made with `Frame.new_child`."""
        assert isinstance(frame, Frame)
        return frame.children(self.tree)


class Preprocessor:
    """`luaproc.wiki.interfaces.PreprocessorLike` for one page view."""

    def __init__(self, view: PageView) -> None:
        from luaproc.wiki.parser_functions import FUNCTIONS, Variables

        self.view: PageView = view
        self.strip = StripState(self._not_put_back)
        self.nesting = 0
        limits = view.site.limits
        self.max_nesting = limits.depth
        self.max_nodes = limits.nodes
        self.max_bytes = limits.bytes
        self.tags = TAGS | frozenset(view.site.extension_tags) | frozenset(name.lower() for name in view.tags)
        self.functions: dict[str, ParserFunction] = {**FUNCTIONS, **view.functions}
        self.lazy = LAZY.union(view.functions)
        self.words = words(view.site, frozenset(name for name in view.functions if name not in FUNCTIONS), view.release)
        self.variables = Variables(self)
        self.time_chars = 0
        self.mediawiki = view.mediawiki
        self.language: Language = language(view.site.language, self.mediawiki, view.release)
        self._templates: dict[str, TemplateText | None] = {}

    def root_frame(self) -> Frame:
        """The frame of the page itself: depth 0, no arguments, no parent."""
        return Frame(self, self.view.title)

    def expand_page(self, text: str) -> str:
        """A page's text with all expanded, as Special:ExpandTemplates gives it: comments gone, markers put back."""
        if self.is_too_long(text):
            return self.strip.unstrip_both(text)
        with Room(ROOM):
            # A page's own text comes once: its tree would only take the place of a template's.
            expanded = self.root_frame().children(parse(text, self.tags, False))
        return self.strip.unstrip_both(expanded)

    def is_too_long(self, text: str) -> bool:
        """Whether a text stays as it is, because it is longer than all that a page may include."""
        return len(text) * 4 > self.max_bytes and len(text.encode("utf-8", "surrogatepass")) > self.max_bytes

    def parse(self, text: str, inclusion: bool) -> Children:
        """The tree of a text, kept for other page views. inclusion: the text is a template's."""
        return _trees.parse(text, self.tags, inclusion)

    def _loop(self, shown: str) -> str:
        """What stands for a template that includes itself."""
        self.view.track("template-loop-category")
        self.view.warn("template-loop-warning", shown)
        text = self.error("parser-template-loop-warning", shown)
        return text.replace(f"[[{shown}", f"[[:{shown}") if self.view.release >= 43 else text

    def language_of(self, code: str) -> Language:
        """The language of that code; the content language for what is no code."""
        return language(code, self.mediawiki, self.view.release) if codes.is_built_in(code) else self.language

    def message(self, key: str) -> str | None:
        """A text of the interface; None if there is none."""
        messages = self.view.messages
        text = messages.find(key)
        if text is None and "/" in key:
            key, _, code = key.rpartition("/")
            text = messages.find(key, code) if code in autonyms() else None
        return text

    def error(self, key: str, *parameters: str) -> str:
        """What stands in place of what cannot be expanded. key: of the message."""
        return f'<span class="error">{self.view.messages.text(key, *parameters)}</span>'

    def _not_put_back(self, key: str, *parameters: str) -> str:
        if key in ("unstrip-depth", "unstrip-size"):
            parameters = tuple(self.language.format_number(number) for number in parameters)
            self.view.limit_exceeded(key, *parameters)
            key = f"{key}-warning"
        return self.error(key, *parameters)

    def zone(self, local: bool) -> tzinfo:
        """The site's time zone, or UTC."""
        return self.view.site.zone() if local else timezone.utc

    def moment(self, local: bool) -> datetime:
        """The page view's moment."""
        return self.view.now.astimezone(self.zone(local))

    def template(self, title: Title) -> TemplateText | None:
        """A template (redirects followed), parsed once a page view; None if the page is missing."""
        key = title.prefixed_key
        if key not in self._templates:
            text, found = self.fetch(title)
            self._templates[key] = None if text is None else TemplateText(found, self.parse(text, True))
        return self._templates[key]

    def fetch(self, title: Title) -> tuple[str | None, Title]:
        """A page's text for inclusion and the title where it was found after redirects; (None, title) if missing."""
        text, found = self.view.pages.follow(title)
        if text is None and found.namespace == MEDIAWIKI:
            text = self.message(found.text[:1].lower() + found.text[1:])
        return text, found

    def braces(self, frame: Frame, node: Template) -> Children:
        """What stands between double braces, expanded; a tuple is still to be expanded in the same frame."""
        deepest = self.nesting > self.max_nesting  # here not even a name is expanded
        title = node.title if type(node.title) is str and not deepest else frame.children(node.title)
        plan = self.words.plan(title)
        if plan.subst == "subst":
            return self._included(written(node, title), node, None, title)
        parts = node.parts
        if plan.variable and not parts:
            return self._included(self.variables.expand(plan.variable, frame), node, None, title)
        if plan.function:
            arguments = Arguments(frame, plan.first, parts)
            if plan.function not in self.lazy:
                arguments.expand_all()
            result = self.functions[plan.function](frame, arguments)
            if type(result) is str:
                return self._included(result, node, None, title, plan.nowiki)
            assert isinstance(result, FunctionResult)
            if result.found:
                return self._result(result, frame, node, title, plan.nowiki)
        return self._template(frame, node, plan.name, title, plan.nowiki)

    def _result(self, result: FunctionResult, frame: Frame, node: Template, title: str, nowiki: bool) -> Children:
        text = result.text
        nowiki = nowiki or result.nowiki
        if not result.noparse:
            child = frame.child(None, node.parts)
            text = child.children(self.parse(text, False), RECOVER_ORIGINAL if nowiki else 0)
        if result.is_html:
            return self._included(self.strip.add("general", text, "item"), node, None, title)
        return self._included(text, node, None, title, nowiki)

    def _template(self, frame: Frame, node: Template, name: str, title: str, nowiki: bool) -> Children:
        site = self.view.site
        name, namespace = self.relative(name)
        page = site.title(name, namespace)
        if page is None:
            return self._included(written(node, title), node, None, title)
        shown = page.prefixed_text
        if frame.depth >= site.limits.depth:
            text = self.error("parser-template-recursion-depth-warning", str(site.limits.depth))
            return self._included(text, node, shown, title, nowiki)
        if page.interwiki:
            return self._included(written(node, title), node, shown, title)
        found = None
        known = site.namespaces.get(page.namespace)
        if page.namespace != SPECIAL and (known is None or known.is_includable):
            found = self.template(page)
        if frame.is_looping(page if found is None else found.title):
            return self._included(self._loop(shown), node, shown, title, nowiki)
        if found is None:
            return self._included(f"[[:{shown}]]", node, shown, title, nowiki)
        if not node.parts and not nowiki:
            cached = frame.children_cache.get(shown)
            if cached is None:
                child = frame.child(found.title, ())
                cached = child.children(found.tree)
                if not child.volatile:
                    frame.children_cache[shown] = cached
                self._inherit(frame, child)
            return self._included(cached, node, shown, title)
        child = frame.child(found.title, node.parts)
        text = child.children(found.tree, RECOVER_ORIGINAL if nowiki else 0)
        self._inherit(frame, child)
        return self._included(text, node, shown, title, nowiki)

    @staticmethod
    def _inherit(frame: Frame, child: Frame) -> None:
        if child.volatile:
            frame.volatile = True
        if child.ttl is not None:
            frame.ttl = child.ttl if frame.ttl is None else min(frame.ttl, child.ttl)

    def relative(self, name: str) -> tuple[str, int]:
        """The page that a template's name means on this page, and its default namespace: `/sub` is a subpage."""
        title = self.view.title
        if not name.startswith(("/", "../")) or not title.has_subpages:
            return name, TEMPLATE
        if name.startswith("/"):
            path = name[:-1] if name.endswith("/") and len(name) > 1 else name
            return title.prefixed_text + path, title.namespace
        steps = title.prefixed_text.split("/")
        rest = name
        while rest.startswith("../"):
            if len(steps) == 1:
                return name, TEMPLATE
            steps.pop()
            rest = rest[3:]
        base = "/".join(steps)
        return (f"{base}/{rest.rstrip('/')}" if rest else base), title.namespace

    def _included(
        self, text: Children, node: Template, shown: str | None, title: str, nowiki: bool = False
    ) -> Children:
        """Text that takes the place of braces: escaped, on a line of its own, or left out where there is too much."""
        if type(text) is not str:
            return text
        if nowiki:
            text = escape_wikitext(text)
        elif not node.line_start and _BLOCK.match(text):
            text = "\n" + text
        counters = self.view.counters
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if counters.include_bytes + size > self.max_bytes:
            self.view.limit_exceeded("post-expand-template-inclusion")
            warning = "<!-- WARNING: template omitted, post-expand include size too large -->"
            return f"[[:{shown or title.strip(PHP_SPACE)}]]" + self.strip.add("general", warning, "item")
        counters.include_bytes += size
        return text

    def parameter(self, frame: Frame, node: Parameter) -> Children:
        """`{{{name|default}}}`."""
        name = frame.children(node.name)
        text = frame.argument(name.strip(PHP_SPACE))
        if text is None:
            if not node.parts:
                return written(node, name)
            part = node.parts[0]
            if part.index:
                return part.value
            return (*_items(part.name), "=", *_items(part.value))
        counters = self.view.counters
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if counters.argument_bytes + size > self.max_bytes:
            self.view.limit_exceeded("post-expand-template-argument")
            if size > self.max_bytes:
                text = ""  # MediaWiki keeps it: templates that each pass on their argument twice fill PHP's memory
            return text + "<!-- WARNING: argument omitted, expansion size too large -->"
        counters.argument_bytes += size
        return text

    def tag(self, frame: Frame, node: Tag) -> str:
        """An extension tag: a marker, for what its function gives or for the tag as it stands."""
        name = node.name.lower()
        function = self.view.tags.get(name)
        if function is None:
            return self.strip.add("nowiki" if name == "nowiki" else "general", node.raw(), node.name)
        result = function(frame, node.inner, attributes(node.attributes))
        return self.tag_result(result, frame, name)

    def tag_result(self, result: str | FunctionResult, frame: interfaces.FrameLike, name: str) -> str:
        """What the function of an extension tag gave, as it stands in the text."""
        if isinstance(result, str):
            return self.strip.add("general", result, name)
        text = result.text if result.noparse else frame.expand(result.text)
        return self.strip.add("nowiki" if result.nowiki else "general", text, name)

    def call_function(
        self, frame: interfaces.FrameLike, name: str, arguments: Sequence[tuple[ArgumentName, str]]
    ) -> str | None:
        """`frame:callParserFunction`: see `luaproc.wiki.interfaces.PreprocessorLike`."""
        assert isinstance(frame, Frame)
        function = self.words.function(name)
        if not function:
            return None
        values = [(None if isinstance(key, int) else key, text) for key, text in arguments]
        result = self.functions[function](frame, ValueArguments(values))
        if isinstance(result, str):
            return result
        if not result.found:
            return None
        text = result.text
        if not result.noparse:
            text = frame.expand(text)
        if result.nowiki:
            text = escape_wikitext(text)
        return self.strip.add("general", text, "item") if result.is_html else text

    def clean(self, text: str) -> str:
        """Text that a module returned, as PHP cleans it up: valid UTF-8 in NFC, no control characters."""
        if text.isascii():
            return _CONTROL.sub("\ufffd", text)
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return unicodedata.normalize("NFC", _CONTROL.sub("\ufffd", text))


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _items(children: Children) -> tuple[Item, ...]:
    return (children,) if isinstance(children, str) else children


def attributes(text: str) -> dict[str, str]:
    """A tag's attributes: names in lower case, entities decoded."""
    found = {}
    for match in _ATTRIBUTE.finditer(text):
        value = next((group for group in match.groups()[1:] if group is not None), match[1])
        found[match[1].lower()] = re.sub(r"\s+", " ", unescape(value)).strip()
    return found
