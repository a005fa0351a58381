"""Lua as a person types it: what has to be added so that steps know of each other.

Each step is a chunk of its own. So a local of a step's outermost level becomes a global, which the next step sees; the
first value of a step is left in the global ``_``; and a value that the wire cannot carry (a table that holds itself)
is copied, once Lua refused to pass it, into one that can be carried. All of it is text that is added to what was
typed: the server gets no chunk that its user did not ask for, and any server will do.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from luaproc.host.copying import COPY
from luaproc.session.lines import is_expression, scan
from luaproc.session.syntax import encode

_LOCAL_FUNCTION = re.compile(r"local(\s+)function\s+([A-Za-z_]\w*)")
_LOCAL_NAMES = re.compile(r"local(\s+)([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)(\s*=(?!=))?")
_PRINT = re.compile(r"\bprint\b")

_REFUSED = (
    "Cannot pass circular reference",
    "Cannot pass thread",
    "Cannot pass userdata",
    "as an array key",
    "Collision",
)

COPY_LAST_VALUE = f"{COPY.strip()}\nreturn copier( 'keep', 'ignore', 10000 )( _ )"
"""A chunk that returns ``_`` with marks (see `luaproc.host.copying`) for what cannot be passed."""

DEFINE_PRINT = """\
local write = ...
if print == nil then
	function print( ... )
		local texts = { ... }
		for i = 1, select( '#', ... ) do texts[i] = tostring( texts[i] ) end
		write( table.concat( texts, '\\t' ) )
	end
end"""
"""A chunk that makes the global `print`, where there is none; its argument is the function that gets each line."""


class Typed(NamedTuple):
    """What a step is compiled as: texts to try, one after the other; and why locals end with the step, if some do."""

    texts: list[bytes]
    notes: list[str]


def typed(text: str, globals_of_others: Collection[str]) -> Typed:
    """What Lua that was typed is compiled as.

    globals_of_others: names that no local of a step may take: libraries'. Such a local ends with its step.
    """
    if text.startswith("="):
        return Typed([encode(_kept(text[1:])), encode("return " + text[1:])], [])
    if is_expression(text):
        return Typed([encode(_kept(text)), encode(text)], [])
    changed, notes = _without_locals(text, globals_of_others)
    changed = _with_kept_result(changed)
    return Typed([encode(changed)] + ([encode(text)] if changed != text else []), notes)


def uses_print(text: bytes | str) -> bool:
    """Whether Lua text has the word `print`."""
    return bool(_PRINT.search(text if isinstance(text, str) else text.decode("latin-1")))


def is_refused(message: str) -> bool:
    """Whether an error says that the value itself cannot cross to PHP."""
    return any(text in message for text in _REFUSED)


def _kept(expression: str) -> str:
    # A line end before the bracket: the expression may end with a comment.
    return f"return (function(...) _ = ... return ... end)({expression}\n)"


def _with_kept_result(text: str) -> str:
    """The outermost `return` gives its first value to ``_``, too."""
    found = scan(text)
    if "return" not in found.tokens:
        return text
    at = found.places[found.tokens.index("return")]
    values = text[at + len("return") :].rstrip().removesuffix(";")
    return text[:at] + _kept(values) if values.strip() else text


def _without_locals(text: str, globals_of_others: Collection[str]) -> tuple[str, list[str]]:
    found = scan(text)
    notes: list[str] = []
    for token, at in reversed(list(zip(found.tokens, found.places, strict=True))):
        if token != "local":
            continue
        if match := _LOCAL_FUNCTION.match(text, at):
            names, instead = [match[2]], match[0][len("local") :]
        elif match := _LOCAL_NAMES.match(text, at):
            names = re.split(r"\s*,\s*", match[2])
            instead = match[0][len("local") :] if match[3] else f"{match[1]}{match[2]} = nil;"
        else:
            continue
        if taken := [name for name in names if name in globals_of_others]:
            which = "this local ends" if len(names) == 1 else f"{', '.join(names)} end"
            notes.insert(0, f"{taken[0]} is a library's name: {which} with the step")
        else:
            text = text[:at] + instead + text[match.end() :]
    return text, notes
