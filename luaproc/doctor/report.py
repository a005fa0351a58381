"""The results for a person at a terminal, and for a machine."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import luaproc
from luaproc.doctor import settings
from luaproc.doctor.case import Case
from luaproc.doctor.checks import Result, works

# Level -> its word and its colour, as click.style has them.
WORDS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "failed": ("FAILED", "red"), "skipped": ("-", None)}

# Columns: the level's word, the check's name, and the sentence, which is wrapped and hangs under itself.
_LEVEL, _NAME = 9, 13
_MARGIN = 2 + _LEVEL + _NAME

Style = Callable[..., str]
"""click.style, or a function that leaves the text as it is."""


def plain(text: str, **_: Any) -> str:
    """No colours."""
    return text


def heading(case: Case, width: int, style: Style = plain) -> str:
    """What is examined."""
    who = case.user.name
    if not case.user.can_become:
        who += " (read off the modes of files; run this as root to try it really)"
    rows = (
        ("luaPath", f"{case.lua}  ({case.lua_from})" if case.lua_from else case.lua),
        ("wiki", str(case.mediawiki) if case.mediawiki else "none found"),
        ("user", who),
    )
    return "\n".join(_wrap(f"{name:<9}", value, width, lambda text: style(text, bold=True)) for name, value in rows)


def line(result: Result, width: int, style: Style = plain) -> str:
    """One finding, with its advice below it."""
    level = result.finding.level
    word, colour = WORDS[level]
    head = f"  {word:<{_LEVEL}}{result.check.name:<{_NAME}}"

    def paint(text: str) -> str:
        return f"  {style(word, fg=colour, bold=level == 'failed')}{text[2 + len(word) :]}"

    text = _wrap(head, result.finding.text, width, paint)
    if result.finding.advice:
        text += "\n" + _wrap(" " * (_MARGIN - 3) + "-> ", result.finding.advice, width, lambda text: text)
    return text


def section(name: str, style: Style = plain) -> str:
    """A heading above findings."""
    return f"\n{style(name, bold=True)}"


def verdict(case: Case, results: list[Result], style: Style = plain) -> str:
    """Whether a wiki would work, and the lines for LocalSettings.php: never wrapped, as they are to be copied."""
    failures = [result for result in results if result.finding.level == "failed"]
    if works(results):
        what = style("A wiki would work with this luaPath.", fg="green", bold=True)
        if case.mediawiki is None:
            what += " (Without a MediaWiki here, that is as much as can be told.)"
        lead = "LocalSettings.php:"
    else:
        count = f"{len(failures)} check{'s' if len(failures) > 1 else ''} failed"
        what = style(f"A wiki would not work with this luaPath: {count}.", fg="red", bold=True)
        lead = "Once that is mended, LocalSettings.php:"
    lines = "\n".join(f"    {text}" for text in settings.lines(case.lua, case.settings))
    return f"\n{what}\n\n{lead}\n\n{lines}"


def document(case: Case, results: list[Result]) -> dict[str, Any]:
    """All of it, for --json. Names stay as they are; new ones may come."""
    return {
        "luaproc": luaproc.__version__,
        "works": works(results),
        "lua": case.lua,
        "lua_from": case.lua_from,
        "mediawiki": str(case.mediawiki) if case.mediawiki else None,
        "user": case.user.name,
        "tried_as_user": case.user.can_become,
        "checks": [
            {
                "section": result.check.section,
                "check": result.check.name,
                "level": result.finding.level,
                "text": result.finding.text,
                "advice": result.finding.advice,
            }
            for result in results
        ],
        "local_settings": settings.lines(case.lua, case.settings),
    }


def _wrap(head: str, text: str, width: int, paint: Callable[[str], str]) -> str:
    """The text beside its head. A path is never broken: it may be copied."""
    lines = textwrap.wrap(
        text.replace("\n", " "), max(width - len(head), 20), break_long_words=False, break_on_hyphens=False
    ) or [""]
    return paint(head) + ("\n" + " " * len(head)).join(lines)
