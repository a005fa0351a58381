"""A data module as JSON, and what is done about values that JSON does not have."""

from __future__ import annotations

import math
from typing import Any, Literal

from luaproc.host import printing
from luaproc.host.copying import Placeholder
from luaproc.wiki.environment import Environment
from luaproc.wiki.errors import WikiError
from luaproc.wiki.titles import Title
from luaproc.wiki.values import as_wire, lua_string, lua_type

TABLES = 1_000_000
"""Tables in a dump: more are refused."""

Functions = Literal["fail", "omit", "mark"]
Metatables = Literal["fail", "ignore", "follow"]
Infinities = Literal["fail", "null", "mark"]

_REFUSED = {"a table around it", "more", "a thread", "a userdata"}


class NotData(WikiError):
    """A module returns what JSON does not have: names the place, and the option that allows it."""


def dump(
    environment: Environment,
    title: Title,
    *,
    functions: Functions = "fail",
    metatables: Metatables = "fail",
    infinities: Infinities = "fail",
) -> Any:
    """What a module's table is in JSON, as `luaproc.host.printing.for_json` has it; keys are sorted.

    functions: ``omit`` leaves out the fields that are functions, ``mark`` has ``{"lua": "function"}`` for each.
    metatables: ``ignore`` takes what lies in the tables themselves, ``follow`` asks `__pairs` (as of what mw.loadData
    gives) and has ``{"lua": text}`` where `__tostring` is. infinities: ``null``, or ``mark`` for ``{"number": "inf"}``;
    of NaN, too. ``fail`` raises `NotData`, as mw.loadData refuses functions and metatables. Raises `ModuleError`.
    """
    name = title.prefixed_text
    code = f"return require( {lua_string(name)} )"
    engine = environment.engine
    engine.guarded(lambda: engine.compiled(title, title.text))  # require would not say where a syntax error is
    how = "mark" if metatables == "fail" else metatables
    [value] = environment.show([code], "=dump", metatables=how, tables=TABLES)[:1] or [None]
    if isinstance(value, Placeholder) or not isinstance(value, dict):
        kind = value[1:-1] if isinstance(value, Placeholder) else lua_type(value)
        if kind != "a table with a metatable":
            raise NotData(f"{name} returned {kind}, table expected")
    kept = _checked(as_wire(value), name, functions, infinities)
    return printing.for_json(kept)


def _checked(value: Any, place: str, functions: Functions, infinities: Infinities) -> Any:
    if isinstance(value, Placeholder):
        what = value[1:-1]
        if what == "function":
            if functions == "fail":
                raise NotData(f"{place} is a function, which JSON does not have: --functions omit or mark goes on")
        elif what == "a table with a metatable":
            raise NotData(f"{place} has a metatable: --metatables ignore or follow goes on")
        elif what in _REFUSED:
            raise NotData(f"{place}: {_words(what)}")
        return value
    if isinstance(value, float) and not math.isfinite(value):
        if infinities == "fail":
            number = "nan" if value != value else "infinite"
            raise NotData(f"{place} is {number}, which JSON does not have: --infinities null or mark goes on")
        return None if infinities == "null" else value
    if not isinstance(value, dict):
        return value
    kept = {}
    for key in sorted(value, key=printing.order):
        item = value[key]
        if isinstance(key, Placeholder):
            raise NotData(f"{place} has the key {key[1:-1]}, which JSON does not have")
        if not (functions == "omit" and isinstance(item, Placeholder) and item == "<function>"):
            kept[key] = _checked(item, printing.field(place, key), functions, infinities)
    return kept


def _words(what: str) -> str:
    if what == "more":
        return f"more than {TABLES:,} tables, or 90 levels of them"
    return "a table that holds itself" if what == "a table around it" else what
