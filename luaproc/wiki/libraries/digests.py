"""MD4 (RFC 1320) and Whirlpool (ISO/IEC 10118-3), which today's OpenSSL leaves out and PHP has: slow, but there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

_MD4_ROUNDS = (
    (0, (3, 7, 11, 19), tuple(range(16))),
    (0x5A827999, (3, 5, 9, 13), (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
    (0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)


def _mix(number: int, x: int, y: int, z: int) -> int:
    return (x & y | ~x & z, x & y | x & z | y & z, x ^ y ^ z)[number]


def md4(data: bytes) -> str:
    """The sum in hexadecimal."""
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    data += b"\x80" + bytes(-(len(data) + 9) % 64) + (len(data) * 8 % 2**64).to_bytes(8, "little")
    for start in range(0, len(data), 64):
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(start, start + 64, 4)]
        a, b, c, d = state
        for number, (constant, shifts, order) in enumerate(_MD4_ROUNDS):
            for step, index in enumerate(order):
                value = (a + _mix(number, b, c, d) + words[index] + constant) & 0xFFFFFFFF
                shift = shifts[step % 4]
                a, b, c, d = d, (value << shift | value >> (32 - shift)) & 0xFFFFFFFF, b, c
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d), strict=True)]
    return b"".join(word.to_bytes(4, "little") for word in state).hex()


_BOX = bytes.fromhex("010b090c0d060f030e0807040a020500")
_MIDDLE = bytes.fromhex("070c0b0d0e04090f0603080a02050100")
_ROW = (1, 1, 4, 1, 8, 5, 2, 9)


def _substitute(byte: int) -> int:
    high, low = _BOX[byte >> 4], _BOX.index(byte & 15)
    both = _MIDDLE[high ^ low]
    return _BOX[high ^ both] << 4 | _BOX.index(low ^ both)


def _times(left: int, right: int) -> int:
    """Multiplied in the field of 256 elements that has x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    while right:
        product ^= left if right & 1 else 0
        left = left << 1 ^ (0x11D if left & 0x80 else 0)
        right >>= 1
    return product


@lru_cache(1)
def _tables() -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """What a byte adds to a row of eight, as one number, by its column; and the constants of the rounds."""
    box = [_substitute(byte) for byte in range(256)]
    columns = tuple(
        tuple(
            int.from_bytes(bytes(_times(box[byte], _ROW[(to - column) % 8]) for to in range(8)), "big")
            for byte in range(256)
        )
        for column in range(8)
    )
    return columns, tuple(int.from_bytes(bytes(box[at : at + 8]), "big") for at in range(0, 80, 8))


def _round(rows: Sequence[int], key: Sequence[int]) -> list[int]:
    columns = _tables()[0]
    found = []
    for row in range(8):
        value = key[row]
        for column in range(8):
            value ^= columns[column][rows[(row - column) % 8] >> (56 - 8 * column) & 0xFF]
        found.append(value)
    return found


def whirlpool(data: bytes) -> str:
    """The sum in hexadecimal."""
    state = [0] * 8
    data += b"\x80" + bytes(-(len(data) + 33) % 64) + (len(data) * 8).to_bytes(32, "big")
    for start in range(0, len(data), 64):
        block = [int.from_bytes(data[at : at + 8], "big") for at in range(start, start + 64, 8)]
        key = state
        rows = [left ^ right for left, right in zip(block, key, strict=True)]
        for constant in _tables()[1]:
            key = _round(key, [constant, 0, 0, 0, 0, 0, 0, 0])
            rows = _round(rows, key)
        state = [old ^ new ^ own for old, new, own in zip(state, rows, block, strict=True)]
    return b"".join(row.to_bytes(8, "big") for row in state).hex()
