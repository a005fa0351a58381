"""Frames: a page or a template while it is expanded, with its arguments, each expanded once it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from luaproc.wiki import interfaces
from luaproc.wiki.interfaces import ArgumentName
from luaproc.wiki.preprocessor.nodes import Children, Comment, Heading, Ignored, Parameter, Part, Tag, Template
from luaproc.wiki.titles import Title
from luaproc.wiki.values import PHP_SPACE, array_key

if TYPE_CHECKING:
    from luaproc.wiki.preprocessor.expansion import Preprocessor

NO_ARGUMENTS, NO_TEMPLATES, STRIP_COMMENTS, NO_IGNORE, RECOVER_COMMENTS, NO_TAGS = 1, 2, 4, 8, 16, 32
RECOVER_ORIGINAL = NO_ARGUMENTS | NO_TEMPLATES | NO_IGNORE | RECOVER_COMMENTS | NO_TAGS

DEPTH_EXCEEDED = '<span class="error">Expansion depth limit exceeded</span>'
NODES_EXCEEDED = '<span class="error">Node-count limit exceeded</span>'


class Arguments:
    """`luaproc.wiki.interfaces.ArgumentsLike` of what stands between braces."""

    __slots__ = ("_first", "_frame", "_parts", "_texts", "offset")

    def __init__(self, frame: Frame, first: str, parts: tuple[Part, ...], offset: int = 0) -> None:
        self._frame = frame
        self._first = first
        self._parts = parts
        self._texts: dict[int, str] = {}
        self.offset = offset  # positional parts before these

    def __len__(self) -> int:
        return len(self._parts) + 1

    def __getitem__(self, index: int) -> str:
        return self.expanded(index).strip(PHP_SPACE)

    def expanded(self, index: int) -> str:
        """The argument expanded, not trimmed."""
        if index == 0:
            return self._first
        text = self._texts.get(index)
        if text is None:
            part = self._parts[index - 1]
            name = "" if part.index else f"{self._frame.children(part.name)}="
            text = self._texts[index] = name + self._frame.children(part.value)
        return text

    def expand_all(self) -> None:
        """Expand all, from left to right."""
        for index in range(1, len(self._parts) + 1):
            self.expanded(index)

    def split(self, index: int) -> tuple[str | None, str]:
        """(name, value), both expanded, neither trimmed; the name is None where the text has no equals sign."""
        if index == 0:
            return None, self._first
        part = self._parts[index - 1]
        name = None if part.index else self._frame.children(part.name)
        return name, self._frame.children(part.value)

    def part(self, index: int) -> Part:
        """The argument unexpanded; index from 1."""
        return self._parts[index - 1]

    def rest(self, start: int) -> Arguments:
        """Those from `start` on, unexpanded as they are: for `Frame.new_child`."""
        return Arguments(self._frame, "", self._parts[start - 1 :], self.offset + start - 1)

    def parts(self) -> tuple[Part, ...]:
        """All but the first, unexpanded."""
        return self._parts


class ValueArguments:
    """`luaproc.wiki.interfaces.ArgumentsLike` of texts that are not expanded again: a call from Lua."""

    __slots__ = ("_values",)

    def __init__(self, values: list[tuple[str | None, str]]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: int) -> str:
        return self.expanded(index).strip(PHP_SPACE)

    def expanded(self, index: int) -> str:
        name, value = self._values[index]
        return value if name is None else f"{name}={value}"

    def split(self, index: int) -> tuple[str | None, str]:
        return self._values[index]

    def part(self, index: int) -> Part:
        name, value = self._values[index]
        return Part(name or "", 0 if name is not None else index, value)

    def rest(self, start: int) -> ValueArguments:
        return ValueArguments([(None, ""), *self._values[start:]])

    def parts(self) -> tuple[Part, ...]:
        number = 0
        parts = []
        for name, value in self._values[1:]:
            number += name is None
            parts.append(Part(name or "", number if name is None else 0, value))
        return tuple(parts)

    offset = 0


class Frame:
    """`luaproc.wiki.interfaces.FrameLike`."""

    __slots__ = (
        "_known",
        "_raw",
        "children_cache",
        "depth",
        "loop",
        "parent",
        "preprocessor",
        "title",
        "ttl",
        "volatile",
    )

    def __init__(self, preprocessor: Preprocessor, title: Title, parent: Frame | None = None) -> None:
        self.preprocessor = preprocessor
        self.title = title
        self.parent: Frame | None = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.volatile = False
        self.ttl: int | None = None
        self.loop: frozenset[str] = frozenset()
        self.children_cache: dict[str, str] = {}
        self._raw: dict[str, tuple[Children, bool]] = {}  # and whether it is named
        self._known: dict[str, str] = {}

    def get_argument(self, name: ArgumentName) -> str | None:
        """An argument expanded; named ones are trimmed, positional ones are not. None if there is none."""
        return self.argument(str(name))

    def argument(self, name: str) -> str | None:
        """`get_argument` by the name as text."""
        known = self._known.get(name)
        if known is not None:
            return known
        raw = self._raw.get(name)
        if raw is None or self.parent is None:
            return None
        text = self.parent.children(raw[0], STRIP_COMMENTS)
        if raw[1]:
            text = text.strip(PHP_SPACE)
        self._known[name] = text
        return text

    def arguments(self) -> dict[ArgumentName, str]:
        """All arguments, expanded as `get_argument` does; positional ones first."""
        names = sorted(self._raw, key=lambda name: self._raw[name][1]) if self._raw else list(self._known)
        return {array_key(name): self.argument(name) or "" for name in names}

    def plain_arguments(self) -> tuple[dict[str, str], list[str]]:
        """Arguments that are there without expanding anything, by name, as `argument` gives them; names of others."""
        texts = dict(self._known)
        others = []
        nests = self.preprocessor.nesting <= self.preprocessor.max_nesting
        for name, (value, is_named) in self._raw.items():
            if name in texts:
                continue
            if type(value) is str and nests:
                texts[name] = value.strip(PHP_SPACE) if is_named else value
            else:
                others.append(name)
        return texts, others

    @property
    def is_empty(self) -> bool:
        """Whether there are no arguments."""
        return not self._raw and not self._known

    def is_looping(self, title: Title) -> bool:
        """Whether `title` is being expanded in this frame or in one above it."""
        return title.prefixed_key in self.loop

    def new_child(
        self,
        title: Title | None,
        arguments: Mapping[ArgumentName, str] | interfaces.ArgumentsLike,
        first_index: int = 1,
    ) -> Frame:
        """A frame whose parent is this one: see `luaproc.wiki.interfaces.FrameLike`."""
        if isinstance(arguments, (Arguments, ValueArguments)):
            return self.child(title, arguments.parts(), arguments.offset - first_index + 1)
        child = self.child(title, ())
        assert isinstance(arguments, Mapping)
        child._known.update((str(name), text) for name, text in arguments.items())
        return child

    def child(self, title: Title | None, parts: tuple[Part, ...], offset: int = 0) -> Frame:
        """A frame with unexpanded arguments; offset: what is taken from the numbers of positional ones."""
        child = Frame(self.preprocessor, title or self.title, self)
        child.loop = self.loop if title is None else self.loop | {title.prefixed_key}
        raw = child._raw
        for part in parts:
            is_named = not part.index
            name = self.children(part.name, STRIP_COMMENTS).strip(PHP_SPACE) if is_named else str(part.index - offset)
            if name in raw:
                self._warn_of_duplicate(child.title, name)
            raw[name] = (part.value, is_named)
        return child

    def _warn_of_duplicate(self, called: Title, name: str) -> None:
        view = self.preprocessor.view
        view.warn("duplicate-args-warning", self.title.prefixed_text, called.prefixed_text, name)
        view.track("duplicate-args-category")

    def expand(self, text: str) -> str:
        """Parse and expand wikitext in this frame."""
        return (
            text
            if self.preprocessor.is_too_long(text)
            else self.children(self.preprocessor.parse(text, self.depth > 0))
        )

    def children(self, nodes: Children, flags: int = 0) -> str:
        """A tree as text."""
        preprocessor = self.preprocessor
        if preprocessor.nesting > preprocessor.max_nesting:
            depths = str(preprocessor.nesting), str(preprocessor.max_nesting)
            preprocessor.view.limit_exceeded("expansion-depth-exceeded", *depths)
            return DEPTH_EXCEEDED
        if type(nodes) is str:
            return nodes
        counters = preprocessor.view.counters
        counters.nodes += 1
        if counters.nodes > preprocessor.max_nodes:
            preprocessor.view.limit_exceeded("node-count-exceeded", str(counters.nodes), str(preprocessor.max_nodes))
            return NODES_EXCEEDED
        preprocessor.nesting += 1
        if preprocessor.nesting > counters.depth:
            counters.depth = preprocessor.nesting
        try:
            return self._walk(nodes, flags)
        finally:
            preprocessor.nesting -= 1

    def _walk(self, nodes: Children, flags: int) -> str:
        preprocessor = self.preprocessor
        out: list[str] = []
        pending = [iter(nodes)]
        while pending:
            for node in pending[-1]:
                if type(node) is str:
                    out.append(node)
                    continue
                more: Children
                if type(node) is Template:
                    more = preprocessor.braces(self, node) if not flags & NO_TEMPLATES else written(node)
                elif type(node) is Parameter:
                    more = preprocessor.parameter(self, node) if not flags & NO_ARGUMENTS else written(node)
                elif type(node) is Comment:
                    more = node.raw if flags & RECOVER_COMMENTS else ""
                elif type(node) is Ignored:
                    more = node.raw if flags & NO_IGNORE else ""
                elif type(node) is Tag:
                    more = node.raw() if flags & NO_TAGS else preprocessor.tag(self, node)
                else:
                    assert type(node) is Heading
                    more = node.children
                if type(more) is str:
                    out.append(more)
                else:
                    pending.append(iter(more))
                    break
            else:
                pending.pop()
        return "".join(out)


def written(node: Template | Parameter, title: str | None = None) -> Children:
    """A construct as its text, with what is in it still to be expanded; title: what its title was expanded to."""
    opening, closing = ("{{", "}}") if type(node) is Template else ("{{{", "}}}")
    name: Children = title if title is not None else node.title if isinstance(node, Template) else node.name
    items = [opening, *(name if type(name) is not str else (name,))]
    for part in node.parts:
        items.append("|")
        if not part.index:
            items.extend(part.name if type(part.name) is not str else (part.name,))
            items.append("=")
        items.extend(part.value if type(part.value) is not str else (part.value,))
    items.append(closing)
    return tuple(items)
