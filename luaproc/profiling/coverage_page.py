"""Coverage as one self-contained page of HTML that shows the source; it has no script."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from luaproc.errors import readable, visible
from luaproc.profiling.coverage import Covered, share, summary
from luaproc.webpage import fill

_OPEN = 3
"""Up to so many sources stand open at the start."""


def page(modules: Iterable[Covered], facts: str = "") -> str:
    """The whole page: modules, those with the most missed lines first, and below each one's source.

    facts: a line about the run.
    """
    found = sorted(modules, key=lambda module: (module.hit - len(module.counts), module.name))
    hit, total = sum(module.hit for module in found), sum(len(module.counts) for module in found)
    words = f"{summary(found)}. {facts}".strip()
    parts = {
        "title": "Coverage",
        "share": share(hit, total),
        "facts": html.escape(visible(words)),
        "rows": "\n".join(_row(number, module) for number, module in enumerate(found, 1)),
        "sources": "\n".join(_source(number, module, found) for number, module in enumerate(found, 1)),
    }
    return fill("luaproc.profiling", "coverage", parts)


def _row(number: int, module: Covered) -> str:
    total = len(module.counts)
    width = module.hit * 100 / total if total else 0
    bar = f'<svg class="bar" aria-hidden="true"><rect width="{width:.2f}%" height="100%"/></svg>' if total else ""
    told = share(module.hit, total) if module.compiles else "does not compile"
    return (
        f'<tr><td><a href="#m{number}">{html.escape(visible(module.name))}</a></td><td>{told}</td>'
        f'<td>{total - module.hit}</td><td class="wide">{total}</td><td class="wide">{bar}</td></tr>'
    )


def _source(number: int, module: Covered, found: Sequence[Covered]) -> str:
    opened = " open" if len(found) <= _OPEN else ""
    file = f'<span class="file">{html.escape(visible(module.file))}</span>' if module.file else ""
    told = f"{share(module.hit, len(module.counts))} of {len(module.counts)} lines"
    if not module.compiles:
        told = "does not compile"
    return (
        f'<section id="m{number}"><details{opened}><summary><h2>{html.escape(visible(module.name))}</h2>'
        f"<span>{told}</span>{file}</summary><pre>{''.join(_lines(number, module))}</pre></details></section>"
    )


def _lines(number: int, module: Covered) -> Iterator[str]:
    texts = module.text.split("\n")
    if texts[-1] == "":
        texts.pop()
    for line, text in enumerate(texts, 1):
        text = text.removesuffix("\r")
        count = module.counts.get(line)
        kind, shown = ("", "") if count is None else ("miss", "0") if count == 0 else ("hit", _short(count))
        marked = f' class="{kind}"' if kind else ""
        yield f'<span{marked} id="m{number}-{line}"><i>{shown}</i><code>{html.escape(readable(text))}</code></span>'


def _short(count: int) -> str:
    """A count in five characters."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if count >= size:
            return f"{count // (size if unit != 'k' else 1000)}{unit}"
    return str(count)
