"""The results for a person at a terminal, and for a machine."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import luaproc
from luaproc.doctor.case import Case, Level
from luaproc.doctor.checks import CheckResult, works
from luaproc.errors import UsageError, visible
from luaproc.install.mediawiki import ERROR_FILE, local_settings
from luaproc.install.starting import executable

# Level -> its word and its colour, as click.style has them.
WORDS = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "failed": ("FAILED", "red"),
    "skipped": ("skipped", None),
}

# Columns: the level's word, the check's name, and the sentence, which is wrapped and hangs under itself; where a
# terminal leaves less than `_ROOM` characters for the sentence, it stands below them.
_LEVEL, _NAME = 9, 13
_MARGIN = 2 + _LEVEL + _NAME
_ROOM = 36
_SMALL_MARGIN = 4

# What will be copied, and is never broken: commands, which stand in backquotes, and lines of LocalSettings.php.
_WHOLE = re.compile(r"`[^`]*`|\$wg[^;]*;")

_GLUE = "\x1f"  # stands for a blank at which no line is broken

Style = Callable[..., str]
"""click.style."""


def heading(case: Case, width: int, style: Style) -> str:
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


def body(results: Iterable[CheckResult], width: int, style: Style) -> Iterator[str]:
    """The findings under their headings, each as soon as it is there; one line for what was skipped for one reason."""
    section = ""
    waiting: list[CheckResult] = []

    def skipped() -> Iterator[str]:
        if waiting:
            names = ", ".join(result.check.name for result in waiting)
            yield _line("skipped", "", f"{names} ({waiting[0].finding.text})", "", width, style)
            waiting.clear()

    for result in results:
        check, finding, tried_as = result
        if waiting and (check.section, finding) != (section, waiting[0].finding):
            yield from skipped()
        if check.section != section:
            section = check.section
            yield f"\n{style(section, bold=True)}"
        if finding.level == "skipped":
            waiting.append(result)
        else:
            text = f"as {tried_as}: {finding.text}" if tried_as else finding.text
            yield _line(finding.level, check.name, text, finding.advice, width, style)
    yield from skipped()


def _line(level: Level, name: str, text: str, advice: str, width: int, style: Style) -> str:
    """One finding, with its advice below it."""
    word, colour = WORDS[level]
    head = f"  {word:<{_LEVEL}}" + (f"{name:<{_NAME}}" if name else "")
    is_narrow = width - _MARGIN < _ROOM

    def paint(text: str) -> str:
        return f"  {style(word, fg=colour, bold=level == 'failed')}{text[2 + len(word) :]}"

    if is_narrow:
        line = paint(head.rstrip()) + "\n" + _wrap(" " * _SMALL_MARGIN, text, width, lambda text: text)
    else:
        line = _wrap(head, text, width, paint)
    if advice:
        margin = " " * (_SMALL_MARGIN if is_narrow else _MARGIN - 3)
        line += "\n" + _wrap(f"{margin}-> ", advice, width, lambda text: text)
    return line


def shown(advice: str) -> str:
    """Advice for a reader: what is a command and nothing else needs no backquotes."""
    match = _WHOLE.fullmatch(advice)
    return advice.strip("`") if match else advice


def verdict(case: Case, results: list[CheckResult], width: int, style: Style) -> str:
    """Whether a wiki would work, and the lines for LocalSettings.php: never wrapped, as they are to be copied."""
    failures = [result for result in results if result.finding.level == "failed"]
    left = _not_looked_at(case, results)
    if works(results):
        what, colour = "A wiki would work with this luaPath.", "green"
        if case.mediawiki is None:
            left.insert(0, "(Without a MediaWiki here, that is as much as can be told.)")
        lead = "LocalSettings.php"
    else:
        count = f"{len(failures)} check{'s' if len(failures) > 1 else ''} failed"
        what, colour = f"A wiki would not work with this luaPath: {count}.", "red"
        lead = "Once that is mended, LocalSettings.php"
    what = style(_wrap("", what, width, lambda head: head), fg=colour, bold=True)
    lines = "\n".join(f"    {visible(text)}" for text in _settings(case))
    rest = [_wrap("", text, width, lambda head: head) for text in left]
    known = case.settings
    if known.loads and known.engine == "luastandalone" and known.text("luaPath") == case.lua:
        lead += ", as it stands"
    return "\n".join(["", what, *rest, "", f"{lead}:", "", lines])


def _not_looked_at(case: Case, results: list[CheckResult]) -> list[str]:
    """What could not be checked, and why."""
    skipped: dict[str, list[str]] = {}
    for result in results:
        if result.finding.level == "skipped":
            skipped.setdefault(result.finding.text, []).append(result.check.name)
    lines = [f"Not looked at: {', '.join(names)} ({reason})." for reason, names in skipped.items()]
    others = [result.check.name for result in results if result.tried_as]
    if others:
        names = ", ".join(dict.fromkeys(others))
        lines.append(f"Not looked at as {case.user.name}, but as root: {names}. Run this again when that is mended.")
    if not case.user.can_become:
        lines.append(f"Started as {case.runs_as}, and not as {case.user.name}: only root can try that.")
    return lines


def document(case: Case, results: list[CheckResult]) -> dict[str, Any]:
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
                "advice": shown(result.finding.advice),
                "tried_as": result.tried_as or case.runs_as,
            }
            for result in results
        ],
        "local_settings": _settings(case),
    }


def _settings(case: Case) -> list[str]:
    """The lines for LocalSettings.php: luaPath by its whole path, or this luaproc in place of one that is no file."""
    program = case.program
    if program is None or not program.is_file():
        try:
            program = executable()
        except UsageError:
            program = Path("/path/to/luaproc")
    has_error_file = "errorFile" in case.settings.conf
    return local_settings(str(program.absolute()), case.settings.loads, None if has_error_file else ERROR_FILE)


def _wrap(head: str, text: str, width: int, paint: Callable[[str], str]) -> str:
    """The text beside its head. What may be copied is never broken: paths, commands, lines of LocalSettings.php."""
    text = _glued(visible(text.replace("\n", " ")))
    lines = textwrap.wrap(text, max(width - len(head), 20), break_long_words=False, break_on_hyphens=False) or [""]
    return paint(head) + ("\n" + " " * len(head)).join(lines).replace(_GLUE, " ")


def _glued(text: str) -> str:
    whole = _WHOLE.sub(lambda match: match[0].replace(" ", _GLUE), text)
    return shown(whole)
