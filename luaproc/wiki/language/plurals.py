"""Plural forms: which of a list goes with a number, by CLDR's rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from luaproc.wiki.language.tables import fallbacks, rows

_EXPLICIT = re.compile(r"[0-9]=")
_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
_RELATION = re.compile(r"([nivwft])(?: % ([0-9]+))? (=|!=) ([0-9.,]+)")

Operands = dict[str, float]


def choose(code: str, number: str, forms: list[str]) -> str:
    """The form for a number: an explicit `12=form` first, then by the language's rule; "" without forms.

    Whatever has a digit before an equals sign is explicit: MediaWiki takes it for no other number (`a1=b`).
    """
    left = []
    for form in forms:
        if not _EXPLICIT.search(form):
            left.append(form)
            continue
        explicit, _, text = form.partition("=")
        if explicit == number:
            return text
    if not left:
        return ""
    return left[min(index(code, number), len(left) - 1)]


def index(code: str, number: str) -> int:
    """The number of the language's plural form, from 0."""
    operands = _operands(number)
    rules = _rules(code)
    return next((index for index, rule in enumerate(rules) if rule(operands)), len(rules))


@lru_cache(1)
def _table() -> dict[str, str]:
    return {code: row[0] for row in rows("plurals.tsv") for code in row[1].split()}


@lru_cache(64)
def _rules(code: str) -> list[Callable[[Operands], bool]]:
    table = _table()
    text = next((table[step] for step in (code, *fallbacks(code)) if step in table), "")
    return [_rule(rule) for rule in text.split(";")] if text else []


def _rule(text: str) -> Callable[[Operands], bool]:
    """A rule such as `n % 10 = 1 and n % 100 != 11 or v != 0` as a function."""
    alternatives = [[_relation(part) for part in alternative.split(" and ")] for alternative in text.split(" or ")]
    return lambda operands: any(all(part(operands) for part in parts) for parts in alternatives)


def _relation(text: str) -> Callable[[Operands], bool]:
    match = _RELATION.fullmatch(text.strip())
    assert match is not None, text
    operand, modulus, sign, values = match.groups()
    divisor = int(modulus) if modulus else 0
    ranges = [(int(low), int(high or low)) for low, _, high in (value.partition("..") for value in values.split(","))]

    def holds(operands: Operands) -> bool:
        value = operands[operand]
        if divisor:
            value %= divisor
        within = any(low <= value <= high and (low == high or value == int(value)) for low, high in ranges)
        return within == (sign == "=")

    return holds


def _operands(number: str) -> Operands:
    """CLDR's n, i, v, w, f and t of a number that is written in digits."""
    match = _NUMBER.match(number)
    whole, fraction = (match[1], match[2] or "") if match else ("0", "")
    significant = fraction.rstrip("0")
    return {
        "n": float(f"{whole}.{fraction or 0}"),
        "i": int(whole),
        "v": len(fraction),
        "w": len(significant),
        "f": int(fraction or 0),
        "t": int(significant or 0),
    }
