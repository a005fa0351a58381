"""The real wiki as the judge: the same texts expanded by MediaWiki and by luaproc.wiki."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luaproc.bench.wiki import SOURCES
from luaproc.wiki.site import Site
from luaproc.wiki.wiki import Wiki
from tests.mediawiki import installation
from tests.mediawiki.installation import Engine
from tests.parts import need

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
PAGES = HERE / "pages"
"""Pages that the corpus uses, besides those of tests/mediawiki/pages; both wikis have them."""
SETTINGS = "$wgPFEnableStringFunctions = true;"
NOW = "2024-02-29T13:05:09Z"
SEPARATOR = "\n-- next --\n"

_ERROR_ID = re.compile(r"\bmw-scribunto-error-[0-9a-f]+\b")
_MARKER = re.compile("(UNIQ-+[a-zA-Z0-9]+)-[0-9A-F]{8}-(QINU)")
_SITEINFO = (
    "general|namespaces|namespacealiases|interwikimap|magicwords|extensiontags|statistics|"
    "languages|usergroups|protocols|specialpagealiases"
)


@dataclass(frozen=True)
class Case:
    """A text of the corpus. known: why it may differ from the real wiki's; "" for one that may not."""

    file: str
    name: str
    text: str
    title: str = "Corpus page"
    known: str = ""
    alone: bool = False
    """Whether the text has a page view of its own."""


def read_corpus(paths: Iterable[Path] | None = None) -> list[Case]:
    """The cases of the corpus's files: ``=== name`` begins one, lines with ``@title`` and ``@known`` may follow it."""
    cases = []
    for path in sorted(paths if paths is not None else [*CORPUS.glob("*.txt"), *CORPUS.glob("*.lines")]):
        if path.suffix == ".lines":
            cases += _lines(path)
            continue
        for block in re.split(r"^=== ", path.read_text(), flags=re.MULTILINE)[1:]:
            name, _, text = block.partition("\n")
            members = {"title": "Corpus page", "known": "", "alone": ""}
            while match := re.match(r"@(title|known|alone) ?(.*)\n", text):
                members[match[1]] = match[2] or "yes"
                text = text[match.end() :]
            alone = bool(members.pop("alone"))
            cases.append(Case(path.name, name.strip(), text.rstrip("\n"), **members, alone=alone))
    return cases


def _lines(path: Path) -> list[Case]:
    """The cases of a file with one a line, named by their numbers; lines with a hash mark and a space are comments."""
    known = ""
    cases = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("# "):
            known = line[9:] if line.startswith("# @known ") else ""
            continue
        cases.append(Case(path.name, f"line {number}", line, known=known))
        known = ""
    return cases


def grouped(cases: Sequence[Case], size: int = 25) -> list[list[Case]]:
    """Cases share page views, so many a view: each view starts a Lua process in PHP."""
    groups: list[list[Case]] = []
    for case in cases:
        last = groups[-1] if groups else []
        if last and len(last) < size and _together(last[0], case):
            last.append(case)
        else:
            groups.append([case])
    return groups


def _together(first: Case, second: Case) -> bool:
    if "#invoke" not in first.text or "#invoke" not in second.text:
        return False  # a text without Lua is cheap, and may leave something open
    return (first.file, first.title, first.alone, second.alone) == (second.file, second.title, False, False)


def joined(group: Sequence[Case]) -> str:
    """The text of a group's page view."""
    return SEPARATOR.join(case.text for case in group)


def normal(text: str) -> str:
    """A text without the numbers that are each wiki's own: of errors and of strip markers."""
    return _MARKER.sub(r"\1-N-\2", _ERROR_ID.sub("mw-scribunto-error-N", text))


def real_texts(wiki: installation.Wiki, cases: Sequence[Case], settings: str = "") -> list[str]:
    """What MediaWiki makes of the cases. settings: more lines for LocalSettings.php."""
    groups = grouped(cases)
    answers = real_views(wiki, [(group[0].title, joined(group)) for group in groups], settings)
    return [
        part
        for group, answer in zip(groups, answers, strict=True)
        for part in split(normal(answer["text"]), len(group))
    ]


def real_views(wiki: installation.Wiki, texts: Sequence[tuple[str, str]], settings: str = "") -> list[dict[str, Any]]:
    """What judge.php says of page views. texts: (title, text) of each. settings: more lines for LocalSettings.php."""
    body = {
        "now": re.sub("[-:TZ]", "", NOW),
        "cases": [{"title": title, "text": text} for title, text in texts],
    }
    engine = Engine("lua5.1", need("lua5.1"))
    answers = wiki.run(str(HERE / "judge.php"), engine=engine, extra=SETTINGS + settings, stdin=json.dumps(body))
    found: list[dict[str, Any]] = json.loads(answers)
    return found


def split(text: str, count: int) -> list[str]:
    """The texts of a group's cases."""
    parts = text.split(SEPARATOR) if count > 1 else [text]
    assert len(parts) == count, f"{len(parts)} texts of {count} cases: {text[:300]}"
    return parts


def add_pages(wiki: installation.Wiki) -> None:
    """Save the corpus's pages and the benchmark's in the real wiki."""
    nobody = Engine("nobody", "/bin/false")
    folders = [path for place in (PAGES, SOURCES) for path in sorted(place.iterdir()) if path.is_dir()]
    for folder in folders:
        prefix = "" if folder.name == "Main" else f"{folder.name}:"
        files = sorted(str(path) for path in folder.iterdir())
        wiki.run("importTextFiles.php", "--overwrite", "--prefix", prefix, *files, engine=nobody)


def site_of(url: str) -> Site:
    """The settings of a real wiki, as its API gives them."""
    answer = installation.api(url, action="query", meta="siteinfo", siprop=_SITEINFO, sinumberingroup="1")
    return Site.from_dict({"query": answer["query"]}, "siteinfo")


def our_wiki(site: Site, *, now: str | None = NOW, trusted: bool = False) -> Wiki:
    """A wiki with the same pages and settings as the real one."""
    folders = [PAGES, installation.PAGES, SOURCES]
    texts = {}
    for path in (installation.PAGES / "Other").glob("*.wikitext"):
        texts[path.stem] = path.read_text().rstrip()
    for path in (installation.PAGES / "Page").glob("*.wikitext"):
        texts[path.stem] = path.read_text().rstrip()
    code = need("mediawiki")
    return Wiki([texts, *folders], scribunto=code, mediawiki=code, site=site, now=now, timezone="UTC", trusted=trusted)


@dataclass(frozen=True)
class Difference:
    """A case whose texts differ."""

    case: Case
    ours: str
    real: str

    def __str__(self) -> str:
        case = self.case
        return f"{case.file}: {case.name}\n  text: {case.text!r}\n  real: {self.real!r}\n  ours: {self.ours!r}"


def differences(ours: Wiki, cases: Sequence[Case], real: Sequence[str]) -> list[Difference]:
    """The cases in which our text is not the real wiki's."""
    texts = []
    for group in grouped(cases):
        texts += split(normal(ours.expand(joined(group), group[0].title).text), len(group))
    return [
        Difference(case, text, expected)
        for case, text, expected in zip(cases, texts, real, strict=True)
        if text != expected
    ]
