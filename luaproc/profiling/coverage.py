"""Coverage by lines: the counts that servers wrote, against the lines that can run; as LCOV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from luaproc.profiling.executable import Place, lines

Counts = dict[str, dict[Place, dict[int, int]]]
"""Chunk -> function -> line -> how often it ran."""


@dataclass(frozen=True)
class Covered:
    """One module: its name, its file if it has one, its text; counts of the lines that can run; whether it compiles."""

    name: str
    file: str
    text: str
    counts: Mapping[int, int]
    compiles: bool = True

    @property
    def hit(self) -> int:
        """How many lines ran."""
        return sum(count > 0 for count in self.counts.values())


def read_counts(record: bytes) -> Counts:
    """What servers appended (see lua/observers/lines.lua), summed up. A line that is cut is left out."""
    found: Counts = {}
    for line in record.decode("utf-8", "surrogateescape").split("\n")[:-1]:
        try:
            chunk, first, last, counted = line.split("\t")
            place = int(first), int(last)
            pairs = [tuple(map(int, pair.split(":"))) for pair in counted.split(",")]
            counts = found.setdefault(chunk, {}).setdefault(place, {})
            for number, count in pairs:
                counts[number] = counts.get(number, 0) + count
        except ValueError:
            continue
    return found


def covered(
    name: str, file: str, text: str, ran: Mapping[Place, Mapping[int, int]], compiled: Callable[[bytes], bytes | None]
) -> Covered:
    """A module's coverage. ran: of its chunk, by `read_counts`. compiled: of `executable.compiler`."""
    dump = compiled(text.encode("utf-8", "surrogateescape"))
    counts: dict[int, int] = {}
    for place, shown in (lines(dump) if dump else {}).items():
        of_function = ran.get(place, {})
        for line, hooked in shown.items():
            counts[line] = max(counts.get(line, 0), of_function.get(hooked, 0))
    return Covered(name, file, text, dict(sorted(counts.items())), dump is not None)


def lcov(modules: Iterable[Covered]) -> str:
    """LCOV's tracefile: lines only, files by their names; a module without a file by its title."""
    parts = []
    for module in modules:
        parts += ["TN:", f"SF:{module.file or module.name}"]
        parts += [f"DA:{line},{count}" for line, count in module.counts.items()]
        parts += [f"LF:{len(module.counts)}", f"LH:{module.hit}", "end_of_record"]
    return "".join(f"{line}\n" for line in parts)


def share(hit: int, total: int) -> str:
    """A percentage: never 100 while a line is missing, never 0 while one ran."""
    if not total:
        return "–"
    percent = hit * 100 / total
    return f"{min(max(round(percent, 1), 0.1 if hit else 0.0), 100.0 if hit == total else 99.9):g} %"


def summary(modules: Iterable[Covered]) -> str:
    """One line for a terminal."""
    found = list(modules)
    hit, total = sum(module.hit for module in found), sum(len(module.counts) for module in found)
    modules_in_words = "1 module" if len(found) == 1 else f"{len(found)} modules"
    return f"{share(hit, total)} of {total} lines in {modules_in_words} ran"
