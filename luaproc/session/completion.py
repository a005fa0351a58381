"""What can stand at the cursor: ops, ids and names of functions, files, Lua's own words."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from glob import escape, iglob

from luaproc.session.op_table import OpTable, S
from luaproc.session.ops import OPS, TABLE
from luaproc.session.session import LIBRARY_NAMES, WIRE_MODES, Session
from luaproc.wire.lua_words import WORDS

Names = Callable[[S, str], Iterable[str]]
"""The candidates for a word of which the beginning is typed, and perhaps others."""

_WORD = re.compile(r"[A-Za-z_][\w.]*\Z")
_TYPED = re.compile(r"[A-Za-z_]\w{2,}(?:\.\w+)*")


def complete(session: Session, text: str) -> tuple[int, list[str]]:
    """The candidates for the word at the end of a text, and where that word starts."""
    return complete_in(TABLE, _ARGUMENTS, _lua_names, session, text)


def complete_in(
    table: OpTable[S], arguments: Mapping[str, Names[S]], lua_names: Names[S], session: S, text: str
) -> tuple[int, list[str]]:
    """`complete` with the ops of a table. arguments: candidates of what stands after an op, by its name; other ops take
    Lua."""
    op = re.match(r"\s*:(\S*)(\s+)?", text)
    if op and not op[2]:
        return op.start(1) - 1, [f":{name} " for name in table.ops if name.startswith(op[1])]
    candidates = arguments.get(op[1]) if op else None
    if candidates is None:
        word = _WORD.search(text)
        start = word.start() if word else len(text)
        candidates = lua_names
    else:
        # A name may be in quotes, for the spaces in it.
        quoted = re.search(r'(?<!\S)"[^"]*\Z', text)
        start = quoted.start() if quoted else len(text) - len(re.split(r"\s", text)[-1])
    typed = text[start:]
    if candidates is lua_names and not typed:
        return start, []
    return start, sorted({name for name in candidates(session, typed) if name.startswith(typed)})


def _lua_names(session: Session, typed: str) -> Iterator[str]:
    own = [f"{name}.{key}" for name, functions in session.libraries.items() for key in functions]
    own += [word for step in session.record if not step.startswith(":") for word in _TYPED.findall(step)]
    for name in [*WORDS, *LIBRARY_NAMES, *own]:
        yield name if "." in typed else name.partition(".")[0]


def _functions(session: Session, typed: str) -> Iterator[str]:
    for number, held in session.held.items():
        yield str(number)
        if not held.text:
            name = held.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            yield f'"{name}"' if " " in name or typed.startswith('"') else name
            short = name.rpartition(".")[2]
            if "." in name and " " not in short:
                yield short


def _kept(session: Session, typed: str) -> Iterator[str]:
    yield "keep"
    yield from _functions(session, typed)


def file_names(typed: str) -> Iterator[str]:
    """The files whose names go on from what is typed; ``~/`` is the home directory."""
    home = os.path.expanduser("~")
    expanded = os.path.expanduser(typed) if typed.startswith("~/") else typed
    for name in iglob(escape(expanded) + "*"):
        shown = "~" + name[len(home) :] if expanded != typed else name
        yield shown + "/" if os.path.isdir(name) else shown


def _files(_session: Session, typed: str) -> Iterator[str]:
    return file_names(typed)


def _fixed(*names: str) -> Callable[[Session, str], Iterator[str]]:
    return lambda _session, _typed: iter(names)


_ARGUMENTS: dict[str, Names[Session]] = {
    "load": _files,
    "module": _files,
    "watch": _fixed("on", "off"),
    "save": _files,
    "call": _functions,
    "cleanup": _kept,
    "wire": _fixed(*WIRE_MODES),
    "help": _fixed(*OPS),
    "register": lambda session, _typed: iter(session.libraries),
    "raw": _fixed('{["op"]="'),
    "answer": _fixed("true", "false", "nil", 'error("', "call(", "...", "()"),
}
