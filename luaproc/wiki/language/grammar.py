"""Grammatical cases, by the rules that a MediaWiki's folder has as JSON; without them a word stays as it is. Other
languages' rules are in `luaproc.wiki.language.inflection`."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

Rules = dict[str, "str | list[tuple[re.Pattern[str], str]]"]


def inflect(code: str, case: str, word: str, mediawiki: Path | None) -> str:
    """The word in a case: by the first rule that fits."""
    if mediawiki is None:
        return word
    rules = _rules(code, mediawiki)
    found = rules.get(case)
    for _ in range(len(rules)):
        if not isinstance(found, str):
            break
        found = rules.get(found)
    if not found or isinstance(found, str):
        return word
    return next((pattern.sub(form, word) for pattern, form in found if pattern.search(word)), word)


@lru_cache(64)
def _rules(code: str, mediawiki: Path) -> Rules:
    path = mediawiki / "languages" / "data" / "grammarTransformations" / f"{code}.json"
    try:
        cases = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    rules: Rules = {}
    for case, steps in cases.items():
        if isinstance(steps, str):
            rules[case] = steps
        elif isinstance(steps, list):
            rules[case] = [
                (re.compile(pattern), re.sub(r"\$(\d)", r"\\g<\1>", form))
                for pattern, form in steps
                if pattern != "@metadata"
            ]
    return rules
