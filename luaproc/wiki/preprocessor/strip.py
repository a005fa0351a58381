"""Strip markers: what must not be touched is taken out of a text and put back at the end."""

from __future__ import annotations

import re
from collections.abc import Callable

PREFIX = "\x7f'\"`UNIQ-"
SUFFIX = "-QINU`\"'\x7f"
MAX_DEPTH = 20
MAX_BYTES = 5_000_000
"""Bytes that are put back on a page; within one another they are counted at each level, as in MediaWiki."""

MARKER = re.compile(f"{PREFIX}([^\x7f<>&'\"]+){SUFFIX}")


class StripState:
    """The texts that markers stand for. Markers are numbered in order; each page view begins at 0.

    error: what stands in place of a text that cannot be put back, by the key of a message and its parameters.
    """

    def __init__(self, error: Callable[..., str]) -> None:
        self._error = error
        self._texts: dict[str, dict[str, str]] = {"nowiki": {}, "general": {}}
        self._count = 0
        self._put_back = 0  # bytes

    def add(self, kind: str, text: str, tag: str) -> str:
        """Keep a text; the marker for it. kind: `nowiki` or `general`. tag: the word inside the marker."""
        number = f"{self._count}" if tag == "item" else f"{self._count:08X}"
        name = f"-{tag}-{number}{'-' if tag == 'item' else ''}"
        self._count += 1
        self._texts[kind][name] = text
        return PREFIX + name + SUFFIX

    def unstrip_both(self, text: str) -> str:
        """The text with what all its markers stand for."""
        return self._unstrip(text, ("nowiki", "general"))

    def unstrip_nowiki(self, text: str) -> str:
        """The text with what the markers of nowiki stand for; other markers stay."""
        return self._unstrip(text, ("nowiki",))

    def replace_nowiki(self, text: str, change: Callable[[str], str]) -> str:
        """The text with `change` of what the nowiki markers stand for."""
        kept = self._texts["nowiki"]

        def changed(match: re.Match[str]) -> str:
            if match[1] not in kept:
                return match[0]
            return self._too_much(kept[match[1]]) or change(kept[match[1]])

        return MARKER.sub(changed, text)

    def _too_much(self, text: str) -> str:
        """The error in place of a text that is one too many; "" where it can be put back, which is counted."""
        self._put_back += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        return self._error("unstrip-size", str(MAX_BYTES)) if self._put_back > MAX_BYTES else ""

    def kill_markers(self, text: str) -> str:
        """The text without its markers."""
        return MARKER.sub("", text) if "\x7f" in text else text

    def _unstrip(self, text: str, kinds: tuple[str, ...], inside: tuple[str, ...] = ()) -> str:
        if "\x7f" not in text:
            return text

        def put_back(match: re.Match[str]) -> str:
            name = match[1]
            for kind in kinds:
                kept = self._texts[kind].get(name)
                if kept is not None:
                    break
            else:
                return match[0]
            if name in inside:
                return self._error("parser-unstrip-loop-warning")
            if len(inside) >= MAX_DEPTH:
                return self._error("unstrip-depth", str(MAX_DEPTH))
            return self._too_much(kept) or self._unstrip(kept, kinds, (*inside, name))

        return MARKER.sub(put_back, text)
