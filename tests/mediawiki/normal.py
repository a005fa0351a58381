"""What may differ between two renderings of a page: measured numbers, and the Lua side's own frames in traces."""

import re
from typing import Any

# Lines of MediaWiki's limit report that carry a measurement; the limits behind the slash stay.
MEASURED = re.compile(
    r"^((?:Cached time|(?:CPU|Real|Lua) time usage|Lua virtual size|Lua estimated memory usage): )[\d.]+",
    re.MULTILINE,
)
# "100.00%   12.345      1 Template:Box": per cent, ms, calls, name. Sorted by time: so the order goes too.
EXPANSION_TIMES = re.compile(r"^ *[\d.]+% +[\d.]+ +(\d+ .*)$", re.MULTILINE)
EXPANSION_REPORT = re.compile(r"(Transclusion expansion time report [^\n]*\n)(.*?)(\n-->)", re.DOTALL)

MEASURED_DATA = frozenset(
    {
        "limitreport-cputime",
        "limitreport-walltime",
        "limitreport-timingprofile",
        "scribunto-limitreport-timeusage",
        "scribunto-limitreport-virtmemusage",
        "scribunto-limitreport-estmemusage",
        "cachereport-timestamp",
    }
)


SIZE = re.compile(r"^(Post.expand include size: )\d+", re.MULTILINE)
SIZE_DATA = "limitreport-postexpandincludesize"

FRAME = re.compile(r"<li>.*?</li>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
# A trace as a word of letters, one a frame; any other frame is a dot.
LETTERS = (
    ("S", re.compile(r"MWServer\.lua:")),
    ("M", re.compile(r"mw_main\.lua:")),
    ("T", re.compile(r"\(tail call\):")),
    ("X", re.compile(r'\[C\]: in function "xpcall"')),
    ("E", re.compile(r'\[C\]: in function "error"')),
    ("C", re.compile(r"\[C\]:&#160;\?")),
)
# What the reference server adds to a trace. At the beginning the tail call of its handler and error() itself: the
# specification lets a trace begin with the function that called error(). In the middle and at the end its way into the
# module, its own functions, and what is behind them: the main chunk, or the tail call of its call to PHP.
SERVER = re.compile(r"^T?E?|(?:T?X)?S+(?:MC?|T)?")


def html(text: str) -> str:
    """A page's HTML without measured numbers."""
    text = MEASURED.sub(r"\1#", text)
    return EXPANSION_REPORT.sub(lambda m: m[1] + "\n".join(sorted(EXPANSION_TIMES.findall(m[2]))) + m[3], text)


def frames(trace: str) -> list[str]:
    """The frames of a trace (its <li> elements), without the reference server's own."""
    items = FRAME.findall(trace)
    texts = [TAG.sub("", item) for item in items]
    word = "".join(next((letter for letter, kind in LETTERS if kind.match(text)), ".") for text in texts)
    if "S" not in word:
        return items
    own = {i for match in SERVER.finditer(word) for i in range(*match.span())}
    return [item for i, item in enumerate(items) if i not in own]


def error(text: str) -> tuple[str, list[str]]:
    """(the text around, the frames) of one entry of ScribuntoErrors."""
    return FRAME.sub("", text), frames(text)


def parsed(answer: dict[str, Any], *, sizes: bool = True) -> dict[str, Any]:
    """What action=parse answered, made comparable: measured numbers and server frames gone, all else as it came.

    sizes: whether the size of the text counts, which cannot be that of one reference where each line may be of another.
    """
    result = dict(answer["parse"])
    result["text"] = html(result["text"] if sizes else SIZE.sub(r"\1#", result["text"]))
    variables = dict(result["jsconfigvars"])
    variables["ScribuntoErrors"] = [error(text) for text in variables.get("ScribuntoErrors", [])]
    result["jsconfigvars"] = variables
    result["limitreportdata"] = [row for row in result["limitreportdata"] if row["name"] not in MEASURED_DATA]
    if not sizes:
        result["limitreportdata"] = [r for r in result["limitreportdata"] if r["name"] != SIZE_DATA]
    return result


def strange(ours: Any, references: list[Any], where: str = "") -> list[str]:
    """What of ours is in none of the references: values compared member by member, texts line by line."""
    if ours in references:
        return []
    alike = [reference for reference in references if type(reference) is type(ours)]
    if isinstance(ours, dict):
        alike = [reference for reference in alike if reference.keys() == ours.keys()]
        if alike:
            return [line for key in ours for line in strange(ours[key], [r[key] for r in alike], f"{where}.{key}")]
    elif isinstance(ours, (list, tuple)):
        alike = [reference for reference in alike if len(reference) == len(ours)]
        if alike:
            return [line for i in range(len(ours)) for line in strange(ours[i], [r[i] for r in alike], f"{where}.{i}")]
    elif isinstance(ours, str) and "\n" in ours:
        known = {line for reference in alike for line in reference.split("\n")}
        return [f"{where}: {line}" for line in ours.split("\n") if line not in known]
    return [f"{where}: {ours!r}"]
