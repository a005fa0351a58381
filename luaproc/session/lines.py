"""Where one step of a session ends: lines of Lua until they are complete, ops with the text that follows them.

The server is not asked whether a chunk is complete (as `lua -i` asks its compiler): every frame of a session is
one that its user wanted. A scan for open blocks and brackets does; what it gets wrong, two empty lines end at a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from luaproc.session.errors import SessionError
from luaproc.wire.lua_words import WORDS

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>--(?!\[=*\[).*)
    |(?P<long>(?:--)?\[(?P<level>=*)\[)
    |(?P<quote>["'])
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>\.?[0-9](?:[eE][+-]?|[0-9A-Za-z_.])*)
    |(?P<operator>\.\.\.|\.\.|==|~=|<=|>=|.)""",
    re.VERBOSE,
)
_OPENS = {"function", "do", "if", "for", "while", "repeat", "(", "{", "["}
_CLOSES = {"end", "until", ")", "}", "]"}
# A chunk that ends with one of these goes on: each wants something to its right.
_GOES_ON = set("and or not local in until = , . : + - * / % ^ # < > == ~= <= >= ..".split())  # noqa: SIM905
_STATEMENTS = {"break", "do", "for", "function", "if", "local", "repeat", "return", "while"}

# What a string goes on with, and a method call that can stand at the beginning of a line.
_IN_STRING = {quote: re.compile(rf"(?:\\.|[^{quote}\\])*") for quote in "\"'"}
_METHOD = re.compile(r"\s*:\s*[A-Za-z_]\w*\s*(?:[({\"']|\[=*\[)")
_OP_BEGINS = re.compile(r"\s*:[A-Za-z]")

# Ops after which the line goes on as Lua (or as another op).
PREFIXES = ("lua", "fails")
_OP = re.compile(r"\s*:(\S*)\s*(.*)", re.DOTALL)
_HERE_TEXT = re.compile(r"<<\s*([A-Za-z_]\w*)\s*$")

LONGEST = 16 * 1024 * 1024
"""Characters in a step: what is fed without an end is refused, and not held in memory."""


class Step(NamedTuple):
    """One step of a session: its text, without the last line end, and the line (from 1) where it starts."""

    line: int
    text: str


class LuaScanner:
    """A look at Lua text, line by line.

    tokens: those outside of every bracket and block. places: where each begins, characters from the text's beginning.
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.places: list[int] = []
        self._line_at = 0  # where the present line begins
        self._depth = 0
        self._heads = 0  # loops whose `do` has not come
        self._last = ""
        self._closing = ""  # what ends the string or comment in which the last line ended
        self._is_comment = False
        self._is_broken = False

    @property
    def is_complete(self) -> bool:
        """As far as blocks, brackets, strings and operators tell."""
        return self._is_broken or (not self._closing and self._depth <= 0 and self._last not in _GOES_ON)

    def is_op(self, line: str) -> bool:
        """Whether a line that comes next is an op and no Lua: there, ``:name`` goes on with a call's arguments."""
        if self._closing or not _OP_BEGINS.match(line):
            return False
        after_value = self._last[-1:] in (")", "]", "}", '"') or (self._last.isidentifier() and self._last not in WORDS)
        return not (after_value and _METHOD.match(line))

    def add(self, line: str) -> None:
        """One more line, without its end."""
        at = self._inside(line, 0) if self._closing else 0
        while at < len(line) and not self._is_broken:
            match = _TOKEN.match(line, at)
            assert match is not None
            at, kind, token = match.end(), match.lastgroup, match[0]
            if kind in ("space", "comment"):
                continue
            if kind in ("long", "quote"):
                self._closing = token if kind == "quote" else f"]{match['level']}]"
                self._is_comment = token.startswith("--")
                if not self._is_comment:
                    self._take('"', match.start())
                at = self._inside(line, at)
            else:
                self._take(token, match.start())
        self._line_at += len(line) + 1

    def _inside(self, line: str, at: int) -> int:
        """Where the string or the comment ends; if it does not, so does the line."""
        if self._closing in _IN_STRING:
            match = _IN_STRING[self._closing].match(line, at)
            assert match is not None
            at = match.end()
            if at == len(line):
                self._is_broken = True  # no string goes on at a line end, but behind a backslash
            elif line[at] == self._closing:
                self._closing = ""
            return at + 1
        end = line.find(self._closing, at)
        if end < 0:
            return len(line)
        end += len(self._closing)
        self._closing = ""
        return end

    def _take(self, token: str, column: int) -> None:
        if token in _CLOSES:
            self._depth -= 1
        if not self._depth:
            self.tokens.append(token)
            self.places.append(self._line_at + column)
        if token == "do" and self._heads:
            self._heads -= 1  # the loop has been counted with its `for` or `while`
        elif token in _OPENS:
            self._depth += 1
            self._heads += token in ("for", "while")
        self._last = token


