"""The values that both languages of the wire carry.

None, bool, int, float, bytes, dict and `FunctionRef` are what reading gives; writing takes str (as UTF-8),
lists and tuples (numbered from 1, as the protocol numbers everything) and any Mapping besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A recursive alias would be exact, and would force a cast at every use of a value that was just read.
Value = Any
Key = int | float | bytes
Table = dict[Key, Value]

MAX_DEPTH = 100
"""Nesting that PHP's client writes; it refuses a value with more levels than these."""

MAX_LEVELS = 4096
"""Nesting that PHP's unserialize() reads; it gives up at more."""

MAX_INT = 2**63 - 1
MIN_INT = -(2**63)

EXACT_INT = 2**53
"""Up to here a Lua number holds every integer. PHP sends integer keys beyond it as strings."""


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A Lua function as it is named on the wire.

    Lua to PHP it is an object of the class `class_name`, whose name changed with Scribunto 1.46, with the
    numbers of its interpreter and of its chunk; PHP to Lua it is ``chunks[id]`` and nothing else is known of
    it.
    """

    id: int
    interpreter_id: int | None = None
    class_name: bytes | None = None


CLASS_NAMES = (
    b"Scribunto_LuaStandaloneInterpreterFunction",
    b"MediaWiki\\Extension\\Scribunto\\Engines\\LuaStandalone\\LuaStandaloneInterpreterFunction",
)
"""Of function objects: up to Scribunto REL1_45, and from REL1_46 on."""


def items_of(value: Mapping[Any, Any] | Sequence[Any]) -> list[tuple[Any, Any]]:
    """The pairs of a table; a list's are numbered from 1."""
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(value, 1))
