"""Pages of a folder, expanded by luaproc.wiki and by wikitextprocessor: what a page takes of CPU time in each.

    python3.10 -m venv V && V/bin/pip install wikitextprocessor -e '.[wiki]'
    V/bin/python tools/wikitextprocessor_pages.py [PAGES]

Both expand the same pages in the same process, by turns, so that a busy machine is as busy for both. The CPU time is
that of this process and of all below it. Ours come twice: each page view in a process, and, with modules that are
trusted, all in this one. wikitextprocessor 0.4.96 runs no module on Python 3.11.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from wikitextprocessor import Wtp

from luaproc.bench.wiki import SOURCES, wikitext
from luaproc.wiki import Wiki

MODULE = """
local p = {}
function p.age( frame )
	local born = tonumber( frame.args[1] )
	local name = mw.text.trim( frame.args.name )
	local parts = {}
	for i = 1, 20 do
		parts[i] = string.format( '%d', 2000 + i - born )
	end
	local first, rest = mw.ustring.sub( name, 1, 1 ), mw.ustring.sub( name, 2 )
	return mw.ustring.upper( first ) .. rest .. ': ' .. table.concat( parts, ',' )
end
return p
"""
TEMPLATES = {
    "Box": "<b>{{{1}}}</b> {{#if:{{{2|}}}|({{{2}}})}}",
    "Line": "{{Box|{{{1}}}|{{{2|}}}}}-{{lc:{{{1}}}}}",
}
ROUNDS = 10


def plain(number: int) -> str:
    """Ten templates and five parser functions."""
    lines = [f"{{{{{name}|Word {number} {each}|{each}}}}}\n" for each in range(5) for name in TEMPLATES]
    functions = (
        f"{{{{uc:a}}}}{{{{lc:X}}}}{{{{#if:x|y}}}}{{{{#ifeq:{number % 2}|0|c|d}}}}{{{{#switch:{number % 3}|0=1|2}}}}"
    )
    return "".join(lines) + functions


def with_module(number: int) -> str:
    """The same, and an #invoke."""
    return f"{plain(number)}{{{{#invoke:Age|age|{1900 + number % 90}|name= person {number} }}}}"


def block(number: int) -> str:
    """An infobox, a call and two citations: four calls of modules."""
    return wikitext(number + 1)[len(wikitext(number)) :]


def blocks(number: int) -> str:
    """Ten of them."""
    return wikitext(10 * number + 10)[len(wikitext(10 * number)) :]


def seconds() -> float:
    """CPU time of this process, of those that it started, and of those that these started."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                words = (place / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(place.name)] = int(words[1]), sum(map(int, words[11:15])) / ticks
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _) in found.items() if parent in ours} - ours:
        ours |= more
    below = sum(found[pid][1] for pid in ours - {os.getpid()})
    own = os.times()
    return time.process_time() + own.children_user + own.children_system + below


def main(pages: int) -> None:
    """Print two lines for each kind of page. pages: how many of each."""
    logging.disable(logging.CRITICAL)
    kinds: tuple[Callable[[int], str], ...] = (plain, with_module, block, blocks)
    with tempfile.TemporaryDirectory() as place:
        for name, text in {
            "Module/Age.lua": MODULE,
            **{f"Template/{n}.wikitext": t for n, t in TEMPLATES.items()},
        }.items():
            (Path(place) / name).parent.mkdir(exist_ok=True)
            (Path(place) / name).write_text(text)
        for kind in kinds:
            for number in range(pages):
                (Path(place) / f"{kind.__name__} {number}.wikitext").write_text(kind(number))
        pages_of = [place, SOURCES]
        with Wiki(pages_of, mediawiki=False) as wiki, Wiki(pages_of, mediawiki=False, trusted=True) as trusting:
            other = Wtp(quiet=True)
            for title in wiki.pages:
                if title.startswith(("Module:", "Template:")):
                    other.add_page("Scribunto" if title.startswith("Module:") else "wikitext", title, wiki.pages[title])
            other.analyze_templates()

            def ours(title: str) -> str:
                return wiki.expand(wiki.pages[title], title).text

            def in_this_process(title: str) -> str:
                return trusting.expand(trusting.pages[title], title).text

            def theirs(title: str) -> str:
                other.start_page(title)
                return str(other.expand(wiki.pages[title]))

            for kind in kinds:
                compare(kind.__name__, pages, theirs, ours, in_this_process)


def compare(name: str, pages: int, theirs: Callable[[str], str], *ours: Callable[[str], str]) -> None:
    """One kind of page: a line for each of ours."""
    took: dict[Callable[[str], str], list[float]] = {expand: [] for expand in (theirs, *ours)}
    same = {expand: expand(f"{name} 0").strip() == theirs(f"{name} 0").strip() for expand in ours}
    for expand in ours:
        expand(f"{name} 1")  # the fork server starts
    size = max(1, pages // ROUNDS)
    for begin in range(0, pages, size):
        for expand, times in took.items():
            before = seconds()
            for number in range(begin, min(begin + size, pages)):
                expand(f"{name} {number}")
            times.append((seconds() - before) / size * 1000)
    for expand in ours:
        ratio = statistics.median(mine / other for mine, other in zip(took[expand], took[theirs], strict=True))
        mine, other = (statistics.median(took[each]) for each in (expand, theirs))
        told = f"{mine:7.2f} ms, {other:7.2f} ms, ratio {ratio:.2f}, the same text: {same[expand]}"
        print(f"{name:12} {expand.__name__:16} {told}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
