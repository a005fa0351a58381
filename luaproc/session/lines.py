"""Where one step of a session ends: lines of Lua until they are complete, ops with the text that follows them.

The server is not asked whether a chunk is complete (as `lua -i` asks its compiler): every frame of a session is
one that its user wanted. A scan for open blocks and brackets does; what it gets wrong, two empty lines end at a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>--(?!\[=*\[)[^\n]*)
    |(?P<long>(?:--)?\[(?P<level>=*)\[)
    |(?P<string>"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*')
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>\.?[0-9](?:[eE][+-]?|[0-9A-Za-z_.])*)
    |(?P<operator>\.\.\.|\.\.|==|~=|<=|>=|[\s\S])""",
    re.VERBOSE,
)
_OPENS = {"function", "do", "if", "for", "while", "repeat", "(", "{", "["}
_CLOSES = {"end", "until", ")", "}", "]"}
# A chunk that ends with one of these goes on: each wants something to its right.
_GOES_ON = set("and or not local in until = , . : + - * / % ^ # < > == ~= <= >= ..".split())  # noqa: SIM905
_STATEMENTS = {"break", "do", "for", "function", "if", "local", "repeat", "return", "while"}

# Ops after which the line goes on as Lua (or as another op).
PREFIXES = ("lua", "fails")
_OP = re.compile(r"\s*:(\S*)\s*(.*)", re.DOTALL)
_HERE_TEXT = re.compile(r"<<\s*([A-Za-z_]\w*)\s*$")


class Step(NamedTuple):
    """One step of a session: its text, without the last line end, and the line (from 1) where it starts."""

    line: int
    text: str


class Scan(NamedTuple):
    """What a look at Lua text found: whether it is complete, and its tokens outside of every bracket and block."""

    complete: bool
    tokens: list[str]


def scan(text: str) -> Scan:
    """Whether Lua text is complete, as far as blocks, brackets, strings and operators tell."""
    depth, heads, at, last = 0, 0, 0, ""
    outside: list[str] = []
    while match := _TOKEN.match(text, at):
        at, kind, token = match.end(), match.lastgroup, match[0]
        if kind in ("space", "comment"):
            continue
        if token in ('"', "'"):  # no end of the string is in sight
            outside.append(token)
            return Scan(not text.endswith("\\"), outside)
        if kind == "long":
            closing = text.find(f"]{match['level']}]", at)
            if closing < 0:
                return Scan(False, outside)
            at = closing + 2 + len(match["level"])
            if token.startswith("--"):
                continue
        if token in _CLOSES:
            depth -= 1
        if not depth:
            outside.append(token)
        if token == "do" and heads:
            heads -= 1  # the loop has been counted with its `for` or `while`
        elif token in _OPENS:
            depth += 1
            heads += token in ("for", "while")
        last = token
    return Scan(depth <= 0 and last not in _GOES_ON, outside)


def is_expression(text: str) -> bool:
    """Whether Lua text looks like an expression, whose value is wanted, and not like statements."""
    tokens = scan(text).tokens
    return bool(tokens) and tokens[0] not in _STATEMENTS and "=" not in tokens


def is_empty(text: str) -> bool:
    """Whether there is nothing to do: white space and comments only."""
    return not text.startswith(":") and not scan(text).tokens and scan(text).complete


def is_complete(text: str) -> bool:
    """Whether a step may end here: its Lua is complete, or the text that its op announced with ``<<WORD``."""
    if not text.lstrip(" \t").startswith(":"):
        return scan(text.lstrip().removeprefix("=")).complete
    op, argument = split_op(text)
    if op in PREFIXES:
        return is_complete(argument)
    return missing_end(text) is None


def missing_end(text: str) -> str | None:
    """The WORD that still has to come as a line of its own, of an op that announced text with ``<<WORD``."""
    head, _, rest = text.partition("\n")
    announced = _HERE_TEXT.search(head) if head.lstrip().startswith(":") else None
    return announced[1] if announced and announced[1] not in rest.split("\n") else None


def split_op(text: str) -> tuple[str, str]:
    """The name of the op that a step asks for, and what stands after it; the name is ``""`` for Lua code."""
    match = _OP.fullmatch(text)
    return (match[1], match[2].strip()) if match else ("", text.strip())


def here_text(text: str) -> tuple[str, str | None]:
    """The head of an op's step, and the text that it brings with it (None if it brings none).

    The text is what stands between ``<<WORD`` and a line that is WORD; every line of it ends with a newline.
    """
    head, _, rest = text.partition("\n")
    announced = _HERE_TEXT.search(head)
    if not announced:
        return text, None
    lines = rest.split("\n")
    if announced[1] in lines:
        lines = lines[: lines.index(announced[1])]
    return head[: announced.start()].rstrip(), "".join(line + "\n" for line in lines)


def steps(lines: Iterable[str]) -> Iterator[Step]:
    """The steps of a script, each as soon as its last line is read. The first line may be ``#!``."""
    pending: list[str] = []
    start = 1
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if number == 1 and line.startswith("#!"):
            continue
        if not pending:
            start = number
        pending.append(line)
        text = "\n".join(pending)
        if is_complete(text):
            pending = []
            if not is_empty(text):
                yield Step(start, text)
    if pending:
        yield Step(start, "\n".join(pending))
