"""The figures as a table for a terminal, as Markdown, and as JSON with everything in it."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import metadata
from typing import Any, NamedTuple

import luaproc
from luaproc.bench.runner import Row, Unit
from luaproc.bench.servers import Server, version


class Ratio(NamedTuple):
    """Ours to theirs, pair by pair of one round: the median, and the quartiles as the spread."""

    median: float
    low: float
    high: float


class Cells(NamedTuple):
    """A row as text: title, then for each server its median, and for each opponent the ratio."""

    title: str
    figures: list[str]
    ratios: list[str]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Of two lists of figures in which equal indices are one round."""
    pairs = [one / other for one, other in zip(ours, theirs, strict=True)]
    if len(pairs) == 1:
        return Ratio(pairs[0], pairs[0], pairs[0])
    low, median, high = statistics.quantiles(pairs, n=4, method="inclusive")
    return Ratio(median, low, high)


def figure(value: float, unit: Unit) -> str:
    """A figure with three digits, or so: 12.3 µs, 4.56 ms, 1.23 s, 13.5 MB."""
    if unit == "bytes":
        return f"{value / 1e6:.1f} MB"
    for factor, name in ((1e6, "µs"), (1e3, "ms"), (1, "s")):
        if value * factor < 999.5 or name == "s":
            break
    scaled = value * factor
    return f"{scaled:.{0 if scaled >= 100 else 1 if scaled >= 10 else 2}f} {name}"


def cells(rows: Sequence[Row], servers: Sequence[Server]) -> list[Cells]:
    """The table's body. A row measured against somebody else has that one in the first opponent's place, by name."""
    columns = [server.name for server in servers]
    table = []
    for row in rows:
        names = list(row.figures)
        ours = row.figures[names[0]]
        figures, ratios = [], []
        for name in names:
            stranger = "" if name in columns else name.partition(" ")[0] + " "
            figures.append(stranger + figure(statistics.median(row.figures[name]), row.unit))
            found = ratio(ours, row.figures[name])
            ratios.append(f"{stranger and 'to ' + stranger}{found.median:.2f} ({found.low:.2f}–{found.high:.2f})")
        del ratios[0]
        missing = [""] * (len(servers) - len(names))
        table.append(Cells(row.title, figures + missing, ratios + missing))
    return table


def header(servers: Sequence[Server]) -> list[str]:
    """The titles of the columns."""
    return ["workload", *(s.name for s in servers), *(_ratio_title(s, servers) for s in servers[1:])]


def _ratio_title(server: Server, servers: Sequence[Server]) -> str:
    return "ratio (quartiles)" if len(servers) == 2 else f"ratio to {server.name} (quartiles)"


def text(rows: Sequence[Row], servers: Sequence[Server]) -> str:
    """The table in columns for a terminal."""
    lines = [header(servers)] + [[c.title, *c.figures, *c.ratios] for c in cells(rows, servers)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def markdown(rows: Sequence[Row], servers: Sequence[Server]) -> str:
    """The table in Markdown."""
    titles = header(servers)
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)]]
    lines += [[c.title, *c.figures, *c.ratios] for c in cells(rows, servers)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def machine() -> dict[str, Any]:
    """What the figures were measured on. No name of the machine."""
    return {
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "load": [round(number, 2) for number in os.getloadavg()],
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "lupa": metadata.version("lupa"),
        "luaproc": luaproc.__version__,
    }


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith(("model name", "Model")):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def document(rows: Sequence[Row], servers: Sequence[Server], rounds: int, notes: Sequence[str]) -> dict[str, Any]:
    """Everything, raw figures included, as JSON takes it. Figures are seconds or bytes, in the order of the rounds."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "servers": [
            {
                "name": s.name,
                "command": [*(s.shown or s.words), *s.arguments],
                "environment": dict(s.env),
                "version": version(s),
            }
            for s in servers
        ],
        "rounds": rounds,
        "notes": list(notes),
        "workloads": [
            {
                "key": row.key,
                "title": row.title,
                "unit": row.unit,
                "figures": row.figures,
                "ratios": {
                    name: ratio(next(iter(row.figures.values())), figures)._asdict()
                    for name, figures in list(row.figures.items())[1:]
                },
            }
            for row in rows
        ],
    }


def introduction(found: dict[str, Any]) -> str:
    """The lines above the table, of a `document`."""
    about = found["machine"]
    rounds = "rounds" if found["rounds"] > 1 else "round"
    lines = [
        f"{found['date'][:10]}, {about['cpu']} ({about['cpus']} CPUs, load {about['load'][0]}), {about['kernel']}, "
        f"{about['python']}, lupa {about['lupa']}, luaproc {about['luaproc']}",
        *(f"{s['name']}: {s['version'] or ' '.join(s['command'])}" for s in found["servers"]),
        f"CPU time of the server process, median of {found['rounds']} {rounds}; the ratio is the median of the rounds' "
        "own ratios, their quartiles beside it",
        *found["notes"],
    ]
    return "\n".join(lines)
