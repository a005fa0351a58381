"""The pages of tests/mediawiki/pages/Page and what each says about itself in its comments."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

from tests.mediawiki.installation import PAGES

NOTE = re.compile(r"^<!-- (expect|errors|only|settings): (.*) -->$", re.MULTILINE)


@dataclass(frozen=True)
class Subject:
    """A page: what its HTML must contain, how many Scribunto errors it shows, the one runtime it is
    meant for, lines of PHP for LocalSettings."""

    name: str
    expected: tuple[str, ...]
    errors: int
    only: str
    settings: str

    def check(self, text: str) -> None:
        """Equality with another rendering is worth nothing when both went wrong: this page did its work."""
        plain = html.unescape(text)
        for expected in self.expected:
            assert expected in plain, f"{self.name}: no {expected!r} in\n{plain}"
        shown = re.findall(r'class="scribunto-error"[^>]*>([^<]*)', text)
        assert len(shown) == self.errors, f"{self.name}: {len(shown)} errors, not {self.errors}: {shown}"


def read(path: Path) -> Subject:
    """The subject of a .wikitext file. Raises AssertionError where it says nothing that could be checked."""
    notes: dict[str, list[str]] = {"expect": [], "errors": ["0"], "only": [""], "settings": [""]}
    for kind, text in NOTE.findall(path.read_text()):
        notes[kind].append(text)
    assert notes["expect"], f"{path.name} needs a line <!-- expect: TEXT -->"
    return Subject(
        path.stem,
        tuple(notes["expect"]),
        int(notes["errors"][-1]),
        notes["only"][-1],
        " ".join(notes["settings"]).strip(),
    )


SUBJECTS = [read(path) for path in sorted((PAGES / "Page").glob("*.wikitext"))]
