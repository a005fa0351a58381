"""Wikitext into a tree: braces, links, comments, extension tags, the noinclude family, headings.

Each character is looked at a bounded number of times, whatever the text: nothing is tried twice, and what was opened
and never closed becomes text again in one pass at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from luaproc.wiki.preprocessor.nodes import Children, Comment, Heading, Ignored, Parameter, Part, Tag, Template

SPACE = "[ \t\n\r\f\v]"
MAX_HEADING = 6

Accumulator = list[Any]  # of str, Node, and of such lists again: constructs that stayed text


class Piece:
    """Something open: braces, brackets, or a heading (`open` is a newline)."""

    __slots__ = (
        *("accumulator", "close", "comment_end", "count", "equals", "line_start", "open"),
        *("parts", "pattern", "prefix", "start", "visual_end"),
    )

    def __init__(self, open: str, count: int, prefix: str, line_start: bool, start: int, pattern: Any) -> None:
        self.open = open
        self.count = count
        self.prefix = prefix  # the `-` of `-{{`
        self.line_start = line_start
        self.start = start
        self.pattern = pattern
        self.clear()

    def clear(self) -> None:
        """Begin anew: nothing of the construct has been read."""
        self.accumulator: Accumulator = []
        self.parts: list[tuple[Accumulator, int]] = []  # those before the current one
        self.equals = -1  # index in the accumulator of the current part's `=`
        self.visual_end = -1  # where a comment began, spaces before it included
        self.comment_end = -1

    def broken(self, count: int) -> Accumulator:
        """The construct as text again, with this many of its opening characters."""
        if self.open == "\n":
            return self.accumulator
        opening = self.open[:-1] + self.open[-1] * (count - len(self.open) + 1)
        text: Accumulator = [self.prefix + opening]
        for accumulator, _ in self.parts:
            text += (accumulator, "|")
        text.append(self.accumulator)
        return text


class Grammar:
    """The patterns for one set of extension tags; inclusion: the text is a template's, not a page's own."""

    def __init__(self, tags: Iterable[str], inclusion: bool) -> None:
        self.ignored_marks = ("includeonly", "/includeonly") if inclusion else NOT_INCLUDED_MARKS
        self.ignored_elements = "noinclude" if inclusion else "includeonly"
        names = sorted({*tags, *self.ignored_marks, self.ignored_elements}, key=len, reverse=True)
        angle = f"<(?:!--|(?i:{'|'.join(map(re.escape, names))})(?=/>|>|{SPACE}))"
        if inclusion:
            angle += "|</onlyinclude>"
        base = rf"\[\[+|-?\{{\{{+|-\{{|{angle}|\n="
        self.root = compiled(base)
        self.heading = compiled(base.replace(r"\n=", r"\n"))
        self.braces = compiled(rf"\}}\}}\}}?|\||{base}")
        self.braces_equals = compiled(rf"\}}\}}\}}?|\||=|{base}")
        self.brackets = compiled(rf"\]\]|{base}")
        self.variants = compiled(rf"\}}-|\||{base}")
        self.variants_equals = compiled(rf"\}}-|\||=|{base}")
        self.first = {"\n": self.heading, "{": self.braces, "[": self.brackets, "-{": self.variants}
        self.equals = {"{": self.braces_equals, "-{": self.variants_equals}


NOT_INCLUDED_MARKS = ("noinclude", "/noinclude", "onlyinclude", "/onlyinclude")
MAY_RUN_OUT = frozenset({"includeonly", "noinclude", "onlyinclude"})  # their end tag may be missing
BLANKS = re.compile("[ \t]*")
EQUALS = re.compile("=*")


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern in which tags' names are ASCII, whatever Unicode calls a letter's other case."""
    return re.compile(pattern, re.ASCII)


