"""The table of a wiki console's ops, and what can stand at the cursor there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from luaproc.errors import visible
from luaproc.install import files
from luaproc.session.completion import Names, complete_in, file_names
from luaproc.session.console import Console
from luaproc.session.errors import SessionError
from luaproc.session.op_table import OpTable, Outcome, Request, SessionOp, code_of, words_of
from luaproc.session.syntax import encode
from luaproc.wiki.titles import MODULE, TEMPLATE
from luaproc.wiki.values import arguments_of_words
from luaproc.wire.lua_words import WORDS


def _lua(console: Console, request: Request) -> Outcome:
    return Outcome(console.run_lua(code_of(request, "lua"), f"input {request.line}"))


def _time(console: Console, request: Request) -> Outcome:
    code, began = code_of(request, "time"), time.perf_counter()
    values = console.run_lua(code, f"input {request.line}")
    seconds = time.perf_counter() - began
    return Outcome(values, f"took {seconds * 1000:.1f} ms", {"seconds": seconds})


def _title(console: Console, request: Request) -> Outcome:
    note = f"; {console.go_to(request.argument)}" if request.argument else ""
    name = console.title.prefixed_text
    exists = "" if console.title in console.wiki.pages else ", which has no text"
    return Outcome(text=f"the current page is {visible(name)}{exists}{note}", data={"title": name})


def _expand(console: Console, request: Request) -> Outcome:
    text = request.text.removesuffix("\n") if request.text is not None else request.argument
    if not text:
        raise SessionError("expected wikitext: :expand TEXT, or :expand <<END and lines up to END")
    expansion = console.expand(text)
    for warning in expansion.warnings:
        console.watcher.noted(f"warning: {warning}")
    if expansion.errors:
        console.watcher.printed(expansion.text)  # the page shows its errors; a step that has some fails
        raise expansion.errors[0]
    return Outcome(output=expansion.text, data={"text": expansion.text, "categories": dict(expansion.categories)})


def _invoke(console: Console, request: Request) -> Outcome:
    words = words_of(request.argument)
    if len(words) < 2:
        raise SessionError("expected a module and a function: :invoke MODULE FUNCTION [ARG|K=V ...]")
    text = console.invoke(words[0], words[1], arguments_of_words(words[2:]))
    return Outcome(output=text, data={"text": text})


def _reload(console: Console, _request: Request) -> Outcome:
    note = console.reload()
    count = len(console.wiki.pages)
    return Outcome(text=f"read anew: {count} page{'s' * (count != 1)}; {note}", data={"pages": count})


def _pages(console: Console, request: Request) -> Outcome:
    wanted = request.argument.lower()
    found = [title for title in console.titles() if wanted in title.lower()]
    return Outcome(text="\n".join(map(visible, found)) or "none", data={"pages": found})


def _save(console: Console, request: Request) -> Outcome:
    words = words_of(request.argument)
    if len(words) != 1:
        raise SessionError("expected a file: :save FILE")
    # What failed in Lua is kept with a mark that only sessions know.
    steps = [step for step in console.record if not step.startswith(":fails ")]
    files.write(Path(words[0]).expanduser(), encode("".join(step + "\n" for step in steps)))
    return Outcome(text=f"{len(steps)} steps in {visible(words[0])}")


def _quit(console: Console, _request: Request) -> Outcome:
    console.leaving = True
    return Outcome()


def _help(console: Console, request: Request) -> Outcome:
    return TABLE.help(console, request)


OPS: dict[str, SessionOp[Console]] = {
    "title": SessionOp(_title, "[TITLE]", """\
Say which page is the current one, or go to another.
Another page is another page view: a fresh Lua process. On a module's page, p is
what the module returns."""),
    "expand": SessionOp(_expand, "TEXT", """\
Expand wikitext as a part of the current page.
Several lines stand below, up to a line that is the word after <<:
    :expand <<END
    {{#invoke:Hello|hello}}
    END""", here=True),
    "invoke": SessionOp(_invoke, "MODULE FN [ARG|K=V …]", """\
Call a module's function as {{#invoke:}} does.
Words are a shell's, with quotes around those that have spaces:
    :invoke Hello hello you "greeting=Good day" """.rstrip()),
    "reload": SessionOp(_reload, "", """\
Read settings and pages anew.
What steps defined is gone, as in a wiki's own console after a module was saved.""", server=False),
    "pages": SessionOp(_pages, "[TEXT]", "List the pages, or those with a text in their titles.", server=False),
    "time": SessionOp(_time, "CODE", "Run Lua code and tell how long it took."),
    "lua": SessionOp(_lua, "CODE", "Run Lua code."),
    "save": SessionOp(_save, "FILE", """\
Write the steps so far as a script.
`luaproc wiki console FILE` does them again. Steps that failed are left out.""", server=False, saved=False),
    "help": SessionOp(_help, "[OP]",
                      "Show this, or more about one op.", server=False, saved=False),
    "quit": SessionOp(_quit, "", "Leave.", server=False, saved=False),
}  # fmt: skip
"""Every op of a console, in the order in which ``:help`` lists them."""

TABLE: OpTable[Console] = OpTable(
    OPS,
    (
        "Lua runs as in a module, with mw and require('Module:X'); an expression, or =EXPR, shows its values.",
        "A local of one step lives on for the next; _ is the last value; print is mw.log.",
    ),
)


def complete(console: Console, text: str) -> tuple[int, list[str]]:
    """The candidates for the word at the end of a text, and where that word starts."""
    quoted = _QUOTED.search(text)
    if quoted and not text.lstrip().startswith(":"):
        typed = quoted[1]
        return quoted.start(1), [title for title in console.titles() if title.startswith(typed)]
    whole = _WHOLE.match(text)
    if whole:
        start = whole.end()
        return start, [title for title in console.titles() if title.startswith(text[start:])]
    return complete_in(TABLE, _ARGUMENTS, _lua_names, console, text)


_QUOTED = re.compile(r"""["']([^"'()]*)\Z""")  # the text that a string at the end of Lua has so far
_WHOLE = re.compile(r"\s*:(?:title|pages)\s+")  # ops whose argument is a title, spaces and all


def _lua_names(console: Console, typed: str) -> Iterator[str]:
    *path, _ = typed.split(".")
    before = "".join(f"{name}." for name in path)
    yield from (before + name for name in console.names(path) if _IDENTIFIER.fullmatch(name))
    if not path:
        yield from WORDS


_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def _invoked(console: Console, typed: str) -> Iterator[str]:
    for title in console.titles(MODULE):
        yield f'"{title}"' if " " in title or typed.startswith('"') else title


def _expanded(console: Console, typed: str) -> Iterator[str]:
    before, braces, _ = typed.rpartition("{{")
    for title in console.titles(MODULE):
        yield f"{before}{braces}#invoke:{title}|"
    for name in console.titles(TEMPLATE):
        yield f"{before}{braces}{name}"


_ARGUMENTS: dict[str, Names[Console]] = {
    "invoke": _invoked,
    "expand": _expanded,
    "reload": lambda _console, _typed: iter(()),
    "save": lambda _console, typed: file_names(typed),
    "help": lambda _console, _typed: iter(OPS),
}
