"""Numbers as a language writes them, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from luaproc.wiki.language.tables import rows
from luaproc.wiki.php import is_numeric

NUMBER = re.compile(r"(?:-(?=[0-9.]))?(?:[0-9]+|(?=\.[0-9]))(?:\.[0-9]*)?(?:[Ee][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Style:
    """How numbers are written.

    group: what divides groups of digits. minimum: how many digits have to stand before the last group of three for
    any division; 0 is never. size: of the groups before the last. digits: ten of the language's own, or none;
    grouped_digits: those of numbers with separators.
    """

    group: str = ","
    decimal: str = "."
    minimum: int = 1
    size: int = 3
    digits: str = ""
    grouped_digits: str = ""


@lru_cache(1)
def _styles() -> dict[str, Style]:
    found = {}
    for group, decimal, minimum, size, digits, grouped, codes in rows("numbers.tsv"):
        known = Style(group, decimal, int(minimum), int(size), digits, grouped or digits)
        found.update(dict.fromkeys(codes.split(), known))
    return found


def style(code: str) -> Style:
    """The style of a language; the default one for a code that MediaWiki does not know."""
    return _styles().get(code, Style())


def format_number(style: Style, text: str, separators: bool = True, nan: str = "Not a Number") -> str:
    """A number, or a text with numbers in it, as the language writes it."""
    special = {"": "", "NAN": nan, "INF": "∞", "-INF": "\u2212∞"}.get(text)
    if special is not None:
        return special
    if not is_numeric(text):
        return NUMBER.sub(lambda match: format_number(style, match[0], separators), text)
    digits = style.digits
    if separators:
        text = _separated(style, text.strip(" \t\n\r\v\f"))
        digits = style.grouped_digits
    if digits:
        text = text.translate(own_digits(digits))
    return text.replace("-", "\u2212")


@lru_cache(64)
def own_digits(digits: str) -> dict[int, str]:
    """A table for str.translate from 0 to 9 to these ten."""
    return {ord("0") + value: digit for value, digit in enumerate(digits)}


def _separated(style: Style, text: str) -> str:
    sign = "-" if text.startswith("-") else ""
    text = text.lstrip("+-")
    if "e" in text or "E" in text or len(text.replace(".", "")) > 15:
        text = _plain(text)
    whole, point, fraction = text.partition(".")
    if style.minimum:
        whole = _grouped(style, whole)
    return sign + whole + (style.decimal if point else "") + fraction


def _plain(text: str) -> str:
    """A number without an exponent, with the digits that a float has."""
    value = float(text)
    if value in (float("inf"),):
        return "∞"
    written, exponent, _ = text.lower().partition("e")
    fraction = len(written.partition(".")[2])
    plain = f"{Decimal(repr(value)):f}"
    whole, _, rest = plain.partition(".")
    rest = rest.rstrip("0")
    if exponent:
        return f"{whole}.{rest}" if rest else whole
    if fraction:
        return f"{whole}.{rest[:fraction].ljust(fraction, '0')}"
    return whole


def _grouped(style: Style, whole: str) -> str:
    if len(whole) < 3 + style.minimum:
        return whole
    head, last = whole[:-3], whole[-3:]
    groups = []
    while head:
        groups.append(head[-style.size :])
        head = head[: -style.size]
    return style.group.join([*reversed(groups), last])


def parse_number(style: Style, text: str) -> str:
    """The number in a text that `format_number` made: digits 0 to 9, a point, a hyphen as the sign."""
    if text == "Not a Number":
        return "NAN"
    if text == "∞":
        return "INF"
    if text in ("-∞", "\u2212∞"):
        return "-INF"
    text = text.replace("\u2212", "-")
    if style.digits:
        text = text.translate({ord(digit): str(value) for value, digit in enumerate(style.digits)})
    if style.group:
        text = text.replace(style.group, "")
    text = text.replace(style.decimal, ".") if style.decimal else text
    return text.replace(",", "")