def freeze(accumulator: Accumulator) -> Children:
    """What was accumulated as a node's children: lists in it laid flat, text joined."""
    if len(accumulator) == 1 and type(accumulator[0]) is str:
        return accumulator[0]
    items: list[Any] = []
    text: list[str] = []
    pending = [iter(accumulator)]
    while pending:
        for item in pending[-1]:
            if type(item) is str:
                text.append(item)
            elif type(item) is list:
                pending.append(iter(item))
                break
            else:
                if text:
                    items.append("".join(text))
                    text = []
                items.append(item)
        else:
            pending.pop()
    if not items:
        return "".join(text)
    if text:
        items.append("".join(text))
    return tuple(items)


grammar = lru_cache(64)(Grammar)


def parts_of(piece: Piece) -> tuple[Part, ...]:
    """The arguments after the title."""
    if not piece.parts:
        return ()
    parts = []
    number = 1
    for accumulator, equals in (*piece.parts[1:], (piece.accumulator, piece.equals)):
        if equals < 0:
            parts.append(Part("", number, freeze(accumulator)))
            number += 1
        else:
            parts.append(Part(freeze(accumulator[:equals]), 0, freeze(accumulator[equals + 1 :])))
    return tuple(parts)


def parse(text: str, tags: frozenset[str], inclusion: bool = False) -> Children:
    """The tree of a text; tags: the names of the extension tags, in lower case."""
    return Scanner(text, grammar(tags, inclusion), inclusion).run()


