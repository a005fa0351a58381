"""`#tag`, `int`, `#formatdate`; what languages are called and how they are written: `#language`, `#dir` …"""

from __future__ import annotations

import html
import re

from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, FunctionResult, ParserFunction
from luaproc.wiki.language import Language, codes
from luaproc.wiki.language.running_dates import written_date
from luaproc.wiki.parser_functions.conditions import get
from luaproc.wiki.preprocessor.frames import Arguments, ValueArguments
from luaproc.wiki.preprocessor.frames import Frame as PageFrame
from luaproc.wiki.preprocessor.words import WHITE
from luaproc.wiki.values import ascii_lower, escape_html

_QUOTED = re.compile("(?:[\"'](.+)[\"']|\"\"|'')", re.DOTALL)


def _tag(frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    assert isinstance(frame, PageFrame)
    assert isinstance(arguments, (Arguments, ValueArguments))
    preprocessor = frame.preprocessor
    name = ascii_lower(arguments[0])
    inner = arguments.expanded(1) if len(arguments) > 1 else None
    attributes: dict[str, str] = {}
    for index in range(2, len(arguments)):
        if arguments.part(index).index:
            continue  # nothing without a name is expanded
        key, value = arguments.split(index)
        assert key is not None
        value = value.strip(WHITE)
        match = _QUOTED.fullmatch(value)
        attributes[key.strip(WHITE)] = (match[1] or "") if match else value
    written = "".join(f' {escape_html(key)}="{_escaped(value)}"' for key, value in attributes.items())
    if name not in preprocessor.tags:
        return f"<{name}{written}/>" if inner is None else f"<{name}{written}>{inner}</{name}>"
    function = preprocessor.view.tags.get(name)
    if function is not None:
        return preprocessor.tag_result(function(frame, inner, attributes), frame, name)
    if preprocessor.view.release >= 43:
        values = {key: preprocessor.strip.unstrip_both(value) for key, value in attributes.items()}
        written = "".join(f' {html.escape(key)}="{_escaped(value)}"' for key, value in values.items())
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
        return FunctionResult(f"⧼{escape_html(key)}⧽", noparse=False)
    parameters = [arguments[index] for index in range(1, len(arguments))]

    def put(match: re.Match[str]) -> str:
        index = int(match[1])
        return parameters[index - 1] if 0 < index <= len(parameters) else match[0]

    return FunctionResult(re.sub(r"\$(\d+)", put, text), noparse=False)


def _language(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    return name_or_tag(frame.preprocessor.language, arguments[0])


def name_or_tag(content: Language, code: str) -> str:
    """What a language calls itself, by its code; from 1.43 on "" is the content language, unknown ones are tags."""
    if content.release < 43:
        return content.name_of(ascii_lower(code)) or ascii_lower(code)
    return content.name_of((code or content.code).lower()) or codes.bcp47(code)


def _dir(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    code = arguments[0]
    if not code:
        return frame.preprocessor.language.direction()
    if get(arguments, 1) == "bcp47":
        code = codes.from_bcp47(code)
    return frame.preprocessor.language_of(code).direction() if codes.is_valid(code) else "ltr"


def _bcp47(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    return codes.bcp47(arguments[0] or frame.preprocessor.language.code)


def _formal(frame: FrameLike, arguments: ArgumentsLike) -> str:
    """The form of address that the content language takes, else the first."""
    assert isinstance(frame, PageFrame)
    index = frame.preprocessor.language.formality()
    return arguments[index if index < len(arguments) else 0]


def _format_date(frame: FrameLike, arguments: ArgumentsLike) -> str:
    assert isinstance(frame, PageFrame)
    content: Language = frame.preprocessor.language
    return written_date(content, arguments[0], get(arguments, 1))


FUNCTIONS: dict[str, ParserFunction] = {
    "#tag": _tag,
    "int": _int,
    "#language": _language,
    "#dir": _dir,
    "#bcp47": _bcp47,
    "#formal": _formal,
    "#formatdate": _format_date,
}