class StepBuilder:
    """A step while its lines come."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.lua: LuaScanner | None = None
        """Of a step that is Lua, or an op that takes some."""
        self._end: str | None = None  # the WORD that ends the text of an op

    def add(self, line: str) -> bool:
        """One more line, without its end; whether the step may end here."""
        self.lines.append(line)
        if len(self.lines) == 1:
            rest = line.strip()
            op, argument = split_op(rest)
            while rest.startswith(":") and op in PREFIXES:
                rest = argument
                op, argument = split_op(rest)
            if rest.startswith(":"):
                self._end = missing_end(rest)
                return self._end is None
            self.lua = LuaScanner()
            line = rest.removeprefix("=")
        if self.lua is None:
            return line.strip() == self._end
        self.lua.add(line)
        return self.lua.is_complete


def scan(text: str) -> LuaScanner:
    """The look at a whole text."""
    scanner = LuaScanner()
    for line in text.split("\n"):
        scanner.add(line)
    return scanner


def is_expression(text: str) -> bool:
    """Whether Lua text looks like an expression, whose value is wanted, and not like statements."""
    tokens = scan(text).tokens
    return bool(tokens) and tokens[0] not in _STATEMENTS and "=" not in tokens


def is_empty(text: str) -> bool:
    """Whether there is nothing to do: white space and comments only."""
    if text.startswith(":"):
        return False
    found = scan(text)
    return not found.tokens and found.is_complete


def is_complete(text: str) -> bool:
    """Whether a step may end here: its Lua is complete, or the text that its op announced with ``<<WORD``."""
    builder = StepBuilder()
    return [builder.add(line) for line in text.split("\n")][-1]


def missing_end(text: str) -> str | None:
    """The WORD that still has to come as a line of its own, of an op that announced text with ``<<WORD``."""
    head, _, rest = text.partition("\n")
    announced = _HERE_TEXT.search(head) if head.lstrip().startswith(":") else None
    return announced[1] if announced and announced[1] not in map(str.strip, rest.split("\n")) else None


def split_op(text: str) -> tuple[str, str]:
    """The name of the op that a step asks for, and what stands after it; the name is ``""`` for Lua code."""
    match = _OP.fullmatch(text)
    return (match[1], match[2].strip()) if match else ("", text.strip())


def here_text(text: str) -> tuple[str, str | None]:
    """The head of an op's step, and the text that it brings with it (None if it brings none).

    The text is what stands between ``<<WORD`` and a line that is WORD, which may be indented; every line of it ends
    with a newline.
    """
    head, _, rest = text.partition("\n")
    announced = _HERE_TEXT.search(head)
    if not announced:
        return text, None
    lines = rest.split("\n")
    ends = [number for number, line in enumerate(lines) if line.strip() == announced[1]]
    if ends:
        lines = lines[: ends[0]]
    return head[: announced.start()].rstrip(), "".join(line + "\n" for line in lines)


def bounded(stream: IO[str]) -> Iterator[str]:
    """The lines of a stream. Raises SessionError for one of more than `LONGEST` characters."""
    number = 0
    while line := stream.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise SessionError(f"line {number}: expected at most {LONGEST:,} characters in a line, and there are more")
        yield line


def steps(lines: Iterable[str]) -> Iterator[Step]:
    """The steps of a script, each as soon as its last line is read. The first line may be ``#!``.

    An op ends Lua that is not complete: Lua says then what it misses. Raises SessionError for a step of more than
    `LONGEST` characters.
    """
    builder: StepBuilder | None = None
    start, size = 1, 0
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if number == 1:
            line = line.removeprefix("\ufeff")  # some editors' mark of UTF-8
            if line.startswith("#!"):
                continue
        if builder and builder.lua and builder.lua.is_op(line):
            yield Step(start, "\n".join(builder.lines))
            builder = None
        if builder is None:
            builder, start, size = StepBuilder(), number, 0
        size += len(line) + 50  # what Python needs for a text
        if size > LONGEST:
            raise SessionError(f"line {start}: expected a step of at most {LONGEST:,} characters, and it goes on")
        if builder.add(line):
            text = "\n".join(builder.lines)
            builder = None
            if not is_empty(text):
                yield Step(start, text)
    if builder:
        yield Step(start, "\n".join(builder.lines))
