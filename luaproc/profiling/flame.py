"""A profile as one self-contained page of HTML: a flame graph, and the functions as a table. Its script only zooms."""

from __future__ import annotations

import html
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from luaproc.errors import visible
from luaproc.profiling.folded import FunctionUse, uses
from luaproc.webpage import fill

_ROW = 19  # pixels
_NARROWEST = 0.02  # per cent of the width: what is narrower is no pixel on any screen
_MOST_ROWS = 300  # of the table
_COLOURS = 6


@dataclass
class _Box:
    count: int = 0
    inner: dict[str, _Box] = field(default_factory=dict)


def page(stacks: Mapping[tuple[str, ...], int], facts: str = "") -> str:
    """The whole page. facts: a line about where the profile comes from."""
    root = _tree(stacks)
    boxes = list(_boxes(root))
    used = uses(stacks)
    told = f"{len(stacks)} stacks of {len(used)} functions. {facts}".strip()
    parts = {
        "title": "Profile",
        "total": time(root.count),
        "facts": html.escape(visible(told)),
        "height": str(_ROW * (1 + max((depth for depth, _ in boxes), default=0))),
        "boxes": "\n".join(box for _, box in boxes),
        "rows": "\n".join(_row(use, root.count) for use in used[:_MOST_ROWS]),
    }
    return fill("luaproc.profiling", "flame", parts)


def time(microseconds: int) -> str:
    """Milliseconds below a second, seconds above."""
    return f"{microseconds / 1e3:.1f} ms" if microseconds < 1_000_000 else f"{microseconds / 1e6:.2f} s"


def percent(count: int, total: int) -> str:
    """A part of the total with one digit."""
    return f"{count * 100 / total:.1f} %" if total else "–"


def _tree(stacks: Mapping[tuple[str, ...], int]) -> _Box:
    root = _Box()
    for frames, count in stacks.items():
        box = root
        box.count += count
        for frame in frames:
            box = box.inner.setdefault(frame, _Box())
            box.count += count
    return root


def _boxes(root: _Box) -> Iterator[tuple[int, str]]:
    """Each box's depth and its SVG."""
    if not root.count:
        return
    left: list[tuple[str, _Box, int, int]] = [("all", root, 0, 0)]
    while left:
        name, box, begin, depth = left.pop()
        width = box.count * 100 / root.count
        if width < _NARROWEST:
            continue
        yield depth, _svg(name, box.count, root.count, begin * 100 / root.count, width, depth)
        at = begin
        for inner_name, inner in sorted(box.inner.items()):
            left.append((inner_name, inner, at, depth + 1))
            at += inner.count


def _svg(name: str, count: int, total: int, begin: float, width: float, depth: int) -> str:
    shown = html.escape(visible(name))
    return (
        f'<svg x="{begin:.4f}%" y="{depth * _ROW}" width="{width:.4f}%" height="{_ROW}">'
        f"<title>{shown}: {time(count)}, {percent(count, total)}</title>"
        f'<rect class="{_colour(name)}" width="100%" height="{_ROW - 1}"/><text x="4" y="13">{shown}</text></svg>'
    )


def _colour(frame: str) -> str:
    """One colour a module; what is no module's is grey."""
    place = frame.rpartition(" (")[2].rpartition(":")[0] if frame.endswith(")") else ""
    place = place if frame.rpartition(":")[2].rstrip(")").isdigit() else frame.rpartition(" (")[2].rstrip(")")
    if ":" not in place:
        return "own"
    return f"m{zlib.crc32(place.encode('utf-8', 'surrogateescape')) % _COLOURS}"


def _row(use: FunctionUse, total: int) -> str:
    return (
        f"<tr><td>{html.escape(visible(use.name))}</td><td>{time(use.own)}</td>"
        f'<td class="share">{percent(use.own, total)}</td><td class="wide">{time(use.total)}</td>'
        f'<td class="share wide">{percent(use.total, total)}</td></tr>'
    )
