"""The tree of a wikitext: text, and what an expansion replaces in it.

A run of text alone is a str; anything else is a tuple of str and nodes. A node is immutable and knows no page: trees
are kept and expanded in any frame.
"""

from __future__ import annotations


class Node:
    """What a scanner made of one construct."""

    __slots__ = ()


class Template(Node):
    """`{{title|part|…}}`: a template, a parser function or a variable; line_start: it begins its line."""

    __slots__ = ("line_start", "parts", "title")

    def __init__(self, title: Children, parts: tuple[Part, ...], line_start: bool) -> None:
        self.title = title
        self.parts = parts
        self.line_start = line_start


class Parameter(Node):
    """`{{{name|default|…}}}`."""

    __slots__ = ("name", "parts")

    def __init__(self, name: Children, parts: tuple[Part, ...]) -> None:
        self.name = name
        self.parts = parts


class Part:
    """One argument between pipes: `value` alone, numbered from 1 by `index`, or `name=value` with index 0."""

    __slots__ = ("index", "name", "value")

    def __init__(self, name: Children, index: int, value: Children) -> None:
        self.name = name
        self.index = index
        self.value = value


class Tag(Node):
    """`<name attributes>inner close`; inner None: `<name attributes/>`; close None: the text ended first."""

    __slots__ = ("attributes", "close", "inner", "name")

    def __init__(self, name: str, attributes: str, inner: str | None, close: str | None) -> None:
        self.name = name
        self.attributes = attributes
        self.inner = inner
        self.close = close

    def raw(self) -> str:
        """The tag as it stood in the text."""
        if self.inner is None:
            return f"<{self.name}{self.attributes}/>"
        return f"<{self.name}{self.attributes}>{self.inner}{self.close or ''}"


class Comment(Node):
    """`<!-- … -->`, with the whole line where it had one of its own."""

    __slots__ = ("raw",)

    def __init__(self, raw: str) -> None:
        self.raw = raw


class Ignored(Node):
    """What the noinclude family takes away in this use of the text, its marks included."""

    __slots__ = ("raw",)

    def __init__(self, raw: str) -> None:
        self.raw = raw


class Heading(Node):
    """A line `== … ==` with its marks."""

    __slots__ = ("children", "level")

    def __init__(self, level: int, children: Children) -> None:
        self.level = level
        self.children = children


Item = str | Node
Children = str | tuple[Item, ...]
