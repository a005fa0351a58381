"""What can be told of pages without running them: modules that do not compile, and names that lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from luaproc.host import Interpreter, LuaError
from luaproc.wiki.preprocessor.nodes import Children, Heading, Parameter, Template
from luaproc.wiki.titles import MODULE, SPECIAL, TEMPLATE, Title
from luaproc.wiki.values import PHP_SPACE
from luaproc.wiki.wiki import Page, Wiki

# The libraries that extensions add, whose values come from PHP or a database: `Wiki.library` can stand in for one.
_EXTENSION = re.compile(r"mw\.(?:ext\.|wikibase|cargo|smw)")

# What a module's text names, by one look from its beginning to its end: names that are written out, what extensions
# bring without `require`, and strings and comments, in which none of it means anything. What goes on with `..` is a
# name that only a run knows.
_NAMED = re.compile(
    r"""
    (?<![\w.:]) (?P<function> require | mw\.loadData | mw\.loadJsonData )
        \s* \(? \s* (?P<quote>["']) (?P<name> [^"'\\\n]+ ) (?P=quote) (?! \s* \.\. )
    | \b expandTemplate \s* \(? \s* \{ \s* title \s* = \s* (?P<mark>["']) (?P<template> [^"'\\\n]+ ) (?P=mark) \s* [,;}]
    | (?<![\w.]) (?P<library> mw\.(?: wikibase | cargo | smw | ext\. (?! ParserFunctions\b ) \w+ ) ) \b
    | --\[ (?P<level>=*) \[ .*? (?: \] (?P=level) \] | \Z )
    | --[^\n]*
    | \[ (?P<depth>=*) \[ .*? (?: \] (?P=depth) \] | \Z )
    | "(?: \\. | [^"\\\n] )*" | '(?: \\. | [^'\\\n] )*'
    """,
    re.DOTALL | re.VERBOSE,
)

_LOADED = ("mw", "package", "string", "table", "math", "os", "debug", "bit32")


_NOT_HERE = "not supported here: it is another extension's; Wiki.library() can stand in for it"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """A fault of a page. line: from 1. text: one sentence."""

    page: str
    line: int
    text: str


def check(wiki: Wiki) -> Iterator[CheckFinding]:
    """The faults of all pages of a wiki, page by page. Raises `ScribuntoMissing`."""
    with wiki.page() as page, Interpreter() as interpreter:
        for title in wiki.pages.titles():
            text = wiki.pages.text(title)
            if text is not None and title.content_model == "Scribunto":
                yield from sorted(_module(page, interpreter, title, text), key=lambda finding: finding.line)
            elif text is not None and title.content_model == "wikitext":
                yield from _wikitext(page, title, text)


def _module(page: Page, interpreter: Interpreter, title: Title, text: str) -> Iterator[CheckFinding]:
    name = title.prefixed_text
    try:
        interpreter.load_string(text.encode("utf-8", "surrogateescape"), f"={name}")
    except LuaError as error:
        place = re.match(re.escape(name) + r":(\d+): (.*)", str(error), re.DOTALL)
        yield CheckFinding(name, int(place[1]) if place else 1, f"does not compile: {place[2] if place else error}")
    interpreter.cleanup_chunks()
    known = {library.name for library in page.engine.options.extra}
    for match in _NAMED.finditer(text):
        problem = ""
        if match["name"]:
            problem = _requirement(page, match["function"], match["name"])
            problem = problem and f"{match['function']} '{match['name']}': {problem}"
        elif match["template"]:
            problem = _missing_template(page, match["template"])
        elif match["library"] and match["library"] not in known:
            known.add(match["library"])  # each once
            problem = f"{match['library']}: {_NOT_HERE}"
        if problem:
            yield CheckFinding(name, text.count("\n", 0, match.start()) + 1, problem)


def _requirement(page: Page, function: str, name: str) -> str:
    """What is wrong with a name that a module requires; "" for nothing."""
    title = page.wiki.site.title(name)
    if title is not None and title.namespace == MODULE:
        return "" if page.wiki.pages.exists(title) else "there is no such page"
    if function == "require" and (name in _LOADED or page.engine.lua_file(name.replace(".", "/") + ".lua") is not None):
        return ""
    if name in {library.name for library in page.engine.options.extra}:
        return ""
    if _EXTENSION.match(name):
        return _NOT_HERE
    return "there is no such module or library"


def _wikitext(page: Page, title: Title, text: str) -> Iterator[CheckFinding]:
    preprocessor = page.preprocessor
    seen = set()
    for inclusion in (False, True):
        for node in _templates(preprocessor.parse(text, inclusion)):
            if not isinstance(node.title, str):
                continue
            problem = _call(page, title, node)
            key = (node.title.strip(PHP_SPACE), problem)
            if problem and key not in seen:
                seen.add(key)
                at = text.find("{{" + node.title)
                yield CheckFinding(title.prefixed_text, text.count("\n", 0, max(at, 0)) + 1, problem)


def _call(page: Page, title: Title, node: Template) -> str:
    """What is wrong with a name between braces; "" for nothing."""
    assert isinstance(node.title, str)
    plan = page.preprocessor.words.plan(node.title)
    name = plan.name.strip(PHP_SPACE)
    if plan.function == "#invoke":
        module = page.wiki.site.title(f"Module:{plan.first}")
        if not plan.first or module is None or page.wiki.pages.exists(module):
            return ""
        return f"{{{{#invoke:{plan.first}}}}}: there is no such module"
    if plan.function or (plan.variable and not node.parts):
        return ""
    if name.startswith("#"):
        return f"{{{{{name.partition(':')[0]}:}}}}: no parser function of this name is supported here"
    if not name or name.startswith(("/", "../")):
        return ""  # a subpage of whatever page uses this text
    return _missing_template(page, name)


def _missing_template(page: Page, name: str) -> str:
    """What is wrong with the name of a page that is included; "" for nothing."""
    found = page.wiki.site.title(name, TEMPLATE)
    if found is None or found.interwiki or page.wiki.pages.exists(found):
        return ""
    if found.namespace == SPECIAL:
        return f"{{{{{name}}}}}: special pages are not supported here"
    return f"{{{{{name}}}}}: there is no page {found.prefixed_text}"


def _templates(children: Children) -> Iterator[Template]:
    """All that stands between double braces, within one another too, without recursion: texts may nest as they like."""
    waiting: list[Children] = [children]
    while waiting:
        level = waiting.pop()
        for node in (level,) if isinstance(level, str) else level:
            if isinstance(node, Heading):
                waiting.append(node.children)
            elif isinstance(node, Parameter | Template):
                if isinstance(node, Template):
                    yield node
                waiting.append(node.title if isinstance(node, Template) else node.name)
                for part in node.parts:
                    waiting += (part.name, part.value)


def report(findings: Iterable[CheckFinding], files: dict[str, str]) -> Iterator[str]:
    """A line for each finding, as compilers write them. files: of titles, where pages lie in files."""
    for finding in findings:
        yield f"{files.get(finding.page) or finding.page}:{finding.line}: {finding.text}"
