"""`#tag`, `int`, `#formatdate`; what languages are called and how they are written: `#language`, `#dir` …"""

from __future__ import annotations

import re
from collections.abc import Mapping

from luaproc.wiki.interfaces import ArgumentsLike, FrameLike, FunctionResult, ParserFunction
from luaproc.wiki.language import Language, codes
from luaproc.wiki.language.running_dates import written_date
from luaproc.wiki.parser_functions.calls import content_language, optional, preprocessor_of, rest, view_of
from luaproc.wiki.preprocessor.frames import Arguments, ValueArguments
from luaproc.wiki.site import Site
from luaproc.wiki.values import PHP_SPACE, ascii_lower, escape_html, escape_html_text

_QUOTED = re.compile("(?:[\"'](.+)[\"']|\"\"|'')", re.DOTALL)


def _tag(frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    assert isinstance(arguments, (Arguments, ValueArguments))
    preprocessor = preprocessor_of(frame)
    name = ascii_lower(arguments[0])
    inner = arguments.expanded(1) if len(arguments) > 1 else None
    attributes: dict[str, str] = {}
    for index in range(2, len(arguments)):
        if arguments.part(index).index:
            continue  # nothing without a name is expanded
        key, value = arguments.split(index)
        assert key is not None
        value = value.strip(PHP_SPACE)
        match = _QUOTED.fullmatch(value)
        attributes[key.strip(PHP_SPACE)] = (match[1] or "") if match else value
    if name not in preprocessor.tags:
        return _written(name, inner, attributes)
    function = preprocessor.view.tags.get(name)
    if function is not None:
        return preprocessor.tag_result(function(frame, inner, attributes), frame, name)
    if preprocessor.view.release >= 43:
        attributes = {key: preprocessor.strip.unstrip_both(value) for key, value in attributes.items()}
    return preprocessor.strip.add("general", _written(name, inner, attributes), name)


def _written(name: str, inner: str | None, attributes: Mapping[str, str]) -> str:
    """The tag as it stands in a text."""
    start = name + "".join(f' {escape_html(key)}="{escape_html_text(value)}"' for key, value in attributes.items())
    return f"<{start}/>" if inner is None else f"<{start}>{inner}</{name}>"


def _int(frame: FrameLike, arguments: ArgumentsLike) -> str | FunctionResult:
    key = arguments[0]
    if not key:
        return FunctionResult("", found=False)
    text = preprocessor_of(frame).message(key)
    if text is None:
        return FunctionResult(f"⧼{escape_html(key)}⧽", noparse=False)
    parameters = rest(arguments, 1)

    def put(match: re.Match[str]) -> str:
        index = int(match[1])
        return parameters[index - 1] if 0 < index <= len(parameters) else match[0]

    return FunctionResult(re.sub(r"\$(\d+)", put, text), noparse=False)


def _language(frame: FrameLike, arguments: ArgumentsLike) -> str:
    inside = ascii_lower(optional(arguments, 1)) or None
    return name_or_tag(view_of(frame).site, content_language(frame), arguments[0], inside)


def name_or_tag(site: Site, content: Language, code: str, inside: str | None = None) -> str:
    """What a language calls itself, by its code, or is called in the content language; from 1.43 on "" is the content
    language, unknown ones are tags."""
    is_old = content.release < 43
    key = ascii_lower(code) if is_old else (code or content.code).lower()
    return site.language_name(key, inside) or content.name_of(key) or (key if is_old else codes.bcp47(code))


def _dir(frame: FrameLike, arguments: ArgumentsLike) -> str:
    code = arguments[0]
    if not code:
        return content_language(frame).direction()
    if optional(arguments, 1) == "bcp47":
        code = codes.from_bcp47(code)
    return preprocessor_of(frame).language_of(code).direction() if codes.is_valid(code) else "ltr"


def _bcp47(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return codes.bcp47(arguments[0] or content_language(frame).code)


def _formal(frame: FrameLike, arguments: ArgumentsLike) -> str:
    """The form of address that the content language takes, else the first."""
    index = content_language(frame).formality()
    return arguments[index if index < len(arguments) else 0]


def _format_date(frame: FrameLike, arguments: ArgumentsLike) -> str:
    return written_date(content_language(frame), arguments[0], optional(arguments, 1))


FUNCTIONS: dict[str, ParserFunction] = {
    "#tag": _tag,
    "int": _int,
    "#language": _language,
    "#dir": _dir,
    "#bcp47": _bcp47,
    "#formal": _formal,
    "#formatdate": _format_date,
}
