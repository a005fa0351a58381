"""The results for a person at a terminal, and for a machine."""

from __future__ import annotations

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

# Columns: the level's word, the check's name, and the sentence, which is wrapped and hangs under itself.
_LEVEL, _NAME = 9, 13
_MARGIN = 2 + _LEVEL + _NAME

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

    def paint(text: str) -> str:
        return f"  {style(word, fg=colour, bold=level == 'failed')}{text[2 + len(word) :]}"

    line = _wrap(head, text, width, paint)
    for step in advice.splitlines():
        line += "\n" + _wrap(" " * (_MARGIN - 3) + "-> ", step, width, lambda text: text)
    return line


def verdict(case: Case, results: list[CheckResult], style: Style) -> str:
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
    left = _not_looked_at(case, results)
    lines = "\n".join(f"    {visible(text)}" for text in _settings(case))
    return "\n".join(["", what, *map(visible, left), "", lead, "", lines])


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
                "advice": result.finding.advice,
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
    """The text beside its head. A path is never broken: it may be copied."""
    lines = textwrap.wrap(
        visible(text.replace("\n", " ")), max(width - len(head), 20), break_long_words=False, break_on_hyphens=False
    ) or [""]
    return paint(head) + ("\n" + " " * len(head)).join(lines)
