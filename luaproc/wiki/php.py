"""PHP's numbers: how it reads, rounds, cuts and prints them."""

from __future__ import annotations

import math
import re

Number = int | float

MAX_DIGITS = 19  # of the longest integer


_NUMBER = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMERIC = re.compile(_NUMBER.pattern + r"[ \t\n\r\v\f]*")
_INTEGER = re.compile(r"[ \t\n\r\v\f]*[+-]?[0-9]+")


def is_numeric(text: str) -> bool:
    """PHP's is_numeric() of a string."""
    return _NUMERIC.fullmatch(text) is not None


def from_text(text: str) -> float:
    """PHP's floatval(): the number that a text begins with, 0 if none."""
    match = _NUMBER.match(text)
    return float(match[0]) if match else 0.0


def numeric(text: str) -> Number:
    """A numeric text as PHP's arithmetic takes it: an int where it is written as one and fits."""
    stripped = text.strip(" \t\n\r\v\f")
    return float(stripped) if overflows(stripped) or not _INTEGER.fullmatch(stripped) else int(stripped)


def overflows(text: str) -> bool:
    """Whether a text is written as an integer that PHP's integers cannot hold."""
    stripped = text.strip(" \t\n\r\v\f")
    if not _INTEGER.fullmatch(stripped):
        return False
    # Python refuses to read very long integers; what is longer than PHP's longest need not be read.
    return len(stripped.lstrip("+-0")) > MAX_DIGITS or not -(2**63) <= int(stripped) < 2**63


def intval(text: str) -> int:
    """PHP's (int) of a string: what it cannot hold is its greatest or smallest integer."""
    match = _NUMBER.match(text)
    if not match:
        return 0
    if not _INTEGER.fullmatch(match[0]):
        return to_int(float(match[0]))
    if overflows(match[0]):
        return -(2**63) if "-" in match[0] else 2**63 - 1
    return int(match[0])


def to_int(value: Number) -> int:
    """PHP's (int) of a number: cut towards zero, modulo 2^64; 0 for what is no number."""
    if isinstance(value, int):
        return value
    if math.isinf(value) or math.isnan(value):
        return 0
    whole = int(value)
    if -(2**63) <= whole < 2**63:
        return whole
    return (whole + 2**63) % 2**64 - 2**63


def modulo(left: int, right: int) -> int:
    """PHP's % of integers: the sign of the left one."""
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def php_round(value: Number, places: int) -> Number:
    """PHP 8.2's round(): half away from zero, after rounding to the 15 digits that a float holds for sure."""
    if isinstance(value, int) and places >= 0:
        return value
    real = float(value)
    if real == 0 or math.isinf(real) or math.isnan(real):
        return real
    digits = 14 - math.floor(math.log10(abs(real)))
    if digits > places > digits - 15:
        use = max(-60, min(60, digits))
        scaled = _half_up(real * 10.0**use if use >= 0 else real / 10.0**-use)
        scaled /= 10.0 ** min(60, abs(places - use))
    else:
        power = 10.0 ** min(abs(places), 308)
        scaled = real * power if places >= 0 else real / power
        if abs(scaled) >= 1e15:
            return real
    if abs(scaled) >= 1e15:
        return real
    scaled = _half_up(scaled)
    if abs(places) < 23:
        result = scaled / 10.0**places if places > 0 else scaled * 10.0**-places
    else:
        result = float(f"{scaled:.0f}e{-places}")
    return result


def _half_up(value: float) -> float:
    return math.floor(value + 0.5) if value >= 0 else float(math.ceil(value - 0.5))
