"""Plural forms: which of a list goes with a number."""

from __future__ import annotations

import re

_EXPLICIT = re.compile(r"\s*([0-9]+)\s*=(.*)", re.DOTALL)


def choose(code: str, number: str, forms: list[str]) -> str:
    """The form for a number: an explicit `12=form` first, then by the language's rule; "" without forms."""
    left = []
    for form in forms:
        match = _EXPLICIT.fullmatch(form)
        if match is None:
            left.append(form)
        elif match[1] == number:
            return match[2]
    if not left:
        return ""
    return left[min(index(code, number), len(left) - 1)]


def index(code: str, number: str) -> int:
    """The number of the language's plural form, from 0."""
    try:
        return 0 if abs(float(number)) == 1 else 1
    except ValueError:
        return 1