class Scanner:
    """One text on its way through. `at` is the position, `literal` the start of text not yet accumulated."""

    def __init__(self, text: str, rules: Grammar, inclusion: bool) -> None:
        self.text = text
        self.rules = rules
        self.root: Accumulator = []
        self.stack: list[Piece] = []
        self.accumulator = self.root
        self.pattern = rules.root
        self.at = self.literal = 0
        self.only = inclusion and "<onlyinclude>" in text and "</onlyinclude>" in text
        self.no_more_gt = False  # whether no `>` follows any more
        self.unclosed: set[str] = set()  # tags that have no end any more
        self.chain_end = -1  # where the comments that follow each other end

    def run(self) -> Children:
        """The whole text's tree."""
        text = self.text
        if self.only:
            self.skip_to_onlyinclude()
        if text.startswith("=", self.at):
            self.heading()
        while True:
            match = self.pattern.search(text, self.at)
            if match is None:
                if self.stack and self.stack[-1].open == "\n":
                    self.at = len(text)
                    self.end_heading()
                    continue
                break
            token = match.group()
            self.at = match.start()
            first = token[0]
            if first == "|":
                self.pipe()
            elif first == "=":
                self.equals_sign()
            elif first in "}]":
                self.close(token)
            elif first == "\n":
                if self.stack and self.stack[-1].open == "\n":
                    self.end_heading()
                    if not text.startswith("=", self.at + 1):
                        continue
                self.at += 1
                self.heading()
            elif first == "<":
                self.angle(token)
            else:
                self.open(token)
        self.flush(len(text))
        for piece in self.stack:
            self.root.append(piece.broken(piece.count))
        return freeze(self.root)

    def flush(self, end: int) -> None:
        """Text up to `end` goes where the open construct gathers it."""
        if self.literal < end:
            self.accumulator.append(self.text[self.literal : end])

    def push(self, piece: Piece) -> None:
        """A construct is open from here on: it gathers what comes."""
        self.stack.append(piece)
        self.accumulator = piece.accumulator
        self.pattern = piece.pattern

    def pop(self) -> None:
        """The innermost open construct is done with: the one around it gathers again."""
        self.stack.pop()
        if self.stack:
            piece = self.stack[-1]
            self.accumulator = piece.accumulator
            self.pattern = piece.pattern
        else:
            self.accumulator = self.root
            self.pattern = self.rules.root

    def heading(self) -> None:
        """At a line's start, before an equals sign or not."""
        match = EQUALS.match(self.text, self.at, self.at + MAX_HEADING)
        count = len(match.group()) if match else 0
        if not count or (count == 1 and self.pattern in (self.rules.braces_equals, self.rules.variants_equals)):
            return  # a lone sign in an argument separates name and value
        self.flush(self.at)
        self.push(Piece("\n", count, "", False, self.at, self.rules.heading))
        self.literal = self.at
        self.at += count

    def end_heading(self) -> None:
        """At the end of a line that began with equals signs."""
        text, end = self.text, self.at
        piece = self.stack[-1]
        self.flush(end)
        self.literal = end
        search = self.before_blanks(end)
        if piece.comment_end >= 0 and search - 1 == piece.comment_end:
            search = self.before_blanks(piece.visual_end)
        start = search
        while start > 0 and text[start - 1] == "=":
            start -= 1
        count = search - start
        if count > 0 and start == piece.start:  # nothing but signs
            count = 0 if count < 3 else min(MAX_HEADING, (count - 1) // 2)
        else:
            count = min(count, piece.count)
        self.pop()
        if count > 0:
            self.accumulator.append(Heading(count, freeze(piece.accumulator)))
        else:
            self.accumulator.append(piece.accumulator)

    def before_blanks(self, end: int) -> int:
        """Where the spaces and tabs before `end` begin."""
        text = self.text
        while end > 0 and text[end - 1] in " \t":
            end -= 1
        return end

    def pipe(self) -> None:
        """`|` between braces: the next part begins."""
        self.flush(self.at)
        self.at += 1
        self.literal = self.at
        piece = self.stack[-1]
        piece.parts.append((piece.accumulator, piece.equals))
        self.accumulator = piece.accumulator = []
        piece.equals = piece.visual_end = piece.comment_end = -1
        self.pattern = piece.pattern = self.rules.equals[piece.open]

    def equals_sign(self) -> None:
        """The first `=` of a part: what stands before it is the part's name."""
        self.flush(self.at)
        piece = self.stack[-1]
        piece.equals = len(self.accumulator)
        self.accumulator.append("=")
        self.at += 1
        self.literal = self.at
        self.pattern = piece.pattern = self.rules.first[piece.open]

    def open(self, token: str) -> None:
        """`[[…`, `{{…`, `-{` or `-{{…`: the rightmost of the braces belong together."""
        at = self.at
        self.flush(at)
        line_start = at > 0 and self.text[at - 1] == "\n"
        count = len(token)
        prefix = ""
        if token[0] != "-":
            kind = token[0]
        elif count == 2:
            kind = "-{"
        else:
            kind, prefix, count = "{", "-", count - 1
        self.push(Piece(kind, count, prefix, line_start, at, self.rules.first[kind]))
        self.at = self.literal = at + len(token)

    def close(self, token: str) -> None:
        """`}}…`, `]]` or `}-` of what is open."""
        piece = self.stack[-1]
        at = self.at
        self.flush(at)
        kind = piece.open
        matching = 2 if kind != "{" else min(len(token), piece.count, 3)
        element: Any
        if kind != "{":
            element = piece.broken(2)
            element.append(token)
        elif matching == 2:
            title = freeze(piece.parts[0][0] if piece.parts else piece.accumulator)
            line_start = piece.line_start and piece.count == 2 and not piece.prefix
            element = Template(title, parts_of(piece), line_start)
        else:
            title = freeze(piece.parts[0][0] if piece.parts else piece.accumulator)
            element = Parameter(title, parts_of(piece))
        self.at = self.literal = at + matching
        self.pop()
        left = piece.count - matching
        if left == 0:
            if piece.prefix and kind == "{":
                self.accumulator.append(piece.prefix)
        elif left >= 2:
            piece.clear()
            piece.count = left
            piece.pattern = self.rules.first[kind]
            self.push(piece)
        elif kind == "{" and piece.prefix:
            self.push(Piece("-{", 2, "", piece.line_start, piece.start, self.rules.variants))
        else:
            self.accumulator.append(piece.prefix + piece.open[:-1] + piece.open[-1])
        self.accumulator.append(element)

    def angle(self, token: str) -> None:
        """`<!--`, a tag, or the end of `onlyinclude`."""
        if token == "<!--":
            self.comment()
        elif self.only and token == "</onlyinclude>":
            self.skip_to_onlyinclude()
        elif token == "</onlyinclude>":
            self.at += 1
        else:
            self.tag(token[1:])

    def skip_to_onlyinclude(self) -> None:
        """Nothing counts until the next `<onlyinclude>`."""
        self.flush(self.at)
        start = self.text.find("<onlyinclude>", self.at)
        end = len(self.text) if start < 0 else start + len("<onlyinclude>")
        if self.at < end:
            self.accumulator.append(Ignored(self.text[self.at : end]))
        self.at = self.literal = end

    def tag(self, name: str) -> None:
        """An extension tag, or one of the noinclude family; text where it has no end."""
        text, start = self.text, self.at
        lower = name.lower()
        gt = -1 if self.no_more_gt else text.find(">", start + 1 + len(name))
        if gt < 0:
            self.no_more_gt = True
            self.at += 1
            return
        rules = self.rules
        if lower in rules.ignored_marks:
            self.flush(start)
            self.accumulator.append(Ignored(text[start : gt + 1]))
            self.at = self.literal = gt + 1
            return
        inner: str | None
        close: str | None
        if text[gt - 1] == "/":
            attributes = text[start + 1 + len(name) : gt - 1]
            inner = close = None
            end = gt + 1
        else:
            attributes = text[start + 1 + len(name) : gt]
            found = None if lower in self.unclosed else closing(lower).search(text, gt + 1)
            if found is not None:
                inner = text[gt + 1 : found.start()]
                close = found.group()
                end = found.end()
            elif lower in MAY_RUN_OUT:
                inner, close = text[gt + 1 :], None
                end = len(text)
            else:
                self.unclosed.add(lower)
                self.at = gt + 1
                return
        self.flush(start)
        if lower == rules.ignored_elements:
            self.accumulator.append(Ignored(text[start:end]))
        else:
            self.accumulator.append(Tag(name, attributes, inner, close))
        self.at = self.literal = end

    def comment(self) -> None:
        """A comment; comments that have their lines to themselves take these with them."""
        text, start = self.text, self.at
        end = text.find("-->", start + 4)
        if end < 0:
            self.flush(start)
            self.accumulator.append(Comment(text[start:]))
            self.at = self.literal = len(text)
            return
        blanks = self.before_blanks(start)
        line_end = self.comments_end(start, end + 3)
        if blanks > 0 and text[blanks - 1] == "\n" and text.startswith("\n", line_end):
            self.flush(blanks)
            self.accumulator.append(Comment(text[blanks : line_end + 1]))
            end = line_end
            fake_line_start = True
        else:
            self.flush(start)
            self.accumulator.append(Comment(text[start : end + 3]))
            end += 2
            fake_line_start = False
        if self.stack:
            piece = self.stack[-1]
            if piece.comment_end >= 0 and piece.comment_end == blanks - 1:
                piece.comment_end = line_end - 1
            else:
                piece.visual_end = blanks
                piece.comment_end = end
        self.at = self.literal = end + 1
        if fake_line_start and text.startswith("=", self.at):
            self.heading()

    def comments_end(self, start: int, end: int) -> int:
        """Past the last of the comments that follow each other from `start` on, blanks between and after them."""
        if start < self.chain_end:
            return self.chain_end
        text = self.text
        while True:
            end = BLANKS.match(text, end).end()  # type: ignore[union-attr]
            if not text.startswith("<!--", end):
                break
            close = text.find("-->", end + 3)  # MediaWiki takes `<!--->` for a whole comment here
            if close < 0:
                break
            end = close + 3
        self.chain_end = end
        return end


@lru_cache(256)
def closing(name: str) -> re.Pattern[str]:
    """The end tag of that name."""
    return re.compile(f"</{re.escape(name)}{SPACE}*>", re.IGNORECASE | re.ASCII)
