"""mw.hash: checksums by the names that PHP has for them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from luaproc.host import LuaError
from luaproc.host.interpreter import PhpFunction
from luaproc.wiki.libraries import Library, digests
from luaproc.wiki.values import one_based, text_of

_HASHLIB = {
    **{name: name for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
    "md4": "md4",
    "sha512/224": "sha512_224",
    "sha512/256": "sha512_256",
    **{f"sha3-{bits}": f"sha3_{bits}" for bits in (224, 256, 384, 512)},
    "ripemd160": "ripemd160",
    "whirlpool": "whirlpool",
}


class HashLibrary(Library):
    file = "mw.hash.lua"

    def functions(self) -> Mapping[str, PhpFunction]:
        return {"listAlgorithms": self.list_algorithms, "hashValue": self.hash_value}

    def list_algorithms(self, *_: Any) -> dict[int, str]:
        return one_based(list(algorithms()))

    def hash_value(self, name: Any = None, value: Any = None, *_: Any) -> str:
        function = algorithms().get(text_of(name))
        if function is None:
            raise LuaError(f"Unknown hashing algorithm: {text_of(name)}")
        return function(text_of(value).encode("utf-8", "surrogateescape"))


def algorithms() -> dict[str, Callable[[bytes], str]]:
    """Those that this Python or luaproc has, in PHP's order as far as PHP has them."""
    found: dict[str, Callable[[bytes], str]] = {}
    for name, ours in _HASHLIB.items():
        try:
            hashlib.new(ours)
        except ValueError:
            if name in _OWN:
                found[name] = _OWN[name]
            continue
        found[name] = lambda data, ours=ours: hashlib.new(ours, data).hexdigest()  # type: ignore[misc]
    return found | _OTHERS


def _crc(polynomial: int) -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    return table


def _crc32c(data: bytes) -> str:
    table, crc = _crc(0x82F63B78), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return f"{crc ^ 0xFFFFFFFF:08x}"


def _crc32(data: bytes) -> str:
    """PHP's "crc32" is bzip2's, its bytes in reverse order."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "little").hex()


def _fnv(bits: int, xor_first: bool) -> Callable[[bytes], str]:
    prime, start = {32: (0x01000193, 0x811C9DC5), 64: (0x100000001B3, 0xCBF29CE484222325)}[bits]

    def digest(data: bytes) -> str:
        value = start
        for byte in data:
            if xor_first:
                value ^= byte
            value = value * prime % 2**bits
            if not xor_first:
                value ^= byte
        return f"{value:0{bits // 4}x}"

    return digest


def _joaat(data: bytes) -> str:
    value = 0
    for byte in data:
        value = (value + byte) * 1025 & 0xFFFFFFFF
        value ^= value >> 6
    value = value * 9 & 0xFFFFFFFF
    value ^= value >> 11
    return f"{value * 32769 & 0xFFFFFFFF:08x}"


_OWN: dict[str, Callable[[bytes], str]] = {"md4": digests.md4, "whirlpool": digests.whirlpool}
_OTHERS: dict[str, Callable[[bytes], str]] = {
    "adler32": lambda data: f"{zlib.adler32(data):08x}",
    "crc32": _crc32,
    "crc32b": lambda data: f"{zlib.crc32(data):08x}",
    "crc32c": _crc32c,
    "fnv132": _fnv(32, False),
    "fnv1a32": _fnv(32, True),
    "fnv164": _fnv(64, False),
    "fnv1a64": _fnv(64, True),
    "joaat": _joaat,
}
