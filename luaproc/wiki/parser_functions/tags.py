"""`#tag`, `int`, `#language`, `#formatdate`."""

from __future__ import annotations

import html
import re

from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, FunctionResult, ParserFunction
from luaproc.wiki.language import Language
from luaproc.wiki.language.running_dates import written_date
from luaproc.wiki.parser_functions.conditions import get
from luaproc.wiki.preprocessor.frames import Frame as PageFrame
from luaproc.wiki.preprocessor.words import WHITE

_QUOTED = re.compile("(?:[\"'](.+)[\"']|\"\"|'')", re.DOTALL)


def _tag(frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    assert isinstance(frame, PageFrame)
    preprocessor = frame.preprocessor
    name = arguments[0].lower()
    inner = arguments.expanded(1) if len(arguments) > 1 else None
    attributes: dict[str, str] = {}
    for index in range(2, len(arguments)):
        key, value = arguments.split(index)
        if key is None:
            continue
        value = value.strip(WHITE)
        match = _QUOTED.fullmatch(value)
        attributes[key.strip(WHITE)] = (match[1] or "") if match else value
    written = "".join(f' {html.escape(key)}="{_escaped(value)}"' for key, value in attributes.items())
    if name not in preprocessor.tags:
        return f"<{name}{written}/>" if inner is None else f"<{name}{written}>{inner}</{name}>"
    function = preprocessor.view.tags.get(name)
    if function is not None:
        return preprocessor.tag_result(function(frame, inner, attributes), frame, name)
    raw = f"<{name}{written}/>" if inner is None else f"<{name}{written}>{inner}</{name}>"
    return preprocessor.strip.add("general", raw, name)


def _escaped(value: str) -> str:
    return html.escape(value, quote=False).replace('"', "&quot;")


def _int(frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    assert isinstance(frame, PageFrame)
    key = arguments[0]
    if not key:
        return FunctionResult("", found=False)
    text = frame.preprocessor.message(key)
    if text is None:
        return FunctionResult(f"⧼{html.escape(key)}⧽", noparse=False)
    parameters = [arguments[index] for index in range(1, len(arguments))]

    def put(match: re.Match[str]) -> str:
        index = int(match[1])
        return parameters[index - 1] if 0 < index <= len(parameters) else match[0]

    return FunctionResult(re.sub(r"\$(\d+)", put, text), noparse=False)


def _language(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    code = arguments[0].lower()
    name = frame.preprocessor.language.name_of(code)
    return name or code


def _format_date(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    content: Language = frame.preprocessor.language
    return written_date(content, arguments[0], get(arguments, 1))


FUNCTIONS: dict[str, ParserFunction] = {
    "#tag": _tag,
    "int": _int,
    "#language": _language,
    "#formatdate": _format_date,
}
