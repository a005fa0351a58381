"""The trees of texts that come again on the next page: a template is parsed once, and not once a page view.

What is kept is bounded by its memory, so that a process that expands a dump stays as large as it is after some pages.
"""

from __future__ import annotations

import sys
from threading import Lock

from luaproc.wiki.preprocessor.nodes import Children
from luaproc.wiki.preprocessor.scanner import parse

KEPT_BYTES = 32 * 1024 * 1024
"""All texts with their trees, in one process."""

MAX_BYTES = KEPT_BYTES // 16
"""One text with its tree: a larger one is not kept."""

_OVERHEAD = 400  # bytes of an entry beside text and tree
_NODE = 100  # bytes of a node or an argument, about: 48 to 200, by CPython 3.13's tracemalloc
_NODES = ("{{", "|", "<", "\n=")  # what begins one

_Key = tuple[str, frozenset[str], bool]


class Trees:
    """Trees by text; the ones that were not asked for longest go first. Threads may share it."""

    def __init__(self, kept_bytes: int = KEPT_BYTES, max_bytes: int = MAX_BYTES) -> None:
        self._kept_bytes, self._max_bytes = kept_bytes, max_bytes
        self._trees: dict[_Key, tuple[Children, int]] = {}
        self._lock = Lock()
        self.bytes = 0

    def parse(self, text: str, tags: frozenset[str], inclusion: bool) -> Children:
        """See `luaproc.wiki.preprocessor.scanner.parse`."""
        key = text, tags, inclusion
        with self._lock:
            known = self._trees.pop(key, None)
            if known is not None:
                self._trees[key] = known  # the newest again
                return known[0]
        tree = parse(text, tags, inclusion)
        size = _OVERHEAD + 2 * sys.getsizeof(text) + _NODE * sum(map(text.count, _NODES))
        if size <= self._max_bytes:
            self._keep(key, tree, size)
        return tree

    def _keep(self, key: _Key, tree: Children, size: int) -> None:
        with self._lock:
            if key in self._trees:
                return  # another thread was first
            self._trees[key] = tree, size
            self.bytes += size
            while self.bytes > self._kept_bytes:
                self.bytes -= self._trees.pop(next(iter(self._trees)))[1]
